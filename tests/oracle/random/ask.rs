//! One expression on many rows, here and on the server.

use std::panic::{AssertUnwindSafe, catch_unwind};

use etl::expr::{Expr, Fault};
use etl::row::{Array, ArrayWriter, SqlType, Value, decode, encode};
use postgres::Client;
use postgres::error::SqlState;

use super::tree::{Part, Tree, quote};
use crate::{Field, SourceRow, Table, sql_type};

/// What an expression gives for a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Null,
    /// The bytes on the wire.
    Value(Vec<u8>),
    /// The SQLSTATE.
    Error(String),
    /// Refused at the value: it is known here, and not guessed.
    Refused(String),
    /// A panic, or an outcome that PostgreSQL cannot have.
    Broken(String),
}

impl Outcome {
    pub fn show(&self) -> String {
        match self {
            Self::Null => "NULL".into(),
            Self::Value(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains(|c: char| c.is_control() && c != '\n') => format!("{text:?}"),
                _ => format!("bytes {bytes:02x?}"),
            },
            Self::Error(state) => format!("SQLSTATE {state}"),
            Self::Refused(why) => format!("refused at the value: {why}"),
            Self::Broken(why) => format!("broken: {why}"),
        }
    }
}

/// How an expression ends here, for each row.
pub fn here(expr: &Expr, ty: &SqlType, rows: &[SourceRow]) -> Vec<Outcome> {
    rows.iter()
        .map(|row| catch_unwind(AssertUnwindSafe(|| one(expr, ty, row))).unwrap_or_else(|_| Outcome::Broken("a panic".into())))
        .collect()
}

fn one(expr: &Expr, ty: &SqlType, row: &SourceRow) -> Outcome {
    let outcome = match row.value(expr) {
        Ok(Value::Null) => Outcome::Null,
        Ok(value) => {
            let mut bytes = Vec::new();
            match encode(&value, ty, &mut bytes) {
                Ok(()) => Outcome::Value(normal(ty, bytes)),
                Err(error) => Outcome::Broken(error.to_string()),
            }
        }
        Err(error) => match error.into_fault() {
            Fault::Sql { sqlstate: "0A000", message } => Outcome::Refused(message.into_owned()),
            Fault::Sql { sqlstate, .. } => Outcome::Error(sqlstate.into()),
            Fault::Reject { code, .. } if code == "ENUM_LABEL_UNKNOWN" => Outcome::Error("22P02".into()),
            other => Outcome::Broken(other.to_string()),
        },
    };
    match outcome {
        Outcome::Error(_) if !expr.fallible() => Outcome::Broken("an expression that is said never to fail failed".into()),
        other => other,
    }
}

/// One form for what can be written in several: the scale of infinities, the sign of NaN (which processors differ in), and the flag of arrays, which tells whether there is room for
/// NULLs, not whether there are any.
fn normal(ty: &SqlType, bytes: Vec<u8>) -> Vec<u8> {
    match ty {
        SqlType::Numeric => {
            let mut out = Vec::new();
            let written = decode(ty, &bytes).is_ok_and(|value| encode(&value, ty, &mut out).is_ok());
            if written { out } else { bytes }
        }
        SqlType::Float4 | SqlType::Float8 => match decode(ty, &bytes) {
            Ok(Value::Float4(value)) if value.is_nan() => f32::NAN.to_be_bytes().to_vec(),
            Ok(Value::Float8(value)) if value.is_nan() => f64::NAN.to_be_bytes().to_vec(),
            _ => bytes,
        },
        SqlType::Array(array) => {
            let Some(read) = Array::read(&bytes) else { return bytes };
            let mut writer = ArrayWriter::new(read.dimensions(), array.element_oid.0);
            for element in &read {
                match element {
                    None => writer.null(),
                    Some(field) => {
                        let field = normal(&array.element, field.to_vec());
                        let written: Result<(), ()> = writer.element(|out| {
                            out.extend_from_slice(&field);
                            Ok(())
                        });
                        written.expect("in memory");
                    }
                }
            }
            writer.finish()
        }
        _ => bytes,
    }
}

/// What the server says about an expression.
pub enum Theirs {
    /// Its type is another one.
    OtherType(String),
    Refused(String),
    /// It took too long.
    Slow,
    /// The outcomes of the rows that were asked about.
    Rows(Vec<(usize, Outcome)>),
}

fn message(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), |e| format!("{} ({})", e.message(), e.code().code()))
}

fn is_slow(error: &postgres::Error) -> bool {
    error.code() == Some(&SqlState::QUERY_CANCELED)
}

/// Whether the server fails already when it plans a statement: a constant part of the expression does, whichever rows reach it.
pub fn fails_when_planned(client: &mut Client, text: &str) -> bool {
    client.batch_execute(&format!("explain select ({text}) from cases")).is_err()
}

/// The type that an expression has there.
pub fn type_there(client: &mut Client, text: &str) -> Result<SqlType, String> {
    let statement = client.prepare(&format!("select ({text}) from cases")).map_err(|error| message(&error))?;
    Ok(sql_type(statement.columns()[0].type_()))
}

