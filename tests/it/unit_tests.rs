//! `[[test]]`: unit tests of a mapping, run without a row in any database.

use super::support::{Shop, shop};

const PEOPLE: &str = r#"
[[test]]
name = "a person"
given = { id = 7, name = "Ann", mail = " Ann@Example.ORG ", city_id = 3, deleted = false, credit = 8.75 }
refs = { cities = [3] }
expect = { name = "Ann", mail = "ann@example.org", city_id = { expr = "ref('cities', 3)" }, credit = "8.75", id = { expr = "new_id()" } }
incidents = {}

[[test]]
name = "a city that is missing becomes NULL and is counted"
like = "a person"
given = { city_id = 4 }
expect = { city_id = { expr = "null" } }
incidents = { city_id = "REF_NULLED" }

[[test]]
name = "a deleted one is left out"
like = "a person"
given = { deleted = true }
expect = { filtered = "deleted" }

[[test]]
name = "another account of one person"
like = "a person"
given = { survivor = 5 }
beside = [{ id = 5, survivor = 5 }]
expect = { merged = 5 }

[[test]]
name = "and the survivor is deleted"
like = "another account of one person"
beside = [{ id = 5, survivor = 5, deleted = true }]
expect = { filtered = "PARENT_FILTERED" }
"#;

const ITEMS: &str = r#"
[[test]]
name = "an item"
given = { id = 1, person_id = 7, label = " bolt ", price = 2.5, uid = "00000000-0000-4000-8000-000000000001", kind = 1, made = 2020-01-01T01:00:00+01:00 }
refs = { people = { 7 = "loaded", 8 = "quarantined", 9 = "filtered", 10 = "11111111-1111-4111-8111-111111111111" } }
expect = { label = "bolt", price = "2.50", kind = "medium", made = "2020-01-01 00:00:00Z", person_id = { expr = "ref('people', 7)" } }

[[test]]
name = "a person in quarantine"
like = "an item"
given = { person_id = 8 }
expect = { quarantined = { code = "PARENT_QUARANTINED", column = "person_id" } }

[[test]]
name = "a person left out"
like = "an item"
given = { person_id = 9 }
expect = { filtered = "PARENT_FILTERED" }

[[test]]
name = "a person with a key of its own"
like = "an item"
given = { person_id = 10 }
expect = { person_id = "11111111-1111-4111-8111-111111111111" }

[[test]]
name = "nobody"
like = "an item"
given = { person_id = 11 }
expect = { quarantined = "REF_MISSING" }

[[test]]
name = "a price that the column cannot hold"
like = "an item"
given = { price = "123456789.99" }
expect = { quarantined = { code = "NUMERIC_OVERFLOW", sqlstate = "22003" } }

[[test]]
name = "the same uid again"
like = "an item"
given = { id = 2 }
beside = [{ id = 1 }]
expect = { merged = 1 }

[[test]]
name = "a kind nobody knows"
like = "an item"
given = { kind = 9 }
expect = { quarantined = "CODE_UNMAPPED" }
"#;

fn tested() -> Shop {
    let shop = shop();
    for (file, tests) in [("entities/people.toml", PEOPLE), ("entities/items.toml", ITEMS)] {
        let text = std::fs::read_to_string(shop.migration.folder().join(file)).unwrap();
        shop.migration.file(file, &format!("{text}\n{tests}"));
    }
    shop
}

#[test]
fn tests_pass_without_a_row_in_any_database() {
    let shop = tested();
    shop.migration.source.exec("TRUNCATE city, person, item");
    let said = shop.migration.etl(&["test"]).exits(0).says("13 tests, all passed").stdout;
    assert!(said.starts_with("people\n  ok      a person\n"), "{said}");
    shop.migration.etl(&["test", "--only", "items"]).exits(0).says("8 tests, all passed");
    shop.migration.etl(&["test", "uid again"]).exits(0).says("1 test, all passed");
    shop.migration.etl(&["test", "nothing like it"]).exits(2).says("no test has `nothing like it` in its name");
    shop.migration.etl(&["check"]).exits(0).says("tests: 13 of 13 passed");
}

#[test]
fn a_test_that_fails_is_shown_side_by_side_and_stops_check_and_run() {
    let shop = tested();
    shop.migration.edit("entities/items.toml", "label = \"bolt\"", "label = \"nut\"").edit(
        "entities/items.toml",
        "kind = \"medium\"",
        "kind = \"large\"",
    );
    let said = shop.migration.etl(&["test"]).exits(2).says("13 tests, 1 failed").stdout;
    let lines: Vec<&str> = said.lines().skip_while(|l| !l.contains("FAILED")).take(4).map(str::trim).collect();
    assert!(lines[0].starts_with("FAILED  an item  entities/items.toml:"), "{said}");
    assert_eq!(lines[1..], ["column  expected  got", "label   nut       bolt", "kind    large     medium"], "{said}");
    shop.migration.etl(&["check"]).exits(2).says("error[E0254]").says("label: expected nut, got bolt");
    shop.migration.etl(&["run", "--progress", "none"]).exits(2).says("error[E0254]");
    assert!(!shop.migration.staging().exists(), "nothing was begun");
    let json = shop.migration.etl(&["test", "--json"]).exits(2).json();
    let failed = json["tests"].as_array().unwrap().iter().find(|t| t["passed"] == false).unwrap();
    assert_eq!((&json["failed"], &failed["mismatches"][0]["got"]), (&1.into(), &"bolt".into()), "{json}");
}

