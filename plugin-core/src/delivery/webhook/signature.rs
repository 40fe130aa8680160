//! How senders prove who they are: a keyed hash over the body as it came, compared in constant time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::plugin::secret::Secret;

/// The signature of `body` as GitHub writes it in `X-Hub-Signature-256`.
///
/// ```
/// let signature = plugin_core::delivery::webhook::sign_github("It's a Secret to Everybody", b"Hello, World!");
/// assert_eq!(signature, "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
/// ```
pub fn sign_github(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(mac(secret, body).finalize().into_bytes()))
}

/// Whether `signature` is GitHub's of `body` under any live text of `secret`. It is taken as GitHub writes it and no other way.
pub(super) fn is_github(signature: &[u8], secret: &Secret, body: &[u8]) -> bool {
    let Some(claimed) = digest(signature) else { return false };
    // Every text is tried, so that the time it takes does not tell which one it was.
    secret.live().fold(false, |found, text| found | mac(text, body).verify_slice(&claimed).is_ok())
}

fn digest(signature: &[u8]) -> Option<[u8; 32]> {
    let digits = signature.strip_prefix(b"sha256=")?;
    let mut digest = [0; 32];
    let lower = !digits.iter().any(u8::is_ascii_uppercase);
    hex::decode_to_slice(digits, &mut digest).ok().filter(|()| lower).map(|()| digest)
}

fn mac(secret: &str, body: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    mac.expect("HMAC takes a key of any length").chain_update(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const DIGITS: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn holds(signature: &str) -> bool {
        is_github(signature.as_bytes(), &Secret::new(SECRET), BODY)
    }

    #[test]
    fn github_s_own_vector_holds() {
        assert_eq!(sign_github(SECRET, BODY), format!("sha256={DIGITS}"));
        assert!(holds(&sign_github(SECRET, BODY)));
    }

    #[test]
    fn a_signature_written_another_way_does_not_hold() {
        for wrong in [
            String::new(),
            "sha256=".into(),
            DIGITS.into(),
            format!("sha1={DIGITS}"),
            format!("SHA256={DIGITS}"),
            format!("sha256={}", DIGITS.to_uppercase()),
            format!("sha256={DIGITS}00"),
            format!("sha256={}", &DIGITS[..62]),
            format!("sha256={}", &DIGITS[..63]),
            format!("sha256= {DIGITS}"),
            format!("sha256={DIGITS},sha256={DIGITS}"),
            format!("sha256={}8", &DIGITS[..63]),
            format!("sha256=8{}", &DIGITS[1..]),
        ] {
            assert!(!holds(&wrong), "{wrong}");
        }
    }

    #[test]
    fn every_live_secret_holds_and_no_other() {
        let secret: Secret = serde_json::from_str(r#"["new", "old", ""]"#).expect("a list of secrets");
        for (text, live) in [("new", true), ("old", true), ("", false), ("other", false)] {
            assert_eq!(is_github(sign_github(text, BODY).as_bytes(), &secret, BODY), live, "{text}");
        }
    }
}
