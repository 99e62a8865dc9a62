//! Which function or operator is meant: PostgreSQL's `func_select_candidate` over the signatures of the registry. Boundary:
//! choosing and bringing arguments to the chosen types; functions without a fixed signature are in `special.rs`.

use std::ops::Range;

use super::bind::{Binder, Bound, matches_as_citext};
use super::cast;
use super::coerce::{Category, category, implicitly, is_preferred};
use super::diagnostic::{Diagnostic, codes, nearest};
use super::fold;
use super::registry::{self, Builtin, How, Ty, Types};
use super::typed::{Extended, Extra, Node};
use crate::row::{SqlType, Value};

/// The type of the argument at this place.
fn parameter(builtin: &Builtin, at: usize) -> Option<Ty> {
    match builtin.args.get(at) {
        Some(ty) => Some(*ty),
        None if builtin.variadic => builtin.args.last().copied(),
        None => None,
    }
}

fn takes(builtin: &Builtin, count: usize) -> bool {
    if builtin.variadic { count + 1 >= builtin.args.len() && count > 0 } else { count == builtin.args.len() }
}

fn accepts(builtin: &Builtin, args: &[Bound]) -> bool {
    let each = args.iter().enumerate().all(|(at, arg)| match (&arg.ty, parameter(builtin, at)) {
        (_, None) => false,
        (Some(ty), Some(Ty::AnyArray)) => matches!(ty, SqlType::Array(_)),
        (None, _) => true,
        (Some(from), Some(to)) => to.sql().is_none_or(|to| implicitly(from, &to)),
    });
    each && element_type(builtin, args).is_some()
}

/// The type that stands for `element` in a call. `Some(None)` where the signature has none, `None` where the arguments have none in
/// common. Literals take it on and have no say.
#[allow(clippy::option_option, reason = "no type, no such type in the signature, a type: three cases")]
fn element_type(builtin: &Builtin, args: &[Bound]) -> Option<Option<SqlType>> {
    let mut parts = Vec::new();
    let mut polymorphic = false;
    for (at, arg) in args.iter().enumerate() {
        let ty = match (parameter(builtin, at), &arg.ty) {
            (Some(Ty::AnyElement), ty) => ty.clone(),
            (Some(Ty::AnyArray), Some(SqlType::Array(array))) => Some(array.element.clone()),
            (Some(Ty::AnyArray), _) => None,
            _ => continue,
        };
        polymorphic = true;
        parts.push(Bound::new(Node::Const(Value::Null), ty, &arg.span));
    }
    if !polymorphic {
        return Some(None);
    }
    Binder::common_type(&parts).map(|ty| Some(ty.unwrap_or(SqlType::Text)))
}

/// The type that a parameter stands for in a call.
fn concrete(ty: Ty, element: Option<&SqlType>) -> Option<SqlType> {
    match ty {
        Ty::AnyElement => element.cloned(),
        Ty::AnyArray => element.cloned().map(SqlType::array),
        other => other.sql(),
    }
}

/// Counts the arguments for which `counts` holds of the argument's type and the parameter's.
fn score(builtin: &Builtin, args: &[Bound], counts: impl Fn(&SqlType, &SqlType) -> bool) -> usize {
    let typed = args.iter().enumerate().filter_map(|(at, arg)| Some((arg.ty.as_ref()?, parameter(builtin, at)?.sql()?)));
    typed.filter(|(from, to)| counts(from, to)).count()
}

fn keep_best(candidates: &mut Vec<&'static Builtin>, score: impl Fn(&Builtin) -> usize) {
    let best = candidates.iter().map(|c| score(c)).max().unwrap_or(0);
    candidates.retain(|c| score(c) == best);
}

