//! What can go wrong between the tool and a server. Boundary: it classifies; whether to try again is decided above.
//!
//! `Display` never holds a row's values: the server's DETAIL and CONTEXT quote them, so they stay in fields, and a message
//! of a class that quotes its input (22, P0) is shown with that input masked.

use std::fmt;

use thiserror::Error;

/// An error that a server reported, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerError {
    /// The code, five characters.
    pub sqlstate: String,
    /// The primary message as the server wrote it. It can quote input: see `Display`.
    pub message: String,
    /// More about it; often quotes the row.
    pub detail: Option<String>,
    /// The server's own advice.
    pub hint: Option<String>,
    /// Where: for COPY `COPY table, line N`, with the row's text.
    pub context: Option<String>,
    /// Schema of the object concerned.
    pub schema: Option<String>,
    /// Table concerned.
    pub table: Option<String>,
    /// Column concerned.
    pub column: Option<String>,
    /// Constraint concerned.
    pub constraint: Option<String>,
    /// Position in the statement, in characters from 1.
    pub position: Option<u32>,
}

/// A failed conversation with a server. `server` is always the URL without its password.
#[derive(Debug, Error)]
pub enum PgError {
    /// No connection could be made.
    #[error("cannot reach {server}: {what}; check host and port, and that the server runs and lets this machine in")]
    Unreachable {
        /// The server.
        server: String,
        /// What the system said.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The server does not accept user and password.
    #[error(
        "{server} does not let this user in: {what}; check user and password in the URL, PGPASSWORD or the password file, and the server's pg_hba.conf"
    )]
    WrongPassword {
        /// The server.
        server: String,
        /// What it said.
        what: String,
    },
    /// The database does not exist.
    #[error("{server}: {what}; check the database's name in the URL, or create it")]
    NoDatabase {
        /// The server.
        server: String,
        /// What it said.
        what: String,
    },
    /// Encryption could not be agreed on or the certificate was not accepted.
    #[error("no trusted encrypted connection to {server}: {what}; {}", tls_advice(.what))]
    Tls {
        /// The server.
        server: String,
        /// What failed.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The server refused a statement.
    #[error("{server}: {error}")]
    Server {
        /// The server.
        server: String,
        /// What it reported.
        error: Box<ServerError>,
    },
    /// The connection ended in the middle.
    #[error("the connection to {server} was lost: {what}; run the same command again, it continues where it stopped")]
    ConnectionLost {
        /// The server.
        server: String,
        /// What the system said.
        what: String,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The server, or something between, does not speak as expected.
    #[error("{server} answered in a way that PostgreSQL does not: {what}; is there a proxy in between that does not pass the protocol on?")]
    Protocol {
        /// The server.
        server: String,
        /// What was received.
        what: String,
    },
    /// A table that should be there is not.
    #[error("{server} has no table {table}; check its name and schema in the plan{}", suggestion(.candidates))]
    NoTable {
        /// The server.
        server: String,
        /// The table.
        table: String,
        /// Tables of that name in other schemas.
        candidates: Vec<String>,
    },
}

fn tls_advice(what: &str) -> &'static str {
    if what.contains("does not support TLS") {
        "turn `ssl` on in the server, or write sslmode=disable into the URL to send everything in plain text"
    } else {
        "give the server's certificate authority with sslrootcert=FILE, or write sslmode=require into the URL to encrypt without knowing to whom"
    }
}

fn suggestion(candidates: &[String]) -> String {
    if candidates.is_empty() { String::new() } else { format!("; there is {}", candidates.join(", ")) }
}

