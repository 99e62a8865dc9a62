//! `ids = "keep"`: rows are called in the target as they were in the source, and everything that is promised of new keys holds of them.

use super::support::Migration;

const RUN: [&str; 4] = ["run", "--progress", "none", "--json"];
const VALIDATE: [&str; 3] = ["validate", "--progress", "none"];

const PLAN: &str = r#"
[migration]
name = "same"
entities = ["entities/*.toml"]
ids = "keep"
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"
quarantine = "50%"
[source]
url = "${SOURCE_DATABASE_URL}"
[target]
url = "${TARGET_DATABASE_URL}"
"#;

/// Both databases have these tables. Keys are of each width, negative, and as large as they can be.
const TABLES: &str = "
CREATE TABLE region (id smallint PRIMARY KEY, name text NOT NULL);
CREATE TABLE node (id bigint PRIMARY KEY, parent_id bigint REFERENCES node, region_id smallint NOT NULL REFERENCES region, label varchar(40) UNIQUE);
CREATE TABLE task (id integer PRIMARY KEY, node_id bigint REFERENCES node, cost numeric(12,2), note text);
CREATE INDEX task_node ON task (node_id);
";

const ROWS: &str = "
INSERT INTO region SELECT n, 'region ' || n FROM generate_series(-3, 30) n;
INSERT INTO region VALUES (-32768, 'least'), (32767, 'greatest');
INSERT INTO node VALUES (-9223372036854775808, NULL, -32768, 'least'), (9223372036854775807, -9223372036854775808, 32767, 'greatest'), (0, NULL, 0, NULL);
INSERT INTO node SELECT n, CASE WHEN n % 10 > 0 THEN n - n % 10 END, n % 30, CASE WHEN n % 7 > 0 THEN 'node ' || n END FROM generate_series(1, 3000) n;
INSERT INTO node SELECT -n, n, 1, NULL FROM generate_series(1, 50) n;
INSERT INTO task SELECT n, CASE WHEN n % 5 > 0 THEN n % 3000 END, n / 4.0, CASE WHEN n % 3 > 0 THEN 'note ' || n END FROM generate_series(-200, 4000) n;
INSERT INTO task VALUES (-2147483648, -9223372036854775808, NULL, ''), (2147483647, 9223372036854775807, 0, NULL);
";

const NAMES: [&str; 3] = ["region", "node", "task"];

/// Every source column mapped to itself, references looked up or not.
fn entity(name: &str, columns: &str) -> String {
    format!("target = \"public.{name}\"\nkey = \"id\"\nfrom = \"{name}\"\n[columns]\n{columns}")
}

const NODE: &str =
    "id = \"new_id()\"\nparent_id = \"ref('node', parent_id)\"\nregion_id = \"ref('region', region_id)\"\nlabel = \"label\"\n";
const TASK: &str = "id = \"id\"\nnode_id = \"ref('node', node_id)\"\ncost = \"cost\"\nnote = \"note\"\n";

/// A plan that keeps everything, and looks every reference up.
fn identity() -> Migration {
    let migration = Migration::new();
    migration.source.exec(&format!("{TABLES}{ROWS}"));
    migration.target.exec(TABLES);
    migration
        .file("etl.toml", PLAN)
        .file("entities/region.toml", &entity("region", "id = \"id\"\nname = \"name\"\n"))
        .file("entities/node.toml", &entity("node", NODE))
        .file("entities/task.toml", &entity("task", TASK));
    migration
}

#[track_caller]
fn same(migration: &Migration) {
    for name in NAMES {
        let sql = format!("SELECT count(*) || ' ' || md5(string_agg(t::text, E'\\n' ORDER BY id)) FROM {name} t");
        assert_eq!(migration.target.value(&sql), migration.source.value(&sql), "{name}");
    }
    assert_eq!(migration.target.definitions(), migration.source.definitions());
}

