//! Links to files that work without a key for a while, for players and other people's tools.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use ytempire_core::Timestamp;

use crate::key::hex;

/// The signature of a link to `path` that ends at `expires`, in seconds since 1970.
pub(crate) fn sign(secret: &str, path: &str, expires: i64) -> String {
    hex(&mac(secret, path, expires).finalize().into_bytes())
}

/// Whether a link is ours and has not ended. Takes the same time however wrong it is.
pub(crate) fn is_good(
    secret: &str,
    path: &str,
    (expires, signature): (i64, &str),
    now: Timestamp,
) -> bool {
    let Some(bytes) = unhex(signature) else {
        return false;
    };
    let ours = mac(secret, path, expires).verify_slice(&bytes).is_ok();
    ours && now.as_micros() / 1_000_000 < expires
}

fn mac(secret: &str, path: &str, expires: i64) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.expect("a key of any length is one");
    mac.update(format!("GET\n{path}\n{expires}").as_bytes());
    mac
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !text.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    (0..64).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_one_file_for_its_time() {
        let now = |s: i64| Timestamp::from_micros(s * 1_000_000);
        let signature = sign("secret", "/v1/videos/1/files/video.mp4", 100);
        let good = |path, expires, signature: &str, at| {
            is_good("secret", path, (expires, signature), now(at))
        };
        let path = "/v1/videos/1/files/video.mp4";
        assert!(good(path, 100, &signature, 99));
        assert!(!good(path, 100, &signature, 100));
        assert!(!good(path, 101, &signature, 99));
        assert!(!good(
            "/v1/videos/1/files/receipt.json",
            100,
            &signature,
            99
        ));
        assert!(!good(
            path,
            100,
            &signature.replace(&signature[..1], "g"),
            99
        ));
        assert!(!good(path, 100, &"é".repeat(32), 99));
        assert!(!is_good("other", path, (100, &signature), now(99)));
    }
}
