//! PostgreSQL is the oracle: every expression here is evaluated by a server and by `etl::expr` on the same rows, and values,
//! SQLSTATEs and types must be equal.
//!
//! The server is the one of `ETL_TEST_PG`, or a private one that `scripts/postgres` starts and stops. Its database must be
//! UTF-8 with a locale of the C library.

mod docs;
mod families;
mod overloads;
mod random;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::process::Command;
use std::sync::Arc;

use etl::expr::{Context, EvalError, Expr, Fault, Functions, Reference, Resolved, Scope, bind, catalogue, parse, special};
use etl::row::{Array, ArrayType, Column, EnumType, LegacyKey, ServerOid, SqlType, Typmod, Value, decode};
use families::Family;
use postgres::types::{FromSql, Kind, Type};
use postgres::{Client, NoTls};

/// A server for the length of one test.
struct Server {
    url: String,
    /// The name under which it was started here.
    started: Option<String>,
}

impl Server {
    fn new(test: &str) -> Self {
        if let Ok(url) = std::env::var("ETL_TEST_PG") {
            return Self { url, started: None };
        }
        let name = format!("oracle-{test}-{}", std::process::id());
        let output = Command::new("scripts/postgres").args(["start", &name]).output().expect("scripts/postgres runs");
        assert!(output.status.success(), "scripts/postgres start: {}", String::from_utf8_lossy(&output.stderr));
        let url = String::from_utf8(output.stdout).expect("a URL").trim().to_owned();
        Self { url, started: Some(name) }
    }

    fn connect(&self) -> Client {
        let mut client = Client::connect(&self.url, NoTls).expect("the oracle answers");
        client.batch_execute("set timezone = 'UTC'; set datestyle = 'ISO'; set client_min_messages = warning").expect("settings");
        client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(name) = &self.started {
            let _ = Command::new("scripts/postgres").args(["stop", name]).status();
        }
    }
}

/// Field bytes as they are on the wire.
struct Field(Option<Vec<u8>>);

impl<'a> FromSql<'a> for Field {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw.to_vec())))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The type of a column.
fn sql_type(ty: &Type) -> SqlType {
    match ty.kind() {
        Kind::Array(element) => SqlType::Array(Arc::new(ArrayType {
            element: sql_type(element),
            element_typmod: Typmod::NONE,
            element_oid: ServerOid(element.oid()),
        })),
        _ if ty.name() == "citext" => SqlType::Citext,
        Kind::Enum(labels) => SqlType::Enum(Arc::new(EnumType { name: ty.name().to_owned(), labels: labels.clone() })),
        _ => SqlType::builtin(ty.oid()).unwrap_or_else(|| SqlType::Other { oid: ServerOid(ty.oid()), name: ty.name().into() }),
    }
}

/// A row of the table `cases`: field bytes, and what they mean.
struct SourceRow {
    fields: Vec<Option<Vec<u8>>>,
    values: Vec<Value<'static>>,
}

impl SourceRow {
    /// The value of an expression, which is the same whether field bytes can be looked at or not.
    fn value<'r>(&'r self, expr: &'r Expr) -> Result<Value<'r>, EvalError> {
        let [value, direct] = [false, true].map(|direct| expr.eval(&mut Row { row: self, direct }));
        // NaN is not equal to itself.
        assert!(value == direct || format!("{value:?}") == format!("{direct:?}"), "{value:?} of values, {direct:?} of bytes: {expr:?}");
        value
    }
}

struct Row<'r> {
    row: &'r SourceRow,
    direct: bool,
}

impl<'r> Context<'r> for Row<'r> {
    fn field(&mut self, column: usize) -> Result<Value<'r>, EvalError> {
        Ok(self.row.values[column].borrowed())
    }

    fn bytes(&self, column: usize) -> Option<&'r [u8]> {
        self.row.fields[column].as_deref().filter(|_| self.direct)
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        unreachable!("not an expression of PostgreSQL")
    }

    fn legacy_key(&self) -> Cow<'r, str> {
        unreachable!("not an expression of PostgreSQL")
    }

    fn resolve(&mut self, _: &'r Reference, _: LegacyKey) -> Resolved {
        unreachable!("not an expression of PostgreSQL")
    }

    fn incident(&mut self, _: &'r str) {
        unreachable!("not an expression of PostgreSQL")
    }

    fn run_started_at(&self) -> i64 {
        unreachable!("not an expression of PostgreSQL")
    }
}

/// The rows of the table `cases`, as the server holds them.
struct Table {
    columns: Vec<Column>,
    rows: Vec<SourceRow>,
}

