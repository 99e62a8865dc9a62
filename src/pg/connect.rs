//! Where a database is and how it is reached. Boundary: from a URL to a [`Session`]; placeholders in the URL are resolved before.
//!
//! Encryption: without `sslmode` a connection within this machine (socket, loopback) is `prefer`, every other is `verify-full`. Plain
//! text or an unverified certificate over a network must be asked for with `sslmode=disable`, `prefer` or `require`.

use std::fmt;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio_postgres::config::SslMode as DriverMode;
use tokio_postgres::{Config, NoTls};

use super::address::Address;
use super::driver::Driver;
use super::{EndpointError, PgError, Session, SslMode, tls};

/// What a database is in this migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The old database: sessions are read only.
    Source,
    /// The new one.
    Target,
}

/// A database's address with everything that is needed to connect. Printing it gives the URL without its password.
#[derive(Clone)]
pub struct Endpoint {
    address: Address,
    redacted: String,
    role: Role,
}

impl Endpoint {
    /// Reads a URL, or libpq's `key=value` form. What it leaves out comes from the service file, the environment (`PGUSER`,
    /// `PGPASSWORD`, `PGSSLMODE`, …) and the password file.
    pub fn parse(url: &str, role: Role) -> Result<Self, EndpointError> {
        let address = Address::parse(url, |name| std::env::var(name).ok().filter(|v| !v.is_empty()))?;
        Ok(Self { redacted: address.redacted(), address, role })
    }

    /// The URL without its password.
    pub fn redacted(&self) -> &str {
        &self.redacted
    }

    /// What the database is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// How much encryption is asked for.
    pub fn ssl_mode(&self) -> SslMode {
        self.address.ssl_mode
    }

    /// Connects and makes the session's settings.
    pub fn connect(&self) -> Result<Session, PgError> {
        let config = self.config();
        // It only waits, on this thread: for the socket, and for the time limits of connecting and of hanging up.
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| PgError::Unreachable {
            server: self.redacted.clone(),
            what: error.to_string(),
            source: Some(Box::new(error)),
        })?;
        let connected = if self.address.ssl_mode == SslMode::Disable {
            Driver::connect(runtime, &config, NoTls)
        } else {
            let tls = tls::connector(self.address.ssl_mode, self.address.ssl_root_cert.as_deref(), self.address.ssl_client.as_ref())
                .map_err(|what| PgError::Tls { server: self.redacted.clone(), what, source: None })?;
            Driver::connect(runtime, &config, tls)
        };
        let driver = connected.map_err(|e| PgError::while_connecting(&self.redacted, e))?;
        let mut session = Session::new(driver, self.redacted.clone());
        match self.role {
            Role::Source => session.execute(&format!("{SETTINGS}; SET default_transaction_read_only = on"))?,
            Role::Target => session.execute(SETTINGS)?,
        }
        Ok(session)
    }

    fn config(&self) -> Config {
        let address = &self.address;
        let mut config = Config::new();
        config
            .user(&address.user)
            .dbname(&address.database)
            .application_name(address.application_name.as_deref().unwrap_or("etl"))
            .connect_timeout(Duration::from_secs(address.connect_timeout))
            // A peer that vanished is noticed within a minute; a stream that only stands still is left alone.
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(30))
            .keepalives_interval(Duration::from_secs(10))
            .keepalives_retries(3)
            .ssl_mode(match address.ssl_mode {
                SslMode::Disable => DriverMode::Disable,
                SslMode::Prefer => DriverMode::Prefer,
                SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => DriverMode::Require,
            });
        for (host, port) in &address.hosts {
            config.host(host).port(*port);
        }
        if let Some(password) = &address.password {
            config.password(password);
        }
        if let Some(options) = &address.options {
            config.options(options);
        }
        config
    }
}

/// Time limits that administrators set for people would end a long COPY, so they are lifted, whichever of them the server's version
/// has. `row_security = off` turns rows that a policy would hide into an error: nothing may be missing silently. The search path stays
/// the user's, because the plan's queries are written for it.
const SETTINGS: &str = "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings \
     WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout'); \
     SET DateStyle = 'ISO, YMD'; SET row_security = off; SET standard_conforming_strings = on";

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("url", &self.redacted).field("role", &self.role).finish_non_exhaustive()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted)
    }
}