#[test]
fn the_target_is_the_source_and_the_proof_sees_every_change() {
    let migration = identity();
    let summary = migration.etl(&RUN).exits(0).json();
    same(&migration);
    assert_eq!(
        summary["totals"]["loaded"].to_string(),
        migration.source.value("SELECT (SELECT count(*) FROM region) + (SELECT count(*) FROM node) + (SELECT count(*) FROM task)")
    );
    migration.etl(&VALIDATE).exits(0);
    let again = migration.etl(&RUN).exits(0).json();
    assert_eq!(again["differences"].as_array().unwrap().len(), 0);
    same(&migration);

    let target = &migration.target;
    let (broken, mended) = ("UPDATE task SET note = 'other' WHERE id = 4000", "UPDATE task SET note = 'note 4000' WHERE id = 4000");
    target.exec(broken);
    migration.etl(&VALIDATE).exits(4).says("4000").says("note");
    target.exec(mended);
    target.exec("UPDATE node SET parent_id = 20 WHERE id = 2991");
    migration.etl(&VALIDATE).exits(4).says("2991").says("parent_id");
    target.exec("UPDATE node SET parent_id = 2990 WHERE id = 2991");
    target.exec("DELETE FROM task WHERE id = -2147483648");
    migration.etl(&VALIDATE).exits(4).says("-2147483648");
    target.exec("INSERT INTO task VALUES (-2147483648, -9223372036854775808, NULL, '')");
    target.exec("INSERT INTO task VALUES (5001)");
    migration.etl(&VALIDATE).exits(4).says("5001");
    target.exec("DELETE FROM task WHERE id = 5001");
    migration.etl(&VALIDATE).exits(0);
}

#[test]
fn columns_that_are_mapped_to_themselves_are_enough() {
    let migration = identity();
    let columns = [("region", "id name"), ("node", "id parent_id region_id label"), ("task", "id node_id cost note")];
    for (name, columns) in columns {
        let lines: Vec<String> = columns.split(' ').map(|column| format!("{column} = \"{column}\"\n")).collect();
        migration.file(&format!("entities/{name}.toml"), &entity(name, &lines.concat()));
    }
    // Nothing is minted, so no namespace is needed.
    migration.edit("etl.toml", "namespace = \"cfb876f9-4e6b-5f83-a236-2b37d70f3a41\"\n", "");
    migration.etl(&["check"]).exits(0);
    migration.etl(&RUN).exits(0);
    same(&migration);
    migration.etl(&VALIDATE).exits(0);
}

#[test]
fn stage_by_stage_in_small_chunks() {
    let migration = identity();
    migration.etl(&["extract", "--progress", "none", "--chunk-bytes", "16384"]).exits(0);
    migration.etl(&["transform", "--progress", "none"]).exits(0);
    let id = |key: &str| migration.etl(&["inspect", "id", "node", "--json", "--", key]).exits(0).json();
    assert_eq!(id("-9223372036854775808")["new_key"], "-9223372036854775808");
    migration.etl(&["inspect", "id", "node", "7"]).exits(0).says("new key: 7 in public.node");
    let shown = migration.etl(&["inspect", "id", "region", "7"]).exits(0);
    assert!(!shown.stdout.contains("the same new key"), "node 7 is another row: {}", shown.stdout);
    let sql = "SELECT entity, new_key FROM keys WHERE key = 9223372036854775807 OR key = -3 ORDER BY 1, 2";
    let keys = migration.etl(&["inspect", "sql", sql, "--json"]).exits(0).json();
    let keys: Vec<(&str, &str)> =
        keys["rows"].as_array().unwrap().iter().map(|row| (row[0].as_str().unwrap(), row[1].as_str().unwrap())).collect();
    assert_eq!(keys, [("node", "-3"), ("node", "9223372036854775807"), ("region", "-3"), ("task", "-3")]);
    migration.etl(&["load", "--progress", "none"]).exits(0);
    same(&migration);
    migration.etl(&VALIDATE).exits(0);
}

