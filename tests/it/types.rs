//! Every type of PostgreSQL through the whole tool: what is in the source is in the target, to the byte, though the types that users
//! made have other numbers there; and what a column cannot hold exactly is kept aside with the reason.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};

use postgres::{Client, NoTls};

use super::support::{Database, Migration, outcome};

/// Types of users, as the source has them.
const SOURCE_TYPES: &str = r"
CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE EXTENSION cube;
CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s ''ok''', 'überglücklich');
CREATE DOMAIN zip AS varchar(5) CHECK (VALUE ~ '^[0-9]*$');
CREATE DOMAIN amount AS numeric(8,2) CHECK (VALUE >= -1000);
CREATE DOMAIN small_amount AS amount CHECK (VALUE < 1000);
CREATE DOMAIN moods AS mood[];
CREATE TYPE address AS (street text, gone int, zip zip, moods mood[], since timestamp(0), fee numeric(6,2));
ALTER TYPE address DROP ATTRIBUTE gone;
CREATE TYPE person AS (home address, others address[], mood mood, tags moods);
CREATE TYPE floats AS RANGE (subtype = float8);
CREATE TYPE mood_range AS RANGE (subtype = mood);
";

/// The same types of the target, made in another order and in other schemas where that makes no difference.
const TARGET_TYPES: &str = r"
CREATE TYPE filler AS ENUM ('x'); CREATE DOMAIN filler2 AS filler; CREATE SCHEMA extensions;
CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s ''ok''', 'überglücklich');
CREATE TYPE mood_range AS RANGE (subtype = mood);
CREATE DOMAIN moods AS mood[];
CREATE EXTENSION ltree SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions; CREATE EXTENSION citext; CREATE EXTENSION cube;
CREATE TYPE floats AS RANGE (subtype = float8);
CREATE DOMAIN zip AS varchar(5) CHECK (VALUE ~ '^[0-9]*$');
CREATE DOMAIN amount AS numeric(8,2) CHECK (VALUE >= -1000);
CREATE DOMAIN small_amount AS amount CHECK (VALUE < 1000);
CREATE TYPE address AS (street text, zip zip, moods mood[], since timestamp(0), fee numeric(6,2));
CREATE TYPE person AS (home address, others address[], mood mood, tags moods);
";

