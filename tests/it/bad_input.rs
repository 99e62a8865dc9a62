//! What bad input gets: each has its exit code and a message that says what to do, and nothing is lost or half done.

use super::support::{Migration, outcome, shop};

const RUN: [&str; 3] = ["run", "--progress", "none"];

/// Nothing was written to the target.
#[track_caller]
fn untouched(migration: &Migration) {
    for table in ["cities", "people", "items", "migration_mappings"] {
        assert_eq!(migration.target.value(&format!("SELECT count(*) FROM {table}")), "0", "{table}");
    }
}

#[test]
fn an_unreachable_server() {
    let shop = shop();
    let nowhere = "postgres://postgres:x@127.0.0.1:1/nothing";
    shop.migration.etl(&["run", "--progress", "none", "--source", nowhere]).exits(1).says("127.0.0.1");
    shop.migration.etl(&["run", "--progress", "none", "--target", nowhere]).exits(1).says("127.0.0.1");
    untouched(&shop.migration);
}

#[test]
fn a_wrong_password_is_said_and_never_shown() {
    let shop = shop();
    let url = shop.migration.source.url();
    let (user, rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")).unwrap().split_once(':').unwrap();
    let (_, host) = rest.split_once('@').unwrap();
    let wrong = format!("postgres://{user}:wr0ng-s3cret@{host}");
    let outcome = shop.migration.etl(&["run", "--progress", "none", "--source", &wrong]).exits(1).says("password");
    assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("wr0ng-s3cret"));
    untouched(&shop.migration);
}

#[test]
fn a_missing_source_table() {
    let shop = shop();
    shop.migration.edit("entities/items.toml", "from = \"item\"", "from = \"itme\"");
    shop.migration.etl(&RUN).exits(2).says("itme").says("item");
    untouched(&shop.migration);
}

#[test]
fn a_missing_target_table() {
    let shop = shop();
    shop.migration.edit("entities/items.toml", "public.items", "public.itemz");
    shop.migration.etl(&RUN).exits(2).says("itemz").says("public.items");
    untouched(&shop.migration);
}

#[test]
fn all_mistakes_of_a_plan_at_once_each_with_its_place() {
    let shop = shop();
    shop.migration
        .edit("entities/items.toml", "ref('people', person_id)", "ref('peopel', person_id)")
        .edit("entities/items.toml", "btrim(label)", "btrim(lable)")
        .edit("entities/people.toml", "credit = \"credit\"\nlegacy_id", "legacy_id")
        .edit("entities/cities.toml", "name = \"name\"", "nam = \"name\"");
    let outcome = shop.migration.etl(&["check"]).exits(2);
    outcome
        .says("peopel")
        .says("did you mean `people`")
        .says("lable")
        .says("entities/items.toml:")
        .says("people.credit is NOT NULL")
        .says("entities/cities.toml:");
    untouched(&shop.migration);
}

#[test]
fn a_cycle_of_references() {
    let shop = shop();
    shop.migration.edit("entities/cities.toml", "name = \"name\"", "name = \"case when ref('items', id) is null then name end\"");
    shop.migration.etl(&["check"]).exits(2).says("circle").says("cities").says("items");
}

#[test]
fn a_source_column_that_nobody_mentions() {
    let shop = shop();
    shop.migration.source.exec("ALTER TABLE item ADD COLUMN colour text");
    shop.migration.etl(&["check"]).exits(2).says("colour").says("[ignore]");
    shop.migration.file(
        "entities/items.toml",
        &format!(
            "{}\n[ignore]\ncolour = \"never filled\"\n",
            std::fs::read_to_string(shop.migration.folder().join("entities/items.toml")).unwrap()
        ),
    );
    shop.migration.etl(&["check"]).exits(0);
}

#[test]
fn no_plan_here() {
    let empty = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_etl")).arg("run").current_dir(empty.path()).output().unwrap();
    outcome(&output).exits(2).says("etl.toml");
}

#[test]
fn an_unset_variable_is_named() {
    let shop = shop();
    let output = shop.migration.command(&RUN).env_remove("SOURCE_DATABASE_URL").output().unwrap();
    outcome(&output).exits(2).says("SOURCE_DATABASE_URL");
}

#[test]
fn a_staging_file_of_another_version() {
    let shop = shop();
    shop.migration.etl(&RUN).exits(0);
    let staging = shop.migration.staging();
    let mut bytes = std::fs::read(&staging).unwrap();
    // SQLite's header: user_version is the big-endian number at offset 60.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let other = shop.migration.folder().join("other.db");
    std::fs::write(&other, bytes).unwrap();
    shop.migration.etl(&["status", "--staging", other.to_str().unwrap()]).exits(1).says("99");
    std::fs::write(&other, b"not a staging file at all, but long enough to look at").unwrap();
    shop.migration.etl(&["status", "--staging", other.to_str().unwrap()]).exits(1);
}

