//! What is ours on top of PostgreSQL: references, codes, rejects, incidents, plan functions, and what mistakes look like. What is
//! PostgreSQL's is tested against a server (`tests/oracle`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::row::{Column, EnumType, KeyKind, LegacyKey, SqlType, Value, reason};

/// A row and surroundings that answer by rule: key 1 is found, 2 is missing, 3 in quarantine, 4 filtered, 5 in a cycle.
struct World {
    row: Vec<Value<'static>>,
    incidents: Vec<String>,
    asked: Vec<LegacyKey>,
}

const PARENT: [u8; 16] = [7; 16];

impl<'r> Context<'r> for World {
    fn field(&mut self, column: usize) -> Result<Value<'r>, EvalError> {
        Ok(self.row[column].clone())
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        Ok([1; 16])
    }

    fn legacy_key(&self) -> Cow<'r, str> {
        Cow::Borrowed("42")
    }

    fn resolve(&mut self, _: &'r Reference, key: LegacyKey) -> Resolved {
        self.asked.push(key.clone());
        match key.to_string().as_str() {
            "2" => Resolved::Missing,
            "3" => Resolved::ParentQuarantined,
            "4" => Resolved::ParentFiltered,
            "5" => Resolved::Cycle,
            _ => Resolved::Found(PARENT),
        }
    }

    fn incident(&mut self, code: &'r str) {
        self.incidents.push(code.to_owned());
    }

    fn run_started_at(&self) -> i64 {
        1_000_000
    }
}

fn status() -> SqlType {
    SqlType::Enum(Arc::new(EnumType { name: "order_status".into(), labels: vec!["submitted".into(), "approved".into(), "shipped".into()] }))
}

fn columns() -> Vec<Column> {
    let column = |name: &str, ty| Column { name: name.into(), ty, typmod: -1, nullable: true };
    vec![
        column("id", SqlType::Int8),
        column("name", SqlType::Varchar),
        column("price", SqlType::Numeric),
        column("instruction_id", SqlType::Int4),
        column("at", SqlType::TimestampTz),
        column("ratio", SqlType::Float8),
        column("order", SqlType::Int4),
    ]
}

fn functions() -> Functions {
    let mut functions = Functions::new();
    let mut define = |name: &str, args: &[&str], body: &str| {
        functions.define(name, args.iter().map(ToString::to_string).collect(), parse(body).unwrap()).unwrap();
    };
    define("clean", &["x"], "nullif(nullif(btrim(x), ''), 'null')");
    define(
        "email",
        &["x"],
        "case when lower(clean(x)) ~ '^[^@\\s]+@[^@\\s]+$' then lower(clean(x)) else incident('EMAIL_INVALID', null) end",
    );
    define("parent", &["x"], "ref('orders', x, on_missing => 'null')");
    define("twice", &["x"], "thrice(x)");
    define("thrice", &["x"], "twice(x)");
    functions
}

fn bound(text: &str, expected: Option<&SqlType>) -> Result<Expr, Vec<Diagnostic>> {
    let (columns, functions) = (columns(), functions());
    let table = |name: &str, entries: &[(&str, &str)], on_null: Option<&str>, otherwise: Option<&str>| {
        let entries = entries.iter().map(|(code, value)| ((*code).to_owned(), (*value).to_owned())).collect();
        let table = CodeTable { name: name.into(), entries, on_null: on_null.map(str::to_owned), otherwise: otherwise.map(str::to_owned) };
        (name.to_owned(), Arc::new(table))
    };
    let codes = BTreeMap::from([
        table("order_status", &[("1", "submitted"), ("2", "approved"), ("4", "shipped")], Some("submitted"), None),
        table("kind", &[("a", "alpha")], None, Some("other")),
        table("level", &[("11", "11"), ("12", "12")], None, None),
    ]);
    let entities = |name: &str| match name {
        "orders" => Some(EntityKey { index: 3, key: vec![KeyKind::Int], new_key: SqlType::Uuid }),
        "members" => Some(EntityKey { index: 4, key: vec![KeyKind::Int, KeyKind::Text], new_key: SqlType::Uuid }),
        "countries" => Some(EntityKey { index: 5, key: vec![KeyKind::Text], new_key: SqlType::Uuid }),
        _ => None,
    };
    let names = ["orders".to_owned(), "members".to_owned(), "countries".to_owned()];
    let scope = Scope {
        columns: &columns,
        functions: &functions,
        codes: &codes,
        entities: &entities,
        entity_names: &names,
        new_id: &SqlType::Uuid,
    };
    bind(&parse(text).map_err(|mistake| vec![mistake])?, &scope, expected)
}