#[test]
fn a_rollback_ends_where_it_began() {
    let migration = identity();
    // A row of somebody else, who stays.
    migration.target.exec("INSERT INTO region VALUES (1000, 'elsewhere')");
    let before = (migration.target.contents(&[]), migration.target.definitions());
    migration.etl(&["run", "--progress", "none", "--chunk-bytes", "16384"]).exits(0);
    let loaded = migration.target.contents(&[]);
    migration.etl(&VALIDATE).exits(0);
    migration.target.exec("INSERT INTO task VALUES (5001, 17)");
    migration.etl(&["rollback", "--yes"]).exits(1).says("1 rows of public.task refer by node_id");
    migration.target.exec("DELETE FROM task WHERE id = 5001");
    migration.etl(&["rollback", "--yes"]).exits(0);
    assert_eq!((migration.target.contents(&[]), migration.target.definitions()), before);
    migration.etl(&["run", "--progress", "none"]).exits(0);
    assert!(migration.target.contents(&[]) == loaded, "the same rows under the same keys");
}

#[test]
fn a_key_that_does_not_fit_and_what_refers_to_it_are_held() {
    let migration = identity();
    migration.target.exec("ALTER TABLE task DROP CONSTRAINT task_node_id_fkey; ALTER TABLE node DROP CONSTRAINT node_parent_id_fkey; ALTER TABLE node ALTER id TYPE integer");
    migration.target.exec("ALTER TABLE task ALTER node_id TYPE integer");
    let summary = migration.etl(&RUN).exits(0).json();
    let entity = |name: &str| summary["entities"].as_array().unwrap().iter().find(|e| e["name"] == name).unwrap().clone();
    assert_eq!(entity("node")["quarantined"], 2, "{}", entity("node"));
    assert_eq!(entity("task")["reasons"]["PARENT_QUARANTINED"], 2, "{}", entity("task"));
    assert_eq!(
        migration
            .target
            .value("SELECT count(*) FROM task t WHERE node_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM node n WHERE n.id = t.node_id)"),
        "0"
    );
    migration.etl(&["quarantine", "list", "--keys"]).exits(0).says("-9223372036854775808").says("2147483647");
    migration.etl(&VALIDATE).exits(0);
}

#[test]
fn references_are_checked_for_existence_and_outcome() {
    let migration = identity();
    migration.source.exec("ALTER TABLE task DROP CONSTRAINT task_node_id_fkey; UPDATE task SET node_id = 77777 WHERE id = 12; UPDATE task SET node_id = 88888 WHERE id = 13");
    migration.edit(
        "entities/task.toml",
        "ref('node', node_id)",
        "case when id = 13 then ref('node', node_id, on_missing => 'null') else ref('node', node_id) end",
    );
    migration.file("entities/node.toml", &format!("{}[[filter]]\nname = \"of 17\"\nwhen = \"id = 17\"\n", entity("node", NODE)));
    let summary = migration.etl(&RUN).exits(0).json();
    let entity = |name: &str| summary["entities"].as_array().unwrap().iter().find(|e| e["name"] == name).unwrap().clone();
    assert_eq!(entity("task")["reasons"]["REF_MISSING"], 1, "{}", entity("task"));
    assert_eq!(migration.target.value("SELECT node_id IS NULL FROM task WHERE id = 13"), "t");
    let filtered = migration.source.value("SELECT count(*) FROM task WHERE node_id IN (17, -17)");
    assert_eq!(entity("task")["filtered"].to_string(), filtered, "{}", entity("task"));
}

#[test]
fn duplicates_that_a_rebuilt_constraint_finds_are_held_with_their_children() {
    let migration = identity();
    migration.source.exec(
        "ALTER TABLE node DROP CONSTRAINT node_label_key; UPDATE node SET label = 'node 11' WHERE id IN (12, 13);
         INSERT INTO node VALUES (-1000, -12, 1, NULL), (-1001, -1000, 1, NULL);
         ALTER TABLE task DROP CONSTRAINT task_node_id_fkey",
    );
    let summary = migration.etl(&RUN).exits(0).json();
    let entity = |name: &str| summary["entities"].as_array().unwrap().iter().find(|e| e["name"] == name).unwrap().clone();
    assert_eq!(entity("node")["reasons"]["SERVER_REFUSED"], 6, "12 and 13, and what refers to them, to any depth: {}", entity("node"));
    assert_eq!(
        migration.target.value("SELECT string_agg(id::text, ' ') FROM node WHERE label = 'node 11'"),
        "11",
        "the smallest key stays"
    );
    assert_eq!(entity("task")["reasons"]["PARENT_QUARANTINED"], 4, "{}", entity("task"));
    assert_eq!(migration.target.value("SELECT count(*) FROM task WHERE node_id IN (12, 13)"), "0");
    migration.etl(&["quarantine", "show", "node", "13"]).exits(0).says("SERVER_REFUSED");
    migration.etl(&VALIDATE).exits(0);
}

