//! Two entities that feed one table: both are loaded, and two keys that would mint one new key stop the run before a row is sent.

use super::support::Migration;

const PLAN: &str = r#"
[migration]
name = "two"
entities = ["entities/*.toml"]
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"
[source]
url = "${SOURCE_DATABASE_URL}"
[target]
url = "${TARGET_DATABASE_URL}"
mappings = "public.migration_mappings"
"#;

fn entity(from: &str) -> String {
    format!(
        "target = \"public.comments\"\nkey = \"key\"\nfrom = \"{from}\"\n[columns]\nid = \"new_id()\"\nbody = \"body\"\norigin = \"'{{}}'\"\nlegacy_id = \"id\"\n"
    )
}

fn migration(key_of_notes: &str) -> Migration {
    let migration = Migration::new();
    migration.source.exec(
        "CREATE TABLE comment (id int PRIMARY KEY, body text); CREATE TABLE note (id int PRIMARY KEY, body text);
         INSERT INTO comment SELECT n, 'c' || n FROM generate_series(1, 50) n; INSERT INTO note SELECT n, 'n' || n FROM generate_series(1, 30) n",
    );
    migration.target.exec(
        "CREATE TABLE migration_mappings (entity_type text, legacy_id text, new_id uuid NOT NULL, migrated_at timestamptz DEFAULT now(), migration_batch text, PRIMARY KEY (entity_type, legacy_id));
         CREATE TABLE comments (id uuid PRIMARY KEY, body text NOT NULL, origin jsonb NOT NULL, legacy_id serial)",
    );
    migration
        .file("etl.toml", PLAN)
        .file("entities/comments.toml", &entity("select id, concat('comment:', id) as key, body from comment"))
        .file("entities/notes.toml", &entity(&format!("select id, concat('{key_of_notes}:', id) as key, body from note")));
    migration
}

#[test]
fn both_are_loaded_and_proved() {
    let migration = migration("note");
    migration.etl(&["run", "--progress", "none"]).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM comments"), "80");
    assert_eq!(
        migration.target.value("SELECT new_id FROM migration_mappings WHERE legacy_id = 'comment:1'"),
        "bc136d24-3f94-507b-80c3-465f59947cbd"
    );
    assert_eq!(
        migration.target.value("SELECT nextval(pg_get_serial_sequence('comments', 'legacy_id'))"),
        "51",
        "the sequence stands behind what was loaded"
    );
    assert_eq!(migration.target.value("SELECT reltuples FROM pg_class WHERE relname = 'comments'"), "80", "the table was analysed");
    migration.target.exec("DELETE FROM comments WHERE body = 'n7'");
    migration.etl(&["validate", "--progress", "none"]).exits(4).says("note:7");
}

#[test]
fn one_new_key_for_two_rows_stops_the_run_and_names_both() {
    let migration = migration("comment");
    migration.etl(&["run", "--progress", "none"]).exits(1).says("comments comment:").says("notes comment:").says("the new key");
    assert_eq!(migration.target.value("SELECT count(*) FROM comments"), "0");
}
