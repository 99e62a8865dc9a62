//! Where a database is and how it is reached. Boundary: from a URL to a [`Session`]; placeholders in the URL are resolved before.
//!
//! Encryption: without `sslmode` a connection within this machine (socket, loopback) is `prefer`, every other is `verify-full`. Plain
//! text or an unverified certificate over a network must be asked for with `sslmode=disable`, `prefer` or `require`.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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
pub struct Endpoint {
    address: Address,
    redacted: String,
    role: Role,
    /// Connections that nobody uses now.
    kept: Mutex<Vec<(Session, Instant)>>,
}

/// A connection that was in use until then is taken to be one still, as between any two requests.
const FRESH: Duration = Duration::from_secs(10);

impl Endpoint {
    /// Reads a URL, or libpq's `key=value` form. What it leaves out comes from the service file, the environment (`PGUSER`,
    /// `PGPASSWORD`, `PGSSLMODE`, …) and the password file.
    pub fn parse(url: &str, role: Role) -> Result<Self, EndpointError> {
        let address = Address::parse(url, |name| std::env::var(name).ok().filter(|v| !v.is_empty()))?;
        Ok(Self { redacted: address.redacted(), address, role, kept: Mutex::default() })
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

    /// Keeps a connection for whoever connects next: to make one is five round trips, and processor time on both sides. It must be outside
    /// of a transaction, and nothing may have failed on it that left its state unknown.
    pub fn keep(&self, mut session: Session) {
        if session.send_off().is_ok() && !session.is_closed() {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).push((session, Instant::now()));
        }
    }

    /// Connects, with the session's settings made, or takes up a connection that was kept.
    pub fn connect(&self) -> Result<Session, PgError> {
        loop {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some((mut session, since)) = kept else { return self.connect_anew() };
            // What it was set to for its last use is taken back; whether it still is a connection is found out by that, too.
            session.ahead(&format!("RESET ALL; {}", self.settings()));
            if since.elapsed() < FRESH || session.send_off().is_ok() {
                return Ok(session);
            }
        }
    }

    /// Makes connections for those who will connect soon. What goes wrong is told to them.
    pub fn connect_ahead(&self, connections: usize) {
        thread::scope(|scope| {
            for _ in 0..connections {
                scope.spawn(|| self.connect_anew().map(|session| self.keep(session)));
            }
        });
    }

    fn connect_anew(&self) -> Result<Session, PgError> {
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
        session.ahead(&self.settings());
        Ok(session)
    }

    fn settings(&self) -> String {
        match self.role {
            Role::Source => format!("{SETTINGS}; SET default_transaction_read_only = on"),
            Role::Target => SETTINGS.to_owned(),
        }
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

impl Drop for Endpoint {
    /// Each says goodbye and waits for it; together that is one round trip.
    fn drop(&mut self) {
        let kept = std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner));
        thread::scope(|scope| kept.into_iter().for_each(|session| drop(scope.spawn(|| drop(session)))));
    }
}

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