/// Each rule that a test pins down, broken: the test must turn red.
#[test]
fn each_test_sees_its_rule_broken() {
    let shop = tested();
    for (file, rule, broken, red) in [
        ("entities/people.toml", "lower(btrim(mail))", "btrim(mail)", "a person"),
        ("entities/people.toml", "on_missing => 'null'", "on_missing => 'quarantine'", "a city that is missing"),
        ("entities/people.toml", "when = \"deleted\"", "when = \"not deleted\"", "a deleted one"),
        ("entities/people.toml", "into = \"survivor\"", "into = \"case when survivor < 0 then survivor end\"", "another account"),
        ("entities/items.toml", "by = [\"uid\"]", "by = [\"legacy_id\"]", "the same uid again"),
        ("entities/items.toml", "nan_to_null(price)", "nan_to_null(case when price < 1000 then price end)", "a price that the column"),
        ("entities/items.toml", "\"code('item_kind', kind)\"", "\"code('item_kind', kind * 0)\"", "a kind nobody knows"),
        (
            "entities/items.toml",
            "person_id = \"ref('people', person_id)\"",
            "person_id = \"ref('people', person_id * 0 + 7)\"",
            "a person in quarantine",
        ),
    ] {
        shop.migration.edit(file, rule, broken);
        let json = shop.migration.etl(&["test", "--json"]).exits(2).json();
        let failed: Vec<&str> =
            json["tests"].as_array().unwrap().iter().filter(|t| t["passed"] == false).filter_map(|t| t["name"].as_str()).collect();
        assert!(failed.iter().any(|name| name.starts_with(red)), "{rule} → {broken}: {failed:?} has no `{red}`");
        shop.migration.edit(file, broken, rule);
    }
}

#[test]
fn a_test_runs_offline_on_what_the_staging_file_recorded() {
    let shop = tested();
    shop.migration.etl(&["extract", "--progress", "none"]).exits(0);
    let nowhere = "postgresql://nobody@127.0.0.1:1/nothing";
    shop.migration.etl(&["test", "--source", nowhere]).exits(0).says("13 tests, all passed");
}

#[test]
fn mistakes_in_tests_are_found_all_at_once() {
    let shop = tested();
    let more = r#"
[[test]]
name = "a column that is not there"
like = "an item"
given = { prize = 5 }
expect = { labell = "x" }
[[test]]
name = "a row without its key"
given = { label = "x" }
expect = { label = "x" }
[[test]]
name = "an answer that nobody asks for"
like = "an item"
refs = { cities = [1] }
expect = { label = "bolt" }
[[test]]
name = "no number"
like = "an item"
given = { price = "cheap" }
expect = { label = "bolt" }
[[test]]
name = "too long for its column"
like = "an item"
expect = { price = "123456789.99" }
"#;
    let path = shop.migration.folder().join("entities/items.toml");
    let text = std::fs::read_to_string(path).unwrap();
    shop.migration.file("entities/items.toml", &format!("{text}\n{more}"));
    let outcome = shop.migration.etl(&["check"]).exits(2);
    for words in [
        "names no source column: `prize`",
        "did you mean `price`?",
        "names no mapped column: `labell`",
        "does not give `id`",
        "to which items does not refer",
        "error[E0116]",
    ] {
        assert!(outcome.stderr.contains(words), "{words}\n{}", outcome.stderr);
    }
}

#[test]
fn values_that_no_column_can_hold_are_told() {
    let shop = tested();
    shop.migration.edit("entities/items.toml", "price = \"2.50\"", "price = \"123456789.99\"");
    shop.migration
        .etl(&["test", "an item"])
        .exits(2)
        .says("it cannot be run: the target column cannot hold the expected value: NUMERIC_OVERFLOW");
    shop.migration.etl(&["check"]).exits(2).says("error[E0253]");
    shop.migration.edit("entities/items.toml", "price = \"123456789.99\"", "label = \" bolt \", price = 2.5");
    shop.migration.edit("entities/items.toml", "{ label = \"bolt\", ", "{ ");
    // Blanks at the ends are seen.
    shop.migration.etl(&["test"]).exits(2).says("' bolt '");
}
