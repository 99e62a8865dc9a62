//! Where a database is and how it is reached. (skeleton)
use super::{PgError, Session};
use thiserror::Error;

/// What a database is in this migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The old database: read only.
    Source,
    /// The new one.
    Target,
}

/// How much encryption is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Plain text.
    Disable,
    /// Encrypted where the server offers it.
    Prefer,
    /// Encrypted, not verified.
    Require,
    /// Encrypted, certificate verified.
    VerifyCa,
    /// Encrypted, certificate and host name verified.
    VerifyFull,
}

/// A URL that cannot be used.
#[derive(Debug, Error)]
pub enum EndpointError {
    /// skeleton
    #[error("{what}")]
    Malformed {
        /// What
        what: String,
    },
}

/// A database's address with everything that is needed to connect.
#[derive(Clone)]
pub struct Endpoint {}

impl Endpoint {
    /// Reads a URL.
    pub fn parse(_url: &str, _role: Role) -> Result<Self, EndpointError> {
        unimplemented!()
    }
    /// The URL without its password.
    pub fn redacted(&self) -> &str {
        unimplemented!()
    }
    /// What the database is.
    pub fn role(&self) -> Role {
        unimplemented!()
    }
    /// Connects.
    pub fn connect(&self) -> Result<Session, PgError> {
        unimplemented!()
    }
}