impl Table {
    fn read(client: &mut Client) -> Self {
        let statement = client.prepare("select * from cases order by id").expect("cases");
        let columns: Vec<Column> = statement
            .columns()
            .iter()
            .map(|column| Column { name: column.name().to_owned(), ty: sql_type(column.type_()), typmod: -1, nullable: true })
            .collect();
        let rows = client.query(&statement, &[]).expect("cases");
        let rows = rows
            .iter()
            .map(|row| {
                let fields: Vec<_> = (0..columns.len()).map(|at| row.get::<_, Field>(at).0).collect();
                let value = |(column, field): (&Column, &Option<Vec<u8>>)| match field {
                    Some(bytes) => decode(&column.ty, bytes).expect("a field of its type").into_owned(),
                    None => Value::Null,
                };
                let values = columns.iter().zip(&fields).map(value).collect();
                SourceRow { fields, values }
            })
            .collect();
        Self { columns, rows }
    }

    fn bind(&self, text: &str) -> Result<Expr, String> {
        let (functions, codes) = (Functions::new(), BTreeMap::new());
        let scope = Scope {
            columns: &self.columns,
            functions: &functions,
            codes: &codes,
            entities: &|_| None,
            entity_names: &[],
            new_id: &SqlType::Uuid,
        };
        let ast = parse(text).map_err(|mistake| mistake.to_string())?;
        bind(&ast, &scope, None).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

/// `array_out` of an array of texts of one dimension.
fn shown(bytes: &[u8]) -> String {
    let element = |field: Option<&[u8]>| {
        let Some(field) = field else { return "NULL".to_owned() };
        let text = std::str::from_utf8(field).expect("text");
        let special = |c: char| "\"\\{},".contains(c) || c.is_ascii_whitespace() || c == '\u{b}';
        if text.is_empty() || text.eq_ignore_ascii_case("null") || text.contains(special) {
            format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
        } else {
            text.to_owned()
        }
    };
    let elements: Vec<String> = Array::read(bytes).expect("an array").iter().map(element).collect();
    format!("{{{}}}", elements.join(","))
}

/// What an expression gives for a row: a text, NULL, or `!` and a SQLSTATE.
fn ours(expr: &Expr, row: &SourceRow) -> Option<String> {
    match row.value(expr) {
        Ok(Value::Null) => None,
        Ok(Value::Text(text)) => Some(text.into_owned()),
        Ok(Value::Array(bytes)) => Some(shown(&bytes)),
        Ok(other) => panic!("a cast to text gives text, not {other:?}"),
        Err(error) => match error.fault() {
            Fault::Sql { sqlstate, .. } => Some(format!("!{sqlstate}")),
            Fault::Reject { code, .. } if code == "ENUM_LABEL_UNKNOWN" => Some("!22P02".into()),
            other => panic!("PostgreSQL has no {other}"),
        },
    }
}

/// The server, its table of cases and what was found wrong so far.
struct Oracle {
    client: Client,
    table: Table,
    wrong: Vec<String>,
}

impl Oracle {
    fn new(mut client: Client, family: &Family) -> Self {
        let schema = format!("oracle_{}_{}", family.name, std::process::id());
        client.batch_execute(&format!("create schema {schema}; set search_path = {schema}, pg_catalog")).expect("schema");
        // The columns of a row would be constants of a plan of its own, and what fails of them would fail before anything else decides.
        client.batch_execute("set plan_cache_mode = force_generic_plan").expect("settings");
        client.batch_execute(&family.setup).unwrap_or_else(|error| panic!("setup of {}: {error:?}", family.name));
        let table = Table::read(&mut client);
        Self { client, table, wrong: Vec::new() }
    }

    fn finish(mut self) {
        self.client.batch_execute("do $$ begin execute 'drop schema ' || current_schema() || ' cascade'; end $$").expect("clean up");
        assert!(self.wrong.is_empty(), "{} differences:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }

    fn ask(&mut self, text: &str) {
        // An array whose cast to text is not here is shown by this test.
        let cast = |typed: &Expr| match self.table.bind(&format!("({text})::text")) {
            Err(_) if matches!(typed.ty(), SqlType::Array(_)) => self.table.bind(text),
            cast => cast,
        };
        let typed = self.table.bind(text);
        let cast = typed.as_ref().map_or_else(|why| Err(why.clone()), cast);
        let (typed, expr) = match (typed, cast) {
            (Ok(typed), Ok(expr)) => (typed, expr),
            (Err(why), _) | (_, Err(why)) => return self.wrong.push(format!("{text}\n    refused here: {why}")),
        };
        // One function a question: it traps the errors row by row and says which type it gives.
        let function = format!(
            "create or replace function theirs(r cases) returns text language plpgsql as $f$ begin
               return (select ({text})::text from (select r.*) as s);
             exception when others then return '!' || sqlstate; end $f$;
             create or replace view typed as select ({text}) as x from cases"
        );
        let ty = "select format_type(atttypid, -1) from pg_attribute where attrelid = 'typed'::regclass and attname = 'x'";
        let query = "select theirs(whole) from cases whole order by id";
        let asked = self.client.batch_execute("drop view if exists typed").and_then(|()| self.client.batch_execute(&function));
        let (ty, theirs) = match asked.and_then(|()| Ok((self.client.query_one(ty, &[])?, self.client.query(query, &[])?))) {
            Ok((ty, theirs)) => (ty.get::<_, String>(0), theirs),
            Err(error) => {
                let why = error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned());
                return self.wrong.push(format!("{text}\n    refused there: {why}"));
            }
        };
        // The internal name of `character` without a length.
        let ty = ty.strip_prefix("bpchar").map_or(ty.clone(), |rest| format!("character{rest}"));
        let ty = ty.replace("\"bit\"", "bit");
        if ty != typed.ty().to_string() {
            self.wrong.push(format!("{text}\n    type here {}, there {ty}", typed.ty()));
        }
        let mut shown = 0;
        for (row, theirs) in self.table.rows.iter().zip(theirs) {
            let (ours, theirs) = (ours(&expr, row), theirs.get::<_, Option<String>>(0));
            // Dates that are not in ISO form, words with combining marks and characters that are newer than the server's Unicode are refused
            // here rather than guessed.
            let refused = ours.as_deref() == Some("!0A000")
                && (text.ends_with("/* iso */")
                    || text.ends_with("/* age */")
                    // The first day of all.
                    || text.starts_with("to_char(d")
                    || text.contains(r"\y")
                    || text.contains(r"\Y")
                    || text.contains(r"\m")
                    || text.contains(r"\M"));
            let honest = expr.fallible() || !ours.as_ref().is_some_and(|o| o.starts_with('!') && o.len() == 6);
            if (ours != theirs && !refused) || !honest {
                shown += 1;
                if shown <= 2 {
                    let used: Vec<_> =
                        expr.columns().iter().map(|at| format!("{} = {:?}", self.table.columns[*at].name, row.values[*at])).collect();
                    self.wrong.push(format!(
                        "{text}\n    here {ours:?}, there {theirs:?} with {} (fallible {})",
                        used.join(", "),
                        expr.fallible()
                    ));
                }
            }
        }
    }
}

/// A function that is added to the registry and not to the cases fails here.
#[test]
fn every_function_is_asked_about() {
    let all: Vec<String> = families::all().into_iter().flat_map(|family| family.expressions).collect();
    let ours = ["new_id", "legacy_key", "ref", "code", "reject", "incident", "run_started_at", "uuid_v5", "uuid_v7", "strip_accents"];
    let is_ours = |name: &str| ours.contains(&name) || name.starts_with("mask_");
    let names = catalogue().map(|(_, function)| function.name).chain(special().iter().map(|(name, _)| *name));
    for name in names.filter(|name| !is_ours(name)) {
        let call = format!("{name}(");
        assert!(all.iter().any(|text| text.contains(&call)), "no case calls {name}");
    }
}

#[test]
fn every_expression_gives_what_postgresql_gives() {
    let server = Server::new("values");
    // One family alone, while it is worked on.
    let only = std::env::var("ETL_ORACLE_FAMILY").ok();
    for family in families::all().iter().filter(|family| only.as_deref().is_none_or(|only| only == family.name)) {
        let mut oracle = Oracle::new(server.connect(), family);
        for text in &family.expressions {
            oracle.ask(text);
        }
        oracle.finish();
    }
}

/// Every character of the two planes in use: classes and cases are those of the server's locale.
#[test]
fn every_character_is_what_postgresql_takes_it_for() {
    let server = Server::new("characters");
    let mut client = server.connect();
    let table = Table {
        columns: vec![Column { name: "t".into(), ty: SqlType::Text, typmod: -1, nullable: true }],
        rows: ('\u{1}'..='\u{1FFFF}')
            .map(|c| c.to_string())
            .map(|c| SourceRow { fields: vec![Some(c.clone().into_bytes())], values: vec![Value::Text(c.into())] })
            .collect(),
    };
    let mut wrong = Vec::new();
    for (question, tolerated) in families::basics::CHARACTERS {
        let expr = table.bind(&format!("({question})::text")).expect("bound");
        let query = format!(
            "select ({question})::text from (select chr(i) as t from generate_series(1, 131071) i where i not between 55296 and 57343 order by i) s"
        );
        let theirs = client.query(&query, &[]).expect("answered");
        let differ = |(row, theirs): (&SourceRow, postgres::Row)| {
            (ours(&expr, row) != theirs.get::<_, Option<String>>(0)).then(|| match &row.values[0] {
                Value::Text(text) => text.chars().next().map_or(0, u32::from),
                _ => 0,
            })
        };
        let differences: Vec<u32> = table.rows.iter().zip(theirs).filter_map(differ).collect();
        if differences.len() > *tolerated {
            let some: Vec<String> = differences.iter().take(40).map(|c| format!("{c:X}")).collect();
            wrong.push(format!("{question}: {} characters: {}", differences.len(), some.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
