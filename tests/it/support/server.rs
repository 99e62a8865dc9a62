//! A private server for all tests of the binary, and databases in it that go with the test that made them.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postgres::{Client, NoTls, SimpleQueryMessage};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The server's URL: `ETL_TEST_PG`, or that of a server started by `scripts/postgres`.
fn server() -> &'static str {
    static URL: OnceLock<String> = OnceLock::new();
    URL.get_or_init(|| {
        if let Ok(url) = std::env::var("ETL_TEST_PG") {
            return url;
        }
        let output = script().args(["start", "tests"]).output().expect("scripts/postgres");
        assert!(output.status.success(), "no server: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

/// A server of one test, with settings of its own; it goes with the test.
pub struct OwnServer {
    name: String,
    url: String,
}

impl OwnServer {
    /// Starts it with these lines in its configuration.
    pub fn start(what: &str, settings: &str) -> Self {
        let name = format!("{what}-{}", std::process::id());
        let output = script().args(["start", &name]).env("PG_CONF", settings).env("PG_FAST", "1").output().expect("scripts/postgres");
        assert!(output.status.success(), "no server: {}", String::from_utf8_lossy(&output.stderr));
        Self { name, url: String::from_utf8(output.stdout).unwrap().trim().to_owned() }
    }

    /// A new, empty database in it.
    pub fn database(&self, what: &str) -> Database {
        Database::create_at(&self.url, what)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        let _ = script().args(["stop", &self.name]).output();
    }
}

fn script() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres"))
}

/// A database that is dropped with its value.
pub struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    /// A new, empty database.
    pub fn create(what: &str) -> Self {
        Self::create_at(server(), what)
    }

    fn create_at(server: &str, what: &str) -> Self {
        let name = format!("t{}_{}_{what}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let (head, _) = server.rsplit_once('/').expect("a URL with a database");
        let url = format!("{head}/{name}");
        exec(server, &format!("CREATE DATABASE {name}"));
        Self { server: server.to_owned(), name, url }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements in it.
    pub fn exec(&self, sql: &str) {
        exec(&self.url, sql);
    }

    /// The rows of a query, each as its values in text.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        rows(&self.url, sql)
    }

    /// The first value of a query.
    pub fn value(&self, sql: &str) -> String {
        self.rows(sql)[0][0].clone().unwrap_or_default()
    }

    /// Every row of every table of `public`, whole, in a fixed order: what two runs are compared by. `leave_out` are columns
    /// that may differ (technical times).
    pub fn contents(&self, leave_out: &[&str]) -> Vec<String> {
        let tables = self.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1");
        let mut all = Vec::new();
        for table in tables.into_iter().flatten().flatten() {
            let left_out: Vec<String> = leave_out.iter().map(|c| format!("'{c}'")).collect();
            let sql = format!("SELECT (to_jsonb(t) - array[{}]::text[])::text FROM \"{table}\" t ORDER BY 1", left_out.join(","));
            all.extend(self.rows(&sql).into_iter().map(|row| format!("{table} {}", row[0].as_deref().unwrap_or_default())));
        }
        all
    }

    /// The definitions of all constraints and indexes of `public`, sorted.
    pub fn definitions(&self) -> Vec<String> {
        let sql = "SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
                     FROM pg_constraint WHERE connamespace = 'public'::regnamespace
                   UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1";
        self.rows(sql).into_iter().flatten().flatten().collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            exec(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Runs statements.
pub fn exec(url: &str, sql: &str) {
    let mut client = Client::connect(url, NoTls).unwrap();
    client.batch_execute(sql).unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
}

/// The rows of a query, each as its values in text.
pub fn rows(url: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut client = Client::connect(url, NoTls).unwrap();
    let messages = client.simple_query(sql).unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()),
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}
