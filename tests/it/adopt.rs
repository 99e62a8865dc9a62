//! Rows that are in the target before the migration: their keys are adopted, their rows are neither loaded nor changed, and whoever
//! refers to them finds them.

use super::support::{Migration, shop};

const PLAN: &str = r#"
[migration]
name = "adopting"
entities = ["entities/*.toml"]
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"
[source]
url = "${SOURCE_DATABASE_URL}"
[target]
url = "${TARGET_DATABASE_URL}"
mappings = "public.migration_mappings"
"#;

const OFFICES: &str = r#"
target = "public.offices"
key = "id"
from = "select o.*, min(id) over (partition by name) as survivor from office o"
[adopt]
column = "legacy_id"
pairs = "select legacy_id, new_id from migration_mappings where entity_type = 'office'"
[merge]
into = "survivor"
[columns]
id = "new_id()"
name = "name"
legacy_id = "id"
"#;

const DOCTORS: &str = r#"
target = "public.doctors"
key = "id"
from = "doctor"
[columns]
id = "new_id()"
office_id = "ref('offices', office_id)"
legacy_id = "id"
"#;

/// Offices 1 to 8 are there; 9 and 10 have the names of 1 and 2: 9 is known to be merged by an old pair, 10 is not. 11 and 12 are new,
/// 12 with the name of 11.
fn migration() -> Migration {
    let migration = Migration::new();
    migration.source.exec(
        "CREATE TABLE office (id int PRIMARY KEY, name text); CREATE TABLE doctor (id int PRIMARY KEY, office_id int);
         INSERT INTO office SELECT n, 'office ' || CASE n WHEN 9 THEN 1 WHEN 10 THEN 2 WHEN 12 THEN 11 ELSE n END FROM generate_series(1, 12) n;
         INSERT INTO doctor SELECT n, n FROM generate_series(1, 12) n",
    );
    migration.target.exec(
        "CREATE TABLE migration_mappings (entity_type text, legacy_id text, new_id uuid NOT NULL, migrated_at timestamptz DEFAULT now(), migration_batch text, PRIMARY KEY (entity_type, legacy_id));
         CREATE TABLE offices (id uuid PRIMARY KEY, name text NOT NULL, legacy_id int UNIQUE);
         CREATE TABLE doctors (id uuid PRIMARY KEY, office_id uuid NOT NULL REFERENCES offices, legacy_id int);
         INSERT INTO offices SELECT md5('adopted|' || n)::uuid, 'as it was', n FROM generate_series(1, 8) n;
         INSERT INTO migration_mappings SELECT 'office', n::text, md5('adopted|' || CASE n WHEN 9 THEN 1 ELSE n END)::uuid, now(), 'earlier' FROM generate_series(1, 9) n WHERE n <> 5;
         INSERT INTO migration_mappings VALUES ('office', '77', md5('gone')::uuid, now(), 'earlier')",
    );
    migration.file("etl.toml", PLAN).file("entities/offices.toml", OFFICES).file("entities/doctors.toml", DOCTORS);
    migration
}

#[test]
fn what_is_there_is_adopted_and_the_rest_is_loaded() {
    let migration = migration();
    let run = migration.etl(&["run", "--json", "--progress", "none"]).exits(0).json();
    let offices = &run["entities"][0];
    // 9 is merged by the old pair, 10 by the rule of the plan into an adopted row, 12 into 11, which is loaded.
    let counts = ["read", "adopted", "merged", "loaded"].map(|outcome| offices[outcome].as_u64().unwrap());
    assert_eq!(counts, [12, 8, 3, 1]);
    assert_eq!(migration.target.value("SELECT count(*) FROM offices"), "9");
    assert_eq!(migration.target.value("SELECT count(*) FROM offices WHERE name = 'as it was'"), "8", "adopted rows are not touched");
    assert_eq!(
        migration.target.value(
            "SELECT string_agg(coalesce(o.legacy_id, 0)::text, ',' ORDER BY d.legacy_id) FROM doctors d JOIN offices o ON o.id = d.office_id"
        ),
        "1,2,3,4,5,6,7,8,1,2,11,11"
    );
    let published = "SELECT count(*) FROM migration_mappings WHERE entity_type = 'offices'";
    assert_eq!(migration.target.value(published), "12");
    assert_eq!(migration.target.value("SELECT count(*) FROM migration_mappings WHERE entity_type = 'office'"), "9", "old pairs stay");
    migration.etl(&["run", "--progress", "none"]).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM offices"), "9");
    migration.etl(&["validate", "--progress", "none"]).exits(0);
    migration
        .target
        .exec("UPDATE doctors SET office_id = (SELECT id FROM offices WHERE legacy_id = 1); DELETE FROM offices WHERE legacy_id = 7");
    migration.etl(&["validate", "--progress", "none"]).exits(4).says("an adopted row is not in the target any more");
}

#[test]
fn stages_one_by_one_adopt_too() {
    let migration = migration();
    migration.etl(&["extract", "--progress", "none"]).exits(0);
    migration.etl(&["adopt"]).exits(0).says("offices");
    migration.etl(&["transform", "--progress", "none"]).exits(0);
    migration.etl(&["load", "--progress", "none"]).exits(0);
    migration.etl(&["validate", "--progress", "none"]).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM offices"), "9");
    migration.etl(&["adopt"]).exits(5).says("loaded already");
}

#[test]
fn one_key_for_two_rows_is_refused_and_both_are_named() {
    let migration = migration();
    migration.target.exec("UPDATE migration_mappings SET new_id = md5('adopted|3')::uuid WHERE entity_type = 'office' AND legacy_id = '4'");
    migration
        .etl(&["run", "--progress", "none"])
        .exits(1)
        .says("offices 4 is two rows")
        .says(&migration.target.value("SELECT md5('adopted|3')::uuid"))
        .says(&migration.target.value("SELECT md5('adopted|4')::uuid"));
    assert_eq!(migration.target.value("SELECT count(*) FROM doctors"), "0");
}

#[test]
fn a_lost_staging_file_is_made_again_and_nothing_doubles() {
    let shop = shop();
    let migration = &shop.migration;
    migration.etl(&["run", "--progress", "none"]).exits(0);
    let content = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM (SELECT * FROM cities) t";
    let of = |table: &str| migration.target.value(&content.replace("cities", table));
    let before = ["cities", "people", "items", "migration_mappings"].map(of);
    for file in ["staging.db", "staging.db-wal", "staging.db-shm"] {
        let _ = std::fs::remove_file(migration.folder().join(file));
    }
    migration.etl(&["adopt"]).exits(0).says("items");
    migration.etl(&["run", "--progress", "none"]).exits(0);
    let after = ["cities", "people", "items", "migration_mappings"].map(of);
    assert_eq!(before, after);
}

#[test]
fn mistakes_in_what_is_adopted_are_found_by_the_check() {
    let migration = migration();
    migration.edit("entities/offices.toml", "column = \"legacy_id\"", "column = \"legacy_idd\"");
    migration.edit("entities/offices.toml", "select legacy_id, new_id", "select legacy, new_id");
    migration.etl(&["check"]).exits(2).says("E0330").says("did you mean `legacy_id`?").says("E0331").says("offices.toml:7");
}
