//! `key = "ctid"`: tables without a key. All of their rows arrive, duplicates among them, and nothing is read a second time by a place at
//! which another row may stand.

use super::support::Migration;

const RUN: [&str; 6] = ["run", "--progress", "none", "--json", "--chunk-bytes", "16384"];
const VALIDATE: [&str; 3] = ["validate", "--progress", "none"];

const PLAN: &str = r#"
[migration]
name = "visits"
entities = ["entities/*.toml"]
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"
quarantine = "50%"
[source]
url = "${SOURCE_DATABASE_URL}"
[source.with]
named = "select * from visit"
[target]
url = "${TARGET_DATABASE_URL}"
mappings = "public.migration_mappings"
"#;

const PEOPLE: &str = r#"
target = "public.people"
key = "id"
from = "person"
[columns]
id = "new_id()"
name = "name"
"#;

const VISITS: &str = r#"
target = "public.visits"
key = "ctid"
from = "visit"
[columns]
id = "new_id()"
person_id = "ref('people', who)"
what = "case when what = 'bad' then reject('BAD') else what end"
cost = "cost"
[control.cost]
source = "cost"
target = "cost"
[[expect]]
name = "nothing is for free"
on = "source"
every = "cost > 0"
"#;

/// Each visit is there twice or more, and rows that are gone have left their places.
const SOURCE: &str = "
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE visit (who int NOT NULL, what text, cost numeric NOT NULL);
INSERT INTO person SELECT n, 'person ' || n FROM generate_series(1, 50) n;
INSERT INTO visit SELECT n % 50 + 1, CASE WHEN n % 3 > 0 THEN 'what ' || n % 10 END, n % 10 + 1 FROM generate_series(1, 3000) n;
INSERT INTO visit SELECT * FROM visit WHERE who < 20;
DELETE FROM visit WHERE who = 7;
UPDATE visit SET cost = cost + 1 WHERE who = 9;
";

const TARGET: &str = "
CREATE TABLE people (id uuid PRIMARY KEY, name text NOT NULL);
CREATE TABLE visits (id uuid PRIMARY KEY, person_id uuid NOT NULL REFERENCES people, what text, cost numeric(8,2) NOT NULL);
CREATE INDEX visits_person ON visits (person_id);
CREATE TABLE migration_mappings (entity_type text, legacy_id text, new_id uuid NOT NULL, migrated_at timestamptz DEFAULT now(),
  migration_batch text, PRIMARY KEY (entity_type, legacy_id));
";

fn visits() -> Migration {
    let migration = Migration::new();
    migration.source.exec(SOURCE);
    migration.target.exec(TARGET);
    migration.file("etl.toml", PLAN).file("entities/people.toml", PEOPLE).file("entities/visits.toml", VISITS);
    migration
}

const OF_SOURCE: &str = "SELECT count(*) || ' ' || md5(string_agg(v::text, ' ' ORDER BY v::text)) FROM (
  SELECT name, what, cost::numeric(8,2) FROM visit JOIN person ON id = who) v";
const OF_TARGET: &str = "SELECT count(*) || ' ' || md5(string_agg(v::text, ' ' ORDER BY v::text)) FROM (
  SELECT name, what, cost FROM visits JOIN people p ON p.id = person_id) v";

#[track_caller]
fn same(migration: &Migration) {
    assert_eq!(migration.target.value(OF_TARGET), migration.source.value(OF_SOURCE));
}

/// What the staging file says of the visits' chunks.
fn staged(migration: &Migration, what: &str) -> String {
    let sql = format!("SELECT {what} FROM chunks c JOIN entities e ON e.id = c.entity WHERE e.name = 'visits'");
    let answer = migration.etl(&["inspect", "sql", &sql, "--json"]).exits(0).json();
    answer["rows"][0][0].as_str().unwrap().to_owned()
}

#[test]
fn every_row_arrives_duplicates_among_them() {
    let migration = visits();
    let checked = migration.etl(&["check"]).exits(0);
    let checked = checked.says("visits: visit has no key, so it is read as a whole, up to 256 MiB").says("for this staging file only");
    assert!(!checked.stdout.contains("no primary key or unique index"), "{}", checked.stdout);
    let summary = migration.etl(&RUN).exits(0).json();
    let visits = summary["entities"].as_array().unwrap().iter().find(|e| e["name"] == "visits").unwrap().clone();
    let rows = migration.source.value("SELECT count(*) FROM visit");
    assert_eq!((visits["read"].to_string(), visits["loaded"].to_string()), (rows.clone(), rows), "{visits}");
    assert_eq!(staged(&migration, "count(*)"), "1", "one chunk, however small chunks are");
    same(&migration);
    migration.etl(&VALIDATE).exits(0);
    let place = migration.source.value("SELECT ctid FROM visit LIMIT 1");
    migration.etl(&["inspect", "id", "visits", &place]).exits(0).says("loaded");
    let versions = "SELECT md5(string_agg(xmin::text || id, ' ' ORDER BY id)) FROM visits";
    let before = migration.target.value(versions);
    migration.source.exec("UPDATE visit SET cost = cost + 1");
    migration.etl(&RUN).exits(0);
    assert_eq!(migration.target.value(versions), before, "nothing is moved again");
    migration.etl(&["rollback", "--yes"]).exits(0);
    assert_eq!(migration.target.contents(&[]), [""; 0]);
}

