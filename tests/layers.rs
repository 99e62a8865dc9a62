//! Who may import whom: the table of ARCHITECTURE.md, held against `src/` as it stands. A module that is not in the table, an
//! import that the table does not allow, and a crate that is named outside its one place each fail with file and line.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A module and the modules of ours that it may import.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("row", &[]),
    ("explain", &[]),
    ("expr", &["row"]),
    ("pg", &["row"]),
    ("staging", &["row"]),
    ("plan", &["row", "expr"]),
    ("source", &["row", "plan", "pg"]),
    ("target", &["row", "plan", "pg"]),
    // Of `pg` only the reading of keys: see `transform_knows_no_connection`.
    ("transform", &["row", "plan", "expr", "pg"]),
    ("check", &["row", "expr", "pg", "staging", "plan", "source", "target", "transform"]),
    ("pipeline", &["row", "expr", "pg", "staging", "plan", "source", "target", "transform"]),
    ("validate", &["row", "expr", "pg", "staging", "plan", "source", "target", "transform"]),
    ("report", &["row", "pg", "staging", "plan", "validate"]),
    ("error", &["row", "expr", "pg", "staging", "plan", "source", "target", "transform", "check", "pipeline", "validate", "report"]),
    (
        "cli",
        &[
            "row",
            "explain",
            "expr",
            "pg",
            "staging",
            "plan",
            "source",
            "target",
            "transform",
            "error",
            "check",
            "pipeline",
            "validate",
            "report",
        ],
    ),
];

/// A crate and where it may be named.
const NAMED_ONLY_IN: [(&str, &[&str]); 9] = [
    ("rusqlite", &["src/staging/"]),
    ("bincode", &["src/staging/payload.rs"]),
    ("zstd", &["src/staging/block.rs"]),
    ("rayon", &["src/pipeline/"]),
    ("crossbeam_channel", &["src/pipeline/"]),
    ("sqlparser", &["src/expr/"]),
    ("clap", &["src/cli/"]),
    ("SystemTime", &["src/staging/runs.rs"]),
    ("println!", &["src/cli/output.rs"]),
];

struct Line {
    file: PathBuf,
    number: usize,
    text: String,
}

/// Every line of code under `src/`: comments and documentation are left out, they may name what they like.
fn code() -> Vec<Line> {
    let mut lines = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let file = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_path_buf();
                for (number, line) in text.lines().enumerate() {
                    let code = line.split("//").next().unwrap_or_default().to_owned();
                    lines.push(Line { file: file.clone(), number: number + 1, text: code });
                }
            }
        }
    }
    assert!(lines.len() > 1_000, "src/ was not read");
    lines
}

/// The module that a file belongs to: the name behind `src/`.
fn module(file: &Path) -> String {
    let name = file.components().nth(1).unwrap().as_os_str().to_string_lossy().into_owned();
    name.trim_end_matches(".rs").to_owned()
}

/// The modules of ours that a line names as `crate::name`, also in a list `crate::{a, b}`.
fn imports(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        let names = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap_or_default());
        let items: Vec<&str> = if rest.starts_with('{') { names.split(',').collect() } else { vec![names] };
        for item in items {
            let name: String = item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.push(name);
            }
        }
    }
    found
}

#[test]
fn every_import_is_in_the_table() {
    let table: BTreeMap<&str, &[&str]> = MAY_IMPORT.into_iter().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for line in code() {
        let from = module(&line.file);
        if from == "lib" || from == "main" {
            continue;
        }
        let Some(allowed) = table.get(from.as_str()) else {
            wrong.push(format!("{}: module `{from}` is not in the table", line.file.display()));
            continue;
        };
        for to in imports(&line.text) {
            seen += 1;
            if to != from && !allowed.contains(&to.as_str()) {
                wrong.push(format!("{}:{}: `{from}` imports `{to}`", line.file.display(), line.number));
            }
        }
    }
    assert!(seen > 50, "only {seen} imports were found: the test does not see the code");
    wrong.dedup();
    assert!(wrong.is_empty(), "imports against the table of ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn each_crate_has_its_one_place() {
    let mut wrong = Vec::new();
    for line in code() {
        for (name, places) in NAMED_ONLY_IN {
            let file = line.file.display().to_string();
            if line.text.contains(name) && !places.iter().any(|place| file.starts_with(place)) {
                wrong.push(format!("{file}:{}: names `{name}`, which belongs to {}", line.number, places.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sqlparser_touches_one_file() {
    let mut files: Vec<PathBuf> = code().into_iter().filter(|l| l.text.contains("sqlparser")).map(|l| l.file).collect();
    files.dedup();
    assert!(files.len() <= 1, "a release of sqlparser would touch {files:?}");
}

#[test]
fn transform_knows_no_connection() {
    // What `transform` may take from `pg`: keys out of fields.
    const KEYS: [&str; 3] = ["to_text", "KeyReader", "KeyError"];
    let mut wrong = Vec::new();
    for line in code().into_iter().filter(|l| module(&l.file) == "transform") {
        let named: Vec<String> = line
            .text
            .match_indices("pg::")
            .flat_map(|(at, _)| {
                let rest = &line.text[at + 4..];
                let list = rest.strip_prefix('{').map_or(rest, |l| l.split('}').next().unwrap_or_default());
                let count = if rest.starts_with('{') { usize::MAX } else { 1 };
                let names = list
                    .split(',')
                    .take(count)
                    .map(|n| n.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
                names.collect::<Vec<_>>()
            })
            .filter(|name| !name.is_empty())
            .collect();
        for name in named {
            if !KEYS.contains(&name.as_str()) {
                wrong.push(format!("{}:{}: takes `{name}` from pg", line.file.display(), line.number));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
