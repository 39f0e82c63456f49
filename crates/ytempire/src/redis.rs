//! Which Redis server, if any.

use serde::Deserialize;
use signal::Options;
use ytempire_core::Code;

use crate::fail::Failure;

/// Where the server is, as it was written. It may hold a password, so it is never shown; what it
/// can't be is said later and without it.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct RedisUrl(String);

impl From<String> for RedisUrl {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for RedisUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisUrl(..)")
    }
}

impl RedisUrl {
    /// How the process called `instance` uses it.
    pub(crate) fn options(&self, instance: u128) -> Result<Options, Failure> {
        Options::from_url(&self.0, instance)
            .map_err(|e| Failure::new(Code::ConfigInvalid, format!("--redis: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cant_be_a_server_is_said_without_its_password() {
        let url = RedisUrl::from("redis://me:hunter2@host:port");
        let failed = url.options(1).unwrap_err();
        assert!(!format!("{failed:?} {url:?}").contains("hunter2"));
    }
}
