//! Every overload that PostgreSQL has of a name that is known here must be in the registry, implemented or refused: else another
//! one would be chosen than there. What nobody implemented stands in `src/expr/overloads.rs`, which is written by this test:
//! `UPDATE_OVERLOADS=1 cargo test --test oracle every_overload`.

use std::collections::{BTreeSet, HashSet};

use etl::expr::{Builtin, Ty, operator_signatures, signatures};
use postgres::Client;

use crate::Server;

const PATH: &str = "src/expr/overloads.rs";

/// An overload as the server has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Overload {
    name: String,
    args: Vec<String>,
    variadic: bool,
    result: String,
}

const TYPES: &[Ty] = &[
    Ty::Bool,
    Ty::Int2,
    Ty::Int4,
    Ty::Int8,
    Ty::Numeric,
    Ty::Float4,
    Ty::Float8,
    Ty::Text,
    Ty::Bpchar,
    Ty::Bytea,
    Ty::Date,
    Ty::Timestamp,
    Ty::TimestampTz,
    Ty::Time,
    Ty::TimeTz,
    Ty::Interval,
    Ty::Uuid,
    Ty::Inet,
    Ty::Varbit,
    Ty::Json,
    Ty::Jsonb,
    Ty::TextArray,
    Ty::AnyElement,
    Ty::AnyArray,
    Ty::Any,
];

/// The type of this name; `None` for those that signatures cannot name.
fn ty(name: &str) -> Option<Ty> {
    match name {
        "anyelement" | "anycompatible" | "anynonarray" | "anycompatiblenonarray" => Some(Ty::AnyElement),
        "anyarray" | "anycompatiblearray" => Some(Ty::AnyArray),
        "\"any\"" => Some(Ty::Any),
        name => TYPES.iter().copied().find(|ty| ty.sql().is_some_and(|ty| ty.to_string() == name)),
    }
}

/// What two signatures have in common that mean the same arguments.
fn class(ty: Ty) -> String {
    match ty {
        Ty::Any | Ty::AnyText | Ty::AnyJson | Ty::AnyElement => "any".to_owned(),
        other => other.word(),
    }
}

fn key(name: &str, args: impl Iterator<Item = Ty>) -> String {
    format!("{name}({})", args.map(class).collect::<Vec<_>>().join(", "))
}

fn functions(client: &mut Client, names: &[&str]) -> Vec<Overload> {
    let query = "select p.proname::text, p.provariadic <> 0, format_type(p.prorettype, null), p.pronargdefaults::int4,
        array(select format_type(t, null) from unnest(p.proargtypes) with ordinality as a(t, n) order by n)
      from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.prokind = 'f' and p.proname = any ($1)";
    let mut found = Vec::new();
    for row in client.query(query, &[&names]).expect("pg_proc") {
        let (args, defaults): (Vec<String>, i32) = (row.get(4), row.get(3));
        for left_out in 0..=defaults.unsigned_abs() as usize {
            let args = args[..args.len() - left_out].to_vec();
            found.push(Overload { name: row.get(0), args, variadic: row.get(1), result: row.get(2) });
        }
    }
    found
}

fn operators(client: &mut Client, names: &[&str]) -> Vec<Overload> {
    let query = "select oprname::text, format_type(oprresult, null),
        array_remove(array[case when oprleft <> 0 then format_type(oprleft, null) end, format_type(oprright, null)], null)
      from pg_operator where oprnamespace = 'pg_catalog'::regnamespace and oprname = any ($1)";
    let rows = client.query(query, &[&names]).expect("pg_operator");
    rows.iter().map(|row| Overload { name: row.get(0), args: row.get(2), variadic: false, result: row.get(1) }).collect()
}

/// The overloads that can be named and are not in the table.
fn missing(theirs: Vec<Overload>, ours: impl Iterator<Item = (&'static str, &'static Builtin)>) -> BTreeSet<String> {
    let mut known = HashSet::new();
    for (_, builtin) in ours {
        known.insert(key(builtin.name, builtin.args.iter().copied()));
        // Here a variadic argument may stand no time at all.
        if let (true, Some((_, fixed))) = (builtin.variadic, builtin.args.split_last()) {
            known.insert(key(builtin.name, fixed.iter().copied()));
        }
    }
    let mut lines = BTreeSet::new();
    for overload in theirs {
        let mut args: Option<Vec<Ty>> = overload.args.iter().map(|name| ty(name)).collect();
        // A variadic array stands for any number of its elements.
        if overload.variadic
            && let Some(args) = &mut args
            && let Some(last) = args.last_mut()
        {
            *last = match *last {
                Ty::TextArray => Ty::Text,
                Ty::AnyArray => Ty::AnyElement,
                other => other,
            };
        }
        let Some(args) = args else { continue };
        if known.contains(&key(&overload.name, args.iter().copied())) {
            continue;
        }
        let result = ty(&overload.result).unwrap_or(Ty::Any);
        let words: Vec<String> = args.iter().map(|ty| format!("Ty::{ty:?}")).collect();
        let variadic = if overload.variadic { ".variadic()" } else { "" };
        lines.insert(format!("    Builtin::refuse({:?}, &[{}], Ty::{result:?}, INSTEAD){variadic},", overload.name, words.join(", ")));
    }
    lines
}

fn names(of: impl Iterator<Item = (&'static str, &'static Builtin)>) -> Vec<&'static str> {
    of.map(|(_, builtin)| builtin.name).collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn every_overload_of_postgresql_is_known() {
    let server = Server::new("overloads");
    let mut client = server.connect();
    let (calls, symbols) = (names(signatures()), names(operator_signatures()));
    let (calls, symbols) = (functions(&mut client, &calls), operators(&mut client, &symbols));
    // Written anew, the file holds what the families lack; else nothing may be missing beside it.
    let update = std::env::var_os("UPDATE_OVERLOADS").is_some();
    let own = |(family, _): &(&str, &Builtin)| !update || *family != "not supported";
    let functions = missing(calls, signatures().filter(own));
    let operators = missing(symbols, operator_signatures().filter(own));
    if update {
        let lines = |set: &BTreeSet<String>| set.iter().flat_map(|line| [line, "\n"]).collect::<String>();
        let text = format!(
            "//! Overloads that PostgreSQL has of names that are known here, and that are not supported: they stand in the table so that no other\n\
             //! one is chosen in their place. Written by `UPDATE_OVERLOADS=1 cargo test --test oracle every_overload`; one that a family\n\
             //! takes on is passed over.\n\n\
             use super::registry::{{Builtin, Ty}};\n\n\
             const INSTEAD: &str = \"compute it in the source query\";\n\n\
             #[rustfmt::skip]\npub(super) const FUNCTIONS: &[Builtin] = &[\n{}];\n\n\
             #[rustfmt::skip]\npub(super) const OPERATORS: &[Builtin] = &[\n{}];\n",
            lines(&functions),
            lines(&operators)
        );
        return std::fs::write(PATH, text).expect("the file");
    }
    let all: Vec<String> = functions.into_iter().chain(operators).collect();
    assert!(all.is_empty(), "not in the registry (UPDATE_OVERLOADS=1 writes {PATH}):\n{}", all.join("\n"));
}