#[cfg(feature = "failpoints")]
#[test]
fn a_table_is_read_to_its_end_or_not_at_all() {
    let points = [
        "extract.storing",
        "extract.storing:2",
        "extract.stored",
        "extract.stored:2",
        "extract.finish.storing",
        "extract.finish.storing:2",
    ];
    for point in points.into_iter().chain(["transform.stored:2", "load.committed", "load.committed:2", "rebuild.committed"]) {
        let migration = visits();
        assert!(migration.killed_at(point, &RUN), "{point} was never reached");
        // All rows go to other places, and others come to theirs.
        migration
            .source
            .exec("CREATE TABLE moved AS SELECT * FROM visit ORDER BY cost DESC, who; TRUNCATE visit; INSERT INTO visit TABLE moved");
        migration.etl(&RUN).exits(0);
        assert_eq!(staged(&migration, "count(*)"), "1", "{point}");
        same(&migration);
        migration.etl(&VALIDATE).exits(0);
    }
}

#[test]
fn a_row_in_quarantine_is_taken_as_it_was_read() {
    let migration = visits();
    migration.source.exec("UPDATE visit SET what = 'bad' WHERE who = 3");
    let held = migration.source.value("SELECT count(*) FROM visit WHERE what = 'bad'");
    let summary = migration.etl(&RUN).exits(0).json();
    assert_eq!(summary["totals"]["quarantined"].to_string(), held);
    let bad = "SELECT count(*) FROM visits WHERE what = 'bad'";
    // Good rows stand at all places now.
    migration
        .source
        .exec("UPDATE visit SET what = 'good'; CREATE TABLE moved AS TABLE visit; TRUNCATE visit; INSERT INTO visit TABLE moved");
    for command in [&RUN[..], &["quarantine", "retry", "--progress", "none"]] {
        migration.etl(command).exits(0);
        let report = migration.etl(&["report", "--format", "json"]).exits(0).json();
        assert_eq!(report["totals"]["quarantined"].to_string(), held);
        assert_eq!(report["snapshots"].as_array().unwrap().len(), 1, "the source is not asked");
    }
    migration.edit("entities/visits.toml", "reject('BAD')", "'bad'");
    migration.etl(&["quarantine", "retry", "--progress", "none"]).exits(0);
    assert_eq!(migration.target.value(bad), held);
    assert_eq!(migration.target.value("SELECT count(*) FROM visits WHERE what = 'good'"), "0");
    assert_eq!(migration.target.value("SELECT count(*) FROM visits"), migration.source.value("SELECT count(*) FROM visit"));
    migration.etl(&VALIDATE).exits(0);
}

#[test]
fn rows_without_places_of_their_own_are_refused() {
    let migration = visits();
    migration.source.exec(
        "CREATE VIEW seen AS TABLE visit; CREATE MATERIALIZED VIEW kept AS TABLE visit;
         CREATE TABLE parted (LIKE visit) PARTITION BY LIST (who); CREATE TABLE part PARTITION OF parted DEFAULT;
         CREATE TABLE parent (LIKE visit); CREATE TABLE child () INHERITS (parent);
         CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
         CREATE FOREIGN TABLE far (who int, what text, cost numeric) SERVER nowhere",
    );
    let (entity, _) = VISITS.split_once("[[expect]]").unwrap();
    let check = |from: &str| {
        migration.file("entities/visits.toml", &entity.replace("from = \"visit\"", &format!("from = \"{from}\"")));
        migration.etl(&["check"])
    };
    for (from, what) in [
        ("select * from visit", "a query"),
        ("named", "a query"),
        ("seen", "a view"),
        ("far", "a foreign table"),
        ("parted", "a partitioned table"),
        ("public.parent", "a table from which others inherit"),
    ] {
        let outcome = check(from).exits(2).says("row_number() over (order by …)").says("entities/visits.toml:3:7");
        let codes: Vec<&str> = outcome.stderr.lines().filter(|line| line.starts_with("error[")).collect();
        assert_eq!(codes.len(), 1, "{codes:?}");
        assert!(
            codes[0].starts_with("error[E0315]: `ctid` does not tell the rows of visits apart") && codes[0].ends_with(what),
            "{codes:?}"
        );
    }
    for from in ["part", "kept", "child"] {
        check(from).exits(0);
    }
    check("vist").exits(2).says("E0310").says("did you mean `visit`?");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let migration = visits();
    let check = |old: &str, new: &str| {
        migration.file("entities/visits.toml", VISITS).edit("entities/visits.toml", old, new);
        migration.etl(&["check"]).exits(2)
    };
    check("key = \"ctid\"", "key = \"ctid\"\nids = \"keep\"").says("E0238").says("cannot keep the physical place of its rows");
    check("key = \"ctid\"", "key = \"ctid\"\nadopt = \"what\"").says("E0241").says("where other rows may stand by now");
    check("key = \"ctid\"", "key = [\"ctid\", \"who\"]").says("E0201").says("unknown key column `ctid`");
    migration.file("entities/visits.toml", VISITS);
    migration.etl(&["adopt"]).exits(1).says("no rows can be adopted of visits, whose source has no key");
    migration.etl(&["adopt", "--only", "people"]).exits(0);
}

#[test]
fn a_table_that_is_too_large_is_refused() {
    let migration = visits();
    // What repeats itself takes no room at the source.
    migration.source.exec("INSERT INTO visit SELECT 1, repeat('x', 1 << 20), 1 FROM generate_series(1, 257)");
    migration.etl(&RUN).exits(1).says("entity visits has no key").says("more than 256 MiB").says("row_number() over (order by …)");
    assert_eq!(migration.target.value("SELECT count(*) FROM visits"), "0");
    assert_eq!(staged(&migration, "count(*)"), "0");
    migration.source.exec("DELETE FROM visit WHERE length(what) > 100");
    migration.etl(&RUN).exits(0);
    same(&migration);
}
