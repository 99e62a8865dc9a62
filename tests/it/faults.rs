//! Faults that nobody places: processes killed and connections cut at whatever moment. However often, the same command typed
//! again ends in the same target.

use std::process::Stdio;
use std::time::Duration;

use super::support::{Migration, outcome, shop};

const RUN: [&str; 5] = ["run", "--progress", "none", "--chunk-bytes", "20000"];
const TECHNICAL: [&str; 2] = ["migrated_at", "updated_at"];

/// Small numbers that look random and are the same in every run of the test.
fn delays(seed: u64) -> impl Iterator<Item = Duration> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(60 + (state >> 33) % 500)
    })
}

#[track_caller]
fn ends_like(undisturbed: &Migration, disturbed: &Migration) {
    disturbed.etl(&RUN).exits(0);
    disturbed.etl(&["validate", "--progress", "none"]).exits(0);
    assert!(undisturbed.target.contents(&TECHNICAL) == disturbed.target.contents(&TECHNICAL), "the rows differ");
    assert_eq!(undisturbed.target.definitions(), disturbed.target.definitions());
}

#[test]
fn killed_at_twenty_moments() {
    let undisturbed = shop();
    undisturbed.migration.etl(&RUN).exits(0);
    let shop = shop();
    let mut killed = 0;
    for delay in delays(7).take(20) {
        let mut child = shop.migration.command(&RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(delay);
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().code().is_none());
    }
    assert!(killed > 0, "every run was over before it was killed");
    ends_like(&undisturbed.migration, &shop.migration);
}

#[test]
fn connections_cut_on_both_sides() {
    let undisturbed = shop();
    undisturbed.migration.etl(&RUN).exits(0);
    let shop = shop();
    let cut =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'etl' AND datname = current_database()";
    let mut cuts = 0_u64;
    for delay in delays(11).take(8) {
        let child = shop.migration.command(&RUN).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(delay);
        for database in [&shop.migration.source, &shop.migration.target] {
            cuts += database.value(cut).parse::<u64>().unwrap();
        }
        let ended = outcome(&child.wait_with_output().unwrap());
        assert!(matches!(ended.code, Some(0 | 1 | 5)), "{:?}\n{}", ended.code, ended.stderr);
    }
    assert!(cuts > 0, "no connection was there to be cut");
    ends_like(&undisturbed.migration, &shop.migration);
}

#[test]
fn a_load_that_fails_for_good_ends_the_run_and_is_continued_once_mended() {
    let undisturbed = shop();
    undisturbed.migration.etl(&RUN).exits(0);
    let shop = shop();
    // Somebody else's row under a key of ours: the mapping table refuses the chunk, and no row of it is at fault.
    shop.migration.target.exec("INSERT INTO migration_mappings VALUES ('items', '2', gen_random_uuid(), now(), 'theirs')");
    shop.migration.etl(&RUN).exits(1).says("public.migration_mappings").says("items");
    shop.migration.target.exec("DELETE FROM migration_mappings WHERE migration_batch = 'theirs'");
    ends_like(&undisturbed.migration, &shop.migration);
}
