//! What was loaded is taken back: the target is as it was before, whatever happens on the way, and a new run loads the same again.

use super::support::{Migration, Shop, shop};

const TABLES: [&str; 4] = ["cities", "people", "items", "migration_mappings"];

/// Everything in the target, for comparison: rows of all tables, constraints and indexes.
fn content(migration: &Migration) -> String {
    let mut all = String::new();
    for table in TABLES {
        // When a row was published or updated is not part of what it says.
        let sql = format!(
            "SELECT count(*) || ' ' || coalesce(md5(string_agg(j, '' ORDER BY j)), '') FROM (SELECT (to_jsonb(t) - 'migrated_at' - 'updated_at')::text AS j FROM {table} t) x"
        );
        all += &format!("{table} {}\n", migration.target.value(&sql));
    }
    let constraints = "SELECT string_agg(conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid), E'\\n' ORDER BY 1) FROM (SELECT * FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY conrelid::regclass::text, conname) c";
    all += &migration.target.value(constraints);
    all
}

fn start() -> (Shop, String) {
    let shop = shop();
    // A person of somebody else, who stays.
    shop.migration.target.exec(
        "INSERT INTO cities VALUES (md5('c')::uuid, 'elsewhere', NULL, 9001); INSERT INTO people VALUES (md5('p')::uuid, 'nobody', NULL, md5('c')::uuid, 0, 9001)",
    );
    let before = content(&shop.migration);
    (shop, before)
}

#[test]
fn everything_is_taken_back_and_loaded_again() {
    let (shop, before) = start();
    let migration = &shop.migration;
    migration.etl(&["run", "--progress", "none"]).exits(0);
    let loaded = content(migration);
    migration.etl(&["rollback"]).exits(2).says("rows to remove").says("--yes");
    assert_eq!(content(migration), loaded, "nothing without an answer");
    migration.etl(&["rollback", "--yes"]).exits(0).says("items");
    assert_eq!(content(migration), before);
    assert_eq!(migration.target.value("SELECT to_regnamespace('etl') IS NULL"), "t", "nothing of ours is left");
    migration.etl(&["rollback", "--yes"]).exits(0).says("nothing of this is loaded");
    migration.etl(&["run", "--progress", "none"]).exits(0);
    assert_eq!(content(migration), loaded, "the same rows under the same keys");
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn an_entity_goes_only_with_what_refers_to_it() {
    let (shop, _) = start();
    let migration = &shop.migration;
    migration.etl(&["run", "--progress", "none"]).exits(0);
    let loaded = content(migration);
    migration.etl(&["rollback", "--only", "people", "--yes"]).exits(1).says("items").says("--cascade");
    assert_eq!(content(migration), loaded);
    migration.etl(&["rollback", "--only", "people", "--cascade", "--yes"]).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM items"), "0");
    assert_eq!(migration.target.value("SELECT count(*) FROM people"), "1");
    assert_eq!(migration.target.value("SELECT count(*) FROM cities"), "41");
    migration.etl(&["run", "--progress", "none"]).exits(0);
    assert_eq!(content(migration), loaded);
}

#[test]
fn only_what_a_run_loaded() {
    let (shop, before) = start();
    let migration = &shop.migration;
    migration.etl(&["run", "--only", "cities", "--progress", "none"]).exits(0);
    let cities = content(migration);
    let run = migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    migration.etl(&["rollback", "--run", run["run"].as_str().unwrap(), "--yes"]).exits(0);
    assert_eq!(content(migration), cities);
    migration.etl(&["rollback", "--yes"]).exits(0);
    assert_eq!(content(migration), before);
}

#[test]
fn a_rollback_that_is_killed_goes_on() {
    for failpoint in ["rollback.begun", "rollback.removed:2", "rollback.stored:2", "rollback.removed:4"] {
        let (shop, before) = start();
        let migration = &shop.migration;
        migration.etl(&["run", "--chunk-bytes", "65536", "--progress", "none"]).exits(0);
        assert!(migration.killed_at(failpoint, &["rollback", "--yes"]), "{failpoint}");
        migration.etl(&["run", "--progress", "none"]).exits(1).says("etl rollback");
        migration.etl(&["rollback", "--yes"]).exits(0);
        assert_eq!(content(migration), before, "{failpoint}");
    }
}

#[test]
fn a_chunk_that_only_the_target_knows_of_is_taken_back_too() {
    let (shop, before) = start();
    let migration = &shop.migration;
    assert!(migration.killed_at("load.committed:2", &["run", "--chunk-bytes", "65536", "--progress", "none"]));
    migration.etl(&["rollback", "--yes"]).exits(0);
    assert_eq!(content(migration), before);
}

#[test]
fn rows_of_others_that_refer_to_ours_are_in_the_way_and_are_named() {
    let (shop, _) = start();
    let migration = &shop.migration;
    migration.etl(&["run", "--progress", "none"]).exits(0);
    migration.target.exec(
        "INSERT INTO items SELECT md5('i')::uuid, id, 'by hand', 1, md5('i')::uuid, now(), 'small', 90001 FROM people WHERE legacy_id = 5",
    );
    migration.etl(&["rollback", "--yes"]).exits(1).says("1 rows of public.items refer by person_id");
    assert_eq!(migration.target.value("SELECT count(*) FROM items"), "1", "what was loaded of items is gone, the row by hand stays");
    migration.target.exec("DELETE FROM items");
    migration.etl(&["rollback", "--yes"]).exits(0);
}
