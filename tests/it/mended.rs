//! A plan that is mended after rows were loaded: what is in quarantine goes on with it, children along; what is loaded is compared with what
//! the new plan makes of it, and where one row would come out different the plan is refused.

use super::retry::{loaded, quarantine, versions};
use super::support::{Migration, Shop, shop};

const RUN: [&str; 5] = ["run", "--progress", "none", "--chunk-bytes", "65536"];
const RETRY: [&str; 4] = ["quarantine", "retry", "--progress", "none"];
const TAKEN_OVER: &str = "the plan was mended";
/// Columns that say when, not what.
const TECHNICAL: [&str; 2] = ["migrated_at", "updated_at"];

fn started() -> Shop {
    let shop = shop();
    shop.migration.etl(&RUN).exits(0);
    shop
}

/// What a fresh migration with this plan gives.
fn fresh(mend: impl Fn(&Migration)) -> Vec<String> {
    let shop = shop();
    mend(&shop.migration);
    shop.migration.etl(&RUN).exits(0);
    shop.migration.target.contents(&TECHNICAL)
}

fn of(rows: &[String], entity: &str, reason: &str) -> usize {
    rows.iter().filter(|row| row.starts_with(&format!("{entity} ")) && row.ends_with(&format!(" {reason}"))).count()
}

/// The changes of the plan that are on record: entity, rows compared, command of the run.
fn changes(migration: &Migration) -> Vec<String> {
    let sql = "SELECT e.name || ' ' || p.rows || ' ' || r.command FROM plan_changes p JOIN runs r ON r.id = p.run \
               JOIN entities e ON e.id = p.entity WHERE p.from_hash <> p.to_hash AND p.from_plan <> r.plan ORDER BY r.rowid, e.id";
    let shown = migration.etl(&["inspect", "sql", sql, "--json"]).exits(0).json();
    shown["rows"].as_array().unwrap().iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
}

fn add_code(migration: &Migration) {
    migration.edit("etl.toml", "2 = \"large\"", "2 = \"large\"\n9 = \"large\"");
}

#[test]
fn a_code_that_is_added_lets_its_rows_through_and_touches_nothing_else() {
    let shop = started();
    let migration = &shop.migration;
    let (before, rows, people) = (quarantine(migration), versions(migration, "items"), versions(migration, "people"));
    let held = of(&before, "items", "CODE_UNMAPPED");
    assert!(held > 5, "{before:?}");
    add_code(migration);
    migration.etl(&["load", "--progress", "none"]).exits(5).says("etl quarantine retry");
    migration.etl(&RUN).exits(0).says(&format!("items: {TAKEN_OVER}"));
    let (after, kept) = (quarantine(migration), versions(migration, "items"));
    assert_eq!((of(&after, "items", "CODE_UNMAPPED"), after.len()), (0, before.len() - held));
    assert!(rows.iter().all(|row| kept.contains(row)) && kept.len() == rows.len() + held, "rows that were there are as they were");
    assert_eq!(versions(migration, "people"), people);
    assert_eq!(migration.target.contents(&TECHNICAL), fresh(add_code));
    let changes = changes(migration);
    assert_eq!(changes.len(), 1, "only the entity that looks the code up: {changes:?}");
    assert!(changes[0].starts_with("items ") && changes[0].contains(" run"), "{changes:?}");
    migration.etl(&["validate", "--progress", "none"]).exits(0).says("equal");
    let again = migration.etl(&RUN).exits(0);
    assert!(!again.stderr.contains(TAKEN_OVER), "once is enough\n{}", again.stderr);
    assert_eq!(versions(migration, "items"), kept);
}

#[test]
fn a_mended_expression_is_taken_up_by_a_retry() {
    let mend = |migration: &Migration| {
        migration.edit("entities/items.toml", "else reject('VALUE_FORMAT') end", "else md5('mended ' || id)::uuid end");
    };
    let shop = started();
    let (migration, before) = (&shop.migration, quarantine(&shop.migration));
    mend(migration);
    migration.etl(&RETRY).exits(0).says(&format!("items: {TAKEN_OVER}")).says("leave quarantine");
    let after = quarantine(migration);
    assert!(of(&before, "items", "VALUE_FORMAT") > 0 && of(&after, "items", "VALUE_FORMAT") == 0);
    assert_eq!(migration.target.contents(&TECHNICAL), fresh(mend));
    migration.etl(&["validate", "--progress", "none"]).exits(0);
    let report = migration.etl(&["report", "--json"]).exits(0).json();
    assert_eq!(report["plan_changes"][0]["entity"], "items");
    assert_eq!(report["plan_changes"][0]["command"], "quarantine retry");
}

