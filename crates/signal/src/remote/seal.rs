//! Cached values as they lie on the server: what comes back is what was put, or nothing.

use sha2::{Digest, Sha256};
use ytempire_core::Timestamp;

const TIME: usize = size_of::<i64>();
const SEAL: usize = 32;

pub(crate) fn seal(key: &str, until: Timestamp, value: &[u8]) -> Vec<u8> {
    let until = until.as_micros().to_le_bytes();
    let digest = digest(key, &until, value);
    [&digest[..], &until, value].concat()
}

/// The value and when it ends; `None` if it isn't one of ours under this key.
pub(crate) fn open<'a>(key: &str, sealed: &'a [u8]) -> Option<(Timestamp, &'a [u8])> {
    let (seal, rest) = sealed.split_at_checked(SEAL)?;
    let (until, value) = rest.split_first_chunk::<TIME>()?;
    let whole = digest(key, until, value)[..] == *seal;
    whole.then(|| (Timestamp::from_micros(i64::from_le_bytes(*until)), value))
}

fn digest(key: &str, until: &[u8], value: &[u8]) -> [u8; SEAL] {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_le_bytes());
    hash.update(key);
    hash.update(until);
    hash.update(value);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_breaks_the_seal() {
        let until = Timestamp::from_micros(7);
        let whole = seal("key", until, b"value");
        assert_eq!(open("key", &whole), Some((until, &b"value"[..])));
        assert_eq!(open("kez", &whole), None);
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(open("key", &changed), None, "{at}");
            assert_eq!(open("key", &whole[..at]), None, "{at}");
        }
    }
}