impl PgError {
    /// Makes our error of the driver's, for a server that is called `server`.
    pub(crate) fn from_driver(server: &str, error: tokio_postgres::Error) -> Self {
        let server = server.to_owned();
        if let Some(db) = error.as_db_error() {
            let position = match db.position() {
                Some(tokio_postgres::error::ErrorPosition::Original(at)) => Some(*at),
                _ => None,
            };
            let text = |t: Option<&str>| t.map(str::to_owned);
            let found = ServerError {
                sqlstate: db.code().code().to_owned(),
                message: db.message().to_owned(),
                detail: text(db.detail()),
                hint: text(db.hint()),
                context: text(db.where_()),
                schema: text(db.schema()),
                table: text(db.table()),
                column: text(db.column()),
                constraint: text(db.constraint()),
                position,
            };
            return match found.sqlstate.as_str() {
                "28P01" | "28000" => Self::WrongPassword { server, what: found.message },
                "3D000" => Self::NoDatabase { server, what: found.message },
                _ => Self::Server { server, error: Box::new(found) },
            };
        }
        let what = chain(&error);
        // The driver keeps its kind to itself; the words are its `Display`, which are part of what it prints for users.
        let kind = error.to_string();
        if error.is_closed() {
            Self::ConnectionLost { server, what: "the server closed it".to_owned(), source: Some(Box::new(error)) }
        } else if kind.starts_with("error communicating") || kind.starts_with("timeout") {
            Self::ConnectionLost { server, what, source: Some(Box::new(error)) }
        } else if kind.starts_with("error connecting") {
            Self::Unreachable { server, what, source: Some(Box::new(error)) }
        } else if kind.starts_with("error performing TLS") {
            Self::Tls { server, what, source: Some(Box::new(error)) }
        } else if kind.starts_with("authentication error") || kind.starts_with("invalid configuration") {
            Self::WrongPassword { server, what }
        } else {
            Self::Protocol { server, what: format!("{kind}: {what}") }
        }
    }

    /// Makes our error of one while connecting: what would be a lost connection later is an unreachable server now.
    pub(crate) fn while_connecting(server: &str, error: tokio_postgres::Error) -> Self {
        match Self::from_driver(server, error) {
            Self::ConnectionLost { server, what, source } => Self::Unreachable { server, what, source },
            other => other,
        }
    }

    /// Whether the same work can succeed when it is tried again: the connection failed or the server was busy with others, and
    /// nothing says that the request itself is wrong.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::ConnectionLost { .. } => true,
            Self::Server { error, .. } => is_transient(&error.sqlstate),
            Self::WrongPassword { .. } | Self::NoDatabase { .. } | Self::Tls { .. } | Self::Protocol { .. } | Self::NoTable { .. } => false,
        }
    }

    /// What the server has against the request itself. A server or connection that fails says nothing about the request, and stays the
    /// error that it is.
    pub fn refusal(self) -> Result<ServerError, Self> {
        match self {
            Self::Server { error, .. } if !is_transient(&error.sqlstate) => Ok(*error),
            other => Err(other),
        }
    }

    /// What the server reported, where it did.
    pub fn server_error(&self) -> Option<&ServerError> {
        match self {
            Self::Server { error, .. } => Some(error),
            _ => None,
        }
    }

    /// The SQLSTATE, where the server gave one.
    pub fn sqlstate(&self) -> Option<&str> {
        self.server_error().map(|e| e.sqlstate.as_str())
    }
}

/// The causes of an error, the innermost last, without those that only repeat.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !words.iter().any(|w| w.contains(&text)) {
            words.push(text);
        }
        next = cause.source();
    }
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

impl ServerError {
    /// The message without quoted input. Constraint and permission messages quote names only; messages of class 22 quote values,
    /// and what an exception of a trigger says is anybody's guess.
    pub fn safe_message(&self) -> String {
        if self.sqlstate.starts_with("22") {
            mask(&self.message)
        } else if self.sqlstate.starts_with("P0") {
            "an exception raised by a function or trigger (its text is kept with the row)".to_owned()
        } else {
            self.message.clone()
        }
    }

    /// Whether the error is about the row that was written, so that other rows can go on without it: integrity, data, triggers and
    /// limits. Everything that would meet every row alike, or has nothing to do with rows, is not: connections, resources, operators,
    /// transactions, privileges and unknown names, the server's own faults, and a stream that is no COPY (22P04).
    pub fn is_about_a_row(&self) -> bool {
        const NOT: [&str; 24] = [
            "08", "0A", "0B", "0L", "0P", "25", "26", "28", "2B", "2D", "34", "3B", "3D", "3F", "40", "42", "53", "55", "57", "58", "72",
            "F0", "HV", "XX",
        ];
        self.sqlstate != "22P04" && !NOT.iter().any(|class| self.sqlstate.starts_with(class))
    }

