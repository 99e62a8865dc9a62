//! One connection. Boundary: statements and their errors; what they are about is the business of the layers above.

use std::pin::Pin;
use std::time::Duration;

use tokio_postgres::{CopyOutStream, Row, SimpleQueryMessage, Statement};

use super::copy::CopySplitter;
use super::driver::{Driver, Flight, Landing, Leg, Piece};
use super::param::SqlParam;
use super::{PgError, ServerInfo};

/// They run in one transaction, and the locks of all are held until its end: the server's room for locks is shared by all.
const STATEMENTS_AT_ONCE: usize = 100;

/// Statements whose order counts, in one flight: up to 30 futures are polled in order when they are joined.
const TOGETHER: usize = 20;

/// A connection to a database, with the session's settings made.
pub struct Session {
    driver: Driver,
    server: String,
    /// What the server is, once it was asked: it stays that for as long as the connection.
    info: Option<ServerInfo>,
}

impl Session {
    pub(super) fn new(driver: Driver, server: String) -> Self {
        Self { driver, server, info: None }
    }

    /// The server's URL without its password.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Runs statements that take no parameters and give no rows of interest.
    pub fn execute(&mut self, sql: &str) -> Result<(), PgError> {
        self.driver.batch_execute(sql).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Runs statements and gives the rows of the last one, every value as the server prints it.
    pub fn text_rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, PgError> {
        let messages = self.driver.simple_query(sql).map_err(|e| PgError::from_driver(&self.server, e))?;
        let mut rows = Vec::new();
        for message in messages {
            match message {
                SimpleQueryMessage::RowDescription(_) => rows.clear(),
                SimpleQueryMessage::Row(row) => rows.push((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect()),
                _ => {}
            }
        }
        Ok(rows)
    }

    /// Runs statements that each give one value in one row, many to a round trip, and gives the values in order; `None` where a value is
    /// NULL. They run until the first that fails, and then nothing of the answers is told.
    pub fn values(&mut self, statements: &[String]) -> Result<Vec<Option<String>>, PgError> {
        let mut values = Vec::with_capacity(statements.len());
        for some in statements.chunks(STATEMENTS_AT_ONCE) {
            // A line break ends a comment in the statement.
            let messages = self.driver.simple_query(&some.join("\n;")).map_err(|e| PgError::from_driver(&self.server, e))?;
            let before = values.len();
            values.extend(messages.iter().filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
                _ => None,
            }));
            if values.len() - before != some.len() {
                return Err(PgError::Protocol { server: self.server.clone(), what: "an answer too many or too few".to_owned() });
            }
        }
        Ok(values)
    }

    /// Whether the connection is known to be gone.
    pub fn is_closed(&self) -> bool {
        self.driver.is_closed()
    }

    /// How long the way to the server and back takes, as far as its answers tell; `None` where they do not.
    pub fn round_trip(&self) -> Option<Duration> {
        self.driver.round_trip()
    }

    pub(super) fn info(&mut self) -> &mut Option<ServerInfo> {
        &mut self.info
    }

