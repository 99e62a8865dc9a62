//! `kill -9` at every named place, then the same command again: target, id map and ledger equal those of an undisturbed run,
//! row for row, and every constraint is back.

#![cfg(feature = "failpoints")]

use super::support::{Migration, shop};

/// Small chunks, so that 6,000 rows are a few dozen of them.
const RUN: [&str; 5] = ["run", "--progress", "none", "--chunk-bytes", "40000"];

/// Columns that say when, not what.
const TECHNICAL: [&str; 2] = ["migrated_at", "updated_at"];

/// Before and after each durable step of each stage, around the target's commit, and during the taking down and rebuilding of
/// constraints; the later hits of those that are passed often.
const FAILPOINTS: [&str; 28] = [
    "extract.storing",
    "extract.stored",
    "extract.storing:9",
    "extract.finish.storing",
    "extract.finish.stored",
    "transform.storing",
    "transform.stored",
    "transform.storing:12",
    "dismantle.begin",
    "dismantle.storing",
    "dismantle.stored",
    "dismantle.committed",
    "load.begin",
    "load.begin:6",
    "load.committed",
    "load.committed:7",
    "load.storing",
    "load.stored",
    "load.storing:9",
    "load.stored:9",
    "rebuild.begin",
    "rebuild.begin:4",
    "rebuild.committed",
    "rebuild.committed:5",
    "rebuild.refused",
    "rebuild.storing",
    "rebuild.stored",
    "finish.storing",
];

/// What a finished migration is compared by.
#[derive(PartialEq)]
struct Result {
    contents: Vec<String>,
    definitions: Vec<String>,
    ledger: Vec<String>,
    keys: Vec<String>,
}

fn result(migration: &Migration) -> Result {
    let status = migration.etl(&["status", "--json"]).exits(0).json();
    let entities = status["entities"].as_array().expect("entities").iter();
    let ledger = entities.map(|e| {
        let counts = ["name", "read", "loaded", "merged", "filtered", "quarantined", "reasons"].map(|key| e[key].to_string());
        counts.join(" ")
    });
    let keys = migration.etl(&[
        "inspect",
        "sql",
        "SELECT entity, key, outcome, new_key, detail FROM keys ORDER BY entity, key",
        "--limit",
        "100000",
    ]);
    Result {
        contents: migration.target.contents(&TECHNICAL),
        definitions: migration.target.definitions(),
        ledger: ledger.collect(),
        keys: keys.exits(0).stdout.lines().map(str::to_owned).collect(),
    }
}

#[track_caller]
fn same(what: &str, failpoint: &str, expected: &[String], found: &[String]) {
    let differing: Vec<_> = expected.iter().filter(|e| !found.contains(e)).take(3).collect();
    let extra: Vec<_> = found.iter().filter(|f| !expected.contains(f)).take(3).collect();
    assert!(
        expected == found,
        "{failpoint}: {what} differ ({} expected, {} found)\nmissing {differing:#?}\nextra {extra:#?}",
        expected.len(),
        found.len()
    );
}

#[test]
fn killed_anywhere_and_continued_is_the_same_migration() {
    let undisturbed = shop();
    let before = undisturbed.migration.target.definitions();
    undisturbed.migration.etl(&RUN).exits(0);
    let expected = result(&undisturbed.migration);
    assert!(expected.contents.len() > 6_000, "the migration moves rows");
    assert_eq!(before, expected.definitions, "constraints and indexes are as they were");
    for failpoint in FAILPOINTS {
        let shop = shop();
        assert!(shop.migration.killed_at(failpoint, &RUN), "{failpoint} was never reached");
        shop.migration.etl(&RUN).exits(0).says("continu");
        let found = result(&shop.migration);
        same("rows of the target", failpoint, &expected.contents, &found.contents);
        same("constraints", failpoint, &expected.definitions, &found.definitions);
        same("ledgers", failpoint, &expected.ledger, &found.ledger);
        same("keys", failpoint, &expected.keys, &found.keys);
        shop.migration.etl(&["validate", "--progress", "none"]).exits(0);
    }
}

#[test]
fn the_stages_one_by_one_and_killed_between_are_the_same_migration() {
    let undisturbed = shop();
    undisturbed.migration.etl(&RUN).exits(0);
    let expected = result(&undisturbed.migration);
    let shop = shop();
    let small = ["--progress", "none", "--chunk-bytes", "40000"];
    let call = |stage: &'static str| [&[stage][..], &small].concat();
    assert!(shop.migration.killed_at("extract.stored:5", &call("extract")));
    shop.migration.etl(&call("extract")).exits(0);
    // From here on the source is not needed.
    shop.migration.source.exec("DROP TABLE item, person, city");
    assert!(shop.migration.killed_at("transform.stored:4", &call("transform")));
    shop.migration.etl(&call("transform")).exits(0);
    assert!(shop.migration.killed_at("load.committed:5", &call("load")));
    shop.migration.etl(&call("load")).exits(0);
    let found = result(&shop.migration);
    same("rows of the target", "stages", &expected.contents, &found.contents);
    same("ledgers", "stages", &expected.ledger, &found.ledger);
    same("constraints", "stages", &expected.definitions, &found.definitions);
}

#[test]
fn constraints_that_a_dead_run_left_down_come_back_with_the_next_command() {
    let undisturbed = shop();
    undisturbed.migration.etl(&RUN).exits(0);
    let expected = result(&undisturbed.migration);
    let shop = shop();
    let before = shop.migration.target.definitions();
    assert!(shop.migration.killed_at("load.committed:2", &RUN));
    assert!(shop.migration.target.definitions().len() < before.len(), "constraints are down");
    shop.migration.etl(&["check"]).exits(0).says("are up again");
    assert_eq!(shop.migration.target.definitions(), before);
    // What is left is loaded under standing constraints, to the same end: only who refuses the duplicate label differs.
    shop.migration.etl(&RUN).exits(0);
    let found = result(&shop.migration);
    same("rows of the target", "put back", &expected.contents, &found.contents);
    same("ledgers", "put back", &expected.ledger, &found.ledger);
}

#[test]
fn a_finished_run_started_again_moves_nothing() {
    let shop = shop();
    shop.migration.etl(&RUN).exits(0);
    let before = (result(&shop.migration), shop.migration.target.rows("SELECT xmin::text FROM items ORDER BY id"));
    shop.migration.etl(&RUN).exits(0).says("nothing");
    let after = (result(&shop.migration), shop.migration.target.rows("SELECT xmin::text FROM items ORDER BY id"));
    assert!(before.0 == after.0 && before.1 == after.1, "a second run changed something");
}
