//! Where the database is, as a URL, and how to reach it. A password never leaves this file.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Connections kept at most, unless told otherwise: enough for the claim loop and as many
/// settlements at once as a machine has cores, and a tenth of `PostgreSQL`'s default limit.
const CONNECTIONS: usize = 10;

/// How a server is tried to be reached before it counts as away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a silent connection is trusted: as long as a lease.
const SILENCE: Duration = Duration::from_secs(15);

/// How long a verb waits for the server's answers. Our longest ones take less than a second, and a lock
/// that is waited for is given up after 10 s; a server that is silent for longer stands still, or
/// something between us drops what it says.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Where the database is and how to reach it.
#[derive(Clone)]
pub struct Options {
    pub(crate) config: Config,
    pub(crate) trust: Trust,
    /// Connections kept at most, 1 or more. Each is a process of the server, about 10 MB.
    pub connections: usize,
    /// How long a verb may take before its connection is given up. Too short: a loaded server's late
    /// answers are thrown away. Too long: work stands still beside a server that does.
    pub answer_max: Duration,
}

/// Whose certificate is accepted; the word `sslmode` decides, as in libpq.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    /// `disable`, `prefer`, `require`: anybody's.
    Anybody,
    /// `verify-full`: one for the server's name, from an authority of the system or of this file.
    Verified(Option<PathBuf>),
}

/// Why a text isn't the URL of a database. Never repeats the text: it may hold a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It can't be read.
    #[error(
        "this is no URL of a PostgreSQL database; it looks like \
         postgres://user:password@host:5432/database, with % codes for special characters"
    )]
    Malformed,
    /// A value of `sslmode` that nobody knows.
    #[error("sslmode is one of disable, prefer, require, verify-full")]
    SslMode,
}

impl Options {
    /// Reads `postgres://user:password@host:port/database?parameter=value`.
    ///
    /// Parameters are libpq's: `sslmode` (`disable`, `prefer`, `require`, `verify-full`;
    /// `verify-ca` is taken as `verify-full`), `sslrootcert`, `connect_timeout`, `options`,
    /// `application_name`, `target_session_attrs`. A `host` that begins with `%2F` is the folder
    /// of a Unix socket. Nothing is read from the environment.
    pub fn from_url(url: &str) -> Result<Self, UrlError> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(UrlError::Malformed);
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut roots, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", word)) => mode = Some(word),
                Some(("sslrootcert", path)) => {
                    let path = percent_decode_str(path).decode_utf8();
                    roots = Some(PathBuf::from(&*path.map_err(|_| UrlError::Malformed)?));
                }
                _ => rest.push(pair),
            }
        }
        let plain = format!("{base}?{}", rest.join("&"));
        // The driver's words may repeat a piece of a password that holds a `?` or an `@`.
        let mut config: Config = plain.parse().map_err(|_| UrlError::Malformed)?;
        let (ssl, trust) = match mode {
            Some("disable") => (SslMode::Disable, Trust::Anybody),
            None | Some("prefer") => (SslMode::Prefer, Trust::Anybody),
            Some("require") => (SslMode::Require, Trust::Anybody),
            Some("verify-ca" | "verify-full") => (SslMode::Require, Trust::Verified(roots)),
            Some(_) => return Err(UrlError::SslMode),
        };
        config.ssl_mode(ssl);
        if config.get_hosts().is_empty() {
            return Err(UrlError::Malformed);
        }
        if config.get_application_name().is_none() {
            config.application_name("ytempire");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.keepalives_idle(SILENCE);
        config.tcp_user_timeout(SILENCE);
        Ok(Self {
            config,
            trust,
            connections: CONNECTIONS,
            answer_max: ANSWER_MAX,
        })
    }

    /// The place without the password, for people and logs.
    pub fn place(&self) -> String {
        let config = &self.config;
        let hosts = config.get_hosts().iter().enumerate().map(|(at, host)| {
            let ports = config.get_ports();
            let port = ports.get(at).or_else(|| ports.first()).unwrap_or(&5432);
            match host {
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        });
        let hosts: Vec<_> = hosts.collect();
        let user = config.get_user().unwrap_or_default();
        let database = config.get_dbname().unwrap_or(user);
        format!("postgres://{user}@{}/{database}", hosts.join(","))
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Options").field(&self.place()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_shows_nowhere() {
        let good = Options::from_url("postgres://me:hunter2@db.example:6543/yt").unwrap();
        assert_eq!(good.place(), "postgres://me@db.example:6543/yt");
        for text in [
            "postgres://me:hunter2@db?sslmode=hunter2",
            "postgres://me:hunter2@/yt",
            "mysql://me:hunter2@db/yt",
        ] {
            let e = Options::from_url(text).unwrap_err();
            assert!(!format!("{e} {e:?}").contains("hunter2"), "{text}");
        }
        let odd = Options::from_url("postgres://me:p?hunter2=x@db/yt").unwrap();
        assert!(!format!("{good:?} {odd:?}").contains("hunter2"));
    }

    #[test]
    fn sslmode_is_honoured() {
        let read = |query: &str| Options::from_url(&format!("postgres://u@h/d?{query}"));
        let mode = |query| {
            let options = read(query).unwrap();
            (options.config.get_ssl_mode(), options.trust)
        };
        assert_eq!(mode("sslmode=disable"), (SslMode::Disable, Trust::Anybody));
        assert_eq!(mode(""), (SslMode::Prefer, Trust::Anybody));
        assert_eq!(mode("sslmode=require"), (SslMode::Require, Trust::Anybody));
        let file = Trust::Verified(Some("/a b".into()));
        assert_eq!(
            mode("sslrootcert=%2Fa%20b&sslmode=verify-full&connect_timeout=1"),
            (SslMode::Require, file)
        );
        assert_eq!(read("sslmode=maybe").unwrap_err(), UrlError::SslMode);
    }

    #[test]
    fn a_socket_is_a_host() {
        let options = Options::from_url("postgres://u@%2Frun%2Fpg:5433/d").unwrap();
        assert_eq!(options.place(), "postgres://u@/run/pg:5433/d");
    }
}
