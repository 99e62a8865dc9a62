//! One connection. Boundary: statements and their errors; what they are about is the business of the layers above.

use postgres::types::ToSql;
use postgres::{Client, Row};

use super::PgError;
use super::copy::copy_in;

/// They run in one transaction, and the locks of all are held until its end: the server's room for locks is shared by all.
const STATEMENTS_AT_ONCE: usize = 100;

/// A connection to a database, with the session's settings made.
pub struct Session {
    client: Client,
    server: String,
}

impl Session {
    pub(super) fn new(client: Client, server: String) -> Self {
        Self { client, server }
    }

    /// The server's URL without its password.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Runs statements that take no parameters and give no rows of interest.
    pub fn execute(&mut self, sql: &str) -> Result<(), PgError> {
        self.client.batch_execute(sql).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Runs statements and gives the rows of the last one, every value as the server prints it.
    pub fn text_rows(&mut self, sql: &str) -> Result<Vec<Vec<Option<String>>>, PgError> {
        let messages = self.client.simple_query(sql).map_err(|e| PgError::from_driver(&self.server, e))?;
        let mut rows = Vec::new();
        for message in messages {
            match message {
                postgres::SimpleQueryMessage::RowDescription(_) => rows.clear(),
                postgres::SimpleQueryMessage::Row(row) => rows.push((0..row.len()).map(|i| row.get(i).map(str::to_owned)).collect()),
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
            let messages = self.client.simple_query(&some.join("\n;")).map_err(|e| PgError::from_driver(&self.server, e))?;
            let before = values.len();
            values.extend(messages.iter().filter_map(|message| match message {
                postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
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
        self.client.is_closed()
    }

    /// Runs one statement with parameters and gives its rows.
    pub(crate) fn query(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, PgError> {
        self.client.query(sql, params).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Runs one statement with parameters and gives the number of rows it concerned.
    pub(crate) fn run(&mut self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, PgError> {
        self.client.execute(sql, params).map_err(|e| PgError::from_driver(&self.server, e))
    }

    /// Runs `work` in a transaction: committed when it succeeds, else rolled back. When the commit itself fails because the connection is
    /// lost, nobody knows whether it happened; what is written must say so by itself (the ledger does).
    pub(crate) fn transaction<T, E: From<PgError>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.execute("BEGIN")?;
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

    /// Runs `COPY … FROM STDIN (FORMAT binary)` with pieces that together are whole tuples; gives the number of rows written.
    pub(crate) fn copy_in<'a>(&mut self, sql: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<u64, PgError> {
        copy_in(&mut self.client, &self.server, sql, pieces)
    }

    /// The driver's client and the server's name, for errors.
    pub(crate) fn parts(&mut self) -> (&mut Client, &str) {
        (&mut self.client, &self.server)
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("server", &self.server).finish_non_exhaustive()
    }
}
