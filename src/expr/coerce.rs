//! Which cast is meant: literals that take a type on, implicit casts, assignment to a column, and one type for several
//! values. Boundary: the rules; what casts exist is in `cast.rs`.

use std::ops::Range;

use super::bind::{Binder, Bound};
use super::cast::{self, Cast, How, Step};
use super::compare::Comparator;
use super::context::Fault;
use super::diagnostic::{Diagnostic, codes, nearest};
use super::fold;
use super::typed::{Literal, Node};
use crate::row::{SqlType, Value};

/// PostgreSQL's type categories, as far as they matter here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Category {
    Bool,
    Number,
    String,
    DateTime,
    Timespan,
    Network,
    Bits,
    Array,
    /// Every other type is a category of its own, as far as casts go.
    Other,
}

pub(super) fn category(ty: &SqlType) -> Category {
    match ty {
        SqlType::Bool => Category::Bool,
        SqlType::Int2 | SqlType::Int4 | SqlType::Int8 | SqlType::Numeric | SqlType::Float4 | SqlType::Float8 => Category::Number,
        SqlType::Text | SqlType::Varchar | SqlType::Bpchar | SqlType::Name | SqlType::Citext => Category::String,
        SqlType::Inet | SqlType::Cidr => Category::Network,
        SqlType::Bit | SqlType::Varbit => Category::Bits,
        SqlType::Date | SqlType::Time | SqlType::TimeTz | SqlType::Timestamp | SqlType::TimestampTz => Category::DateTime,
        SqlType::Interval => Category::Timespan,
        SqlType::Array(_) => Category::Array,
        _ => Category::Other,
    }
}

pub(super) fn is_preferred(ty: &SqlType) -> bool {
    matches!(
        ty,
        SqlType::Bool | SqlType::Float8 | SqlType::Text | SqlType::TimestampTz | SqlType::Interval | SqlType::Inet | SqlType::Varbit
    )
}

/// Whether a value of one type is taken for the other unasked.
pub(super) fn implicitly(from: &SqlType, to: &SqlType) -> bool {
    let zone = matches!((from, to), (SqlType::Date | SqlType::Timestamp, SqlType::TimestampTz));
    zone || cast::find(from, to).is_some_and(|cast| cast.how == How::Implicit)
}

/// Whether a constant can be printed from its value alone; the others keep the text that they were written as.
fn is_printed(value: &Value<'_>) -> bool {
    let by_text = matches!(value, Value::Float4(_) | Value::Float8(_) | Value::Bytea(_) | Value::Time(_) | Value::TimeTz(..));
    !by_text && !matches!(value, Value::Interval(_) | Value::Array(_) | Value::Raw(_))
}

