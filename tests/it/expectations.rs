//! `[[expect]]`: what a plan takes for granted of the source, and what it promises of the target.

use super::support::{Shop, shop};

const SOUND: &str = r#"
[[expect]]
name = "kinds are known or held"
on = "source"
every = "kind in (0, 1, 2, 9)"

[[expect]]
name = "as many items as ever"
on = "source"
query = "select count(*) from item"
min = 5000
max = 7000

[[expect]]
name = "no item without its person"
on = "target"
query = "select 1 from items i left join people p on p.id = i.person_id where p.id is null"

[[expect]]
name = "labels are short"
on = "target"
every = "length(label) <= 66"
"#;

/// The shop with these expectations in the file of the items.
fn shop_with(expectations: &str) -> Shop {
    let shop = shop();
    add(&shop, expectations);
    shop
}

fn add(shop: &Shop, expectations: &str) {
    let path = shop.migration.folder().join("entities/items.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    shop.migration.file("entities/items.toml", &format!("{text}\n{expectations}"));
}

fn of<'j>(json: &'j serde_json::Value, name: &str) -> &'j serde_json::Value {
    json["expectations"].as_array().unwrap().iter().find(|e| e["name"] == name).unwrap_or_else(|| panic!("{name}: {json}"))
}

#[test]
fn met_expectations_are_part_of_the_proof_and_need_no_source_after_the_extract() {
    let shop = shop_with(SOUND);
    shop.migration.etl(&["check"]).exits(0).says("expectations: 2 of 2 are met by the source, 2 are asked of the target after the load");
    let ran = shop.migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    assert_eq!(of(&ran, "as many items as ever")["found"], "6000");
    assert_eq!(of(&ran, "as many items as ever")["expected"], "5000 to 7000");
    assert!(ran["expectations"].as_array().unwrap().iter().all(|e| e["met"] == true), "{}", ran["expectations"]);
    let report = |name: &str| std::fs::read_to_string(shop.migration.folder().join(name)).unwrap();
    assert!(report("report.md").contains("| items | labels are short | target | none | 0 | met | `SELECT pg_catalog.count(*)::text FROM "));
    assert!(report("report.html").contains("id=\"expectations\""));
    // The source has answered in the snapshot that was read: what it says now is of no interest.
    shop.migration.source.exec("DROP TABLE item");
    shop.migration.etl(&["validate", "--progress", "none"]).exits(0).says("expectations met: 4 of 4");
}

#[test]
fn an_assumption_that_does_not_hold_stops_everything_before_a_row_moves() {
    let shop = shop_with("[[expect]]\nname = \"kinds are known\"\non = \"source\"\nevery = \"kind in (0, 1, 2)\"\n");
    shop.migration.etl(&["check"]).exits(2).says("error[E0360]").says("expected none, found 10").says("entities/items.toml:");
    shop.migration.etl(&["run", "--progress", "none"]).exits(2).says("kinds are known: expected none, found 10").says("nothing was read");
    assert_eq!(shop.migration.target.value("SELECT count(*) FROM people"), "0");
    assert_eq!(
        shop.migration.target.value("SELECT count(*) FROM pg_indexes WHERE indexname = 'items_label'"),
        "1",
        "nothing was taken down"
    );
    // Mended, the same command goes on.
    shop.migration.source.exec("UPDATE item SET kind = 0 WHERE kind = 9");
    shop.migration.etl(&["run", "--progress", "none"]).exits(0).says("expectations met: 1 of 1");
}

#[test]
fn an_alarm_is_told_and_changes_no_exit_code() {
    let shop = shop_with(
        "[[expect]]\nname = \"kinds are known\"\non = \"source\"\nseverity = \"alarm\"\nevery = \"kind in (0, 1, 2)\"\n\
         [[expect]]\nname = \"all have a price\"\non = \"target\"\nseverity = \"alarm\"\nquery = \"select count(*) from items where price is null\"\nequals = 0\n",
    );
    shop.migration.etl(&["check"]).exits(0).says("warning[E0360]");
    let json = shop.migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    assert_eq!((&of(&json, "kinds are known")["met"], &of(&json, "kinds are known")["found"]), (&false.into(), &"10".into()));
    let alarms = json["alarms"].as_array().unwrap();
    assert_eq!(alarms.iter().filter(|a| a["kind"] == "expectation").count(), 2, "{alarms:?}");
}

