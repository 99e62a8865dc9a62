//! The typed tree printed as SQL, casts and parentheses made explicit. Boundary: for reading and for other engines; nothing
//! here is parsed again.

use std::fmt::Write as _;

use super::ast::Test;
use super::context::{OnCycle, OnMissing};
use super::datetime;
use super::typed::{Expr, Node};
use crate::row::Value;

impl Expr {
    /// The expression as SQL, every cast explicit.
    pub fn to_sql(&self) -> String {
        let mut out = String::new();
        self.node.sql(&mut out);
        out
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The reserved words of PostgreSQL (appendix C of its manual).
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "both", "case", "cast", "check", "collate", "column", "constraint",
    "create", "current_catalog", "current_date", "current_role", "current_time", "current_timestamp", "current_user", "default", "deferrable", "desc",
    "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "grant", "group", "having", "in", "initially", "intersect",
    "into", "lateral", "leading", "limit", "localtime", "localtimestamp", "not", "null", "offset", "on", "only", "or", "order", "placing", "primary",
    "references", "returning", "select", "session_user", "some", "symmetric", "system_user", "table", "then", "to", "trailing", "true", "union",
    "unique", "user", "using", "variadic", "when", "where", "window", "with",
];

fn name(name: &str) -> String {
    let plain =
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain && !name.is_empty() && !RESERVED.contains(&name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

impl Node {
    fn list(nodes: &[Self], out: &mut String) {
        for (at, node) in nodes.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { ", " });
            node.sql(out);
        }
    }

    fn infix(sides: &[Self], operator: &str, out: &mut String) {
        out.push('(');
        sides[0].sql(out);
        let _ = write!(out, " {operator} ");
        sides[1].sql(out);
        out.push(')');
    }

    #[allow(clippy::too_many_lines, reason = "one match, one arm a node")]
    fn sql(&self, out: &mut String) {
        match self {
            Self::Const(value) => constant(value, out),
            Self::Literal(literal) => drop(write!(out, "cast({} as {})", quoted(&literal.text), literal.ty)),
            Self::Column { name: column, .. } => out.push_str(&name(column)),
            Self::Not(operand) => {
                out.push_str("(not ");
                operand.sql(out);
                out.push(')');
            }
            Self::And(sides) => Self::infix(&sides[..], "and", out),
            Self::Or(sides) => Self::infix(&sides[..], "or", out),
            Self::Is { operand, test, negated } => {
                out.push('(');
                operand.sql(out);
                let test = match test {
                    Test::Null => "null",
                    Test::True => "true",
                    Test::False => "false",
                    Test::Unknown => "unknown",
                };
                let _ = write!(out, " is {}{test})", if *negated { "not " } else { "" });
            }
            Self::Compare { op, sides, .. } => Self::infix(&sides[..], op.name(), out),
            Self::Distinct { sides, negated, .. } => {
                Self::infix(&sides[..], if *negated { "is not distinct from" } else { "is distinct from" }, out);
            }
            Self::In { operand, list, negated, .. } => {
                out.push('(');
                operand.sql(out);
                out.push_str(if *negated { " not in (" } else { " in (" });
                Self::list(list, out);
                out.push_str("))");
            }
            Self::Case { branches, otherwise, .. } => {
                out.push_str("case");
                for (when, then) in branches {
                    out.push_str(" when ");
                    when.sql(out);
                    out.push_str(" then ");
                    then.sql(out);
                }
                out.push_str(" else ");
                otherwise.sql(out);
                out.push_str(" end");
            }
            Self::Call { builtin, args } if builtin.name == "[]" => Self::subscripts(args, builtin.name, out),
            Self::Call { builtin, args } if matches!(builtin.name, "like" | "ilike") => Self::infix(args, builtin.name, out),
            Self::Call { builtin, args } => match (builtin.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), args.len()) {
                (false, 1) => {
                    let _ = write!(out, "({} ", builtin.name);
                    args[0].sql(out);
                    out.push(')');
                }
                (false, _) => Self::infix(args, builtin.name, out),
                (true, _) => Self::function(builtin.name, args, out),
            },
            Self::RowCompare { op, pairs } => {
                for (at, lead) in ["(row(", &format!(" {} row(", op.name())].into_iter().enumerate() {
                    out.push_str(lead);
                    for (place, (_, sides)) in pairs.iter().enumerate() {
                        out.push_str(if place == 0 { "" } else { ", " });
                        sides[at].sql(out);
                    }
                    out.push(')');
                }
                out.push(')');
            }
            Self::Quantified(quantified) => {
                // An operand without a type of its own stands in the comparison alone.
                let operand = match (&quantified.sides[0], &quantified.predicate) {
                    (Self::Const(Value::Null), Self::Compare { sides, .. }) => &sides[0],
                    (operand, _) => operand,
                };
                out.push('(');
                operand.sql(out);
                let _ = write!(out, " {} {} (", quantified.operator, if quantified.all { "all" } else { "any" });
                quantified.sides[1].sql(out);
                out.push_str("))");
            }
            Self::Extended(call) if call.builtin.name == "array[]" => {
                out.push_str("array[");
                Self::list(&call.args, out);
                out.push(']');
            }
            Self::Extended(call) if matches!(call.builtin.name, "[]" | "[:]") => Self::subscripts(&call.args, call.builtin.name, out),
            Self::Extended(call) => {
                if call.builtin.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    Self::function(call.builtin.name, &call.args, out);
                } else {
                    Self::infix(&call.args, call.builtin.name, out);
                }
            }
            Self::Coalesce(args) => Self::function("coalesce", args, out),
            Self::Nullif { sides, .. } => Self::function("nullif", &sides[..], out),
            Self::Extreme { args, greatest, .. } => Self::function(if *greatest { "greatest" } else { "least" }, args, out),
            Self::Cast { to, operand, .. } | Self::Convert { to, operand, .. } => Self::cast(operand, &to.to_string(), out),
            Self::Concat(pieces) => {
                out.push_str(&"(".repeat(pieces.len() - 1));
                for (at, piece) in pieces.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { " || " });
                    piece.sql(out);
                    out.push_str(if at == 0 { "" } else { ")" });
                }
            }
            Self::Label { ty, operand } => Self::cast(operand, &ty.name, out),
            Self::Precision { precision, scale, operand } => Self::cast(operand, &format!("numeric({precision},{scale})"), out),
            Self::Truncate { length, operand } => Self::cast(operand, &format!("character varying({length})"), out),
            Self::Valid { ty, operand, .. } => {
                out.push_str("pg_input_is_valid(");
                operand.sql(out);
                let _ = write!(out, ", {})", quoted(&ty.to_string()));
            }
            Self::NewId(_) => out.push_str("new_id()"),
            Self::LegacyKey => out.push_str("legacy_key()"),
            Self::RunStartedAt => out.push_str("run_started_at()"),
            Self::Ref(reference) => {
                let _ = write!(out, "ref({}", quoted(&reference.reference.entity_name));
                for part in &reference.key {
                    out.push_str(", ");
                    part.sql(out);
                }
                out.push_str(match reference.reference.on_missing {
                    OnMissing::Quarantine => "",
                    OnMissing::Null => ", on_missing => 'null'",
                    OnMissing::Fail => ", on_missing => 'fail'",
                });
                out.push_str(match reference.reference.on_cycle {
                    None => ")",
                    Some(OnCycle::Null) => ", on_cycle => 'null')",
                    Some(OnCycle::Quarantine) => ", on_cycle => 'quarantine')",
                });
            }
            Self::Code(code) => {
                let _ = write!(out, "code({}, ", quoted(&code.table));
                code.operand.sql(out);
                out.push_str(if matches!(code.otherwise, super::typed::Otherwise::Null) { ", on_missing => 'null')" } else { ")" });
            }
            Self::Reject(code) => drop(write!(out, "reject({})", quoted(code))),
            Self::Incident { code, value } => {
                let _ = write!(out, "incident({}, ", quoted(code));
                value.sql(out);
                out.push(')');
            }
        }
    }

    fn subscripts(args: &[Self], how: &str, out: &mut String) {
        out.push('(');
        args[0].sql(out);
        out.push(')');
        for index in args[1..].chunks(if how == "[:]" { 2 } else { 1 }) {
            out.push('[');
            index[0].sql(out);
            if let Some(upper) = index.get(1) {
                out.push(':');
                upper.sql(out);
            }
            out.push(']');
        }
    }

    fn function(name: &str, args: &[Self], out: &mut String) {
        // Plain calls of these two have a grammar of their own.
        let schema = if matches!(name, "position" | "normalize") { "pg_catalog." } else { "" };
        let _ = write!(out, "{schema}{name}(");
        Self::list(args, out);
        out.push(')');
    }

    fn cast(operand: &Self, to: &str, out: &mut String) {
        out.push_str("cast(");
        operand.sql(out);
        let _ = write!(out, " as {to})");
    }
}

