//! Rows in quarantine are taken up again after the source or the target was mended: they and what waited for them are loaded, nothing
//! else is touched, and every row still counts once.

use super::support::{Migration, Shop, shop};

const RUN: [&str; 3] = ["run", "--progress", "none"];

fn started() -> Shop {
    let shop = shop();
    shop.migration.etl(&["run", "--chunk-bytes", "65536", "--progress", "none"]).exits(0);
    shop
}

/// Rows in quarantine: entity, key, reason.
pub fn quarantine(migration: &Migration) -> Vec<String> {
    let listed = migration.etl(&["quarantine", "list", "--keys", "--limit", "100000", "--json"]).exits(0).json();
    let rows = listed["rows"].as_array().unwrap().iter();
    rows.map(|row| format!("{} {} {}", row["entity"].as_str().unwrap(), row["key"].as_str().unwrap(), row["reason"].as_str().unwrap()))
        .collect()
}

pub fn loaded(migration: &Migration, entity: &str) -> u64 {
    let status = migration.etl(&["report", "--format", "json"]).exits(0).json();
    let entity = status["entities"].as_array().unwrap().iter().find(|e| e["name"] == entity).unwrap().clone();
    assert_eq!(
        entity["read"].as_u64().unwrap(),
        ["loaded", "merged", "adopted", "filtered", "quarantined"].iter().map(|o| entity[*o].as_u64().unwrap()).sum::<u64>(),
        "the ledger is closed"
    );
    entity["loaded"].as_u64().unwrap()
}

pub fn versions(migration: &Migration, table: &str) -> Vec<String> {
    let rows = migration.target.value(&format!("SELECT string_agg(id || ' ' || xmin, ',' ORDER BY id) FROM {table}"));
    rows.split(',').map(str::to_owned).collect()
}

#[test]
fn mended_source_rows_are_loaded_and_nothing_else_is_touched() {
    let shop = started();
    let migration = &shop.migration;
    let (before, rows, items) = (quarantine(migration), versions(migration, "items"), loaded(migration, "items"));
    migration.etl(&RUN).exits(0);
    assert_eq!(quarantine(migration), before, "nothing was mended, nothing goes");
    let mended = migration.source.value("WITH m AS (UPDATE item SET uid = md5('fixed' || id), price = price + 1 WHERE uid = 'nonsense' AND person_id BETWEEN 1 AND 69 AND price < 1000 RETURNING 1) SELECT count(*) FROM m");
    let mended: usize = mended.parse().unwrap();
    assert!(mended > 0);
    let run = migration.etl(&RUN).exits(0);
    let after = quarantine(migration);
    let gone: Vec<_> = before.iter().filter(|row| !after.contains(row)).collect();
    assert!(after.iter().all(|row| before.contains(row)), "nothing new is kept aside\n{}", run.stderr);
    assert!(!gone.is_empty() && gone.iter().all(|row| row.starts_with("items ") && row.ends_with("VALUE_FORMAT")), "{gone:?}");
    assert_eq!(loaded(migration, "items"), items + gone.len() as u64);
    let kept = versions(migration, "items");
    assert!(rows.iter().all(|row| kept.contains(row)), "rows that were there are as they were");
    migration.etl(&["validate", "--progress", "none"]).exits(0).says("equal");
    migration.etl(&RUN).exits(0);
    assert_eq!(quarantine(migration), after);
}

#[test]
fn a_first_run_reads_in_one_snapshot() {
    let shop = shop();
    let first = shop.migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    assert_ne!(first["totals"]["quarantined"], 0);
    assert_eq!(first["snapshots"].as_array().unwrap().len(), 1, "what it kept aside is not read a second time");
}

#[test]
fn what_a_run_kept_aside_itself_is_not_read_again() {
    let shop = shop();
    shop.migration.etl(&["run", "--progress", "none", "--only", "people", "--with-deps"]).exits(0);
    assert!(quarantine(&shop.migration).iter().any(|row| row.starts_with("people ")), "an earlier run kept something aside");
    let second = shop.migration.etl(&["run", "--json", "--progress", "none", "--only", "items"]).exits(0).json();
    assert!(quarantine(&shop.migration).iter().any(|row| row.starts_with("items ")));
    assert_eq!(second["snapshots"].as_array().unwrap().len(), 2, "one for each run");
}