/// Each type with values at its edges, as expressions of SQL.
#[rustfmt::skip]
const TYPES: &[(&str, &[&str])] = &[
    ("boolean", &["true", "false"]),
    ("smallint", &["-32768", "32767", "0"]),
    ("integer", &["-2147483648", "2147483647", "-1"]),
    ("bigint", &["-9223372036854775808", "9223372036854775807", "0"]),
    ("numeric", &["'NaN'", "'Infinity'", "'-Infinity'", "1e131071", "1e-16383", "0.0000", "-0", "123456789012345678901234567890.123456789012345678901234567890", "-79228162514264337593543950336", "1.50", "100000000", "0.00010000"]),
    ("numeric(10,3)", &["'NaN'", "9999999.999", "-9999999.999", "0", "0.001", "5"]),
    ("numeric(4,-3)", &["9999000", "-1000", "0", "'NaN'"]),
    ("numeric(2,5)", &["0.00099", "-0.00001", "0"]),
    ("real", &["'NaN'", "'-0'", "'Infinity'", "'-Infinity'", "1e-45", "3.4028235e38", "0.1"]),
    ("double precision", &["'NaN'", "'-0'", "'Infinity'", "'-Infinity'", "5e-324", "1.7976931348623157e308", "0.1"]),
    ("money", &["'-92233720368547758.08'", "'92233720368547758.07'", "'0.01'"]),
    ("text", &["''", "E'\\x01\\t\\n\\\\'", "'e\u{301}\u{1F600}\u{200D}日本'", "repeat('é', 70000)", "'NULL'"]),
    ("varchar", &["''", "'  x  '"]),
    ("varchar(5)", &["'éééé😀'", "'a  '", "''"]),
    ("char(4)", &["''", "'a'", "'é😀é😀'", "' b '"]),
    ("bpchar", &["'a  '", "''"]),
    ("name", &["''", "repeat('x', 63)", "'é'"]),
    ("citext", &["'MiXed É'", "''"]),
    ("bytea", &["''", "'\\x00ff00'", "decode(repeat('00ff', 5000), 'hex')"]),
    ("date", &["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'0001-12-31 BC'", "'2024-02-29'"]),
    ("time", &["'00:00'", "'24:00'", "'23:59:59.999999'"]),
    ("time(3)", &["'23:59:59.999'", "'24:00'"]),
    ("timetz", &["'00:00+15:59:59'", "'24:00-15:59:59'", "'12:34:56.789012+05:30'"]),
    ("timetz(0)", &["'12:00:01+00'"]),
    ("timestamp", &["'infinity'", "'-infinity'", "'4713-01-01 00:00 BC'", "'294276-12-31 23:59:59.999999'", "'1999-12-31 23:59:59.999999'"]),
    ("timestamp(2)", &["'infinity'", "'-infinity'", "'1969-12-31 23:59:59.99'"]),
    ("timestamptz", &["'infinity'", "'-infinity'", "'4713-01-01 00:00Z BC'", "'294276-12-31 23:59:59.999999Z'"]),
    ("timestamptz(0)", &["'2020-01-01 00:00:01Z'"]),
    ("interval", &["'178000000 years'", "'-178000000 years'", "'1 mon -1 day 00:00:00.000001'", "'2147483647 days'", "'-2562047788:00:54.775807'", "'12 months 30 days 24:00:00'"]),
    ("interval(2)", &["'00:00:00.25'", "'1 mon'"]),
    ("interval year to month", &["'1 year 2 mons'", "'-5 mons'"]),
    ("interval year", &["'7 years'"]),
    ("interval day to minute", &["'1 mon 3 days 04:05'"]),
    ("interval hour to second(1)", &["'04:05:06.7'"]),
    ("uuid", &["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"]),
    ("json", &["'{ \"b\" : 1.00,\"a\":\"\\u00e9\", \"a\": null }'", "' [ ] '", "'\"\u{1F600}\"'"]),
    ("jsonb", &["'{\"b\": 1.00, \"a\": \"\\u00e9\", \"é\": [{}, [], null]}'", "'1e400'", "'\"\"'"]),
    ("xml", &["'<a>é<b/></a>'", "'text'", "'<?xml version=\"1.1\"?><a/>'", "''"]),
    ("inet", &["'0.0.0.0/0'", "'192.168.1.5/24'", "'::/0'", "'::ffff:1.2.3.4'", "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127'"]),
    ("cidr", &["'10.0.0.0/8'", "'0.0.0.0/0'", "'2001:db8::/32'"]),
    ("macaddr", &["'00:00:00:00:00:00'", "'ff:ff:ff:ff:ff:ff'"]),
    ("macaddr8", &["'00:00:00:00:00:00:00:00'", "'ff:fe:fd:fc:fb:fa:f9:f8'"]),
    ("bit", &["'1'", "'0'"]),
    ("bit(11)", &["'10101010101'", "'00000000000'"]),
    ("varbit", &["''", "'1'", "repeat('10', 4000)::varbit"]),
    ("varbit(9)", &["'101010101'", "''"]),
    (r#""char""#, &["'x'", "''", "'\\377'"]),
    ("oid", &["0", "4294967295"]),
    ("xid", &["'4294967295'"]), ("xid8", &["'18446744073709551615'"]), ("cid", &["'7'"]), ("tid", &["'(4294967295,65535)'"]),
    ("pg_lsn", &["'FFFFFFFF/FFFFFFFF'"]), ("pg_snapshot", &["'10:20:10,14,15'"]), ("txid_snapshot", &["'10:20:10,14,15'"]),
    ("int2vector", &["'1 -2 3'"]), ("oidvector", &["'1 4294967295'"]),
    ("tsvector", &["$$'a':1A 'it''s':2,3B$$", "''"]), ("tsquery", &["$$'a' & !('b' <2> 'c':*A)$$"]), ("jsonpath", &["'$.a[*] ? (@ > 1)'"]),
    ("point", &["'(1e300,-0)'", "'(NaN,Infinity)'"]), ("line", &["'{1,2,3}'"]), ("lseg", &["'[(0,0),(1,1)]'"]), ("box", &["'(2,2),(1,1)'"]),
    ("path", &["'[(0,0),(1,1)]'", "'((0,0),(1,1),(2,0))'"]), ("polygon", &["'((0,0),(1,1),(2,0))'"]), ("circle", &["'<(1,2),3>'"]),
    ("int4range", &["'empty'", "'(,)'", "'[1,10)'"]), ("int8range", &["'[-9223372036854775808,9223372036854775807)'"]),
    ("numrange", &["'(1.50,2.000]'", "'[NaN,NaN]'"]), ("tsrange", &["'[-infinity,infinity]'"]), ("tstzrange", &["'[2020-01-01 00:00Z,)'"]), ("daterange", &["'(,2020-01-01)'"]),
    ("int4multirange", &["'{}'", "'{[1,2),[5,9)}'"]), ("nummultirange", &["'{(,1.0],[2,)}'"]), ("tstzmultirange", &["'{[2020-01-01 00:00Z,2021-01-01 00:00Z)}'"]),
    ("floats", &["'[0.1,Infinity]'", "'empty'"]), ("mood_range", &["'[sad,überglücklich]'"]),
    ("hstore", &[r#"'a=>1, b=>NULL, "c d"=>"\"é"'"#, "''"]), ("ltree", &["'Top.Science.Astronomy'"]), ("cube", &["'(1,2),(3,4)'", "'(0)'"]),
    ("mood", &["'sad'", "'it''s ''ok'''", "'überglücklich'"]),
    ("zip", &["'12345'", "''"]), ("amount", &["999999.99", "-1000", "'NaN'"]), ("small_amount", &["999.99", "0"]), ("moods", &["'{sad,NULL}'", "'{}'"]),
    ("integer[]", &["'{}'", "'{1,NULL,-2147483648}'", "'[-3:-2][2:3]={{1,2},{3,NULL}}'", "'{{{{{{7}}}}}}'", "array_fill(7, array[3000])"]),
    ("varchar(5)[]", &["'{éééé😀,NULL,\"\"}'", "'{}'"]), ("char(3)[]", &["'{a,\"\",é}'"]), ("numeric(8,2)[]", &["'{1,-999999.99,NaN,NULL}'", "'[5:6]={0.01,2}'"]),
    ("numeric[]", &["'{1.50,1e-30,Infinity}'"]), ("text[]", &[r#"'{NULL,"NULL","a,b","{}","\"\\","é"}'"#]), ("boolean[]", &["'{t,f,NULL}'"]),
    ("timestamp(0)[]", &["'{infinity,2020-01-01 00:00:01}'"]), ("interval(1)[]", &["'{1 mon 00:00:00.5}'"]), ("bit(3)[]", &["'{101,NULL}'"]), ("varbit(3)[]", &["'{1,\"\",101}'"]),
    ("uuid[]", &["'{00000000-0000-0000-0000-000000000000}'"]), ("jsonb[]", &[r#"array['{"a": 1.0}', 'null', null]::jsonb[]"#]), ("json[]", &["array['{ }']::json[]"]),
    ("bytea[]", &["array['\\x00'::bytea, '', null]"]), ("float8[]", &["'{NaN,-0,Infinity}'"]), ("money[]", &["'{1.00,-2}'"]), ("inet[]", &["'{::1,10.0.0.1/8}'"]),
    ("xml[]", &["array['<a/>'::xml, null]"]), ("citext[]", &["'{Aa,bB}'"]), ("hstore[]", &["array['a=>1'::hstore]"]), ("point[]", &["array['(1,2)'::point]"]),
    ("mood[]", &["'{sad,NULL,\"it''s ''ok''\"}'", "'{{sad},{überglücklich}}'", "'{}'"]),
    ("zip[]", &["'{12345,NULL,\"\"}'"]), ("amount[]", &["'{1,2.5,NULL}'"]), ("small_amount[]", &["'[0:1]={1,2.50}'"]), ("moods[]", &[r#"'{"{sad}",NULL}'"#]),
    ("int4range[]", &[r#"'{"[1,2)",empty}'"#]), ("int4multirange[]", &[r#"'{"{[1,2)}"}'"#]),
    ("address", &["row('Straße \"1\"', '12345', '{sad,NULL}', '2020-01-01 00:00:01', 1234.5)", "row(null, null, null, null, null)"]),
    ("address[]", &["array[row('x', '1', '{}', 'infinity', 0)::address, null]", "'{}'"]),
    ("person", &["row(row('h', '9', '{sad}', null, 1), array[row('o', null, null, null, 2.25)::address], 'sad', array['so so', null]::moods)", "row(null, '{}', null, null)"]),
    ("person[]", &["array[row(null, null, 'sad', '{}')::person]"]),
];

fn types() -> impl Iterator<Item = (usize, &'static str, &'static [&'static str])> {
    TYPES.iter().enumerate().map(|(at, (ty, values))| (at, *ty, *values))
}

fn columns() -> String {
    types().fold(String::new(), |mut all, (at, ty, _)| {
        let _ = write!(all, ", c{at} {ty}");
        all
    })
}

/// A float of these bits, which no text stands for.
const WEIRD: [(i32, u64, u32); 3] =
    [(0, 0x7FF0_0000_0000_0001, 0x7F80_0001), (1, 0xFFF8_1234_5678_9ABC, 0xFFC1_2345), (2, 0x8000_0000_0000_0000, 0x8000_0000)];

fn fill(source: &Database) {
    source.exec(&format!(
        "{SOURCE_TYPES} CREATE TABLE everything (k int PRIMARY KEY{}); CREATE TABLE weird (k int, f8 float8, f4 float4)",
        columns()
    ));
    let most = types().map(|(_, _, values)| values.len()).max().unwrap();
    let mut sql = String::new();
    for k in 0..most {
        let _ = write!(sql, "INSERT INTO everything VALUES ({k}");
        for (_, _, values) in types() {
            let _ = write!(sql, ", {}", values[k % values.len()]);
        }
        sql.push_str(");\n");
    }
    let _ = write!(sql, "INSERT INTO everything (k) VALUES ({most})");
    source.exec(&sql);
    let mut client = Client::connect(source.url(), NoTls).unwrap();
    let mut copy = client.copy_in("COPY weird FROM STDIN (FORMAT binary)").unwrap();
    let mut bytes = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for (k, f8, f4) in WEIRD {
        bytes.extend_from_slice(&3_i16.to_be_bytes());
        for field in [&k.to_be_bytes()[..], &f8.to_be_bytes(), &f4.to_be_bytes()] {
            bytes.extend_from_slice(&i32::try_from(field.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(field);
        }
    }
    bytes.extend_from_slice(&(-1_i16).to_be_bytes());
    copy.write_all(&bytes).unwrap();
    assert_eq!(copy.finish().unwrap(), 3);
}

const PLAN: &str = r#"
[migration]
name = "types"
entities = ["entities/*.toml"]
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"
quarantine = "100%"

[source]
url = "${SOURCE_DATABASE_URL}"

[target]
url = "${TARGET_DATABASE_URL}"
"#;

fn plan(migration: &Migration, entity: &str) {
    migration.file("etl.toml", PLAN).file("entities/everything.toml", entity);
}

fn prepare_target(migration: &Migration) {
    migration.target.exec(&format!(
        "{TARGET_TYPES} ALTER DATABASE {} SET search_path = public, extensions; SET search_path = public, extensions;
         CREATE TABLE everything (id uuid PRIMARY KEY, k int UNIQUE{}, f8 float8, f4 float4)",
        migration.target.value("SELECT current_database()"),
        columns()
    ));
}

/// The migration of the table with everything.
fn everything() -> Migration {
    let migration = Migration::new();
    fill(&migration.source);
    prepare_target(&migration);
    let mut entity = "target = \"public.everything\"\nkey = \"k\"\nfrom = \"select e.*, w.f8, w.f4 from everything e left join weird w using (k)\"\n[columns]\nid = \"new_id()\"\nk = \"k\"\nf8 = \"f8\"\nf4 = \"f4\"\n".to_owned();
    for (at, _, _) in types() {
        let _ = writeln!(entity, "c{at} = \"c{at}\"");
    }
    plan(&migration, &entity);
    migration
}

/// The names of users' types by their numbers.
fn numbers(database: &Database) -> BTreeMap<[u8; 4], String> {
    let named = database.rows("SELECT oid, typname FROM pg_type WHERE oid >= 16384");
    let number = |row: &[Option<String>]| row[0].as_deref().unwrap().parse::<u32>().unwrap().to_be_bytes();
    named.iter().map(|row| (number(row), row[1].clone().unwrap())).collect()
}

/// Whether two fields are the same, the numbers of users' types apart: where the bytes differ, both must be numbers of one type.
fn same(source: &[u8], target: &[u8], of_source: &BTreeMap<[u8; 4], String>, of_target: &BTreeMap<[u8; 4], String>) -> bool {
    let named = |bytes: &[u8], of: &BTreeMap<[u8; 4], String>| bytes.first_chunk::<4>().and_then(|number| of.get(number).cloned());
    let mut at = 0;
    while at < source.len().min(target.len()) {
        let name = named(&source[at..], of_source);
        if name.is_some() && name == named(&target[at..], of_target) {
            at += 4;
        } else if source[at] == target[at] {
            at += 1;
        } else {
            return false;
        }
    }
    source.len() == target.len()
}

/// Fields of every row as binary COPY has them.
fn fields(database: &Database, query: &str, columns: usize) -> Vec<Vec<Option<Vec<u8>>>> {
    let mut client = Client::connect(database.url(), NoTls).unwrap();
    let mut bytes = Vec::new();
    client.copy_out(&format!("COPY ({query}) TO STDOUT (FORMAT binary)")).unwrap().read_to_end(&mut bytes).unwrap();
    let mut at = 19;
    let mut rows = Vec::new();
    loop {
        let count = i16::from_be_bytes(bytes[at..at + 2].try_into().unwrap());
        at += 2;
        if count == -1 {
            return rows;
        }
        assert_eq!(usize::try_from(count).unwrap(), columns);
        let mut row = Vec::new();
        for _ in 0..columns {
            let length = i32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
            at += 4;
            row.push(usize::try_from(length).ok().map(|length| {
                at += length;
                bytes[at - length..at].to_vec()
            }));
        }
        rows.push(row);
    }
}

#[track_caller]
fn source_and_target_are_equal(migration: &Migration) {
    let mut names: Vec<String> = types().map(|(at, _, _)| format!("c{at}")).collect();
    names.extend(["f8".to_owned(), "f4".to_owned()]);
    let list = names.join(", ");
    let source = fields(&migration.source, &format!("SELECT {list} FROM everything LEFT JOIN weird USING (k) ORDER BY k"), names.len());
    let target = fields(&migration.target, &format!("SELECT {list} FROM everything ORDER BY k"), names.len());
    let (of_source, of_target) = (numbers(&migration.source), numbers(&migration.target));
    assert_eq!(source.len(), target.len());
    for (k, (source, target)) in source.iter().zip(&target).enumerate() {
        for (at, name) in names.iter().enumerate() {
            let ty = name[1..].parse::<usize>().ok().filter(|_| name.starts_with('c')).map_or("float", |at| TYPES[at].0);
            let equal = match (&source[at], &target[at]) {
                (Some(source), Some(target)) => same(source, target, &of_source, &of_target),
                (source, target) => source == target,
            };
            assert!(equal, "{name} ({ty}) of row {k}: {:?} became {:?}", source[at], target[at]);
        }
    }
}

#[test]
fn every_type_arrives_to_the_byte() {
    let migration = everything();
    let summary = migration.etl(&["run", "--progress", "none", "--json"]).exits(0).json();
    let quarantined = migration.etl(&["inspect", "sql", "SELECT key, sqlstate, message, detail FROM quarantine"]).stdout;
    assert_eq!(summary["entities"][0]["reasons"], serde_json::json!({}), "{quarantined}");
    source_and_target_are_equal(&migration);
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn every_type_arrives_to_the_byte_step_by_step() {
    let migration = everything();
    migration.etl(&["extract", "--progress", "none"]).exits(0);
    // The rows and the columns of both sides are in the staging file now; no server is asked.
    let mut transform = migration.command(&["transform", "--progress", "none"]);
    transform.env("SOURCE_DATABASE_URL", "postgres://nobody@127.0.0.1:1/x").env("TARGET_DATABASE_URL", "postgres://nobody@127.0.0.1:1/x");
    outcome(&transform.output().unwrap()).exits(0);
    migration.etl(&["load", "--progress", "none"]).exits(0);
    source_and_target_are_equal(&migration);
    migration.etl(&["validate", "--progress", "none"]).exits(0);
    for args in
        [&["inspect", "rows", "everything", "--limit", "20"][..], &["inspect", "rows", "everything", "--transformed", "--limit", "20"]]
    {
        migration.etl(args).exits(0);
    }
}

/// The tuples in the staging file hold the numbers that the target gave to its types. A target that was made anew has others.
#[test]
fn a_target_that_was_made_anew_has_its_rows_made_anew() {
    let migration = everything();
    migration.etl(&["extract", "--progress", "none"]).exits(0);
    migration.etl(&["transform", "--progress", "none"]).exits(0);
    migration.target.exec("DROP SCHEMA public, extensions CASCADE; CREATE SCHEMA public");
    prepare_target(&migration);
    let refused = migration.etl(&["load", "--progress", "none"]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    migration.etl(&["run", "--redo", "transform", "--progress", "none"]).exits(0);
    source_and_target_are_equal(&migration);
}

/// What a column cannot hold exactly: type of the source, value, type of the target, reason.
#[rustfmt::skip]
const LOSSY: &[(&str, &str, &str, &str)] = &[
    ("text", "'ééééé😀'", "varchar(5)", "VALUE_TOO_LONG"),
    ("text", "'abcde'", "char(4)", "VALUE_TOO_LONG"),
    ("varchar(9)", "'abcdefghi'", "varchar(8)", "VALUE_TOO_LONG"),
    ("varbit", "'1010'", "varbit(3)", "VALUE_TOO_LONG"),
    ("bit(4)", "'1010'", "bit(3)", "LENGTH_MISMATCH"),
    ("bit(2)", "'10'", "bit(3)", "LENGTH_MISMATCH"),
    ("numeric", "1.005", "numeric(8,2)", "NUMERIC_OVERFLOW"),
    ("numeric", "1000000", "numeric(8,2)", "NUMERIC_OVERFLOW"),
    ("numeric", "'Infinity'", "numeric(8,2)", "NUMERIC_OVERFLOW"),
    ("numeric", "1500", "numeric(4,-3)", "NUMERIC_OVERFLOW"),
    ("numeric", "10000000", "numeric(4,-3)", "NUMERIC_OVERFLOW"),
    ("numeric", "0.001", "numeric(2,5)", "NUMERIC_OVERFLOW"),
    ("numeric", "0.5", "numeric(2,5)", "NUMERIC_OVERFLOW"),
    ("bigint", "2147483648", "integer", "EXPRESSION_FAILED"),
    ("time", "'00:00:00.0001'", "time(3)", "PRECISION_LOST"),
    ("timetz", "'00:00:00.5+01'", "timetz(0)", "PRECISION_LOST"),
    ("timestamp", "'1969-12-31 23:59:59.999'", "timestamp(2)", "PRECISION_LOST"),
    ("timestamptz", "'2020-01-01 00:00:00.5Z'", "timestamptz(0)", "PRECISION_LOST"),
    ("interval", "'00:00:00.255'", "interval(2)", "PRECISION_LOST"),
    ("interval", "'1 year 1 day'", "interval year to month", "PRECISION_LOST"),
    ("interval", "'1 year 1 month'", "interval year", "PRECISION_LOST"),
    ("interval", "'1 day 01:00'", "interval day", "PRECISION_LOST"),
    ("interval", "'01:00:01'", "interval day to minute", "PRECISION_LOST"),
    ("text[]", "'{abc,abcdef}'", "text[]", ""),
    ("varchar[]", "'{abc,abcdef}'", "varchar(5)[]", "VALUE_TOO_LONG"),
    ("char(4)[]", "'{abc,abcd}'", "char(3)[]", "VALUE_TOO_LONG"),
    ("numeric[]", "'{1,1.005}'", "numeric(8,2)[]", "NUMERIC_OVERFLOW"),
    ("timestamp[]", "'{2020-01-01 00:00:00.5}'", "timestamp(0)[]", "PRECISION_LOST"),
    ("interval[]", "'{00:00:00.55}'", "interval(1)[]", "PRECISION_LOST"),
    ("bit(4)[]", "'{1010}'", "bit(3)[]", "LENGTH_MISMATCH"),
    ("numeric", "1.005", "amount", "NUMERIC_OVERFLOW"),
    ("numeric[]", "'{1.005}'", "amount[]", "NUMERIC_OVERFLOW"),
    ("pair", "row('abcdef', 1)", "pair", "VALUE_TOO_LONG"),
    ("pair", "row('abcde', 1.005)", "pair", "NUMERIC_OVERFLOW"),
    ("pair[]", "array[row('abcde', 1)::pair, row('abcdef', 1)::pair]", "pair[]", "VALUE_TOO_LONG"),
    ("text", "'x'", "positive_text", "SERVER_REFUSED"),
];

#[test]
fn what_a_column_cannot_hold_is_kept_aside_with_its_reason() {
    let migration = Migration::new();
    migration.source.exec("CREATE TYPE pair AS (t varchar(9), n numeric)");
    migration.target.exec(
        "CREATE TYPE pair AS (t varchar(5), n numeric(8,2)); CREATE DOMAIN amount AS numeric(8,2);
         CREATE DOMAIN positive_text AS text CHECK (VALUE ~ '^[0-9]')",
    );
    migration.file("etl.toml", PLAN);
    for (at, (from, value, to, _)) in LOSSY.iter().enumerate() {
        migration.source.exec(&format!("CREATE TABLE t{at} (k int PRIMARY KEY, v {from}); INSERT INTO t{at} VALUES (1, {value})"));
        migration.target.exec(&format!("CREATE TABLE t{at} (id uuid PRIMARY KEY, v {to})"));
        migration.file(
            &format!("entities/t{at}.toml"),
            &format!("target = \"public.t{at}\"\nkey = \"k\"\nfrom = \"t{at}\"\n[columns]\nid = \"new_id()\"\nv = \"v\"\n"),
        );
    }
    migration.etl(&["check"]).exits(0).says("CHECK ((VALUE ~ '^[0-9]'::text))");
    let summary = migration.etl(&["run", "--progress", "none", "--json"]).exits(0).json();
    for entity in summary["entities"].as_array().unwrap() {
        let (from, value, to, reason) = LOSSY[entity["name"].as_str().unwrap()[1..].parse::<usize>().unwrap()];
        let reasons: Vec<&str> = entity["reasons"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(reasons.concat(), reason, "{value}::{from} into {to}: {entity}");
    }
}

/// What holds the number of an object of its own server means another object, or none, on another.
#[test]
fn numbers_of_objects_are_refused_before_a_row_moves() {
    let migration = Migration::new();
    migration.source.exec("CREATE TABLE t (k int PRIMARY KEY, v regclass[])");
    migration.target.exec("CREATE TABLE t (id uuid PRIMARY KEY, v regclass[])");
    plan(&migration, "target = \"public.t\"\nkey = \"k\"\nfrom = \"t\"\n[columns]\nid = \"new_id()\"\nv = \"v\"\n");
    migration.etl(&["check"]).exits(2).says("holds the number of an object of its own server");
}
