//! Which Redis server, if any.

use signal::Options;
use ytempire_core::Code;

use crate::fail::Failure;
use crate::secret_url::SecretUrl;

/// How the process called `instance` uses the server at `url`.
pub(crate) fn options(url: &SecretUrl, instance: u128) -> Result<Options, Failure> {
    Options::from_url(&url.0, instance)
        .map_err(|e| Failure::new(Code::ConfigInvalid, format!("--redis: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cant_be_a_server_is_said_without_its_password() {
        let url = SecretUrl::from("redis://me:hunter2@host:port");
        let failed = options(&url, 1).unwrap_err();
        assert!(!format!("{failed:?} {url:?}").contains("hunter2"));
    }
}
