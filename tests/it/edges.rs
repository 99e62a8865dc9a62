//! Sizes at the edges: rows of tens of megabytes, keys with gaps, keys that are no whole number, and hundreds of tables.

use std::fmt::Write as _;

use super::support::{Migration, OwnServer};

const RUN: [&str; 4] = ["run", "--progress", "none", "--json"];

const PLAN: &str = r#"
[migration]
name = "edges"
staging = "staging.db"
entities = ["entities/*.toml"]
namespace = "cfb876f9-4e6b-5f83-a236-2b37d70f3a41"
[source]
url = "${SOURCE_DATABASE_URL}"
[target]
url = "${TARGET_DATABASE_URL}"
"#;

/// A migration of one table `old` into one table `new`.
fn one_table(old: &str, new: &str, key: &str, columns: &str) -> Migration {
    let migration = Migration::new();
    migration.source.exec(old);
    migration.target.exec(new);
    migration.file("etl.toml", PLAN);
    migration.file(
        "entities/e.toml",
        &format!("name = \"e\"\ntarget = \"new\"\nkey = {key}\nfrom = \"old\"\n[columns]\nid = \"new_id()\"\n{columns}"),
    );
    migration
}

/// Runs it and gives the summary; every row must be loaded and proved.
#[track_caller]
fn moves_all(migration: &Migration, rows: u64) -> serde_json::Value {
    let summary = migration.etl(&RUN).exits(0).json();
    assert_eq!(summary["totals"]["loaded"], rows, "{}", summary["totals"]);
    assert_eq!(summary["differences"].as_array().unwrap().len(), 0);
    summary
}

#[test]
#[allow(clippy::print_stdout, reason = "a figure for whoever wants to know")]
fn rows_of_fifty_megabytes_take_memory_for_a_few_rows() {
    // 25 MB of bytes and 25 MB of text a row, neither of which can be compressed by much.
    let migration = one_table(
        "CREATE TABLE old (id int PRIMARY KEY, blob bytea, body text);
         ALTER TABLE old ALTER blob SET STORAGE EXTERNAL, ALTER body SET STORAGE EXTERNAL;
         WITH noise AS MATERIALIZED (SELECT decode(string_agg(md5(n::text), ''), 'hex') AS bytes FROM generate_series(1, 1200000) n)
         INSERT INTO old SELECT g, decode(md5(g::text), 'hex') || bytes || substr(bytes, 1, 5800000), md5(g::text) || translate(encode(bytes, 'base64'), E'\\n', '')
           FROM noise, generate_series(1, 6) g",
        "CREATE TABLE new (id uuid PRIMARY KEY, blob bytea, body text)",
        "\"id\"",
        "blob = \"blob\"\nbody = \"body\"\n",
    );
    assert_eq!(migration.source.value("SELECT min(length(blob) + length(body)) / 1000000 FROM old"), "50");
    let summary = moves_all(&migration, 6);
    let sums = "SELECT string_agg(md5(blob) || md5(body), ' ' ORDER BY md5(blob)) FROM ";
    assert_eq!(migration.target.value(&format!("{sums} new")), migration.source.value(&format!("{sums} old")));
    let peak = summary["peak_rss_bytes"].as_u64().unwrap() / 1_000_000;
    // A chunk holds at least one row, and what is at work are chunks: a handful for each job (the row as it is read, staged, transformed and
    // sent), whatever the number of rows.
    println!("{peak} MB at the peak");
    assert!(peak < 1_600, "{peak} MB at the peak for rows of 50 MB");
}