/// The one signature that is meant, or all that could be.
fn choose(all: impl Iterator<Item = &'static Builtin>, args: &[Bound], operator: bool) -> Result<&'static Builtin, usize> {
    let mut candidates: Vec<_> = all.filter(|c| takes(c, args.len())).collect();
    let exact = |types: &[Option<SqlType>], candidates: &[&'static Builtin]| {
        let fits =
            |c: &&&'static Builtin| types.iter().enumerate().all(|(at, ty)| ty.is_some() && parameter(c, at).and_then(Ty::sql) == *ty);
        candidates.iter().find(fits).copied()
    };
    let mut types: Vec<Option<SqlType>> = args.iter().map(|a| a.ty.clone()).collect();
    if let Some(found) = exact(&types, &candidates) {
        return Ok(found);
    }
    // Of two operands, one without a type is taken to have the other's.
    if operator && let [left, right] = &mut types[..] {
        match (&left, &right) {
            (Some(ty), None) => *right = Some(ty.clone()),
            (None, Some(ty)) => *left = Some(ty.clone()),
            _ => {}
        }
        if let Some(found) = exact(&types, &candidates) {
            return Ok(found);
        }
    }
    candidates.retain(|c| accepts(c, args));
    if candidates.len() > 1 {
        keep_best(&mut candidates, |c| score(c, args, |from, to| from == to));
    }
    if candidates.len() > 1 {
        keep_best(&mut candidates, |c| score(c, args, |from, to| from == to || (is_preferred(to) && category(from) == category(to))));
    }
    if candidates.len() > 1 {
        unknown_arguments(&mut candidates, args);
    }
    match &candidates[..] {
        [one] => Ok(one),
        several => Err(several.len()),
    }
}

/// Arguments without a type are strings where a candidate takes strings, else of the one category that all candidates take.
fn unknown_arguments(candidates: &mut Vec<&'static Builtin>, args: &[Bound]) {
    for at in (0..args.len()).filter(|at| args[*at].ty.is_none()) {
        let of = |c: &Builtin| parameter(c, at).and_then(Ty::sql);
        let categories: Vec<Category> = candidates.iter().filter_map(|c| of(c)).map(|ty| category(&ty)).collect();
        let Some(first) = categories.first().copied() else { continue };
        let chosen = if categories.contains(&Category::String) {
            Category::String
        } else if categories.iter().all(|c| *c == first) {
            first
        } else {
            continue;
        };
        candidates.retain(|c| parameter(c, at) != Some(Ty::AnyText) && of(c).is_none_or(|ty| category(&ty) == chosen));
        if candidates.iter().any(|c| of(c).is_some_and(|ty| is_preferred(&ty))) {
            candidates.retain(|c| of(c).is_none_or(|ty| is_preferred(&ty)));
        }
    }
}

/// `integer + date` and its like are functions in SQL, `$2 + $1`: the right side is evaluated first, and of two errors its is raised.
fn commuted(builtin: &'static Builtin) -> Option<&'static Builtin> {
    let ("+", [left, right]) = (builtin.name, builtin.args) else { return None };
    let in_sql = match right {
        Ty::Date => matches!(left, Ty::Int4 | Ty::Interval | Ty::Time | Ty::TimeTz),
        Ty::Time | Ty::TimeTz | Ty::Timestamp | Ty::TimestampTz => *left == Ty::Interval,
        _ => false,
    };
    in_sql.then(|| registry::operators("+", 2).find(|other| other.args == [*right, *left] && other.is_supported())).flatten()
}

impl Binder<'_> {
    /// An operator of the registry.
    pub fn operator(&mut self, name: &str, mut args: Vec<Bound>, span: &Range<usize>) -> Option<Bound> {
        // The operators of citext never regard case.
        let name = match (name, args.as_slice()) {
            ("~", [operand, pattern]) if matches_as_citext(operand, pattern) => "~*",
            ("!~", [operand, pattern]) if matches_as_citext(operand, pattern) => "!~*",
            _ => name,
        };
        match choose(registry::operators(name, args.len()), &args, true) {
            Ok(builtin) => match commuted(builtin) {
                Some(other) => {
                    args.swap(0, 1);
                    self.apply(other, args, span)
                }
                None => self.apply(builtin, args, span),
            },
            Err(candidates) => {
                let names: Vec<String> = args.iter().map(Bound::type_name).collect();
                let what = if names.len() == 1 { format!("{name} {}", names[0]) } else { names.join(&format!(" {name} ")) };
                let mistake = if candidates == 0 {
                    let known = registry::operators(name, args.len()).next().is_some();
                    let help = if known { "cast an operand" } else { "compute it in the source query" };
                    Diagnostic::new(codes::UNKNOWN_OPERATOR, span.clone(), format!("there is no {what} here")).help(help)
                } else {
                    Diagnostic::new(codes::UNKNOWN_OPERATOR, span.clone(), format!("{what} can mean several things"))
                        .help("cast an operand")
                };
                self.refuse(mistake)
            }
        }
    }

    /// A function of the registry.
    pub fn function(&mut self, name: &str, args: Vec<Bound>, span: &Range<usize>) -> Option<Bound> {
        let mut known = registry::named(name).peekable();
        if known.peek().is_none() {
            let mut names: Vec<&str> = registry::names().collect();
            names.extend(self.scope.functions.names());
            let help = match nearest(name, names) {
                Some(near) => format!("did you mean {near}?"),
                None => "define it in [functions], or compute it in the source query".to_owned(),
            };
            let message = format!("unknown function `{name}`");
            return self.refuse(Diagnostic::new(codes::UNKNOWN_FUNCTION, span.clone(), message).help(help));
        }
        match choose(known, &args, false) {
            Ok(builtin) => self.apply(builtin, args, span),
            Err(candidates) => {
                let names: Vec<String> = args.iter().map(Bound::type_name).collect();
                let call = format!("{name}({})", names.join(", "));
                let message = if candidates == 0 { format!("there is no {call}") } else { format!("{call} can mean several functions") };
                let mut signatures: Vec<String> = registry::named(name).filter(|b| b.is_supported()).map(Builtin::signature).collect();
                signatures.dedup();
                self.refuse(
                    Diagnostic::new(codes::WRONG_ARGUMENTS, span.clone(), message).help(format!("there is {}", signatures.join(", "))),
                )
            }
        }
    }

    fn apply(&mut self, builtin: &'static Builtin, args: Vec<Bound>, span: &Range<usize>) -> Option<Bound> {
        if let How::Refused(instead) = builtin.how {
            let message = format!("{} is not supported", builtin.signature());
            return self.refuse(Diagnostic::new(codes::UNSUPPORTED, span.clone(), message).help(instead));
        }
        // The name of an encoding is of type `name`, whose collation is "C", and so is then the result's.
        let bytewise = args.iter().any(|arg| arg.bytewise) || builtin.name == "convert_from";
        if super::text::COLLATED.contains(&builtin.name) {
            self.by_database(builtin.name, &args)?;
        }
        if let Some(why) = super::zone::session_matters(builtin, args.iter().map(|arg| &arg.node)) {
            return self
                .refuse(Diagnostic::new(codes::UNSUPPORTED, span.clone(), why).help("write x at time zone 'UTC' + interval '1 day'"));
        }
        let element = element_type(builtin, &args).flatten();
        let given: Vec<_> = args.iter().map(|arg| arg.ty.as_ref()).collect();
        if let Some(message) = super::array::misuse(builtin, &given, element.as_ref()) {
            return self.refuse(Diagnostic::new(codes::WRONG_ARGUMENTS, span.clone(), message).help("cast an argument"));
        }
        let types: Vec<SqlType> = args
            .iter()
            .enumerate()
            .map(|(at, arg)| {
                let wanted = parameter(builtin, at).and_then(|ty| concrete(ty, element.as_ref()));
                wanted.or_else(|| arg.ty.clone()).unwrap_or(SqlType::Text)
            })
            .collect();
        let result = concrete(builtin.result, element.as_ref())?;
        let spans: Vec<_> = args.iter().map(|arg| arg.span.clone()).collect();
        let args: Vec<_> = args
            .into_iter()
            .enumerate()
            .map(|(at, arg)| self.argument(builtin.name, parameter(builtin, at), element.as_ref(), arg))
            .collect();
        let args = args.into_iter().collect::<Option<Vec<_>>>()?;
        // A strict call with a constant NULL is folded when a statement is planned, before another operand can fail.
        if builtin.strict && args.iter().any(|arg| matches!(arg, Node::Const(Value::Null))) {
            return Some(Bound::new(Node::Const(Value::Null), result, span).collated(bytewise));
        }
        let extra = match builtin.how {
            How::Typed(run) => Extra::Typed(run, Types { args: types.into(), result: result.clone() }),
            How::Prepared(literals, prepare) => {
                for at in literals {
                    if !matches!(args.get(*at), Some(Node::Const(Value::Text(_))) | None) {
                        let message = format!("`{}` takes a literal here", builtin.name);
                        return self.refuse(Diagnostic::new(codes::WRONG_ARGUMENTS, spans[*at].clone(), message).help("write it as '…'"));
                    }
                }
                let texts: Vec<Option<&str>> = args
                    .iter()
                    .map(|arg| match arg {
                        Node::Const(Value::Text(text)) => Some(&**text),
                        _ => None,
                    })
                    .collect();
                match prepare(&texts) {
                    Ok(prepared) => Extra::Prepared(prepared),
                    Err(why) => {
                        let at = literals.first().and_then(|at| spans.get(*at)).unwrap_or(span);
                        return self.refuse(Diagnostic::new(codes::PATTERN, at.clone(), why));
                    }
                }
            }
            _ => return Some(Bound::new(fold::call(builtin, Node::Call { builtin, args: args.into() }), result, span).collated(bytewise)),
        };
        let call = Node::Extended(Box::new(Extended { builtin, args: args.into(), extra }));
        Some(Bound::new(fold::call(builtin, call), result, span).collated(bytewise))
    }

    /// Refuses operands whose collation is "C" where the collation tells which characters are letters: only those of ASCII would be, and
    /// here it is all of them.
    pub fn by_database<'b>(&mut self, what: &str, operands: impl IntoIterator<Item = &'b Bound>) -> Option<()> {
        let Some(operand) = operands.into_iter().find(|operand| operand.bytewise) else { return Some(()) };
        let message = format!("`{what}` in the collation \"C\" knows the letters of ASCII only, and is not supported");
        let help = match operand.ty {
            Some(SqlType::Name) => "convert it to text in the source query, with collate \"default\"",
            _ => "write collate \"C\" behind the call, not within it",
        };
        self.refuse(Diagnostic::new(codes::UNSUPPORTED, operand.span.clone(), message).help(help))
    }

    fn argument(&mut self, name: &str, parameter: Option<Ty>, element: Option<&SqlType>, arg: Bound) -> Option<Node> {
        match parameter? {
            // These are functions in SQL, with a cast in them.
            Ty::AnyText if name.starts_with("quote_") => self.as_text(arg, false),
            Ty::AnyText => self.as_text(arg, true),
            Ty::Any => self.settle(arg),
            ty @ (Ty::AnyElement | Ty::AnyArray) => self.implicit(arg, &concrete(ty, element)?),
            Ty::AnyJson => match &arg.ty {
                None => self.settle(arg),
                Some(ty) if !super::json::has_form(ty) => {
                    let message = format!("the JSON form of {} is not supported", arg.type_name());
                    self.refuse(Diagnostic::new(codes::UNSUPPORTED, arg.span, message).help("convert it to text in the source query"))
                }
                Some(_) => Some(arg.node),
            },
            other => self.implicit(arg, &other.sql()?),
        }
    }

    /// A value in text form: by the output function for `concat`, by the cast for `||`.
    pub fn as_text(&mut self, bound: Bound, by_output: bool) -> Option<Node> {
        let Some(from) = bound.ty.clone() else { return self.coerce_unknown(bound, &SqlType::Text) };
        if matches!(from, SqlType::Array(_)) {
            let span = bound.span.clone();
            return self.explicit(bound, &SqlType::Text, &span);
        }
        let run = match from {
            SqlType::Bool if by_output => Some(cast::bool_output as cast::Run),
            // The padding of `character` is part of what its output function gives, and no part of the cast.
            SqlType::Text | SqlType::Varchar | SqlType::Name => return Some(bound.node),
            SqlType::Bpchar if by_output => return Some(bound.node),
            SqlType::Inet if by_output => Some(super::network::inet_output as cast::Run),
            SqlType::Bpchar => return self.implicit(bound, &SqlType::Text),
            _ => cast::output(&from),
        };
        let Some(run) = run else {
            let message = format!("the text form of {from} is not supported");
            return self.refuse(Diagnostic::new(codes::UNSUPPORTED, bound.span, message).help("convert it to text in the source query"));
        };
        Some(Node::Cast { run, fallible: false, to: SqlType::Text, operand: Box::new(bound.node) })
    }

    /// `||`: two texts, or a text and anything that is no array.
    pub fn concatenation(&mut self, left: Bound, right: Bound, span: &Range<usize>) -> Option<Bound> {
        if [&left, &right].iter().any(|part| matches!(part.ty, Some(SqlType::Array(_)))) {
            return self.array_concatenation(left, right, span);
        }
        let binary = |ty: &SqlType| matches!(ty, SqlType::Jsonb | SqlType::Bytea);
        if matches!((&left.ty, &right.ty), (Some(ty), None) | (None, Some(ty)) if binary(ty))
            || left.ty == right.ty && left.ty.as_ref().is_some_and(binary)
        {
            return self.operator("||", vec![left, right], span);
        }
        let stringy = |b: &Bound| b.ty.as_ref().is_some_and(SqlType::is_text);
        let (l, r) = (stringy(&left), stringy(&right));
        let fits = match (&left.ty, &right.ty) {
            (None, None) => true,
            // PostgreSQL takes a literal beside a `jsonb` for a `jsonb`, beside a `bytea` for a `bytea`.
            (Some(ty), None) | (None, Some(ty)) => {
                let other = matches!(ty, SqlType::Jsonb | SqlType::Bytea | SqlType::Array(_) | SqlType::Bit | SqlType::Varbit);
                !other && !matches!(ty, SqlType::Other { .. })
            }
            _ => l || r,
        };
        if !fits {
            let message = format!("there is no {} || {} here", left.type_name(), right.type_name());
            return self.refuse(Diagnostic::new(codes::UNKNOWN_OPERATOR, span.clone(), message).help("cast one side to text"));
        }
        let bytewise = left.bytewise || right.bytewise;
        let (left, right) = (self.as_text(left, false), self.as_text(right, false));
        let node = match (left?, right?) {
            (Node::Const(Value::Null), _) | (_, Node::Const(Value::Null)) => Node::Const(Value::Null),
            (Node::Concat(mut pieces), right) => {
                pieces.push(right);
                Node::Concat(pieces)
            }
            (Node::Call { builtin, args }, right) if builtin.name == "||" && builtin.result == Ty::Text => {
                Node::Concat(args.into_iter().chain([right]).collect())
            }
            (left, right) => Node::Call { builtin: &registry::APPEND, args: Box::new([left, right]) },
        };
        Some(Bound::new(node, SqlType::Text, span).collated(bytewise))
    }

    /// A text as it is, padding included: what patterns are matched against.
    pub fn textual(&mut self, bound: Bound, of: &str) -> Option<Bound> {
        match &bound.ty {
            None => {
                let span = bound.span.clone();
                let node = self.coerce_unknown(bound, &SqlType::Text)?;
                Some(Bound::new(node, SqlType::Text, &span))
            }
            Some(ty) if ty.is_text() => Some(bound),
            Some(ty) => {
                let message = format!("`{of}` takes text, not {ty}");
                self.refuse(Diagnostic::new(codes::UNKNOWN_OPERATOR, bound.span, message).help("write a cast: …::text"))
            }
        }
    }
}