#[test]
fn a_mended_parent_takes_along_what_the_same_run_kept_aside_for_it() {
    let shop = shop();
    let migration = &shop.migration;
    migration.etl(&["run", "--progress", "none", "--only", "people", "--with-deps"]).exits(0);
    assert!(quarantine(migration).iter().any(|row| row.starts_with("people 70 ")));
    migration.source.exec("UPDATE person SET name = 'allowed' WHERE id = 70");
    migration.etl(&RUN).exits(0);
    let after = quarantine(migration);
    assert!(!after.iter().any(|row| row.starts_with("people 70 ") || row.starts_with("items ") && row.ends_with("PARENT_QUARANTINED")));
    assert_ne!(migration.target.value("SELECT count(*) FROM items JOIN people p ON p.id = person_id WHERE p.legacy_id = 70"), "0");
    migration.etl(&["validate", "--progress", "none"]).exits(0).says("equal");
}

#[test]
fn a_mended_parent_takes_its_children_along() {
    let shop = started();
    let migration = &shop.migration;
    let before = quarantine(migration);
    let waiting = migration.etl(&[
        "quarantine",
        "list",
        "--entity",
        "items",
        "--reason",
        "PARENT_QUARANTINED",
        "--keys",
        "--limit",
        "1000",
        "--json",
    ]);
    let waiting = waiting.exits(0).json()["rows"].as_array().unwrap().len();
    assert!(waiting > 0);
    migration.source.exec("UPDATE person SET name = 'allowed' WHERE id = 70");
    migration.etl(&RUN).exits(0);
    let after = quarantine(migration);
    let of_children = |rows: &[String]| rows.iter().filter(|row| row.starts_with("items ") && row.ends_with("PARENT_QUARANTINED")).count();
    assert_eq!((of_children(&before), of_children(&after)), (waiting, 0), "who still stays, stays for a reason of its own");
    let gone = before.len() - after.len();
    assert!(gone > 1 && gone <= waiting + 1, "{gone} of {waiting}");
    assert_eq!(migration.target.value("SELECT name FROM people WHERE legacy_id = 70"), "allowed");
    assert_ne!(migration.target.value("SELECT count(*) FROM items JOIN people p ON p.id = person_id WHERE p.legacy_id = 70"), "0");
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn a_mended_target_is_tried_on_request() {
    let shop = started();
    let migration = &shop.migration;
    migration.target.exec("ALTER TABLE people DROP CONSTRAINT people_name_check");
    migration.etl(&RUN).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM people WHERE legacy_id = 70"), "0", "a run does not send the same row again");
    migration.etl(&["quarantine", "retry", "--entity", "people", "--progress", "none"]).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM people WHERE legacy_id = 70"), "1");
    migration.etl(&RUN).exits(0);
    assert_ne!(migration.target.value("SELECT count(*) FROM items JOIN people p ON p.id = person_id WHERE p.legacy_id = 70"), "0");
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn a_row_that_is_refused_again_is_kept_aside_again() {
    let shop = started();
    let migration = &shop.migration;
    let before = quarantine(migration);
    migration.etl(&["quarantine", "retry", "--entity", "people", "--progress", "none"]).exits(0);
    let mut after = quarantine(migration);
    after.sort();
    let mut sorted = before.clone();
    sorted.sort();
    assert_eq!(after, sorted);
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn what_was_taken_up_can_be_taken_back() {
    let shop = started();
    let migration = &shop.migration;
    migration.source.exec("UPDATE person SET name = 'allowed' WHERE id = 70");
    migration.etl(&RUN).exits(0);
    let content = "SELECT count(*) || ' ' || md5(string_agg(id::text || uid, '' ORDER BY id)) FROM items";
    let all = migration.target.value(content);
    migration.etl(&["rollback", "--yes"]).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM items"), "0");
    migration.etl(&RUN).exits(0);
    assert_eq!(migration.target.value(content), all);
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

/// Both passes of the command meet a row that the server refuses, and the children of the second one were held for the first one's.
#[cfg(feature = "failpoints")]
#[test]
fn a_retry_that_first_brings_a_run_to_its_end_ends() {
    let shop = shop();
    let migration = &shop.migration;
    assert!(migration.killed_at("extract.finish.stored:3", &RUN));
    migration.etl(&["quarantine", "retry", "--progress", "none"]).exits(0).says("the target refused 1 rows of people");
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}
