//! A migration of a test: two databases, a folder with a plan, and the binary.

mod server;
mod shop;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub use server::{Database, OwnServer};
pub use shop::{Shop, shop};

/// What a call of the binary gave.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said besides.
    pub stderr: String,
}

impl Outcome {
    /// Fails with everything that was said when the exit code is another.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails when the words are nowhere in what was said.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        let said = format!("{}{}", self.stdout, self.stderr);
        assert!(said.contains(words), "`{words}` was not said\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// The one JSON object on stdout.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON object: {error}\n{}\n{}", self.stdout, self.stderr))
    }
}

/// A migration: databases, folder, plan.
pub struct Migration {
    /// The source database.
    pub source: Database,
    /// The target database.
    pub target: Database,
    folder: tempfile::TempDir,
}

impl Migration {
    /// Empty databases and an empty folder.
    pub fn new() -> Self {
        Self { source: Database::create("source"), target: Database::create("target"), folder: tempfile::tempdir().unwrap() }
    }

    /// The same, in a server of its own.
    pub fn on(server: &OwnServer) -> Self {
        Self { source: server.database("source"), target: server.database("target"), folder: tempfile::tempdir().unwrap() }
    }

    /// The folder with the plan.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The staging file.
    pub fn staging(&self) -> PathBuf {
        self.folder().join("staging.db")
    }

    /// Writes a file of the plan.
    pub fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Replaces words in a file of the plan.
    #[track_caller]
    pub fn edit(&self, name: &str, old: &str, new: &str) -> &Self {
        let path = self.folder().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{name} has no `{old}`");
        std::fs::write(path, text.replace(old, new)).unwrap();
        self
    }

    /// The binary with this plan, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_etl"));
        command
            .args(args)
            .current_dir(self.folder())
            .env("SOURCE_DATABASE_URL", self.source.url())
            .env("TARGET_DATABASE_URL", self.target.url())
            .env_remove("ETL_FAILPOINT")
            .env_remove("RUST_LOG");
        command
    }

    /// Calls the binary with this plan.
    pub fn etl(&self, args: &[&str]) -> Outcome {
        outcome(&self.command(args).output().unwrap())
    }

    /// Calls the binary, which kills itself at a failpoint; gives whether it did.
    pub fn killed_at(&self, failpoint: &str, args: &[&str]) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let output = self.command(args).env("ETL_FAILPOINT", failpoint).output().unwrap();
        if output.status.signal() == Some(9) {
            return true;
        }
        let outcome = outcome(&output);
        assert!(
            outcome.code == Some(0) || outcome.code == Some(3),
            "{failpoint}: not killed, and not well either\n{}\n{}",
            outcome.stdout,
            outcome.stderr
        );
        false
    }
}

/// What a finished process gave.
pub fn outcome(output: &Output) -> Outcome {
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