#[test]
fn a_promise_that_is_broken_is_a_difference() {
    let shop = shop_with(SOUND);
    shop.migration.etl(&["run", "--progress", "none"]).exits(0);
    shop.migration.edit("entities/items.toml", "length(label) <= 66", "length(label) <= 20");
    let red = shop.migration.etl(&["validate", "--progress", "none", "--json"]).exits(4).json();
    let found = of(&red, "labels are short");
    assert_eq!(found["met"], false);
    assert_ne!(found["found"], "0");
    assert!(red["differences"].as_array().unwrap().iter().any(|d| d["kind"] == "expectation" && d["entity"] == "items"), "{red}");
    shop.migration.etl(&["validate", "--progress", "none"]).exits(4).says("NOT MET   labels are short (target)").says("difference");
}

#[test]
fn what_is_wrong_with_the_queries_is_found_at_once_and_where_it_is_written() {
    let shop = shop_with(
        r#"
[[expect]]
name = "a slip"
on = "source"
query = "select id from item where nmae is null"

[[expect]]
name = "another slip"
on = "target"
every = "lenght(label) < 9"

[[expect]]
name = "a text"
on = "source"
query = "select max(label) from item"
equals = 5

[[expect]]
name = "two columns"
on = "target"
query = "select 1, 2"
max = 5
"#,
    );
    let said = shop.migration.etl(&["check"]).exits(2).stderr;
    for words in [
        "column \"nmae\" does not exist (SQLSTATE 42703)",
        "function lenght(character varying) does not exist",
        "a value of type text",
        "it gives 2 columns",
    ] {
        assert!(said.contains(words), "{words}\n{said}");
    }
    assert_eq!((said.matches("error[E0361]").count(), said.matches("error[E0362]").count()), (2, 2), "{said}");
    // The marked words are those of the server's position.
    assert!(said.lines().any(|l| l.trim_start_matches(|c: char| !c.is_ascii_digit()).contains("nmae")), "{said}");
    let mark = said.lines().skip_while(|l| !l.contains("where nmae")).nth(1).unwrap();
    assert_eq!(mark.matches('^').count(), "nmae".len(), "{said}");
}

#[test]
fn a_question_can_change_nothing_and_takes_no_longer_than_it_may() {
    let shop = shop();
    shop.migration.source.exec("CREATE FUNCTION bad() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM item; RETURN 0; END $$");
    for (query, words) in [
        ("select bad()", "SQLSTATE 25006"),
        ("select 1) as q; commit; drop table item; select (1", "SQLSTATE 42601"),
        ("select pg_sleep(9)", "SQLSTATE 57014"),
    ] {
        let shop_file = format!("[[expect]]\nname = \"evil\"\non = \"source\"\ntimeout = \"300ms\"\nquery = \"{query}\"\n");
        shop.migration.file("entities/items.toml", &format!("{}\n{shop_file}", items(&shop)));
        shop.migration.etl(&["check"]).exits(2).says(words).says("error[E0361]");
        shop.migration.etl(&["run", "--progress", "none"]).exits(2).says(words);
    }
    assert_eq!(shop.migration.source.value("SELECT count(*) FROM item"), "6000");
}

/// The file of the items without what was added.
fn items(shop: &Shop) -> String {
    let text = std::fs::read_to_string(shop.migration.folder().join("entities/items.toml")).unwrap();
    text.split("[[expect]]").next().unwrap().to_owned()
}

#[test]
fn what_is_about_the_whole_target_waits_until_the_whole_is_selected() {
    let shop = shop();
    let root = std::fs::read_to_string(shop.migration.folder().join("etl.toml")).unwrap();
    let expect = "[[expect]]\nname = \"items are there\"\non = \"target\"\nquery = \"select count(*) from items\"\nmin = 1\n";
    shop.migration.file("etl.toml", &format!("{root}\n{expect}"));
    let part = shop.migration.etl(&["run", "--only", "cities", "--json", "--progress", "none"]).exits(0).json();
    assert_eq!(of(&part, "items are there")["met"], serde_json::Value::Null);
    let whole = shop.migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    assert_eq!(of(&whole, "items are there")["met"], true);
}

#[test]
fn an_expectation_that_is_newer_than_the_rows_is_asked_now_or_told() {
    let shop = shop();
    shop.migration.etl(&["run", "--progress", "none"]).exits(0);
    add(&shop, SOUND);
    shop.migration.etl(&["validate", "--progress", "none"]).exits(0).says("expectations met: 4 of 4");
    let nowhere = "postgresql://nobody@127.0.0.1:1/nothing";
    let json = shop.migration.etl(&["validate", "--progress", "none", "--json", "--source", nowhere]).exits(0).json();
    assert_eq!(of(&json, "as many items as ever")["met"], serde_json::Value::Null);
    assert!(json["alarms"].as_array().unwrap().iter().any(|a| a["kind"] == "expectation"), "{}", json["alarms"]);
}