#[test]
fn keys_with_a_gap_of_a_trillion_are_cut_where_the_rows_are() {
    let migration = one_table(
        "CREATE TABLE old (id bigint PRIMARY KEY, name text);
         INSERT INTO old SELECT g, 'n' || g FROM generate_series(1, 1000) g;
         INSERT INTO old SELECT g + (1::bigint << 40), 'n' || g FROM generate_series(1, 170000) g;
         INSERT INTO old VALUES (-9223372036854775808, 'least'), (9223372036854775807, 'greatest'); ANALYZE old",
        "CREATE TABLE new (id uuid PRIMARY KEY, name text)",
        "\"id\"",
        "name = \"name\"\n",
    );
    migration.source.exec("INSERT INTO old SELECT g + (1::bigint << 41), 'n' || g FROM generate_series(1, 140000) g; ANALYZE old");
    moves_all(&migration, 311_002);
    let number = |sql: &str| -> u64 {
        let found = migration.etl(&["inspect", "sql", sql]).exits(0).stdout;
        found.lines().find_map(|line| line.trim().parse().ok()).unwrap_or_else(|| panic!("no number in {found}"))
    };
    let ranges = number("SELECT count(*) AS n FROM ranges");
    assert!(ranges >= 2, "{ranges} ranges");
    // Cut by the span of the keys, all rows but three would be in one range.
    let greatest = number("SELECT max(n) AS n FROM (SELECT sum(rows) AS n FROM chunks GROUP BY range_no)");
    assert!(greatest <= 311_002 * 2 / 3, "{greatest} of 311,002 rows are in one of {ranges} ranges");
}

#[test]
fn composite_and_text_keys_are_read_in_one_range() {
    let composite = one_table(
        "CREATE TABLE old (a text, b int, name text, PRIMARY KEY (a, b));
         INSERT INTO old SELECT md5((g / 7)::text), g % 7, 'n' || g FROM generate_series(1, 100000) g; ANALYZE old",
        "CREATE TABLE new (id uuid PRIMARY KEY, name text)",
        "[\"a\", \"b\"]",
        "name = \"name\"\n",
    );
    moves_all(&composite, 100_000);
    let text = one_table(
        "CREATE TABLE old (code text PRIMARY KEY, name text);
         INSERT INTO old SELECT 'k' || g || repeat('é', g % 5), 'n' || g FROM generate_series(1, 100000) g; ANALYZE old",
        "CREATE TABLE new (id uuid PRIMARY KEY, name text)",
        "\"code\"",
        "name = \"name\"\n",
    );
    moves_all(&text, 100_000);
}

/// Nothing in the source keeps the rows apart: that is said, no row is lost, and of two rows with one key none is.
#[test]
fn a_table_without_a_key_is_told_of_and_two_equal_keys_end_the_run() {
    let migration = one_table(
        "CREATE TABLE old (id int, name text); INSERT INTO old SELECT g, 'n' || g FROM generate_series(1000, 1, -1) g; ANALYZE old",
        "CREATE TABLE new (id uuid PRIMARY KEY, name text)",
        "\"id\"",
        "name = \"name\"\n",
    );
    migration.source.exec("CREATE UNIQUE INDEX ON old (id) WHERE id > 5");
    migration.etl(&["check"]).exits(0).says("e: no primary key or unique index of old keeps id apart");
    moves_all(&migration, 1_000);
    migration.source.exec("CREATE UNIQUE INDEX ON old (id) INCLUDE (name)");
    let told = migration.etl(&["check"]).exits(0);
    assert!(!told.stdout.contains("keeps id apart") && !told.stderr.contains("keeps id apart"), "{told:?}");
    let twice = one_table(
        "CREATE TABLE old (id int, name text); INSERT INTO old SELECT g, 'n' || g FROM generate_series(1, 1000) g; INSERT INTO old VALUES (500, 'again')",
        "CREATE TABLE new (id uuid PRIMARY KEY, name text)",
        "\"id\"",
        "name = \"name\"\n",
    );
    twice.etl(&RUN).exits(1).says("two rows have the same key (500)");
    assert_eq!(twice.target.value("SELECT count(*) FROM new"), "0");
}