/// Asks the server for every row that has not been refused here. The rows that end in an error here are asked one by one, behind a trap;
/// all others at once.
pub fn there(client: &mut Client, text: &str, ty: &SqlType, here: &[Outcome]) -> Theirs {
    let statement = match client.prepare(&format!("select id, ({text}) from cases where id <> all ($1) order by id")) {
        Ok(statement) => statement,
        Err(error) => return Theirs::Refused(message(&error)),
    };
    let theirs = sql_type(statement.columns()[1].type_());
    if theirs != *ty {
        return Theirs::OtherType(theirs.to_string());
    }
    let id = |row: usize| i32::try_from(row).expect("few rows");
    let apart: Vec<i32> = (0..here.len()).filter(|row| !matches!(here[*row], Outcome::Null | Outcome::Value(_))).map(id).collect();
    let mut found = Vec::with_capacity(here.len());
    let mut trapped: Vec<i32> =
        apart.iter().copied().filter(|row| !matches!(here[row.unsigned_abs() as usize], Outcome::Refused(_))).collect();
    match client.query(&statement, &[&apart]) {
        Ok(rows) => {
            for row in rows {
                let outcome = row.get::<_, Field>(1).0.map_or(Outcome::Null, |bytes| Outcome::Value(normal(ty, bytes)));
                found.push((row.get::<_, i32>(0).unsigned_abs() as usize, outcome));
            }
        }
        Err(error) if is_slow(&error) => return Theirs::Slow,
        Err(_) => trapped.extend((0..here.len()).map(id).filter(|row| !apart.contains(row))),
    }
    if !trapped.is_empty() {
        let prepare = format!("prepare p as select ({text}) from cases where id = $1");
        let asked = client.batch_execute(&prepare).and_then(|()| client.query("select id, state from trap($1)", &[&trapped]));
        let _ = client.batch_execute("deallocate p");
        match asked {
            Ok(rows) => found.extend(rows.iter().filter_map(|row| {
                let (at, state) = (row.get::<_, i32>(0).unsigned_abs() as usize, row.get::<_, Option<String>>(1));
                match state {
                    Some(state) => Some((at, Outcome::Error(state))),
                    // What one row may come to is less here than there.
                    None if here[at] == Outcome::Error("54000".into()) => None,
                    // A value where an error was expected is a difference, whatever it is.
                    None if !matches!(here[at], Outcome::Null | Outcome::Value(_)) => Some((at, Outcome::Value(b"a value".to_vec()))),
                    None => None,
                }
            })),
            Err(error) if is_slow(&error) => return Theirs::Slow,
            Err(error) => return Theirs::Refused(message(&error)),
        }
    }
    Theirs::Rows(found)
}

/// Whether the two agree on one row; if not, both outcomes.
fn differs(client: &mut Client, table: &Table, text: &str, row: usize) -> Option<(Outcome, String)> {
    let expr = catch_unwind(AssertUnwindSafe(|| table.bind(text))).ok()?.ok()?;
    let ty = type_there(client, text).ok()?;
    let ours = here(&expr, &ty, &table.rows[row..=row]).pop()?;
    if matches!(ours, Outcome::Refused(_)) {
        return None;
    }
    let id = i32::try_from(row).expect("few rows");
    let theirs = match client.query_one(&format!("select ({text}) from cases where id = $1"), &[&id]) {
        Ok(row) => row.get::<_, Field>(0).0.map_or(Outcome::Null, |bytes| Outcome::Value(normal(&ty, bytes))),
        Err(error) => Outcome::Error(error.code()?.code().to_owned()),
    };
    if ours == theirs && expr.ty() == &ty {
        return None;
    }
    let shown = match client.query_one(&format!("select ({text})::text from cases where id = $1"), &[&id]) {
        Ok(row) => row.get::<_, Option<String>>(0).map_or_else(|| "NULL".to_owned(), |text| format!("{text:?}")),
        Err(_) => theirs.show(),
    };
    Some((ours, shown))
}

/// The smallest part of an expression that still differs on a row, its operands replaced by their values where that changes nothing.
pub fn shrink(client: &mut Client, table: &Table, tree: &Tree, row: usize) -> String {
    for child in tree.children() {
        if !child.atom && differs(client, table, &child.text(), row).is_some() {
            return shrink(client, table, child, row);
        }
    }
    let mut least = tree.clone();
    let id = i32::try_from(row).expect("few rows");
    for n in 0..tree.children().count() {
        let Some(child) = tree.children().nth(n).filter(|child| child.has_column()) else { continue };
        let value = client
            .query_one(&format!("select ({})::text, pg_typeof({})::text from cases where id = $1", child.text(), child.text()), &[&id]);
        let Ok(value) = value else { continue };
        let (text, ty): (Option<String>, String) = (value.get(0), value.get(1));
        // A constant NULL would be folded when the statement is planned, errors of other operands with it.
        let Some(text) = text else { continue };
        let literal = format!("{}::{ty}", quote(&text));
        let smaller = least.with_child(n, Tree { parts: vec![Part::Text(literal)], atom: true, ..child.clone() });
        if differs(client, table, &smaller.text(), row).is_some() {
            least = smaller;
        }
    }
    let text = least.text();
    let bound = catch_unwind(AssertUnwindSafe(|| table.bind(&text))).unwrap_or_else(|_| Err("a panic".into()));
    let used: Vec<String> = bound.map_or_else(
        |_| Vec::new(),
        |expr| expr.columns().iter().map(|at| format!("{} = {:?}", table.columns[*at].name, table.rows[row].values[*at])).collect(),
    );
    let (ours, theirs) = match differs(client, table, &text, row) {
        Some((ours, theirs)) => (ours.show(), theirs),
        None => ("?".into(), "?".into()),
    };
    format!("{text}\n    here {ours}, there {theirs} {}", if used.is_empty() { String::new() } else { format!("with {}", used.join(", ")) })
}