    /// Runs one statement with parameters and gives its rows.
    pub(crate) fn query(&mut self, sql: &str, params: &[&dyn SqlParam]) -> Result<Vec<Row>, PgError> {
        self.driver.query(sql, params).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Runs statements that do not need one another's answers, all in one round trip, and gives the rows of each. Where some fail, the
    /// error of the first of them.
    pub(crate) fn query_all(&mut self, asked: &[(&str, &[&dyn SqlParam])]) -> Result<Vec<Vec<Row>>, PgError> {
        self.driver.query_all(asked).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Runs statements that stand alone, each after its own `before`, in one round trip; each has an answer of its own.
    pub(super) fn query_each(&mut self, asked: &[(String, String)]) -> Result<Vec<Result<Vec<Row>, PgError>>, PgError> {
        let mut answers = Vec::with_capacity(asked.len());
        for some in asked.chunks(TOGETHER) {
            let some = self.driver.query_each(some).map_err(|e| PgError::from_driver(&self.server, e))?;
            answers.extend(some.into_iter().map(|one| one.map_err(|e| PgError::from_driver(&self.server, e))));
        }
        Ok(answers)
    }

    /// Runs one statement with parameters and gives the number of rows it concerned.
    pub(crate) fn run(&mut self, sql: &str, params: &[&dyn SqlParam]) -> Result<u64, PgError> {
        self.driver.execute(sql, params).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Sends what waits for the next request.
    pub(super) fn send_off(&mut self) -> Result<(), PgError> {
        self.driver.send_off().map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Lets statements whose answer nobody waits for go with the next request, which fails if they fail.
    pub(crate) fn ahead(&mut self, sql: &str) {
        self.driver.ahead(sql);
    }

    /// Runs statements in a transaction of their own, in one round trip.
    pub(crate) fn execute_together(&mut self, statements: &[&str]) -> Result<(), PgError> {
        // A line break ends a comment in a statement.
        let sent = self.execute(&format!("BEGIN;\n{}\n;COMMIT", statements.join("\n;")));
        if sent.is_err() {
            let _ = self.execute("ROLLBACK");
        }
        sent
    }

    /// Runs `work` in a transaction: committed when it succeeds, else rolled back. When the commit itself fails because the connection is
    /// lost, nobody knows whether it happened; what is written must say so by itself (the ledger does).
    pub(crate) fn transaction<T, E: From<PgError>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.transaction_with("", work)
    }

    /// The same after `settings`, statements that go with BEGIN.
    pub(crate) fn transaction_with<T, E: From<PgError>>(
        &mut self,
        settings: &str,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.ahead(&format!("BEGIN; {settings}"));
        match work(self) {
            Ok(value) => {
                self.execute("COMMIT")?;
                Ok(value)
            }
            Err(error) => {
                // The error that came first is the one to tell; a connection that cannot roll back is gone, and the server rolls back.
                let _ = self.execute("ROLLBACK");
                Err(error)
            }
        }
    }

    /// What a statement gives, without running it.
    pub(crate) fn prepare(&mut self, sql: &str) -> Result<Statement, PgError> {
        self.driver.prepare(sql).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// What each of many statements gives, without running them; asked together. A lost connection is told for each that was not answered.
    pub(crate) fn prepare_all(&mut self, statements: &[String]) -> Result<Vec<Result<Statement, PgError>>, PgError> {
        let mut prepared = Vec::with_capacity(statements.len());
        for some in statements.chunks(STATEMENTS_AT_ONCE) {
            let some = self.driver.prepare_all(some).map_err(|e| PgError::from_driver(&self.server, e))?;
            prepared.extend(some.into_iter().map(|one| one.map_err(|e| PgError::from_driver(&self.server, e))));
        }
        Ok(prepared)
    }

    /// Runs `COPY … FROM STDIN (FORMAT binary)` with pieces that together are whole tuples; gives the number of rows written.
    pub(crate) fn copy_in<'a>(&mut self, sql: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<u64, PgError> {
        self.driver.copy_in(sql, pieces).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Runs a transaction that is known beforehand; nothing of it happened where it was not committed. When COMMIT fails because the
    /// connection is lost, nobody knows whether it happened.
    pub(crate) fn fly(&mut self, flight: &Flight<'_>) -> Result<Landing, (Leg, PgError)> {
        self.driver.fly(flight).map_err(|(leg, e)| (leg, PgError::from_driver(&self.server, e)))
    }

    pub(super) fn copy_out(&mut self, sql: &str) -> Result<Pin<Box<CopyOutStream>>, PgError> {
        self.driver.copy_out(sql).map_err(|e| PgError::from_driver(&self.server, e))
    }

    pub(super) fn read_on(&mut self, stream: &mut Pin<Box<CopyOutStream>>, splitter: &mut CopySplitter) -> Result<Piece, PgError> {
        self.driver.read_on(stream, splitter).map_err(|e| PgError::from_driver(&self.server, e))
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("server", &self.server).finish_non_exhaustive()
    }
}