fn world(id: i64, name: Option<&str>) -> World {
    let name = name.map_or(Value::Null, |name| Value::Text(name.to_owned().into()));
    let row = vec![
        Value::Int8(id),
        name,
        Value::Null,
        Value::Int4(i32::try_from(id).unwrap()),
        Value::TimestampTz(0),
        Value::Float8(0.5),
        Value::Int4(1),
    ];
    World { row, incidents: Vec::new(), asked: Vec::new() }
}

/// The value, and the incidents.
fn eval(text: &str, expected: Option<&SqlType>, id: i64, name: Option<&str>) -> (Result<Value<'static>, EvalError>, Vec<String>) {
    let expr = bound(text, expected).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
    let mut world = world(id, name);
    let value = expr.eval(&mut world).map(|value| match value {
        Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        Value::Null => Value::Null,
        Value::Uuid(id) => Value::Uuid(id),
        Value::Int4(n) => Value::Int4(n),
        Value::Bool(b) => Value::Bool(b),
        Value::TimestampTz(t) => Value::TimestampTz(t),
        Value::Numeric(n) => Value::Numeric(n),
        other => panic!("{other:?}"),
    });
    (value, world.incidents)
}

/// The first mistake: its code, the text under it, and everything said.
fn mistake(text: &str, expected: Option<&SqlType>) -> (&'static str, String, String) {
    let mistakes = match bound(text, expected) {
        Ok(expr) => panic!("{text} is {}", expr.to_sql()),
        Err(mistakes) => mistakes,
    };
    let first = mistakes.first().expect("a mistake");
    (first.code, text[first.span.clone()].to_owned(), format!("{} / {}", first.message, first.help.clone().unwrap_or_default()))
}

fn rejected(code: &str) -> impl Fn(&Result<Value<'static>, EvalError>) -> bool {
    move |result| matches!(result, Err(error) if matches!(error.fault(), Fault::Reject { code: given, .. } if given == code))
}

#[test]
fn a_reference_has_a_declared_outcome() {
    let reference = |options: &str, id| eval(&format!("ref('orders', id{options})"), None, id, None);
    assert_eq!(reference("", 1).0, Ok(Value::Uuid(PARENT)));
    assert!(rejected(reason::REF_MISSING)(&reference("", 2).0));
    assert!(rejected(reason::PARENT_QUARANTINED)(&reference("", 3).0));
    assert_eq!(reference("", 4).0, Err(Fault::ParentFiltered.into()));
    assert!(rejected(reason::REF_CYCLE)(&reference("", 5).0));
    for id in 2..=4 {
        assert_eq!(reference(", on_missing => 'null'", id), (Ok(Value::Null), vec![reason::REF_NULLED.to_owned()]));
        assert!(matches!(reference(", on_missing => 'fail'", id).0.unwrap_err().fault(), Fault::Fail { .. }));
    }
    assert_eq!(reference(", on_cycle => 'null'", 5), (Ok(Value::Null), vec![reason::SELF_CYCLE.to_owned()]));
    assert_eq!(eval("ref('orders', nullif(id, 2))", None, 2, None), (Ok(Value::Null), Vec::new()));
}

#[test]
fn keys_of_several_columns_are_joined() {
    let expr = bound("ref('members', id, name)", None).unwrap();
    let mut world = world(9, Some("x"));
    assert_eq!(expr.eval(&mut world), Ok(Value::Uuid(PARENT)));
    assert_eq!(world.asked, [LegacyKey::Text("9:x".into())]);
    assert_eq!(
        expr.references(),
        [Reference { entity: 4, entity_name: "members".into(), on_missing: OnMissing::Quarantine, on_cycle: None }]
    );
}