#[test]
fn rows_that_the_server_refuses_are_found() {
    let migration = identity();
    migration.target.exec("ALTER TABLE node ADD CHECK (label <> 'node 33')");
    let summary = migration.etl(&RUN).exits(0).json();
    let node = summary["entities"].as_array().unwrap().iter().find(|e| e["name"] == "node").unwrap().clone();
    assert_eq!(node["reasons"]["SERVER_REFUSED"], 2, "and the one that refers to it: {node}");
    assert_eq!(migration.target.value("SELECT count(*) FROM task WHERE node_id = 33"), "0");
    migration.target.exec("ALTER TABLE node DROP CONSTRAINT node_label_check");
    migration.etl(&["quarantine", "retry", "--progress", "none"]).exits(0);
    same(&migration);
    migration.etl(&VALIDATE).exits(0);
}

const MAPPINGS: &str =
    "CREATE TABLE migration_mappings (entity_type text, legacy_id text, new_id uuid NOT NULL, migrated_at timestamptz DEFAULT now(),
  migration_batch text, PRIMARY KEY (entity_type, legacy_id));";

/// Parents that keep their keys with children that get UUIDs, and the other way round.
fn mixed() -> Migration {
    let migration = Migration::new();
    migration.source.exec(&format!("{TABLES}{ROWS}"));
    migration.target.exec(&format!(
        "{MAPPINGS}
         CREATE TABLE region (id smallint PRIMARY KEY, name text NOT NULL);
         CREATE TABLE node (id uuid PRIMARY KEY, parent_id uuid REFERENCES node, region_id integer NOT NULL, label varchar(40) UNIQUE, legacy_id bigint);
         CREATE TABLE task (id bigint PRIMARY KEY, node_id uuid REFERENCES node, cost numeric(12,2), note text);"
    ));
    migration
        .file(
            "etl.toml",
            &PLAN.replace("ids = \"keep\"\n", "").replace("[target]\n", "[target]\nmappings = \"public.migration_mappings\"\n"),
        )
        .file("entities/region.toml", &format!("ids = \"keep\"\n{}", entity("region", "id = \"id\"\nname = \"name\"\n")))
        .file("entities/node.toml", &entity("node", &format!("{NODE}legacy_id = \"id\"\n")))
        .file("entities/task.toml", &format!("ids = \"keep\"\n{}", entity("task", TASK)));
    migration
}

#[test]
fn kept_keys_and_uuids_refer_to_each_other() {
    let migration = mixed();
    migration.etl(&RUN).exits(0);
    let (source, target) = (&migration.source, &migration.target);
    let of_source = "SELECT md5(string_agg((n.id, r.name, p.id, p.label)::text, '' ORDER BY n.id)) FROM node n JOIN region r ON r.id = region_id LEFT JOIN node p ON p.id = n.parent_id";
    let of_target = "SELECT md5(string_agg((n.legacy_id, r.name, p.legacy_id, p.label)::text, '' ORDER BY n.legacy_id)) FROM node n JOIN region r ON r.id = region_id LEFT JOIN node p ON p.id = n.parent_id";
    assert_eq!(target.value(of_target), source.value(of_source));
    let of_source =
        "SELECT md5(string_agg((t.id, n.id, cost, note)::text, '' ORDER BY t.id)) FROM task t LEFT JOIN node n ON n.id = node_id";
    let of_target =
        "SELECT md5(string_agg((t.id, n.legacy_id, cost, note)::text, '' ORDER BY t.id)) FROM task t LEFT JOIN node n ON n.id = node_id";
    assert_eq!(target.value(of_target), source.value(of_source));
    assert_eq!(
        target.value("SELECT string_agg(DISTINCT entity_type, ' ') FROM migration_mappings"),
        "node",
        "a key that is kept is its own map"
    );
    assert_eq!(target.value("SELECT count(*) FROM migration_mappings"), source.value("SELECT count(*) FROM node"));
    migration.etl(&VALIDATE).exits(0);
    target.exec("UPDATE node SET region_id = 5 WHERE legacy_id = 4");
    migration.etl(&VALIDATE).exits(4).says("region_id");
    target.exec("UPDATE node SET region_id = 4 WHERE legacy_id = 4");
    migration.etl(&["rollback", "--yes"]).exits(0);
    assert_eq!(target.contents(&[]), [""; 0]);
    migration.etl(&RUN).exits(0);
    migration.etl(&VALIDATE).exits(0);
}