    /// The line that a COPY failed in, from 1, out of the context `COPY table, line N…`.
    pub fn copy_line(&self) -> Option<u64> {
        let context = self.context.as_deref()?;
        context.lines().find_map(|line| {
            let rest = line.strip_prefix("COPY ")?;
            let at = rest.rfind(", line ").filter(|_| !rest.contains(", column ")).or_else(|| rest.find(", line "))?;
            let digits: String = rest[at + 7..].chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        })
    }
}

fn mask(message: &str) -> String {
    let mut out = String::new();
    for (i, part) in message.split('"').enumerate() {
        out.push_str(match i {
            0 => part,
            _ if i % 2 == 1 => "\"…\"",
            _ => part,
        });
    }
    out
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {}", self.safe_message(), self.sqlstate)?;
        for (word, name) in [("table", &self.table), ("column", &self.column), ("constraint", &self.constraint)] {
            if let Some(name) = name {
                write!(f, ", {word} {name}")?;
            }
        }
        f.write_str(")")?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        let advice = match self.sqlstate.as_str() {
            "42501" => "; grant the privilege to this user, or connect as the owner",
            "55P03" => "; another session holds a lock on it: end that session, or wait",
            "53100" => "; free disk space at the server, then run the same command again",
            "57014" => "; something cancelled the statement, run the same command again",
            code if code.starts_with("53") => "; the server is out of a resource, give it more or use fewer --jobs",
            _ => "",
        };
        f.write_str(advice)
    }
}

/// 08 connection; 57P01..03 shutdown, crash, starting up; 40001 serialization; 40P01 deadlock; 53300 too many connections.
fn is_transient(sqlstate: &str) -> bool {
    sqlstate.starts_with("08") || matches!(sqlstate, "57P01" | "57P02" | "57P03" | "40001" | "40P01" | "53300")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(sqlstate: &str, message: &str, context: Option<&str>) -> ServerError {
        ServerError {
            sqlstate: sqlstate.to_owned(),
            message: message.to_owned(),
            detail: Some("Key (email)=(secret@example.org) already exists.".to_owned()),
            context: context.map(str::to_owned),
            ..ServerError::default()
        }
    }

    #[test]
    fn the_line_of_a_copy_is_found_in_its_context() {
        let line = |context| error("23505", "", Some(context)).copy_line();
        assert_eq!(line("COPY orders, line 17"), Some(17));
        assert_eq!(line("COPY orders, line 17, column amount"), Some(17));
        assert_eq!(line("PL/pgSQL function f() line 3 at RAISE\nCOPY a, line 9, line 4"), Some(4));
        assert_eq!(line("SQL statement \"SELECT 1\""), None);
    }

    #[test]
    fn no_value_is_displayed() {
        for error in [
            error("22P02", "invalid input value for enum mood: \"secret\"", None),
            error("22003", "value \"secret\" is out of range for type integer", None),
            error("P0001", "the value secret is bad", None),
            error("23505", "duplicate key value violates unique constraint \"k\"", Some("COPY t, line 1: \"secret\"")),
        ] {
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn rows_and_everything_else_are_told_apart() {
        for code in ["23505", "23503", "22001", "22P02", "P0001", "54000", "44000", "MY001", "02000"] {
            assert!(error(code, "", None).is_about_a_row(), "{code}");
        }
        for code in ["08006", "25P02", "40P01", "42501", "42P01", "53100", "57P01", "22P04", "XX000", "55P03"] {
            assert!(!error(code, "", None).is_about_a_row(), "{code}");
        }
    }

    #[test]
    fn what_can_be_tried_again() {
        let server = |code: &str| PgError::Server { server: String::new(), error: Box::new(error(code, "", None)) };
        for code in ["08006", "57P01", "57P02", "57P03", "40001", "40P01", "53300"] {
            assert!(server(code).is_transient(), "{code}");
            assert!(server(code).refusal().is_err(), "{code}");
        }
        for code in ["23505", "42501", "53100", "57014"] {
            assert!(!server(code).is_transient(), "{code}");
            assert_eq!(server(code).refusal().map(|error| error.sqlstate).ok().as_deref(), Some(code));
        }
    }
}
