//! The flagship example: its ledger, reasons, filters, incidents and control sums equal `expected/`, which is computed from the
//! generator's rules. By default at scale 0.01 with three seeds; `scripts/flagship` asks for more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::{Database, outcome};

fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/orthodontics").join(path)
}

fn script(path: &str, args: &[&str]) {
    let output = Command::new(example(path)).args(args).output().unwrap();
    assert!(output.status.success(), "{path} {args:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn words(variable: &str, default: &str) -> Vec<String> {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned()).split_whitespace().map(str::to_owned).collect()
}

/// The lines of `expected/` as the summary gives them: entity, measure, name, value.
fn measured(summary: &serde_json::Value) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for entity in summary["entities"].as_array().unwrap() {
        let name = text(&entity["name"]);
        for count in ["read", "loaded", "merged", "filtered", "quarantined"] {
            lines.insert(format!("{name}\tledger\t{count}\t{}", entity[count]));
        }
        if entity["adopted"] != 0 {
            lines.insert(format!("{name}\tledger\tadopted\t{}", entity["adopted"]));
        }
        for (measure, key) in [("reason", "reasons"), ("filter", "filters")] {
            for (code, count) in entity[key].as_object().unwrap() {
                lines.insert(format!("{name}\t{measure}\t{code}\t{count}"));
            }
        }
        for incident in entity["incidents"].as_array().unwrap() {
            lines.insert(format!("{name}\tincident\t{}.{}\t{}", text(&incident["column"]), text(&incident["code"]), incident["count"]));
        }
    }
    for control in summary["controls"].as_array().unwrap() {
        for side in ["source", "loaded", "held"] {
            lines.insert(format!("{}\tcontrol\t{}.{side}\t{}", text(&control["entity"]), text(&control["name"]), text(&control[side])));
        }
    }
    lines
}

#[test]
fn the_ledger_is_the_one_that_the_generators_rules_give() {
    for scale in words("ETL_FLAGSHIP_SCALES", "0.01") {
        let file = example(&format!("expected/scale-{scale}.core.b.tsv"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let expected: BTreeSet<String> =
            text.lines().filter(|l| l.contains('\t') && !l.starts_with("entity\t")).map(str::to_owned).collect();
        assert!(expected.len() > 80, "{} has only {} lines", file.display(), expected.len());
        for seed in words("ETL_FLAGSHIP_SEEDS", "20251015 1 2") {
            let (source, target) = (Database::create("legacy"), Database::create("app"));
            script("legacy/generate", &["--url", source.url(), "--scale", &scale, "--seed", &seed]);
            script("target/create", &["--url", target.url()]);
            let folder = tempfile::tempdir().unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_etl"))
                .args(["run", "--json", "--progress", "none", "--plan"])
                .arg(example("etl.toml"))
                .arg("--staging")
                .arg(folder.path().join("staging.db"))
                .env("SOURCE_DATABASE_URL", source.url())
                .env("TARGET_DATABASE_URL", target.url())
                .output()
                .unwrap();
            let summary = outcome(&output).exits(0).json();
            let found = measured(&summary);
            let missing: Vec<_> = expected.difference(&found).collect();
            let extra: Vec<_> = found.difference(&expected).collect();
            assert!(
                missing.is_empty() && extra.is_empty(),
                "scale {scale}, seed {seed}\nexpected and not found {missing:#?}\nfound and not expected {extra:#?}"
            );
            assert_eq!(summary["validated"], true);
            assert_eq!(summary["differences_found"], 0);
            #[allow(clippy::print_stdout, reason = "figures for whoever runs scripts/flagship")]
            {
                println!(
                    "scale {scale}, seed {seed}: {} figures equal, {} s, {} bytes of memory",
                    found.len(),
                    summary["wall_seconds"],
                    summary["peak_rss_bytes"]
                );
            }
        }
    }
}