impl Binder<'_> {
    fn convert(node: Node, cast: Cast, to: &SqlType) -> Node {
        match cast.step {
            Step::Nothing => node,
            Step::Convert(run, fallible) => match node {
                // A literal is converted once. One that fails must fail at the row, not here: it may never be reached.
                Node::Const(value) if !value.is_null() => match run(value.clone()) {
                    Ok(value) if is_printed(&value) => Node::Const(value),
                    _ => Node::Cast { run, fallible, to: to.clone(), operand: Box::new(Node::Const(value)) },
                },
                Node::Const(null) => Node::Const(null),
                node => Node::Cast { run, fallible, to: to.clone(), operand: Box::new(node) },
            },
            Step::Array(by) => fold::strict(node, |operand| Node::Convert { by, to: to.clone(), operand }),
            Step::Label => match to {
                SqlType::Enum(ty) => fold::strict(node, |operand| Node::Label { ty: ty.clone(), operand }),
                _ => node,
            },
        }
    }

    /// Gives a part without a type of its own this type.
    pub fn coerce_unknown(&mut self, bound: Bound, to: &SqlType) -> Option<Node> {
        let span = bound.span.clone();
        match bound.node {
            Node::Const(Value::Text(text)) => match Self::text_as(&text, to) {
                Ok(value) if is_printed(&value) => Some(Node::Const(value)),
                Ok(value) => Some(Node::Literal(Box::new(Literal { value, text: text.into(), ty: to.clone() }))),
                Err(mistake) => self.refuse(Diagnostic { span, ..mistake }),
            },
            Node::Incident { code, value } => {
                let value = self.coerce_unknown(Bound { node: *value, ty: None, span, bytewise: false }, to)?;
                Some(Node::Incident { code, value: Box::new(value) })
            }
            Node::Code(code) => self.code_as(*code, to, &span),
            node => Some(node),
        }
    }

    /// A text of the plan as a value of a type.
    pub fn text_as(text: &str, to: &SqlType) -> Result<Value<'static>, Diagnostic> {
        if let SqlType::Enum(ty) = to {
            if ty.labels.iter().any(|label| label == text) {
                return Ok(Value::Text(text.to_owned().into()));
            }
            let help = match nearest(text, ty.labels.iter().map(String::as_str)) {
                Some(near) => format!("did you mean '{near}'?"),
                None => format!("its labels are {}", ty.labels.join(", ")),
            };
            let message = format!("'{text}' is no label of {}", ty.name);
            return Err(Diagnostic::new(codes::ENUM_LABEL, 0..0, message).help(help));
        }
        let input = match to {
            SqlType::Array(_) => super::array::Conversion::input(to),
            _ => cast::input(to).map(|run| super::array::Conversion::Run(run, true)),
        };
        let Some(input) = input else {
            let message = format!("a literal of type {to} is not supported");
            return Err(Diagnostic::new(codes::UNSUPPORTED, 0..0, message).help("compute it in the source query"));
        };
        input.run(Value::Text(text.to_owned().into())).map_err(|error| {
            let (message, help) = match error.into_fault() {
                Fault::Sql { sqlstate: "0A000", message } => {
                    (format!("'{text}' is {message}"), Some("write it in ISO form, with its zone"))
                }
                Fault::Sql { message, .. } => (format!("'{text}' is no {to}: {message}"), None),
                other => (other.to_string(), None),
            };
            Diagnostic::new(codes::BAD_LITERAL, 0..0, message).help_if(help.map(str::to_owned))
        })
    }

    /// A part whose type does not matter: literals become text.
    pub fn settle(&mut self, bound: Bound) -> Option<Node> {
        match bound.ty {
            Some(_) => Some(bound.node),
            None => self.coerce_unknown(bound, &SqlType::Text),
        }
    }

    /// A part as a value of a type, by an implicit cast at most.
    pub fn implicit(&mut self, bound: Bound, to: &SqlType) -> Option<Node> {
        let Some(from) = bound.ty.clone() else { return self.coerce_unknown(bound, to) };
        match cast::find(&from, to) {
            Some(cast) if cast.how == How::Implicit => Some(Self::convert(bound.node, cast, to)),
            _ => {
                let message = format!("{from} is not {to}");
                self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, bound.span, message).help(format!("write a cast: …::{to}")))
            }
        }
    }

    /// A part as a value of a type, by any cast.
    pub fn explicit(&mut self, bound: Bound, to: &SqlType, span: &Range<usize>) -> Option<Node> {
        let Some(from) = bound.ty.clone() else { return self.coerce_unknown(bound, to) };
        if let Some(cast) = cast::find(&from, to) {
            return Some(Self::convert(bound.node, cast, to));
        }
        let mistake = Diagnostic::new(codes::NO_CAST, span.clone(), format!("there is no cast from {from} to {to} here"));
        self.refuse(mistake.help(Self::why_no_cast(&from, to)))
    }

    fn why_no_cast(from: &SqlType, to: &SqlType) -> String {
        match (from, to) {
            (SqlType::TimestampTz, _) | (_, SqlType::TimestampTz) => {
                "what it means depends on the time zone of the session: convert it in the source query with `at time zone`".to_owned()
            }
            (SqlType::Money, _) | (_, SqlType::Money) => {
                "how money is written depends on lc_monetary: write x::numeric in the source query, and give the target column numeric"
                    .to_owned()
            }
            _ => "convert it in the source query".to_owned(),
        }
    }

    /// The whole expression as a value of the column that it goes into.
    pub fn assign(&mut self, bound: Bound, expected: Option<&SqlType>) -> Option<(Node, SqlType)> {
        let Some(to) = expected else {
            let ty = bound.ty.clone().unwrap_or(SqlType::Text);
            return Some((self.settle(bound)?, ty));
        };
        let Some(from) = bound.ty.clone() else { return Some((self.coerce_unknown(bound, to)?, to.clone())) };
        if from.holds_object_numbers() {
            let message = format!("a value of type {from} holds the number of an object of its own server");
            return self.refuse(Diagnostic::new(codes::UNSUPPORTED, bound.span, message).help("cast it to text in the source query"));
        }
        let label = matches!(to, SqlType::Enum(_)) && (category(&from) == Category::String || matches!(from, SqlType::Enum(_)));
        if label && from != *to {
            let cast = Cast { how: How::Assignment, step: Step::Label, lossy: false };
            return Some((Self::convert(bound.node, cast, to), to.clone()));
        }
        match cast::find(&from, to) {
            Some(cast) if cast.how <= How::Assignment && !cast.lossy => Some((Self::convert(bound.node, cast, to), to.clone())),
            found => {
                let message = format!("{from} does not go into a column of type {to}");
                let help = match found {
                    Some(cast) if cast.lossy && from == SqlType::Numeric && to.is_integer() => {
                        format!("the fraction would be lost: write round(…)::{to} where that is meant")
                    }
                    Some(cast) if cast.lossy && from == SqlType::Inet => {
                        format!("what stands behind the mask would be lost: write (…)::{to} where that is meant")
                    }
                    Some(cast) if cast.lossy && category(&from) == Category::Number => {
                        format!("digits can be lost: write (…)::{to} where that is meant")
                    }
                    Some(cast) if cast.lossy => format!("the time of day would be lost: write (…)::{to} where that is meant"),
                    Some(_) => format!("write a cast: (…)::{to}"),
                    None => Self::why_no_cast(&from, to),
                };
                self.refuse(Diagnostic::new(codes::NO_CAST, bound.span, message).help(help))
            }
        }
    }

    /// One type for several values (`select_common_type`): `Some(None)` where none has a type of its own, `None` where there is none.
    #[allow(clippy::option_option, reason = "no type, no type yet, a type: three cases")]
    pub fn common_type(parts: &[Bound]) -> Option<Option<SqlType>> {
        let mut common: Option<SqlType> = None;
        for ty in parts.iter().filter_map(|part| part.ty.as_ref()) {
            match &common {
                None => common = Some(ty.clone()),
                Some(so_far) if so_far == ty => {}
                Some(so_far) => {
                    if category(so_far) != category(ty) || category(ty) == Category::Other {
                        return None;
                    }
                    if !is_preferred(so_far) && implicitly(so_far, ty) && !implicitly(ty, so_far) {
                        common = Some(ty.clone());
                    }
                }
            }
        }
        // Two strings convert both ways; the first one stays unless a later one is text.
        if let Some(so_far) = &common
            && parts.iter().filter_map(|part| part.ty.as_ref()).any(|ty| !implicitly(ty, so_far))
        {
            return None;
        }
        Some(common)
    }

    /// Several values brought to one type, which is the result's.
    pub fn unify(&mut self, parts: Vec<Bound>, hint: Option<&SqlType>, of: &str, span: &Range<usize>) -> Option<(Vec<Node>, SqlType)> {
        let Some(common) = Self::common_type(&parts) else {
            let mut names: Vec<String> = Vec::new();
            for name in parts.iter().filter(|p| p.ty.is_some()).map(Bound::type_name) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let message = format!("the types in `{of}` do not go together: {}", names.join(", "));
            return self.refuse(Diagnostic::new(codes::TYPE_MISMATCH, span.clone(), message).help("cast them to one type"));
        };
        let ty = common.or_else(|| hint.cloned()).unwrap_or(SqlType::Text);
        let nodes: Vec<_> = parts.into_iter().map(|part| self.implicit(part, &ty)).collect();
        Some((nodes.into_iter().collect::<Option<_>>()?, ty))
    }

    /// Two values brought to types that can be compared.
    pub fn comparable(
        &mut self,
        left: Bound,
        right: Bound,
        operator: &str,
        orders: bool,
        span: &Range<usize>,
    ) -> Option<(Comparator, Node, Node)> {
        let bytewise = left.bytewise || right.bytewise;
        let names = (left.type_name(), right.type_name());
        let ty = match (&left.ty, &right.ty) {
            (None, None) => Some(SqlType::Text),
            (Some(ty), None) | (None, Some(ty)) => Some(ty.clone()),
            // Dates and timestamps are compared as they are: a cast would have a smaller range than the comparison.
            (Some(SqlType::Date | SqlType::Timestamp), Some(SqlType::Date | SqlType::Timestamp)) => {
                return Some((Comparator::Instant, left.node, right.node));
            }
            (Some(l), Some(r)) if l.is_integer() && r.is_integer() => return Some((Comparator::Int, left.node, right.node)),
            // As `double precision`, which holds every `real`; PostgreSQL compares whole numbers and numerics with either that way.
            (Some(l), Some(r)) if l != r && [l, r].iter().any(|ty| matches!(ty, SqlType::Float4 | SqlType::Float8)) => {
                let side = |binder: &mut Self, side: Bound| match side.ty {
                    Some(SqlType::Float4 | SqlType::Float8) => Some(side.node),
                    Some(ref ty) if category(ty) == Category::Number => binder.implicit(side, &SqlType::Float8),
                    _ => None,
                };
                if category(l) == category(r) {
                    let (left, right) = (side(self, left), side(self, right));
                    return Some((Comparator::Float, left?, right?));
                }
                None
            }
            // `character` keeps to its own rule among its own, and where only it has a comparison.
            (Some(SqlType::Bpchar), Some(SqlType::Varchar)) | (Some(SqlType::Varchar), Some(SqlType::Bpchar)) => Some(SqlType::Bpchar),
            (Some(l), Some(r)) if l != r && l.is_text() && r.is_text() => Some(SqlType::Text),
            // Arrays are compared with arrays of the very same type.
            (Some(l @ SqlType::Array(_)), Some(r @ SqlType::Array(_))) if l != r => None,
            _ => Self::common_type(&[left_type(&left), left_type(&right)]).flatten(),
        };
        // The operators of `cidr` are those of `inet`.
        let ty = ty.map(|ty| if ty == SqlType::Cidr { SqlType::Inet } else { ty });
        let Some((ty, by)) = ty.and_then(|ty| Self::comparator(&ty).map(|by| (ty, by))) else {
            let message = format!("{} and {} cannot be compared by `{operator}` here", names.0, names.1);
            let help = match (names.0.as_str(), names.1.as_str()) {
                (l, r) if l == "json" || r == "json" => "compare a part of it as text: x ->> 'key'".to_owned(),
                (l, r) if l.contains("time zone") || r.contains("time zone") => {
                    "what it means depends on the time zone of the session: compare values of one type".to_owned()
                }
                (l, r) if l == r => "compare it in the source query".to_owned(),
                (l, _) => format!("cast the right side: …::{l}"),
            };
            return self.refuse(Diagnostic::new(codes::UNKNOWN_OPERATOR, span.clone(), message).help(help));
        };
        if orders && !bytewise && by.is_collated() {
            let message = format!("`{operator}` on text depends on the collation of the database");
            return self.refuse(
                Diagnostic::new(codes::UNSUPPORTED, span.clone(), message).help("write x collate \"C\" for the order of the bytes"),
            );
        }
        let (left, right) = (self.implicit(left, &ty), self.implicit(right, &ty));
        Some((by, left?, right?))
    }
}

/// A stand-in with the type of a part.
fn left_type(part: &Bound) -> Bound {
    Bound::new(Node::Const(Value::Null), part.ty.clone(), &part.span)
}
