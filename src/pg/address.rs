//! Connection URLs, read as libpq reads them. Boundary: text to parameters; nothing connects here.
//!
//! Precedence: the URL, then the service file it names, then the environment, then the password file (for the password only).
//! No error of this file quotes its input: it may hold a password.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::files;

/// How much encryption is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    /// Plain text.
    Disable,
    /// Encrypted where the server offers it, not verified.
    Prefer,
    /// Encrypted, not verified (verified against `sslrootcert` where that is given, as libpq does).
    Require,
    /// Encrypted, certificate verified.
    VerifyCa,
    /// Encrypted, certificate and host name verified.
    VerifyFull,
}

impl SslMode {
    fn parse(text: &str) -> Result<Self, EndpointError> {
        Ok(match text {
            "disable" => Self::Disable,
            // libpq's `allow` tries plain text first; nobody who wants that is served worse by `prefer`.
            "allow" | "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err(EndpointError::Value {
                    name: "sslmode".to_owned(),
                    allowed: "disable, prefer, require, verify-ca or verify-full",
                });
            }
        })
    }
}

/// A URL that cannot be used. Never quotes the URL.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum EndpointError {
    /// It is no URL of PostgreSQL.
    #[error("this is no PostgreSQL URL: {what}; write postgresql://user@host:5432/database")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// A parameter that is not known.
    #[error("the URL has the parameter `{name}`, which is not known; known are {}", KNOWN.join(", "))]
    Parameter {
        /// The parameter.
        name: String,
    },
    /// A parameter with a value that it cannot have.
    #[error("the parameter `{name}` of the URL must be {allowed}")]
    Value {
        /// The parameter.
        name: String,
        /// What it can be.
        allowed: &'static str,
    },
    /// The service is not defined.
    #[error("there is no service `{name}` in {file}; define it there, or write the URL out")]
    Service {
        /// The service.
        name: String,
        /// The file that was read.
        file: String,
    },
}

const KNOWN: [&str; 14] = [
    "user",
    "password",
    "host",
    "port",
    "dbname",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "connect_timeout",
    "options",
    "application_name",
    "passfile",
    "service",
];

/// What a URL and its surroundings say. No `Debug`: it holds the password.
#[derive(Clone)]
pub(super) struct Address {
    /// Hosts with their ports; a host that begins with `/` is a socket's directory.
    pub hosts: Vec<(String, u16)>,
    pub user: String,
    pub password: Option<String>,
    pub database: String,
    pub ssl_mode: SslMode,
    pub ssl_root_cert: Option<PathBuf>,
    pub ssl_client: Option<(PathBuf, PathBuf)>,
    pub connect_timeout: u64,
    pub options: Option<String>,
    pub application_name: Option<String>,
}

type Parameters = BTreeMap<String, String>;

