//! Functions without a fixed signature: those that are syntax in PostgreSQL, those with compiled arguments, and ours. Boundary:
//! binding; their evaluation is in `typed.rs`.

use std::collections::HashMap;
use std::ops::Range;

use super::ast::{Kind, Node as AstNode, TypeName};
use super::bind::{Binder, Bound};
use super::cast;
use super::code_table::CodeTable;
use super::context::{OnCycle, OnMissing, Reference};
use super::diagnostic::{Diagnostic, codes, nearest};
use super::fold;
use super::registry;
use super::typed::{Code, Entries, Node, Otherwise, Ref};
use crate::row::{KeyKind, SqlType, Value};

type Named<'n> = &'n [(String, AstNode)];

impl Binder<'_> {
    /// A call of any function.
    pub fn call(&mut self, name: &str, args: &[AstNode], named: Named, hint: Option<&SqlType>, span: &Range<usize>) -> Option<Bound> {
        if let Some((_, instead)) = registry::VOLATILE.iter().find(|(volatile, _)| *volatile == name) {
            let message = format!("`{name}` gives another value on every call");
            return self.refuse(Diagnostic::new(codes::VOLATILE_FUNCTION, span.clone(), message).help(*instead));
        }
        if name == "make_interval" && !named.is_empty() {
            let args = self.interval_arguments(args, named, span)?;
            return self.call(name, &args, &[], hint, span);
        }
        if !matches!(name, "ref" | "code")
            && let Some((option, value)) = named.first()
        {
            let message = format!("`{name}` has no option `{option}`");
            return self.refuse(Diagnostic::new(codes::OPTION, value.span.clone(), message).help("give the arguments in order"));
        }
        match name {
            "coalesce" => self.coalesce(args, hint, span),
            "nullif" => self.nullif(args, span),
            "greatest" | "least" => self.extreme(name, args, span),
            "pg_input_is_valid" => self.input_is_valid(args, span),
            "new_id" => {
                let ty = self.scope.new_id.clone();
                self.nullary(name, args, Node::NewId(ty.clone()), ty, span)
            }
            "legacy_key" => self.nullary(name, args, Node::LegacyKey, SqlType::Text, span),
            "run_started_at" => self.nullary(name, args, Node::RunStartedAt, SqlType::TimestampTz, span),
            "reject" => {
                let [code] = self.exactly(name, args, span)?;
                let code = self.plan_code(code)?;
                Some(Bound::new(Node::Reject(code.into()), None, span))
            }
            "incident" => {
                let [code, value] = self.exactly(name, args, span)?;
                let code = self.plan_code(code);
                let value = self.bind(value, hint)?;
                let ty = value.ty.clone();
                Some(Bound::new(Node::Incident { code: code?.into(), value: Box::new(value.node) }, ty, span))
            }
            "ref" => self.reference(args, named, span),
            "code" => self.code(args, named, span),
            _ => {
                let bound: Vec<_> = args.iter().map(|arg| self.bind(arg, None)).collect();
                if args.is_empty()
                    && let Some(empty) = super::json::empty(name)
                {
                    let ty = if name.starts_with("jsonb") { SqlType::Jsonb } else { SqlType::Json };
                    return Some(Bound::new(Node::Const(empty), ty, span));
                }
                if matches!(name, "jsonb_build_object" | "json_build_object") && args.len() % 2 == 1 {
                    let message = format!("`{name}` takes keys and values in turn");
                    return self.refuse(Diagnostic::new(codes::WRONG_ARGUMENTS, span.clone(), message).help("the last key has no value"));
                }
                let bound = bound.into_iter().collect::<Option<Vec<_>>>();
                // The name is looked at even where an argument is wrong: two mistakes are two lines.
                if bound.is_none() && registry::named(name).next().is_some() {
                    return None;
                }
                self.function(name, bound.unwrap_or_default(), span)
            }
        }
    }

    fn exactly<'n, const N: usize>(&mut self, name: &str, args: &'n [AstNode], span: &Range<usize>) -> Option<[&'n AstNode; N]> {
        let given: Vec<&AstNode> = args.iter().collect();
        given.try_into().ok().or_else(|| {
            let message = format!("`{name}` takes {N} arguments, not {}", args.len());
            self.refuse(Diagnostic::new(codes::WRONG_ARGUMENTS, span.clone(), message))
        })
    }

    fn nullary(&mut self, name: &str, args: &[AstNode], node: Node, ty: SqlType, span: &Range<usize>) -> Option<Bound> {
        let [] = self.exactly(name, args, span)?;
        Some(Bound::new(node, ty, span))
    }

    /// A reason or incident code: a literal in capitals, so that it is found in reports as it is written here.
    fn plan_code(&mut self, node: &AstNode) -> Option<String> {
        match &node.kind {
            Kind::Text(code) if !code.is_empty() && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') => {
                Some(code.clone())
            }
            _ => {
                let message = "a code is a literal of capital letters, digits and _";
                self.refuse(Diagnostic::new(codes::WRONG_ARGUMENTS, node.span.clone(), message).help("write 'EMAIL_INVALID'"))
            }
        }
    }

    fn all(&mut self, name: &str, args: &[AstNode], hint: Option<&SqlType>, span: &Range<usize>) -> Option<Vec<Bound>> {
        if args.is_empty() {
            let message = format!("`{name}` takes at least one argument");
            return self.refuse(Diagnostic::new(codes::WRONG_ARGUMENTS, span.clone(), message));
        }
        let bound: Vec<_> = args.iter().map(|arg| self.bind(arg, hint)).collect();
        bound.into_iter().collect()
    }

    fn coalesce(&mut self, args: &[AstNode], hint: Option<&SqlType>, span: &Range<usize>) -> Option<Bound> {
        let parts = self.all("coalesce", args, hint, span)?;
        let bytewise = parts.iter().any(|part| part.bytewise);
        let (nodes, ty) = self.unify(parts, hint, "coalesce", span)?;
        Some(Bound::new(fold::coalesce(nodes), ty, span).collated(bytewise))
    }

    fn nullif(&mut self, args: &[AstNode], span: &Range<usize>) -> Option<Bound> {
        let [left, right] = self.exactly("nullif", args, span)?;
        let (left, right) = (self.bind(left, None), self.bind(right, None));
        let (left, right) = (left?, right?);
        // The result is the left side as `=` takes it: promoted where the operator promotes it.
        let ty = match (&left.ty, &right.ty) {
            (None, None) => SqlType::Text,
            (Some(ty), None) | (None, Some(ty)) => ty.clone(),
            // `name` has operators of its own with text.
            (Some(SqlType::Name), Some(r)) if r.is_text() => SqlType::Name,
            (Some(SqlType::Bpchar), Some(SqlType::Varchar)) | (Some(SqlType::Varchar), Some(SqlType::Bpchar)) => SqlType::Bpchar,
            (Some(l), Some(r)) if l != r && l.is_text() && r.is_text() => SqlType::Text,
            (Some(SqlType::Bit), Some(SqlType::Varbit)) => SqlType::Varbit,
            (Some(l), Some(SqlType::Numeric)) if l.is_integer() => SqlType::Numeric,
            (Some(l), Some(SqlType::Float4 | SqlType::Float8)) if l.is_integer() || *l == SqlType::Numeric => SqlType::Float8,
            // Operators of mixed widths, and of dates with timestamps, take their sides as they are.
            (Some(l), _) => l.clone(),
        };
        // The equality of varchar and name is that of text.
        let ty = if matches!(ty, SqlType::Varchar) { SqlType::Text } else { ty };
        let bytewise = left.bytewise || right.bytewise;
        let ty = if matches!(ty, SqlType::Cidr) { SqlType::Inet } else { ty };
        let (by, left, right) = self.comparable(left, right, "=", false, span)?;
        Some(Bound::new(fold::nullif(by, left, right), ty, span).collated(bytewise))
    }

    fn extreme(&mut self, name: &str, args: &[AstNode], span: &Range<usize>) -> Option<Bound> {
        let parts = self.all(name, args, None, span)?;
        let bytewise = parts.iter().any(|part| part.bytewise);
        let (nodes, ty) = self.unify(parts, None, name, span)?;
        let Some(by) = Self::comparator(&ty) else {
            let message = format!("`{name}` of {ty} is not supported");
            return self.refuse(Diagnostic::new(codes::UNSUPPORTED, span.clone(), message).help("compute it in the source query"));
        };
        if ty.is_text() && !bytewise {
            let message = format!("`{name}` of text depends on the collation of the database");
            return self.refuse(
                Diagnostic::new(codes::UNSUPPORTED, span.clone(), message).help("write x collate \"C\" for the order of the bytes"),
            );
        }
        let node = fold::constant(Node::Extreme { by, args: nodes.into(), greatest: name == "greatest" });
        Some(Bound::new(node, ty, span).collated(bytewise))
    }

    fn implicit_text(&mut self, bound: Bound) -> Option<Node> {
        self.implicit(bound, &SqlType::Text)
    }

    fn input_is_valid(&mut self, args: &[AstNode], span: &Range<usize>) -> Option<Bound> {
        let [text, name] = self.exactly("pg_input_is_valid", args, span)?;
        let text = self.bind(text, None);
        let operand = self.implicit_text(text?)?;
        let Kind::Text(type_name) = &name.kind else {
            let message = "the type is a literal";
            return self
                .refuse(Diagnostic::new(codes::WRONG_ARGUMENTS, name.span.clone(), message).help("write pg_input_is_valid(x, 'jsonb')"));
        };
        let ty = self.named_type(&TypeName { name: type_name.to_ascii_lowercase(), modifiers: Vec::new(), dimensions: 0 }, &name.span)?;
        match cast::input(&ty) {
            Some(input) if ty != SqlType::TimestampTz => {
                Some(Bound::new(fold::strict(operand, |operand| Node::Valid { input, ty, operand }), SqlType::Bool, span))
            }
            _ => {
                let message = format!("whether a text is a valid {ty} cannot be told here");
                self.refuse(Diagnostic::new(codes::UNSUPPORTED, name.span.clone(), message).help("match it with a pattern: x ~ '…'"))
            }
        }
    }

    /// An option `name => 'word'`; the first meaning where it is not written.
    fn option<T: Copy>(&mut self, named: Named, option: &str, default: T, words: &[(&str, T)]) -> Option<T> {
        let Some((_, value)) = named.iter().find(|(name, _)| name == option) else { return Some(default) };
        if let Kind::Text(word) = &value.kind
            && let Some((_, meaning)) = words.iter().find(|(known, _)| known == word)
        {
            return Some(*meaning);
        }
        let known: Vec<String> = words.iter().map(|(word, _)| format!("'{word}'")).collect();
        let message = format!("`{option}` is one of {}", known.join(", "));
        self.refuse(Diagnostic::new(codes::OPTION, value.span.clone(), message))
    }

    fn known_options(&mut self, function: &str, named: Named, known: &[&str]) -> Option<()> {
        match named.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Some(()),
            Some((name, value)) => {
                let message = format!("`{function}` has no option `{name}`");
                let help = format!("its options are {}", known.join(", "));
                self.refuse(Diagnostic::new(codes::OPTION, value.span.clone(), message).help(help))
            }
        }
    }

    fn reference(&mut self, args: &[AstNode], named: Named, span: &Range<usize>) -> Option<Bound> {
        self.known_options("ref", named, &["on_missing", "on_cycle"])?;
        let missing = [("quarantine", OnMissing::Quarantine), ("null", OnMissing::Null), ("fail", OnMissing::Fail)];
        let on_missing = self.option(named, "on_missing", OnMissing::Quarantine, &missing)?;
        let on_cycle = self.option(named, "on_cycle", None, &[("null", Some(OnCycle::Null)), ("quarantine", Some(OnCycle::Quarantine))])?;
        let Some((entity, parts)) = args.split_first() else {
            let message = "`ref` takes an entity and its key";
            return self.refuse(Diagnostic::new(codes::WRONG_ARGUMENTS, span.clone(), message).help("write ref('orders', order_id)"));
        };
        let Kind::Text(name) = &entity.kind else {
            let message = "the entity is a literal";
            return self.refuse(Diagnostic::new(codes::UNKNOWN_ENTITY, entity.span.clone(), message).help("write ref('orders', order_id)"));
        };
        let bound: Vec<_> = parts.iter().map(|part| self.bind(part, None)).collect();
        let Some(key) = (self.scope.entities)(name) else {
            let near = nearest(name, self.scope.entity_names.iter().map(String::as_str)).map(|near| format!("did you mean '{near}'?"));
            let message = format!("unknown entity `{name}`");
            return self.refuse(Diagnostic::new(codes::UNKNOWN_ENTITY, entity.span.clone(), message).help_if(near));
        };
        if parts.len() != key.key.len() {
            let columns = if key.key.len() == 1 { "column" } else { "columns" };
            let message = format!("the key of `{name}` has {} {columns}, not {}", key.key.len(), parts.len());
            let help = "give one value for each column of `key` in its file, in that order";
            return self.refuse(Diagnostic::new(codes::REFERENCE_KEY, span.clone(), message).help(help));
        }
        let whole = key.key == [KeyKind::Int];
        let bound = bound.into_iter().collect::<Option<Vec<_>>>()?;
        let nodes: Vec<_> = bound.into_iter().zip(&key.key).map(|(part, kind)| self.key_part(name, part, *kind, whole)).collect();
        let key_nodes = nodes.into_iter().collect::<Option<Vec<_>>>()?;
        let reference = Reference { entity: key.index, entity_name: name.clone(), on_missing, on_cycle };
        let node = Node::Ref(Box::new(Ref { reference, whole, key: key_nodes.into(), new_key: key.new_key.clone() }));
        Some(Bound::new(node, key.new_key, span))
    }

    fn key_part(&mut self, entity: &str, part: Bound, kind: KeyKind, whole: bool) -> Option<Node> {
        let fits = match (&part.ty, kind) {
            (None, _) => true,
            (Some(ty), KeyKind::Int) => ty.is_integer(),
            (Some(ty), KeyKind::Text) => ty.is_text() || matches!(ty, SqlType::Uuid | SqlType::Enum(_) | SqlType::Date),
        };
        if !fits {
            let (wanted, cast) = match kind {
                KeyKind::Int => ("whole numbers", "bigint"),
                KeyKind::Text => ("text", "text"),
            };
            let message = format!("the key of `{entity}` is {wanted}, not {}", part.type_name());
            return self.refuse(Diagnostic::new(codes::REFERENCE_KEY, part.span, message).help(format!("write a cast: …::{cast}")));
        }
        match (kind, whole, &part.ty) {
            (KeyKind::Int, true, Some(_)) => Some(part.node),
            (KeyKind::Int, true, None) => self.coerce_unknown(part, &SqlType::Int8),
            // A key is what the source's text form of it is, padding included.
            (KeyKind::Int, false, None) => {
                let span = part.span.clone();
                let number = self.coerce_unknown(part, &SqlType::Int8)?;
                self.as_text(Bound::new(number, SqlType::Int8, &span), true)
            }
            _ => self.as_text(part, true),
        }
    }

    fn code(&mut self, args: &[AstNode], named: Named, span: &Range<usize>) -> Option<Bound> {
        self.known_options("code", named, &["on_missing"])?;
        let on_missing = self.option(named, "on_missing", None, &[("quarantine", Some(false)), ("null", Some(true))])?;
        let [table, operand] = self.exactly("code", args, span)?;
        let operand = self.bind(operand, None);
        let Kind::Text(name) = &table.kind else {
            let message = "the code table is a literal";
            return self
                .refuse(Diagnostic::new(codes::UNKNOWN_CODE_TABLE, table.span.clone(), message).help("write code('status', status)"));
        };
        let Some(table_of_codes) = self.scope.codes.get(name).cloned() else {
            let near = nearest(name, self.scope.codes.keys().map(String::as_str)).map(|near| format!("did you mean '{near}'?"));
            let message = format!("unknown code table `{name}`");
            return self.refuse(Diagnostic::new(codes::UNKNOWN_CODE_TABLE, table.span.clone(), message).help_if(near));
        };
        let operand = operand?;
        let whole = operand.ty.as_ref().is_some_and(SqlType::is_integer);
        let operand = if whole { operand.node } else { self.as_text(operand, false)? };
        let text = |text: &String| Value::Text(text.clone().into());
        // An entry that is no whole number in its plain form can never be met by one.
        let entries = if whole {
            let plain = table_of_codes.entries.iter().filter_map(|(code, value)| {
                let number: i64 = code.parse().ok()?;
                (number.to_string() == *code).then(|| (number, text(value)))
            });
            Entries::Ints(plain.collect())
        } else {
            Entries::Texts(table_of_codes.entries.iter().map(|(code, value)| (code.as_str().into(), text(value))).collect())
        };
        let CodeTable { on_null, otherwise, .. } = &*table_of_codes;
        let otherwise = match (on_missing, otherwise) {
            (Some(true), _) => Otherwise::Null,
            (Some(false), _) | (None, None) => Otherwise::Reject,
            (None, Some(value)) => Otherwise::Default(text(value)),
        };
        let on_null = on_null.as_ref().map_or(Value::Null, text);
        let code = Code { table: name.as_str().into(), operand, entries, on_null, otherwise };
        Some(Bound::new(Node::Code(Box::new(code)), None, span))
    }

    /// A code table whose values are of this type.
    pub fn code_as(&mut self, code: Code, to: &SqlType, span: &Range<usize>) -> Option<Node> {
        let mut wrong: Vec<Diagnostic> = Vec::new();
        let mut convert = |value: Value<'static>| match value {
            Value::Text(text) => Self::text_as(&text, to).unwrap_or_else(|mistake| {
                let message = format!("code table `{}`: {}", code.table, mistake.message);
                wrong.push(Diagnostic::new(codes::CODE_ENTRY, span.clone(), message).help_if(mistake.help));
                Value::Null
            }),
            other => other,
        };
        let entries = match code.entries {
            Entries::Ints(entries) => Entries::Ints(map(entries, &mut convert)),
            Entries::Texts(entries) => Entries::Texts(map(entries, &mut convert)),
        };
        let on_null = convert(code.on_null);
        let otherwise = match code.otherwise {
            Otherwise::Default(value) => Otherwise::Default(convert(value)),
            other => other,
        };
        if wrong.is_empty() {
            return Some(Node::Code(Box::new(Code { entries, on_null, otherwise, ..code })));
        }
        wrong.sort_by(|a, b| a.message.cmp(&b.message));
        self.mistakes.extend(wrong);
        None
    }
}

fn map<K: std::hash::Hash + Eq>(
    entries: HashMap<K, Value<'static>>,
    convert: &mut impl FnMut(Value<'static>) -> Value<'static>,
) -> HashMap<K, Value<'static>> {
    entries.into_iter().map(|(code, value)| (code, convert(value))).collect()
}
