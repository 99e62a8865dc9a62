//! Typical mistakes as their author sees them: what `etl check` says, word for word, as snapshots under `snapshots/`. A change of
//! words is looked at (`cargo insta review`, or `INSTA_UPDATE=always` and `git diff`), as a new user would at 80 columns.

use super::support::Migration;

const LEGACY: &str = "
CREATE TABLE customer (id bigint PRIMARY KEY, name text NOT NULL, mail text);
CREATE TABLE member (club_id int, number int, name text NOT NULL, PRIMARY KEY (club_id, number));
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, club_id int, member_number int, status smallint NOT NULL,
  suffix text, note text, price numeric NOT NULL, ordered_at timestamptz);
INSERT INTO customer SELECT n, 'customer ' || n, 'm' || n FROM generate_series(1, 40) n;
INSERT INTO orders SELECT n, n, NULL, NULL, 1, CASE WHEN n % 4 > 0 THEN 'X' END, 'note', n, NULL FROM generate_series(1, 40) n;
ANALYZE;
";

const TARGET: &str = "
CREATE TYPE order_status AS ENUM ('submitted', 'approved', 'shipped');
CREATE TABLE customers (id uuid PRIMARY KEY, name text NOT NULL, mail text NOT NULL, legacy_id bigint NOT NULL);
CREATE TABLE members (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id uuid PRIMARY KEY, customer_id uuid NOT NULL, member_id uuid, status order_status NOT NULL, order_number text NOT NULL,
  amount numeric(10,2), ordered_at timestamptz, legacy_id bigint NOT NULL);
";

const PLAN: &str = r#"[migration]
name      = "shop"
entities  = ["entities/*.toml"]
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"

[source]
url = "${SOURCE_DATABASE_URL}"
[target]
url = "${TARGET_DATABASE_URL}"

[codes.order_status]
evidence = "the order screen"
1 = "submitted"
2 = "approved"
4 = "shipped"

[functions]
clean = { args = ["x"], expr = "nullif(btrim(x), '')" }
"#;

const CUSTOMERS: &str = r#"target = "public.customers"
key    = "id"
from   = "customer"

[columns]
id        = "new_id()"
name      = "name"
mail      = "lower(mail)"
legacy_id = "id"
"#;

const MEMBERS: &str = r#"target = "public.members"
key    = ["club_id", "number"]
from   = "member"

[columns]
id   = "new_id()"
name = "name"
"#;

// The filter names every column, so that a mistake in one expression does not leave one without use.
const ORDERS: &str = r#"target = "public.orders"
key    = "id"
from   = "orders"

[columns]
id           = "new_id()"
customer_id  = "ref('customers', customer_id)"
member_id    = "ref('members', club_id, member_number)"
status       = "code('order_status', status)"
order_number = "coalesce(clean(suffix), 'X') || '-' || id"
amount       = "price"
ordered_at   = "ordered_at"
legacy_id    = "id"

[[filter]]
name = "void"
when = """id = 0 and customer_id is null and club_id is null and member_number is null and status is null and suffix is null
          and note is null and price is null and ordered_at is null"""
"#;

/// A sound plan, and databases that it fits.
fn shop() -> Migration {
    let migration = Migration::new();
    migration.source.exec(LEGACY);
    migration.target.exec(TARGET);
    migration
        .file("etl.toml", PLAN)
        .file("entities/customers.toml", CUSTOMERS)
        .file("entities/members.toml", MEMBERS)
        .file("entities/orders.toml", ORDERS);
    migration
}

