//! Keys: how they are made, and how they are recognised.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};
use store::{Access, KeyRow};
use ytempire_core::{AccountId, KeyId, Timestamp};

/// How every secret begins, so that scanners of leaked secrets find it.
const MARK: &str = "yt_";

/// Bytes of chance in a secret: 192 bits can't be guessed, so that a plain hash of it is enough.
const BYTES: usize = 24;

/// Characters by which a key is recognised: the mark, and 32 bits of the secret.
const PREFIX_CHARS: usize = MARK.len() + 8;

/// The text of a key, which is shown once.
pub struct Secret(String);

impl Secret {
    /// The text, to be shown to whoever asked for it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A fresh key and its secret, made from what `chance` fills in.
pub fn fresh(
    id: KeyId,
    account: AccountId,
    (name, scopes): (&str, BTreeSet<Access>),
    (now, ends_at): (Timestamp, Option<Timestamp>),
    chance: impl FnOnce(&mut [u8]),
) -> (KeyRow, Secret) {
    let mut bytes = [0; BYTES];
    chance(&mut bytes);
    let secret = format!("{MARK}{}", hex(&bytes));
    let row = KeyRow {
        id,
        account,
        name: name.to_owned(),
        prefix: secret.chars().take(PREFIX_CHARS).collect(),
        hash: hash(&secret),
        scopes,
        created_at: now,
        ends_at,
    };
    (row, Secret(secret))
}

/// What is kept of a secret.
pub(crate) fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ytempire_core::IdSource;

    #[test]
    fn a_secret_is_found_by_its_hash_and_shows_nowhere() {
        let now = Timestamp::default();
        let id = KeyId::fresh(&IdSource::seeded([1; 32]), now);
        let (row, secret) = fresh(
            id,
            AccountId::LOCAL,
            ("n8n", BTreeSet::new()),
            (now, None),
            |bytes| bytes.fill(0xab),
        );
        assert_eq!(secret.reveal(), format!("yt_{}", "ab".repeat(24)));
        assert_eq!(row.hash, hash(secret.reveal()));
        assert_eq!(row.prefix, "yt_abababab");
        let shown = format!("{row:?} {secret:?}");
        assert!(!shown.contains(secret.reveal()), "{shown}");
    }
}