#[test]
fn rows_that_are_there_already_are_adopted_by_the_key_they_keep() {
    let migration = mixed();
    migration.target.exec("INSERT INTO region SELECT n, 'as it was' FROM generate_series(1, 5) n");
    migration.edit("entities/region.toml", "ids = \"keep\"\n", "ids = \"keep\"\nadopt = \"id\"\n");
    let summary = migration.etl(&RUN).exits(0).json();
    let region = summary["entities"].as_array().unwrap().iter().find(|e| e["name"] == "region").unwrap().clone();
    assert_eq!(region["adopted"], 5, "{region}");
    assert_eq!(migration.target.value("SELECT count(*) FROM region WHERE name = 'as it was'"), "5");
    migration.etl(&VALIDATE).exits(0);
    migration.target.exec("DELETE FROM region WHERE id = 3");
    migration.etl(&VALIDATE).exits(4).says("an adopted row is not in the target any more");
}

#[test]
fn a_lost_staging_file_is_made_up_for_by_what_is_loaded() {
    let migration = identity();
    migration.etl(&RUN).exits(0);
    std::fs::remove_file(migration.staging()).unwrap();
    migration.target.exec("DELETE FROM task WHERE id = 4000");
    migration.etl(&RUN).exits(5).says("etl adopt");
    migration.etl(&["adopt"]).exits(0);
    let summary = migration.etl(&RUN).exits(0).json();
    assert_eq!(summary["totals"]["loaded"], 1, "{}", summary["totals"]);
    same(&migration);
}