fn constant(value: &Value<'static>, out: &mut String) {
    match value {
        Value::Bool(value) => drop(write!(out, "{value}")),
        Value::Int2(n) => drop(write!(out, "cast({n} as smallint)")),
        Value::Int4(n) => drop(write!(out, "{n}")),
        Value::Int8(n) => drop(write!(out, "cast({n} as bigint)")),
        Value::Numeric(n) => drop(write!(out, "cast('{n}' as numeric)")),
        Value::Text(text) => out.push_str(&quoted(text)),
        Value::Date(days) => drop(write!(out, "date '{}'", datetime::date_text(*days))),
        Value::Timestamp(t) => drop(write!(out, "timestamp '{}'", datetime::timestamp_text(*t, ' '))),
        Value::TimestampTz(t) => {
            let text = datetime::timestamp_text(*t, ' ');
            let zone = if text.ends_with("infinity") { "" } else { "+00" };
            // An era stands behind the zone.
            let text = text.strip_suffix(" BC").map_or_else(|| format!("{text}{zone}"), |day| format!("{day}{zone} BC"));
            let _ = write!(out, "timestamp with time zone '{text}'");
        }
        Value::Uuid(id) => drop(write!(out, "cast('{}' as uuid)", uuid::Uuid::from_bytes(*id))),
        Value::Json(json) => drop(write!(out, "cast({} as json)", quoted(json))),
        Value::Jsonb(json) => drop(write!(out, "cast({} as jsonb)", quoted(json))),
        // But for NULL, constants of these types are literals.
        Value::Null
        | Value::Float4(_)
        | Value::Float8(_)
        | Value::Bytea(_)
        | Value::Time(_)
        | Value::TimeTz(..)
        | Value::Interval(_)
        | Value::Array(_)
        | Value::Raw(_) => out.push_str("null"),
    }
}