impl Address {
    /// Reads a URL (or libpq's `key=value` form); `env` gives environment variables.
    pub fn parse(url: &str, env: impl Fn(&str) -> Option<String>) -> Result<Self, EndpointError> {
        let mut given = if let Some(rest) = url.trim().strip_prefix("postgresql://").or_else(|| url.trim().strip_prefix("postgres://")) {
            parse_url(rest)?
        } else {
            parse_pairs(url.trim())?
        };
        if let Some(name) = given.keys().find(|k| !KNOWN.contains(&k.as_str())) {
            return Err(EndpointError::Parameter { name: name.clone() });
        }
        let home = env("HOME").map(PathBuf::from);
        let in_home = |file: &str| home.as_ref().map(|h| h.join(file));
        if let Some(service) = given.get("service").cloned() {
            let file = env("PGSERVICEFILE").map(PathBuf::from).or_else(|| in_home(".pg_service.conf")).unwrap_or_default();
            let found = files::service(&file, &service, &KNOWN)
                .ok_or(EndpointError::Service { name: service, file: file.display().to_string() })?;
            for (key, value) in found {
                given.entry(key).or_insert(value);
            }
        }
        let get = |key: &str, variable: &str| given.get(key).cloned().filter(|v| !v.is_empty()).or_else(|| env(variable));

        let user = get("user", "PGUSER").or_else(|| env("USER")).or_else(|| env("LOGNAME")).unwrap_or_else(|| "postgres".to_owned());
        let database = get("dbname", "PGDATABASE").unwrap_or_else(|| user.clone());
        let default_host = || {
            let socket = "/var/run/postgresql";
            if Path::new(socket).is_dir() { socket } else { "localhost" }.to_owned()
        };
        let hosts = hosts(&get("host", "PGHOST").unwrap_or_else(default_host), &get("port", "PGPORT").unwrap_or_default())?;
        // A plain-text or unverified connection over a network must be asked for. Within this machine there is nothing to verify.
        let local = hosts.iter().all(|(host, _)| is_local(host));
        let ssl_mode = match get("sslmode", "PGSSLMODE") {
            Some(mode) => SslMode::parse(&mode)?,
            None if local => SslMode::Prefer,
            None => SslMode::VerifyFull,
        };
        let password = get("password", "PGPASSWORD").or_else(|| {
            let file = get("passfile", "PGPASSFILE").map(PathBuf::from).or_else(|| in_home(".pgpass"))?;
            let text = files::passwords(&file)?;
            hosts.iter().find_map(|(host, port)| files::password(&text, [host, &port.to_string(), &database, &user]))
        });
        let connect_timeout = match get("connect_timeout", "PGCONNECT_TIMEOUT") {
            None => 10,
            Some(text) => {
                text.parse().map_err(|_| EndpointError::Value { name: "connect_timeout".to_owned(), allowed: "a number of seconds" })?
            }
        };
        let ssl_client = get("sslcert", "PGSSLCERT").map(PathBuf::from).zip(get("sslkey", "PGSSLKEY").map(PathBuf::from));
        Ok(Self {
            ssl_root_cert: get("sslrootcert", "PGSSLROOTCERT").filter(|f| f != "system").map(PathBuf::from),
            options: get("options", "PGOPTIONS"),
            application_name: given.get("application_name").cloned(),
            hosts,
            user,
            password,
            database,
            ssl_mode,
            ssl_client,
            connect_timeout,
        })
    }

    /// The URL without its password and without options.
    pub fn redacted(&self) -> String {
        let first = |host: &str| host.starts_with('/').then(|| encode(host));
        let hosts: Vec<String> = self
            .hosts
            .iter()
            .map(|(host, port)| {
                let host = first(host).unwrap_or_else(|| if host.contains(':') { format!("[{host}]") } else { host.clone() });
                format!("{host}:{port}")
            })
            .collect();
        format!("postgresql://{}@{}/{}", encode(&self.user), hosts.join(","), encode(&self.database))
    }
}

fn is_local(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn parse_url(rest: &str) -> Result<Parameters, EndpointError> {
    let mut parameters = Parameters::new();
    let mut put = |key: &str, value: &str| -> Result<(), EndpointError> {
        if !value.is_empty() {
            parameters.insert(key.to_owned(), decode(value)?);
        }
        Ok(())
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The last `@` before the path: a password that was not encoded can hold one.
    let (authority, database) = match rest.rfind('@').map_or_else(|| rest.find('/'), |at| rest[at..].find('/').map(|i| at + i)) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, ""),
    };
    put("dbname", database)?;
    let host_part = match authority.rsplit_once('@') {
        Some((who, hosts)) => {
            let (user, password) = who.split_once(':').unwrap_or((who, ""));
            put("user", user)?;
            put("password", password)?;
            hosts
        }
        None => authority,
    };
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in host_part.split(',').filter(|_| !host_part.is_empty()) {
        let (name, port) = match host.strip_prefix('[').and_then(|h| h.split_once(']')) {
            Some((name, rest)) => (name, rest.strip_prefix(':').unwrap_or("")),
            None => host.split_once(':').unwrap_or((host, "")),
        };
        names.push(name);
        ports.push(port);
    }
    put("host", &names.join(","))?;
    if ports.iter().any(|p| !p.is_empty()) {
        put("port", &ports.join(","))?;
    }
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(EndpointError::Malformed { what: "a parameter has no value" })?;
        put(&decode(key)?, value)?;
    }
    Ok(parameters)
}

