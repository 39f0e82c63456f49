//! Configuration of the API.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

/// Where it listens, where nobody says otherwise: on this machine alone.
pub(crate) const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8000);

/// Requests a minute that a key may make: 20 a second, far above what a person or n8n asks.
const REQUESTS: u32 = 1200;

/// `[serve]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServeTable {
    /// Where it listens. Since 0.2. Default: 127.0.0.1:8000. Other machines reach it only where it
    /// names an address of theirs; put a proxy with TLS before it then.
    pub(crate) listen: Option<SocketAddr>,
    /// Requests a minute that a key may make, on all servers together, and a quarter of them at once.
    /// Since 0.2. Default: 1200. Too few: programs that poll are refused. Too many: one of them can
    /// keep the database busy.
    pub(crate) requests_per_minute: Option<u32>,
    /// Origins of web pages that may ask with a key, `*` for all. Since 0.2. Default: none.
    #[serde(default)]
    pub(crate) origins: Vec<String>,
}

impl ServeTable {
    pub(crate) fn validate(&self) -> Result<(), String> {
        if self.requests_per_minute == Some(0) {
            return Err("serve.requests_per_minute: must be 1 or more".to_owned());
        }
        let odd = self.origins.iter().find(|origin| {
            let host = origin
                .strip_prefix("https://")
                .or_else(|| origin.strip_prefix("http://"));
            *origin != "*" && host.is_none_or(|host| host.is_empty() || host.contains('/'))
        });
        match odd {
            Some(origin) => Err(format!(
                "serve.origins: {origin:?} is no origin; write it like https://studio.example"
            )),
            None => Ok(()),
        }
    }

    pub(crate) fn options(&self) -> api::Options {
        let tokens = self.requests_per_minute.unwrap_or(REQUESTS);
        api::Options {
            rate: signal::Rate {
                tokens,
                per: Duration::from_mins(1),
                burst: tokens.div_ceil(4),
            },
            origins: self.origins.clone(),
            ..api::Options::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_origin_is_refused() {
        let of = |origin: &str| ServeTable {
            origins: vec![origin.to_owned()],
            ..ServeTable::default()
        };
        for good in ["*", "https://studio.example", "http://127.0.0.1:3000"] {
            of(good).validate().unwrap();
        }
        for wrong in ["studio.example", "https://studio.example/", "https://", ""] {
            assert!(of(wrong).validate().is_err(), "{wrong}");
        }
    }
}
