//! A URL that may hold a password.

use serde::Deserialize;

/// Where a server is, as it was written. It may hold a password, so it is never shown; what it can't
/// be is said later and without it.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct SecretUrl(pub(crate) String);

impl From<String> for SecretUrl {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for SecretUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretUrl(..)")
    }
}