#[test]
fn a_truncated_or_altered_staging_file() {
    let shop = shop();
    shop.migration.etl(&["extract", "--progress", "none"]).exits(0);
    let staging = shop.migration.staging();
    let whole = std::fs::read(&staging).unwrap();
    let other = shop.migration.folder().join("other.db");
    let name = other.to_str().unwrap();
    std::fs::write(&other, &whole[..whole.len() / 2]).unwrap();
    shop.migration.etl(&["transform", "--progress", "none", "--staging", name]).exits(1);
    // A bit in the middle of every page: somewhere a payload is hit, and its checksum says so.
    let mut altered = whole.clone();
    let mut at = 16_384 + 9_000;
    while at < altered.len() {
        altered[at] ^= 0x10;
        at += 16_384;
    }
    std::fs::write(&other, &altered).unwrap();
    shop.migration.etl(&["transform", "--progress", "none", "--staging", name]).exits(1);
    untouched(&shop.migration);
}

#[test]
fn a_second_etl_on_the_same_staging_file() {
    let shop = shop();
    shop.migration.etl(&["extract", "--progress", "none"]).exits(0);
    let lock = std::fs::OpenOptions::new().write(true).open(format!("{}.lock", shop.migration.staging().display())).unwrap();
    lock.lock().unwrap();
    shop.migration.etl(&RUN).exits(5).says("staging.db");
    shop.migration.etl(&["status"]).exits(0);
    drop(lock);
    shop.migration.etl(&RUN).exits(0);
}

#[test]
fn a_plan_changed_between_stages() {
    let shop = shop();
    shop.migration.etl(&["extract", "--progress", "none"]).exits(0);
    shop.migration.etl(&["transform", "--progress", "none"]).exits(0);
    shop.migration.edit("entities/items.toml", "btrim(label)", "upper(btrim(label))");
    shop.migration.etl(&["load", "--progress", "none"]).exits(5).says("items").says("--redo transform");
    untouched(&shop.migration);
    shop.migration.etl(&["transform", "--progress", "none", "--redo", "transform"]).exits(0);
    shop.migration.etl(&["load", "--progress", "none"]).exits(0);
    assert_eq!(shop.migration.target.value("SELECT count(*) FROM items WHERE label <> upper(label)"), "0");
    shop.migration.edit("entities/items.toml", "upper(btrim(label))", "btrim(label)");
    shop.migration.etl(&["transform", "--progress", "none", "--redo", "transform"]).exits(5).says("loaded");
}

#[test]
fn a_target_that_another_staging_file_loaded() {
    let shop = shop();
    shop.migration.etl(&RUN).exits(0);
    shop.migration.etl(&["run", "--progress", "none", "--staging", "second.db"]).exits(5).says("another staging file");
    assert_eq!(shop.migration.target.value("SELECT count(*) FROM people"), "375");
}

#[test]
fn a_read_only_folder() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let shop = shop();
    let folder = shop.migration.folder().join("locked");
    std::fs::create_dir(&folder).unwrap();
    let mode = |path: &std::path::Path, mode: u32| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(&folder, 0o555);
    let mut command = shop.migration.command(&["extract", "--progress", "none", "--staging", "locked/staging.db"]);
    // Root may write anywhere; so as root the binary is copied to where everyone may run it, and run as nobody.
    if std::fs::write(folder.join("probe"), b"").is_ok() {
        std::fs::remove_file(folder.join("probe")).unwrap();
        mode(shop.migration.folder(), 0o755);
        let binary = shop.migration.folder().join("etl");
        std::fs::copy(env!("CARGO_BIN_EXE_etl"), &binary).unwrap();
        mode(&binary, 0o755);
        let mut as_nobody = std::process::Command::new(binary);
        as_nobody.args(command.get_args()).current_dir(shop.migration.folder()).uid(65_534).gid(65_534);
        as_nobody.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command = as_nobody;
    }
    outcome(&command.output().unwrap()).exits(1).says("locked");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing is left there");
}

#[test]
fn a_role_without_privileges_and_row_security() {
    let shop = shop();
    let target = &shop.migration.target;
    let role = format!("poor_{}", std::process::id());
    target.exec(&format!("CREATE ROLE {role} LOGIN PASSWORD 'poor'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"));
    let (_, host) = target.url().split_once('@').unwrap();
    let url = format!("postgres://{role}:poor@{host}");
    let outcome = shop.migration.etl(&["check", "--target", &url]);
    target.exec(&format!("GRANT INSERT ON ALL TABLES IN SCHEMA public TO {role}; GRANT CREATE ON DATABASE {} TO {role}; ALTER TABLE people ENABLE ROW LEVEL SECURITY", target.value("SELECT current_database()")));
    let secured = shop.migration.etl(&["check", "--target", &url]);
    target.exec(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    outcome.exits(2).says("INSERT").says("public.items");
    secured.exits(2).says("row").says("public.people");
    untouched(&shop.migration);
}

#[test]
fn only_a_child_without_its_parents() {
    let shop = shop();
    shop.migration.etl(&["run", "--progress", "none", "--only", "items"]).exits(2).says("people").says("--with-deps");
    untouched(&shop.migration);
    shop.migration.etl(&["run", "--progress", "none", "--only", "items", "--with-deps"]).exits(0);
}

#[test]
fn over_budget_is_exit_code_3() {
    let shop = shop();
    shop.migration.edit("etl.toml", "quarantine = \"10%\"", "quarantine = 0");
    shop.migration.etl(&RUN).exits(3).says("quarantine");
}