/// More than are asked for, looked into, and taken down at once.
#[test]
fn hundreds_of_tables_are_asked_for_together_and_each_tells_its_own() {
    const TABLES: usize = 320;
    let migration = Migration::new();
    let (mut old, mut new) = (String::new(), String::new());
    migration.file("etl.toml", PLAN);
    for i in 0..TABLES {
        let parent = i.checked_sub(1);
        let (refers, column) =
            parent.map_or((String::new(), String::new()), |p| (format!(", p uuid REFERENCES t{p}"), format!("p = \"ref('e{p}', p)\"\n")));
        let _ = write!(old, "CREATE TABLE s{i} (id int PRIMARY KEY, p int); INSERT INTO s{i} SELECT g, g FROM generate_series(1, 3) g;");
        let _ = write!(new, "CREATE TABLE t{i} (id uuid PRIMARY KEY{refers});");
        migration.file(
            &format!("entities/e{i:03}.toml"),
            &format!("name = \"e{i}\"\ntarget = \"t{i}\"\nkey = \"id\"\nfrom = \"s{i}\"\n[columns]\nid = \"new_id()\"\n{column}"),
        );
    }
    migration.edit("entities/e000.toml", "[columns]", "[ignore]\np = \"the first has no parent\"\n[columns]");
    migration.source.exec(&old);
    migration.target.exec(&new);
    let before = migration.target.definitions();
    // Two that are wrong are told where they are, and the others are no worse for it.
    migration.edit("entities/e150.toml", "from = \"s150\"", "from = \"select id, p, 1 / 0 as x from s150x\"");
    migration.edit("entities/e151.toml", "target = \"t151\"", "target = \"t151x\"");
    let refused = migration.etl(&["check"]).exits(2);
    assert!(refused.stderr.contains("E0310") && refused.stderr.contains("E0321"), "{}", refused.stderr);
    assert!(refused.stderr.contains("e150.toml") && refused.stderr.contains("e151.toml"), "{}", refused.stderr);
    assert_eq!(refused.stderr.matches("error[").count(), 2, "{}", refused.stderr);
    migration.edit("entities/e150.toml", "from = \"select id, p, 1 / 0 as x from s150x\"", "from = \"s150\"");
    migration.edit("entities/e151.toml", "t151x", "t151");
    let rows = 3 * u64::try_from(TABLES).unwrap();
    moves_all(&migration, rows);
    assert_eq!(migration.target.definitions(), before, "what was taken down is up again");
    assert_eq!(migration.target.value("SELECT count(*) > 600 FROM etl.dismantled WHERE restored_at IS NOT NULL"), "t");
}

/// A run over 2,000 tables ended with "out of shared memory": a transaction keeps a lock on every table and index that it has touched until
/// it ends, and those that hold the snapshot live as long as the run. The server has room for some hundred locks, all connections together.
#[test]
fn a_server_with_room_for_few_locks_moves_hundreds_of_tables() {
    const TABLES: usize = 240;
    let server = OwnServer::start(
        "locks",
        "max_locks_per_transaction = 10\nmax_connections = 14\nsuperuser_reserved_connections = 0\nshared_buffers = 32MB\nautovacuum = off\n\
         autovacuum_max_workers = 1\nmax_worker_processes = 1\nmax_wal_senders = 0\nwal_level = minimal",
    );
    let migration = Migration::on(&server);
    migration.file("etl.toml", PLAN);
    for i in 0..TABLES {
        // Every table but the first ones refers to another, and half of them to one and the same.
        let parent = if i % 2 == 0 { 0 } else { i / 2 };
        let root = i == 0;
        let refers = if root { String::new() } else { format!(", p uuid REFERENCES t{parent}") };
        // One by one: in one transaction they would not fit into the server's room either.
        migration
            .source
            .exec(&format!("CREATE TABLE s{i} (id int PRIMARY KEY, p int); INSERT INTO s{i} SELECT g, g FROM generate_series(1, 3) g"));
        migration.target.exec(&format!("CREATE TABLE t{i} (id uuid PRIMARY KEY{refers})"));
        let rest = if root { "[ignore]\np = \"no parent\"\n".to_owned() } else { String::new() };
        let column = if root { String::new() } else { format!("p = \"ref('e{parent}', p)\"\n") };
        migration.file(
            &format!("entities/e{i:03}.toml"),
            &format!("name = \"e{i}\"\ntarget = \"t{i}\"\nkey = \"id\"\nfrom = \"s{i}\"\n{rest}[columns]\nid = \"new_id()\"\n{column}"),
        );
    }
    let before = migration.target.definitions();
    migration.etl(&["check"]).exits(0);
    moves_all(&migration, 3 * u64::try_from(TABLES).unwrap());
    assert_eq!(migration.target.definitions(), before, "what was taken down is up again");
    migration.etl(&RUN).exits(0);
}