/// The plan with other expressions in `entities/orders.toml`.
fn orders(lines: &[(&str, &str)]) -> String {
    let line = |line: &str| {
        let changed = lines.iter().find(|(column, _)| line.split('=').next().is_some_and(|name| name.trim() == *column));
        changed.map_or_else(|| line.to_owned(), |(column, expr)| format!("{column:<12} = \"{expr}\""))
    };
    ORDERS.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

/// What is shown of a plan is as wide as the plan; everything else fits into 80 columns.
#[track_caller]
fn fits(said: &str) {
    let wide = |line: &&str| line.chars().count() > 80 && !line.contains('│');
    let wide: Vec<&str> = said.lines().filter(wide).collect();
    assert!(wide.is_empty(), "more than 80 columns:\n{}", wide.join("\n"));
}

#[test]
fn a_sound_plan_gets_no_complaint() {
    let shop = shop();
    let outcome = shop.etl(&["check"]).exits(0);
    assert_eq!(outcome.stderr, "");
    assert!(outcome.stdout.contains("mail can be NULL in the source"), "what was never NULL is only a note: {}", outcome.stdout);
}

#[test]
fn typical_mistakes() {
    let shop = shop();
    for (name, code, column, expr) in [
        ("unknown_column", "E0110", "order_number", "coalesce(sufix, 'X') || '-' || id"),
        ("unknown_function", "E0111", "order_number", "coalesce(lowr(suffix), 'X') || '-' || id"),
        ("missing_cast", "E0117", "amount", "clean(suffix)"),
        ("lossy_cast", "E0117", "legacy_id", "price"),
        ("text_with_number", "E0114", "order_number", "case when suffix = 1 then 'A' else 'B' end"),
        ("nullable_source", "E0313", "order_number", "clean(suffix)"),
        ("nullable_reference", "E0240", "customer_id", "ref('customers', customer_id, on_missing => 'null')"),
        ("volatile_function", "E0112", "ordered_at", "coalesce(ordered_at, now())"),
        ("unknown_entity", "E0120", "customer_id", "ref('customer', customer_id)"),
        ("key_arity", "E0121", "member_id", "ref('members', member_number)"),
        ("enum_label", "E0125", "status", "case status when 4 then 'shiped' else 'submitted' end"),
        ("code_table", "E0122", "status", "code('orders_status', status)"),
        ("syntax", "E0101", "order_number", "coalesce(suffix, 'X') || '-' ||"),
        ("parenthesis", "E0101", "order_number", "coalesce(suffix, 'X' || '-' || id"),
        ("precedence", "E0103", "status", "case when suffix ~ '^X' || note then 'shipped' else 'submitted' end"),
    ] {
        shop.file("entities/orders.toml", &orders(&[(column, expr)]));
        let outcome = shop.etl(&["check"]);
        let warning = matches!(code, "E0313" | "E0240");
        let outcome = outcome.exits(if warning { 0 } else { 2 });
        assert!(outcome.stderr.contains(&format!("[{code}]")), "{name}: {}", outcome.stderr);
        fits(&outcome.stderr);
        insta::assert_snapshot!(name, outcome.stderr, expr);
    }
}

#[test]
fn a_query_is_asked_whether_it_gives_null() {
    let shop = shop();
    let plan = |condition: &str| {
        let plan = orders(&[("order_number", "clean(suffix)")]);
        assert!(plan.contains("from   = \"orders\""), "{plan}");
        shop.file(
            "entities/orders.toml",
            &plan.replace("from   = \"orders\"", &format!("from   = \"select * from orders where {condition}\"")),
        );
        shop.etl(&["check"]).exits(0)
    };
    let outcome = plan("suffix is not null");
    assert_eq!(outcome.stderr, "");
    let outcome = outcome.says("orders: suffix can be NULL in the source and not in the target; the query of `from` gives no NULL");
    assert!(!outcome.stdout.contains("statistics have seen no NULL; suffix"), "{}", outcome.stdout);
    plan("id > 2").says("warning[E0313]: `suffix` can be NULL (10 rows), the target cannot");
    // What takes too long is warned of as before.
    plan("id > 2 and pg_sleep(0.2) is not null").says("`suffix` can be NULL (about 25% of rows)");
}

#[test]
fn sql_of_control_sums_is_tried_where_it_will_be_asked() {
    let shop = shop();
    let control = |source: &str, by_source: &str, target: &str, by_target: &str| {
        let written = format!(
            "[control.amount]\nsource = \"{source}\"\ntarget = \"{target}\"\nby = {{ source = \"{by_source}\", target = \"{by_target}\" }}\n"
        );
        shop.file("entities/orders.toml", &(orders(&[]) + &written));
        shop.etl(&["check"])
    };
    control("price", "status", "amount", "order_number").exits(0);
    let by = control("price", "clean(suffix)", "amount", "order_number").exits(2);
    insta::assert_snapshot!("control_by_source", by.stderr);
    let by = control("price", "status", "amount", "order_nummer || amount").exits(2);
    insta::assert_snapshot!("control_by_target", by.stderr);
    control("price", "status", "order_number", "order_number").exits(2).says("error[E0332]: the target cannot sum control `amount`");
    // What the source is not asked for is not tried there.
    let written =
        "[control.amount]\nsource = \"price\"\ntarget = \"amount\"\nby = { plan = \"clean(suffix)\", target = \"order_number\" }\n";
    shop.file("entities/orders.toml", &(orders(&[]) + written));
    shop.etl(&["check"]).exits(0);
}

#[test]
fn all_mistakes_of_all_files_at_once() {
    let shop = shop();
    shop.edit("etl.toml", "btrim(x)", "btrm(x)").edit("etl.toml", "2 = \"approved\"", "2 = \"aproved\"");
    shop.edit("entities/customers.toml", "lower(mail)", "lower(male)").edit("entities/members.toml", "name = \"name\"", "nam  = \"name\"");
    shop.file("entities/orders.toml", &orders(&[("customer_id", "ref('custmers', customer_id)"), ("amount", "price > 0")]));
    let outcome = shop.etl(&["check"]).exits(2);
    fits(&outcome.stderr);
    insta::assert_snapshot!("all_at_once", outcome.stderr);
}
