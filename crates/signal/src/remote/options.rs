//! Where the server is, as a URL, and how patient we are. A password never leaves this file and
//! `wire`.

use std::path::PathBuf;
use std::time::Duration;

use redis::{ConnectionAddr, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo};

/// How long an operation may take, unless told otherwise: fifty times what a server of the same
/// network needs.
const LIMIT: Duration = Duration::from_millis(50);

/// Where the server is and how to use it.
#[derive(Clone)]
pub struct Options {
    pub(crate) address: Address,
    pub(crate) login: RedisConnectionInfo,
    /// How long one operation may take before the server counts as away.
    pub limit: Duration,
    /// How long wake tokens that nobody took are kept: 1 s, as a node looks by itself more often.
    pub wakes_kept: Duration,
    /// What our keys begin with.
    pub prefix: String,
    /// This process, to know its own messages; unique among those that share the server.
    pub instance: u128,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp { host: String, port: u16, tls: bool },
    Unix(PathBuf),
}

/// Why a text isn't the URL of a server. Never repeats the text: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no URL of a Redis server; it looks like redis://user:password@host:6379/0, \
     rediss:// with TLS, or unix:///path/of/socket, with % codes for special characters"
)]
pub struct UrlError;

impl Options {
    /// Reads `redis://`, `rediss://` (TLS, the server's certificate is checked against the
    /// system's authorities), `valkey://`, `valkeys://` or `unix://`. Nothing is read from the
    /// environment.
    pub fn from_url(url: &str, instance: u128) -> Result<Self, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError)?;
        let (tls, known) = match scheme {
            "redis" | "valkey" => (false, "redis"),
            "rediss" | "valkeys" => (true, "redis"),
            "unix" | "redis+unix" => (false, "unix"),
            _ => return Err(UrlError),
        };
        // The driver's words may repeat a piece of a password.
        let info = format!("{known}://{rest}").into_connection_info();
        let info = info.map_err(|_| UrlError)?;
        let address = match info.addr() {
            ConnectionAddr::Tcp(host, port) if !host.is_empty() => Address::Tcp {
                host: host.clone(),
                port: *port,
                tls,
            },
            ConnectionAddr::Unix(path) => Address::Unix(path.clone()),
            _ => return Err(UrlError),
        };
        let login = info.redis_settings().clone();
        Ok(Self {
            address,
            login: login.set_protocol(ProtocolVersion::RESP2),
            limit: LIMIT,
            wakes_kept: Duration::from_secs(1),
            prefix: "ytempire".to_owned(),
            instance,
        })
    }

    /// The place without the password, for people and logs.
    pub fn place(&self) -> String {
        let database = self.login.db();
        match &self.address {
            Address::Tcp { host, port, tls } => {
                let scheme = if *tls { "rediss" } else { "redis" };
                format!("{scheme}://{host}:{port}/{database}")
            }
            Address::Unix(path) => format!("unix://{}?db={database}", path.display()),
        }
    }

    /// `text` without the password, should a server repeat it.
    pub(crate) fn discreet(&self, text: &str) -> String {
        match self.login.password() {
            Some(password) if !password.is_empty() => text.replace(password, "…"),
            _ => text.to_owned(),
        }
    }

    pub(crate) fn key(&self, kind: &str, name: &str) -> String {
        format!("{}:{kind}:{name}", self.prefix)
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
        let read = |url: &str| Options::from_url(url, 1);
        let good = read("rediss://me:hunter2@redis.example:6380/3").unwrap();
        assert_eq!(good.place(), "rediss://redis.example:6380/3");
        assert!(!format!("{good:?}").contains("hunter2"));
        assert_eq!(good.discreet("AUTH me hunter2"), "AUTH me …");
        for text in [
            "me:hunter2@redis.example",
            "http://me:hunter2@redis.example",
            "redis://me:hunter2@host:port",
            "redis://me:hunter2@redis.example/hunter2",
        ] {
            let e = read(text).unwrap_err();
            assert!(!format!("{e} {e:?}").contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn the_usual_urls_are_read() {
        let place = |url| Options::from_url(url, 1).unwrap().place();
        assert_eq!(place("redis://localhost"), "redis://localhost:6379/0");
        assert_eq!(place("valkeys://h:1/2"), "rediss://h:1/2");
        assert_eq!(place("unix:///run/r.sock?db=2"), "unix:///run/r.sock?db=2");
    }
}