#[test]
fn codes_take_on_the_type_of_their_place() {
    assert_eq!(eval("code('order_status', id)", Some(&status()), 4, None).0, Ok(Value::text("shipped")));
    assert!(rejected(reason::CODE_UNMAPPED)(&eval("code('order_status', id)", Some(&status()), 9, None).0));
    assert_eq!(eval("code('order_status', nullif(id, 9))", None, 9, None).0, Ok(Value::text("submitted")));
    assert_eq!(eval("code('order_status', id, on_missing => 'null')", None, 9, None), (Ok(Value::Null), vec!["CODE_NULLED".to_owned()]));
    assert_eq!(eval("code('kind', name)", None, 1, Some("zz")), (Ok(Value::text("other")), vec!["CODE_DEFAULTED".to_owned()]));
    assert_eq!(eval("code('level', id)", Some(&SqlType::Int4), 12, None).0, Ok(Value::Int4(12)));
    assert_eq!(eval("coalesce(code('order_status', id), 'approved')", Some(&status()), 1, None).0, Ok(Value::text("submitted")));
    assert_eq!(mistake("code('kind', name)", Some(&status())).0, codes::CODE_ENTRY);
    assert_eq!(
        mistake("code('knid', name)", None),
        (codes::UNKNOWN_CODE_TABLE, "'knid'".into(), "unknown code table `knid` / did you mean 'kind'?".into())
    );
}

#[test]
fn rejects_and_incidents_adapt_to_their_place() {
    let price = Some(&SqlType::Numeric);
    assert!(rejected("NO_PRICE")(&eval("case when price is null then reject('NO_PRICE') else price end", price, 1, None).0));
    assert_eq!(
        eval("incident('ODD', case when id > 0 then 'shipped' end)", Some(&status()), 1, None),
        (Ok(Value::text("shipped")), vec!["ODD".to_owned()])
    );
    assert_eq!(eval("email(name)", None, 1, Some(" A@B.c ")), (Ok(Value::text("a@b.c")), Vec::new()));
    assert_eq!(eval("email(name)", None, 1, Some("none")), (Ok(Value::Null), vec!["EMAIL_INVALID".to_owned()]));
    assert_eq!(mistake("reject('lower case')", None).0, codes::WRONG_ARGUMENTS);
}

#[test]
fn literals_are_checked_against_the_column() {
    assert_eq!(eval("case when id = 1 then 'shipped' else 'approved' end", Some(&status()), 1, None).0, Ok(Value::text("shipped")));
    assert_eq!(
        mistake("'shiped'", Some(&status())),
        (codes::ENUM_LABEL, "'shiped'".into(), "'shiped' is no label of order_status / did you mean 'shipped'?".into())
    );
    assert_eq!(mistake("case when id = 1 then 'shiped' end", Some(&status())).1, "'shiped'");
    assert!(rejected(reason::ENUM_LABEL_UNKNOWN)(&eval("name", Some(&status()), 1, Some("nope")).0));
    assert_eq!(mistake("'12x'", Some(&SqlType::Int4)).0, codes::BAD_LITERAL);
    assert_eq!(mistake("at > '2020-01-01'", None).0, codes::BAD_LITERAL);
}

#[test]
fn assignment_never_loses_anything_unasked() {
    assert!(mistake("price", Some(&SqlType::Int4)).2.contains("round(…)::integer"));
    assert_eq!(mistake("at", Some(&SqlType::Date)).0, codes::NO_CAST);
    assert_eq!(mistake("name", Some(&SqlType::Jsonb)).0, codes::NO_CAST);
    assert!(bound("id", Some(&SqlType::Int4)).unwrap().fallible());
    assert!(!bound("instruction_id", Some(&SqlType::Numeric)).unwrap().fallible());
    let name = bound("name", Some(&SqlType::Text)).unwrap();
    assert_eq!((name.as_column(), name.columns(), name.ty()), (Some(1), &[1][..], &SqlType::Text));
    assert!(bound("new_id()", Some(&SqlType::Uuid)).unwrap().is_new_id());
}