#[test]
fn merged_rows_lead_to_the_key_that_is_kept() {
    let migration = identity();
    migration.source.exec(
        "ALTER TABLE node DROP CONSTRAINT node_label_key; UPDATE node SET label = 'node 1' WHERE id IN (4, 3);
         UPDATE node SET parent_id = NULL WHERE id IN (1, 3, 4)",
    );
    migration.file("entities/node.toml", &format!("{}[merge]\nby = [\"label\"]\n", entity("node", NODE)));
    migration.etl(&RUN).exits(0);
    assert_eq!(migration.target.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM node WHERE id IN (1, 3, 4)"), "1");
    let expected = migration.source.value("SELECT count(*) FROM task WHERE node_id IN (1, 3, 4)");
    assert_eq!(migration.target.value("SELECT count(*) FROM task WHERE node_id = 1"), expected);
    let sql = "SELECT new_key FROM keys WHERE entity = 'node' AND key = 4";
    migration.etl(&["inspect", "sql", sql]).exits(0).says("1");
    migration.etl(&["inspect", "id", "node", "4"]).exits(0).says("new key: 1 in").says("the same new key: node 1 (loaded)");
    migration.etl(&VALIDATE).exits(0);
}

#[test]
fn two_entities_that_keep_one_key_in_one_table_stop_the_run() {
    let migration = identity();
    migration.file(
        "entities/more.toml",
        &entity("region", "id = \"id\"\nname = \"name\"\n")
            .replace("from = \"region\"", "from = \"select id + 100::smallint as id, name from region where id < 100\""),
    );
    migration.etl(&["run", "--only", "region,more", "--progress", "none"]).exits(0);
    assert_eq!(migration.target.value("SELECT count(*) FROM region"), "71");
    migration.etl(&["validate", "--only", "region,more", "--progress", "none"]).exits(0);
    let migration = identity();
    migration.file(
        "entities/more.toml",
        &entity("region", "id = \"id\"\nname = \"name\"\n")
            .replace("from = \"region\"", "from = \"select id, name from region where id = 7\""),
    );
    migration
        .etl(&["run", "--only", "region,more", "--progress", "none"])
        .exits(1)
        .says("both got the new key 7 in")
        .says("more 7")
        .says("region 7");
    assert_eq!(migration.target.value("SELECT count(*) FROM region"), "0");
}

#[test]
fn a_kill_on_the_way_changes_nothing() {
    for failpoint in ["transform.stored:2", "load.committed:3", "rebuild.refused", "dismantle.committed"] {
        let migration = identity();
        migration.source.exec("ALTER TABLE node DROP CONSTRAINT node_label_key; UPDATE node SET label = 'node 20' WHERE id = 2999");
        assert!(migration.killed_at(failpoint, &["run", "--progress", "none", "--chunk-bytes", "16384"]), "{failpoint}");
        migration.etl(&RUN).exits(0);
        assert_eq!(migration.target.value("SELECT count(*) FROM node WHERE label = 'node 20'"), "1", "{failpoint}");
        migration.etl(&VALIDATE).exits(0);
        migration.etl(&["rollback", "--yes"]).exits(0);
        assert_eq!(migration.target.contents(&[]), [""; 0], "{failpoint}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_and_says_what_to_write() {
    let check = |file: &str, old: &str, new: &str| {
        let migration = identity();
        migration.source.exec("CREATE TABLE word (id text PRIMARY KEY, name text)");
        migration.target.exec("CREATE TABLE word (id text PRIMARY KEY, name text)");
        migration.edit(file, old, new);
        migration.etl(&["check"]).exits(2)
    };
    let text = "from = \"word\"\ntarget = \"public.word\"\n";
    let region = "entities/region.toml";
    check(region, "target = \"public.region\"\nkey = \"id\"\nfrom = \"region\"\n", &format!("name = \"word\"\nkey = \"id\"\n{text}"))
        .says("E0238")
        .says("cannot keep a key of type text")
        .says("uuid_v5");
    check(region, "key = \"id\"", "key = [\"id\", \"name\"]").says("E0238").says("a key of 2 columns");
    check("entities/task.toml", "id = \"id\"", "id = \"id + 0\"").says("E0233").says("no column that is the key it keeps");
    check("entities/task.toml", "note = \"note\"", "note = \"id::text\"").says("E0220");
    check("entities/node.toml", "parent_id = \"ref('node', parent_id)\"", "parent_id = \"new_id()\"")
        .says("E0233")
        .says("more than one column");
    check(region, "key = \"id\"", "key = \"id\"\nadopt = \"name\"").says("E0239").says("adopt = \"id\"");
    check(region, "key = \"id\"", "key = \"id\"\nids = \"uuid_v7(created_at)\"").says("E0012").says("uuid_v7(time, id)");
    check(region, "key = \"id\"", "key = \"id\"\nids = \"kept\"").says("E0012").says("ids = \"keep\"");
    let migration = mixed();
    migration.edit("entities/region.toml", "[columns]", "merge = { by = [\"name\"] }\n[columns]");
    migration.etl(&["check"]).exits(2).says("E0239").says("public.migration_mappings cannot tell");
}

#[test]
fn unit_tests_know_kept_keys() {
    let migration = identity();
    let tests = r#"
[[test]]
name = "kept"
given = { id = 5, node_id = 7, cost = "1.00" }
refs = { node = { 7 = "loaded" } }
expect = { id = 5, node_id = 7, cost = "1.00" }
[[test]]
name = "merged into another"
like = "kept"
refs = { node = { 7 = "3" } }
expect = { id = { expr = "new_id()" }, node_id = 3 }
[[test]]
name = "held"
like = "kept"
refs = { node = { 7 = "quarantined" } }
expect = { quarantined = "PARENT_QUARANTINED" }
"#;
    migration.file("entities/task.toml", &format!("{}{tests}", entity("task", TASK)));
    migration.etl(&["test"]).exits(0);
    migration.edit("entities/task.toml", "{ 7 = \"3\" }", "{ 7 = \"00000000-0000-4000-8000-000000000001\" }");
    migration.etl(&["test"]).exits(2).says("E0252").says("whole numbers");
}