#[test]
fn a_row_that_only_the_server_refused_is_sent_when_the_plan_makes_another_of_it() {
    let shop = started();
    let migration = &shop.migration;
    migration.edit("entities/people.toml", "name = \"name\"", "name = \"case name when 'forbidden' then 'allowed' else name end\"");
    migration.etl(&RUN).exits(0).says("people: the plan was mended");
    assert_eq!(migration.target.value("SELECT name FROM people WHERE legacy_id = 70"), "allowed");
    assert_ne!(migration.target.value("SELECT count(*) FROM items JOIN people p ON p.id = person_id WHERE p.legacy_id = 70"), "0");
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn a_new_filter_takes_rows_out_of_quarantine_and_the_ledger_stays_closed() {
    let shop = started();
    let (migration, before) = (&shop.migration, quarantine(&shop.migration));
    let (rows, items) = (versions(migration, "items"), loaded(migration, "items"));
    migration.edit("entities/items.toml", "[columns]", "[[filter]]\nname = \"nonsense\"\nwhen = \"uid = 'nonsense'\"\n[columns]");
    migration.etl(&RETRY).exits(0).says(TAKEN_OVER);
    let after = quarantine(migration);
    assert!(of(&after, "items", "VALUE_FORMAT") == 0 && after.len() < before.len());
    assert_eq!((versions(migration, "items"), loaded(migration, "items")), (rows, items));
    let status = migration.etl(&["report", "--json"]).exits(0).json();
    let items = status["entities"].as_array().unwrap().iter().find(|e| e["name"] == "items").unwrap().clone();
    // Two more were filtered before, because of their parents, and now by the first filter that holds.
    let filtered = migration.source.value("SELECT count(*) FROM item WHERE uid = 'nonsense'");
    assert_eq!(items["filters"]["nonsense"].to_string(), filtered);
    assert!(before.len() - after.len() < filtered.parse().unwrap(), "some were filtered before");
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn another_outcome_for_a_missing_parent_lets_the_children_that_wait_go_on() {
    let strict = |migration: &Migration| {
        migration.edit("entities/people.toml", "ref('cities', city_id, on_missing => 'null')", "ref('cities', city_id)");
    };
    let shop = shop();
    let migration = &shop.migration;
    strict(migration);
    migration.etl(&RUN).exits(0);
    let before = quarantine(migration);
    let waiting = of(&before, "items", "PARENT_QUARANTINED");
    assert!(of(&before, "people", "REF_MISSING") > 0 && waiting > 10);
    migration.edit("entities/people.toml", "ref('cities', city_id)", "ref('cities', city_id, on_missing => 'null')");
    migration.etl(&RUN).exits(0).says("people: the plan was mended");
    let after = quarantine(migration);
    assert_eq!(of(&after, "people", "REF_MISSING"), 0);
    // Those of person 70 wait on.
    assert!(of(&after, "items", "PARENT_QUARANTINED") < waiting);
    assert_eq!(migration.target.contents(&TECHNICAL), fresh(|_| ()));
    migration.etl(&["validate", "--progress", "none"]).exits(0);
    // The other way round, rows that are loaded would go.
    strict(migration);
    let people = versions(migration, "people");
    let refused = migration.etl(&RUN).exits(5).says("quarantined as REF_MISSING of city_id: 8 rows");
    assert!(refused.stderr.contains("etl rollback --only people --cascade"), "{}", refused.stderr);
    assert_eq!(versions(migration, "people"), people);
}

#[test]
fn loaded_rows_that_would_change_are_in_the_way_until_they_are_taken_back() {
    let shop = started();
    let migration = &shop.migration;
    let (before, items) = (quarantine(migration), loaded(migration, "items"));
    add_code(migration);
    migration.edit(
        "entities/items.toml",
        "label = \"btrim(label)\"",
        "label = \"case when id % 2 = 0 then upper(btrim(label)) else btrim(label) end\"",
    );
    let even = migration.target.value("SELECT count(*) FROM items WHERE legacy_id % 2 = 0");
    for command in [&RUN[..], &RETRY[..]] {
        let refused = migration.etl(command).exits(5);
        assert!(refused.stderr.contains(&format!("column label: {even} rows")), "{}", refused.stderr);
        assert!(!refused.stderr.contains("ITEM"), "no value of a row is told\n{}", refused.stderr);
    }
    assert_eq!((quarantine(migration), loaded(migration, "items")), (before, items));
    assert!(changes(migration).is_empty());
    migration.etl(&["rollback", "--only", "items", "--cascade", "--yes"]).exits(0);
    migration.etl(&RUN).exits(0);
    assert_ne!(migration.target.value("SELECT count(*) FROM items WHERE label LIKE 'ITEM%'"), "0");
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn what_no_loaded_row_can_survive_is_refused_by_name() {
    let shop = started();
    let migration = &shop.migration;
    let original = std::fs::read_to_string(migration.folder().join("entities/items.toml")).unwrap();
    let cases = [
        ("price = \"nan_to_null(price)\"\n", "", "have price, which the plan does not write any more"),
        ("from = \"item\"", "from = \"select * from item where true\"", "what is read of items"),
        ("key = \"id\"", "key = \"id\"\nadopt = \"legacy_id\"", "`adopt` of items changed"),
        ("when price < 1000000 then price", "when price < 1000000 then price * 2", "the control sum items.price would be another"),
        (
            "label = \"btrim(label)\"\nprice = \"nan_to_null(price)\"",
            "price = \"nan_to_null(price)\"\nlabel = \"btrim(label)\"",
            "another order",
        ),
    ];
    for (old, new, said) in cases {
        migration.file("entities/items.toml", &original);
        migration.edit("entities/items.toml", old, new);
        if old.starts_with("price") {
            migration.edit("entities/items.toml", "[columns]", "[ignore]\nprice = \"not wanted\"\n[columns]");
            migration.edit(
                "entities/items.toml",
                "[control.price]\nsource = \"case when price < 1000000 then price end\"\ntarget = \"price\"",
                "",
            );
        }
        migration.etl(&RUN).exits(5).says(said);
    }
    migration.file("entities/items.toml", &original);
    std::fs::remove_file(migration.folder().join("entities/items.toml")).unwrap();
    migration.etl(&RUN).exits(5).says("the plan has no entity items any more");
    migration.file("entities/items.toml", &original);
    migration.etl(&RUN).exits(0);
}

#[test]
fn a_control_sum_that_goes_is_forgotten_and_a_new_entity_is_left_to_a_run() {
    let shop = started();
    let migration = &shop.migration;
    migration.edit("entities/items.toml", "[control.price]\nsource = \"case when price < 1000000 then price end\"\ntarget = \"price\"", "");
    migration.target.exec("CREATE TABLE towns (id uuid PRIMARY KEY, name text NOT NULL)");
    let towns = "target = \"public.towns\"\nkey = \"id\"\nfrom = \"city\"\n[columns]\nid = \"new_id()\"\nname = \"name\"\n[ignore]\nparent_id = \"flat\"\n";
    migration.file("entities/towns.toml", towns);
    migration.etl(&RETRY).exits(0).says("items: the plan was mended").says("towns is new in the plan");
    assert_eq!(migration.target.value("SELECT count(*) FROM towns"), "0");
    let run = migration.etl(&RUN).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM towns"), "40");
    assert!(!run.stdout.contains("items.price"), "{}", run.stdout);
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn rows_that_were_made_before_others_came_out_of_quarantine_stand() {
    let shop = shop();
    let migration = &shop.migration;
    migration.source.exec("UPDATE city SET name = NULL WHERE id = 5");
    migration.etl(&RUN).exits(0);
    migration.source.exec("UPDATE city SET name = 'city 5' WHERE id = 5");
    migration.etl(&RUN).exits(0).says("leave quarantine");
    let orphans =
        "SELECT (SELECT count(*) FROM people WHERE city_id IS NULL) || ' ' || (SELECT count(*) FROM cities WHERE parent_id IS NULL)";
    let nulls = migration.target.value(orphans);
    // Their parent is there now, and they were made without it.
    migration.edit("entities/people.toml", "lower(btrim(mail))", "btrim(lower(mail))");
    migration.edit("entities/cities.toml", "name = \"name\"", "name = \"coalesce(name, null)\"");
    migration.etl(&RUN).exits(0).says("people: the plan was mended").says("cities: the plan was mended");
    assert_eq!(migration.target.value(orphans), nulls);
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn what_is_loaded_wins_over_an_equal_row_that_comes_later() {
    let shop = started();
    let migration = &shop.migration;
    let rows = versions(migration, "items");
    // 701 has the smaller key, 800 is loaded.
    migration.source.exec("UPDATE item SET uid = md5('i800') WHERE id = 701");
    migration.etl(&RUN).exits(0);
    assert_eq!(versions(migration, "items"), rows);
    migration.etl(&["inspect", "id", "items", "701"]).exits(0).says("merged");
    // And stays so for a plan that changes nothing.
    migration.edit("entities/items.toml", "label = \"btrim(label)\"", "label = \"btrim(btrim(label))\"");
    migration.etl(&RUN).exits(0).says(TAKEN_OVER);
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[test]
fn a_target_that_was_widened_lets_rows_through() {
    let shop = started();
    let (migration, before) = (&shop.migration, quarantine(&shop.migration));
    let rows = versions(migration, "items");
    assert!(of(&before, "items", "VALUE_TOO_LONG") > 0);
    migration.target.exec("ALTER TABLE items ALTER label TYPE varchar(200); ALTER TYPE item_kind ADD VALUE 'huge'");
    migration.edit("etl.toml", "2 = \"large\"", "2 = \"large\"\n9 = \"huge\"");
    migration.etl(&RUN).exits(0).says(TAKEN_OVER);
    let (after, kept) = (quarantine(migration), versions(migration, "items"));
    assert_eq!((of(&after, "items", "VALUE_TOO_LONG"), of(&after, "items", "CODE_UNMAPPED")), (0, 0));
    assert!(rows.iter().all(|row| kept.contains(row)));
    migration.etl(&["validate", "--progress", "none"]).exits(0);
}

#[cfg(feature = "failpoints")]
#[test]
fn a_load_that_died_half_way_goes_on_with_the_mended_plan() {
    let expected = fresh(add_code);
    for point in ["load.committed:3", "load.stored:3"] {
        let shop = shop();
        let migration = &shop.migration;
        // All is transformed before the first chunk is loaded, so that some of it is never loaded when the run is killed.
        for stage in ["extract", "transform"] {
            migration.etl(&[&[stage], &RUN[1..]].concat()).exits(0);
        }
        assert!(migration.killed_at(point, &RUN), "{point} was never reached");
        add_code(migration);
        // What is transformed and not loaded is made again only when told so, as ever.
        migration.etl(&RETRY).exits(5).says("etl run --redo transform");
        migration.etl(&[&RUN[..], &["--redo", "transform"]].concat()).exits(0);
        assert!(migration.target.contents(&TECHNICAL) == expected, "{point}: rows differ from those of a fresh migration");
        assert_eq!(of(&quarantine(migration), "items", "CODE_UNMAPPED"), 0, "{point}");
        migration.etl(&["validate", "--progress", "none"]).exits(0);
    }
}

#[cfg(feature = "failpoints")]
#[test]
fn killed_anywhere_between_and_continued_is_the_same() {
    let mend = |migration: &Migration| {
        add_code(migration);
        migration.edit("entities/people.toml", "name = \"name\"", "name = \"case name when 'forbidden' then 'allowed' else name end\"");
    };
    let expected = fresh(mend);
    let points =
        ["plan.storing", "plan.stored", "retry.storing", "retry.stored", "retry.stored:2", "load.begin", "load.committed", "load.stored"];
    for (at, point) in points.into_iter().enumerate() {
        let shop = started();
        let migration = &shop.migration;
        mend(migration);
        let before = changes(migration);
        // Every other time by the one command, and gone on with by the other.
        let (first, then) = if at % 2 == 0 { (&RUN[..], &RETRY[..]) } else { (&RETRY[..], &RUN[..]) };
        assert!(migration.killed_at(point, first), "{point} was never reached");
        if point == "plan.storing" {
            assert_eq!(changes(migration), before, "taken over and on record, or neither");
        }
        migration.etl(then).exits(0);
        assert_eq!(changes(migration).len(), 2, "{point}: each entity once");
        assert!(migration.target.contents(&TECHNICAL) == expected, "{point}: rows differ from those of a fresh migration");
        assert_eq!(of(&quarantine(migration), "items", "PARENT_QUARANTINED"), 0, "{point}");
        migration.etl(&["validate", "--progress", "none"]).exits(0);
    }
}