#[test]
fn mistakes_are_shown_where_they_are_written() {
    let mut wrong = Vec::new();
    for (text, code, place) in [
        ("ref('orders', instruction_idd)", codes::UNKNOWN_COLUMN, "instruction_idd"),
        ("coalesce(name, lowr(name))", codes::UNKNOWN_FUNCTION, "lowr(name)"),
        ("now()", codes::VOLATILE_FUNCTION, "now()"),
        ("coalesce(at, current_timestamp)", codes::VOLATILE_FUNCTION, "current_timestamp"),
        ("id = name", codes::UNKNOWN_OPERATOR, "id = name"),
        ("name < 'm'", codes::UNSUPPORTED, "name < 'm'"),
        ("cbrt(ratio)", codes::UNSUPPORTED, "cbrt(ratio)"),
        ("-ratio ^ 2", codes::PRECEDENCE, "ratio ^ 2"),
        ("@ id + 1", codes::PRECEDENCE, "id + 1"),
        ("price::numeric(1001)", codes::BAD_LITERAL, "price"),
        ("left(name, id)", codes::WRONG_ARGUMENTS, "left(name, id)"),
        ("name ~ '(a)\\1'", codes::PATTERN, "'(a)\\1'"),
        ("name ~ 'a(?=b)'", codes::PATTERN, "'a(?=b)'"),
        ("regexp_replace(name, '(a)\\1', 'x')", codes::PATTERN, r"'(a)\1'"),
        ("ref('ordres', id)", codes::UNKNOWN_ENTITY, "'ordres'"),
        ("ref('orders', name)", codes::REFERENCE_KEY, "name"),
        ("ref('countries', id)", codes::REFERENCE_KEY, "id"),
        ("ref('orders', id, on_missing => 'nul')", codes::OPTION, "'nul'"),
        ("ref('orders', id, missing => 'null')", codes::OPTION, "'null'"),
        ("clean(name, 1)", codes::FUNCTION_ARITY, "clean(name, 1)"),
        ("twice(name)", codes::FUNCTION_RECURSION, "twice(name)"),
        ("(select 1)", codes::UNSUPPORTED_SYNTAX, "select 1"),
        ("i.id", codes::UNSUPPORTED_SYNTAX, "i.id"),
        ("id = 1 = true", codes::PRECEDENCE, "id = 1 = true"),
        ("name ~ 'a' || 'b'", codes::PRECEDENCE, "name ~ 'a' || 'b'"),
        ("at::text", codes::NO_CAST, "at"),
        ("at::date", codes::NO_CAST, "at"),
        ("name::point", codes::UNSUPPORTED, "name"),
        ("case when id then 1 end", codes::TYPE_MISMATCH, "id"),
        ("coalesce(name, id)", codes::TYPE_MISMATCH, "coalesce(name, id)"),
        ("id +", codes::SYNTAX, "id +"),
        ("'ä' || nme", codes::UNKNOWN_COLUMN, "nme"),
        ("", codes::SYNTAX, ""),
    ] {
        let (given, shown, said) = mistake(text, None);
        if (given, shown.as_str()) != (code, place) {
            wrong.push(format!("{text}: {given} at `{shown}`, not {code} at `{place}`: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let mistakes = bound("case when idd = 1 then nam else lowr(prise) end", None).unwrap_err();
    assert_eq!(mistakes.iter().map(|m| m.code).collect::<Vec<_>>(), ["E0110", "E0110", "E0110", "E0111"]);
}

#[test]
fn what_an_expression_names_is_known_before_it_is_bound() {
    let ast = parse("coalesce(parent(id), ref('countries', name, on_cycle => 'null'), code('kind', name))").unwrap();
    let references = ast.references(&functions());
    let entities: Vec<_> = references.iter().map(|r| (r.entity.as_str(), r.on_missing, r.on_cycle)).collect();
    assert_eq!(entities, [("orders", OnMissing::Null, None), ("countries", OnMissing::Quarantine, Some(OnCycle::Null))]);
    assert_eq!(ast.columns().into_iter().map(|(name, _)| name).collect::<Vec<_>>(), ["id", "name"]);
    assert_eq!(ast.code_tables(&functions()).len(), 1);
}

#[test]
fn functions_are_defined_once_and_see_their_arguments_alone() {
    let mut functions = functions();
    let define = |functions: &mut Functions, name: &str, body: &str| functions.define(name, vec!["x".into()], parse(body).unwrap());
    assert!(define(&mut functions, "clean", "x").is_err());
    assert!(define(&mut functions, "lower", "x").is_err());
    assert!(define(&mut functions, "other", "x || y").is_err());
    assert_eq!(eval("clean(clean(name))", None, 1, Some(" null ")).0, Ok(Value::Null));
    // Each use of an argument doubles the text: what grows without bound is refused, not built.
    let mut functions = Functions::new();
    for at in 0..64 {
        functions.define(&format!("f{}", at + 1), vec!["x".into()], parse(&format!("f{at}(x) || f{at}(x)")).unwrap()).unwrap();
    }
    assert!(parse("f64(name)").unwrap().references(&functions).is_empty());
}

#[test]
fn nesting_is_bounded() {
    assert_eq!(parse(&"(".repeat(10_000)).unwrap_err().code, codes::SYNTAX);
    assert_eq!(parse(&"not ".repeat(10_000)).unwrap_err().code, codes::SYNTAX);
    assert_eq!(parse(&vec!["a"; 10_000].join(" || ")).unwrap_err().code, codes::SYNTAX);
    // What is allowed fits a stack that is a good deal smaller than a worker's, in a build without optimisation.
    assert!(parse(&format!("{}name{}", "clean(".repeat(40), ")".repeat(40))).is_ok());
    assert_eq!(bound(&format!("{}name{}", "clean(".repeat(48), ")".repeat(48)), None).unwrap_err()[0].code, codes::FUNCTION_RECURSION);
    let deepest = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        for text in
            [vec!["name"; 120].join(" || "), format!("{}name{}", "lower(".repeat(45), ")".repeat(45)), format!("{}true", "not ".repeat(45))]
        {
            let expr = bound(&text, None).unwrap_or_else(|mistakes| panic!("{mistakes:?}"));
            assert!(expr.eval(&mut world(1, Some("x"))).is_ok());
            assert!(!expr.to_sql().is_empty());
        }
    });
    deepest.unwrap().join().unwrap();
}

#[test]
fn the_bound_tree_is_printed_as_sql() {
    for (text, sql) in [
        ("coalesce(name, 'X') || '-' || id", "((coalesce(name, 'X') || '-') || cast(id as text))"),
        ("\"order\" between 1 and 2", "((\"order\" >= 1) and (\"order\" <= 2))"),
        ("clean(name)", "nullif(nullif(btrim(name), ''), 'null')"),
        ("price > 1", "(price > cast('1' as numeric))"),
        ("ref('orders', id, on_missing => 'null')", "ref('orders', id, on_missing => 'null')"),
        ("name like '%x' and not name ~* 'y'", "((name like '%x') and (not (name ~* 'y')))"),
        ("-price", "(- price)"),
    ] {
        assert_eq!(bound(text, None).unwrap().to_sql(), sql);
    }
}

#[test]
fn the_row_s_own_values() {
    assert_eq!(eval("legacy_key()", None, 1, None).0, Ok(Value::text("42")));
    assert_eq!(eval("run_started_at()", None, 1, None).0, Ok(Value::TimestampTz(1_000_000)));
    assert_eq!(eval("at = timestamptz '2000-01-01 02:00:00+02'", None, 1, None).0, Ok(Value::Bool(true)));
    assert_eq!(eval("at = timestamp with time zone '2000-01-01 00:00:00Z'", None, 1, None).0, Ok(Value::Bool(true)));
}

/// A row that lends its values, and field bytes where they can be looked at.
struct Lending<'r>(&'r [Value<'static>], &'r [&'r [u8]]);

impl<'r> Context<'r> for Lending<'r> {
    fn field(&mut self, column: usize) -> Result<Value<'r>, EvalError> {
        match self.0.get(column) {
            Some(value) => Ok(value.borrowed()),
            None => Err(Fault::Reject { code: reason::FIELD_MALFORMED.into(), message: "no value".into() }.into()),
        }
    }

    fn bytes(&self, column: usize) -> Option<&'r [u8]> {
        self.1.get(column).copied()
    }

    fn new_id(&mut self) -> Result<[u8; 16], EvalError> {
        Ok([1; 16])
    }

    fn legacy_key(&self) -> Cow<'r, str> {
        Cow::Borrowed("42")
    }

    fn resolve(&mut self, _: &'r Reference, _: LegacyKey) -> Resolved {
        Resolved::Missing
    }

    fn incident(&mut self, _: &'r str) {}

    fn run_started_at(&self) -> i64 {
        0
    }
}

/// What a value borrows needs no memory of its own.
#[test]
fn text_is_borrowed_where_it_can_be() {
    let row = [Value::Int8(1), Value::text("  Ada  ").into_owned()];
    for (text, expected) in [
        ("name", "  Ada  "),
        ("btrim(name)", "Ada"),
        ("coalesce(name, 'nobody')", "  Ada  "),
        ("nullif(btrim(name), '')", "Ada"),
        ("case when id = 1 then btrim(name) else 'other' end", "Ada"),
        ("case when id = 2 then name else 'other' end", "other"),
        ("greatest(name collate \"C\", 'A')", "A"),
        ("left(btrim(name), 2)", "Ad"),
        ("name::varchar", "  Ada  "),
    ] {
        let expr = bound(text, None).unwrap();
        match expr.eval(&mut Lending(&row, &[])) {
            Ok(Value::Text(Cow::Borrowed(value))) => assert_eq!(value, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn texts_are_put_together_at_once() {
    let row = [Value::Int8(1), Value::text("Ada").into_owned()];
    let long = "name || '-' || name || '+' || id || name || ('x' || name)";
    let expr = bound(long, None).unwrap();
    assert_eq!(expr.eval(&mut Lending(&row, &[])), Ok(Value::text("Ada-Ada+1AdaxAda")));
    assert_eq!(bound("name || 'a' || 'b'", None).unwrap().to_sql(), "((name || 'a') || 'b')");
    let null = bound("name || nullif(name, 'Ada') || 'x'", None).unwrap();
    assert_eq!(null.eval(&mut Lending(&row, &[])), Ok(Value::Null));
    // All of it is evaluated, as PostgreSQL evaluates arguments.
    let failing = bound("nullif(name, 'Ada') || 'x' || (1 / (id - 1))", None).unwrap();
    assert_eq!(failing.eval(&mut Lending(&row, &[])).unwrap_err().sqlstate(), Some("22012"));
}

/// Bytes of a wrong length or encoding are decoded, which fails, and not taken for something else.
#[test]
fn malformed_fields_are_not_looked_at() {
    let fields: [&[u8]; 7] = [&[1; 7], b"\xff", &[0; 9], &[1; 5], &[0; 4], &[0; 8], &[2; 8]];
    for text in [
        "id > 5",
        "case when id = 1 then 'one' when id = 2 and name = 'x' then 'two' end",
        "case when instruction_id = 1 then 'one' end",
        "at >= timestamptz '2000-01-01 02:00:00+02'",
        "name || 'x'",
        "lower(btrim(name))",
        "price * 2.5",
        "id * price",
        "\"order\" between 1 and 2",
    ] {
        let error = bound(text, None).unwrap().eval(&mut Lending(&[], &fields)).unwrap_err();
        assert!(matches!(error.fault(), Fault::Reject { code, .. } if code == reason::FIELD_MALFORMED), "{text}: {error}");
    }
    let fields: [&[u8]; 4] = [&[0, 0, 0, 0, 0, 0, 0, 6], b" Ada ", b"", &[0xff; 4]];
    for (text, expected) in [
        ("id > 5 and id <> 7 and id <= 6", Value::Bool(true)),
        ("case when id = 5 then 'five' when id = 6 then btrim(name) end", Value::text("Ada")),
        ("instruction_id = -1", Value::Bool(true)),
        ("instruction_id >= 0", Value::Bool(false)),
        ("upper(ltrim(rtrim(name)))", Value::text("ADA")),
        ("rtrim(name) || 1", Value::text(" Ada1")),
    ] {
        assert_eq!(bound(text, None).unwrap().eval(&mut Lending(&[], &fields)), Ok(expected), "{text}");
    }
}