/// libpq's `key=value key='quoted value'`.
fn parse_pairs(text: &str) -> Result<Parameters, EndpointError> {
    let malformed = EndpointError::Malformed { what: "it begins with neither postgresql:// nor key=value" };
    let mut parameters = Parameters::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((key, behind)) = rest.split_once('=') else { return Err(malformed) };
        let key = key.trim();
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
            return Err(malformed);
        }
        let behind = behind.trim_start();
        let quoted = behind.starts_with('\'');
        let (mut value, mut escaped, mut end) = (String::new(), false, behind.len());
        for (at, c) in behind.char_indices().skip(usize::from(quoted)) {
            if escaped {
                value.push(c);
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if if quoted { c == '\'' } else { c.is_whitespace() } {
                end = at + c.len_utf8();
                break;
            } else {
                value.push(c);
            }
        }
        parameters.insert(key.to_owned(), value);
        rest = behind[end..].trim_start();
    }
    if parameters.is_empty() { Err(malformed) } else { Ok(parameters) }
}

fn hosts(hosts: &str, ports: &str) -> Result<Vec<(String, u16)>, EndpointError> {
    let bad = || EndpointError::Value { name: "port".to_owned(), allowed: "a number from 1 to 65535, one in all or one for each host" };
    let ports: Vec<&str> = ports.split(',').collect();
    let names: Vec<&str> = hosts.split(',').collect();
    if ports.len() > 1 && ports.len() != names.len() {
        return Err(bad());
    }
    let port = |text: &str| if text.is_empty() { Ok(5432) } else { text.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(bad) };
    names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let name = if name.is_empty() { "localhost" } else { name };
            Ok((name.to_owned(), port(ports.get(i).copied().unwrap_or(ports[0]))?))
        })
        .collect()
}

fn decode(text: &str) -> Result<String, EndpointError> {
    let malformed = EndpointError::Malformed { what: "a % in it is not followed by two hexadecimal digits, or is no UTF-8" };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        if *first == b'%' {
            let hex = behind.get(..2).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
            let Some(byte) = hex else { return Err(malformed) };
            bytes.push(byte);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed)
}

fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, EndpointError> {
        Address::parse(url, |name| (name == "USER").then(|| "me".to_owned()))
    }

    #[test]
    fn urls_are_read() {
        let a = parse("postgresql://us%40er:p%3Ass@db.example.org:6000/my%20db?connect_timeout=3").ok().unwrap();
        assert_eq!((a.user.as_str(), a.password.as_deref(), a.database.as_str()), ("us@er", Some("p:ss"), "my db"));
        assert_eq!(a.hosts, [("db.example.org".to_owned(), 6000)]);
        assert_eq!((a.ssl_mode, a.connect_timeout), (SslMode::VerifyFull, 3));
        assert_eq!(a.redacted(), "postgresql://us%40er@db.example.org:6000/my%20db");

        let a = parse("postgres:///old?host=/run/pg&port=5499").ok().unwrap();
        assert_eq!((a.hosts, a.user.as_str(), a.ssl_mode), (vec![("/run/pg".to_owned(), 5499)], "me", SslMode::Prefer));

        let a = parse("postgresql://[::1]:5433,10.0.0.1/x").ok().unwrap();
        assert_eq!(a.hosts, [("::1".to_owned(), 5433), ("10.0.0.1".to_owned(), 5432)]);
        assert_eq!(a.ssl_mode, SslMode::VerifyFull, "one host over the network is enough");

        let a = parse("host=/run/pg dbname='my db' password='it\\'s'").ok().unwrap();
        assert_eq!((a.database.as_str(), a.password.as_deref()), ("my db", Some("it's")));

        let a = parse("postgresql://u:p@ss@localhost/x").ok().unwrap();
        assert_eq!(a.password.as_deref(), Some("p@ss"));
    }

    #[test]
    fn no_error_quotes_the_password() {
        for url in [
            "mysql://u:geheim@h/x",
            "postgresql://u:geheim%zz@h/x",
            "postgresql://u:geheim@h/x?sslmode=geheim",
            "postgresql://u:geheim@h:99999/x",
            "postgresql://u:geheim@h/x?nonsense=geheim",
            "postgresql://u:geheim@h/x?service=none",
            "geheim",
        ] {
            let error = parse(url).err().unwrap_or_else(|| panic!("{url}")).to_string();
            assert!(!error.contains("geheim"), "{error}");
        }
    }
}
