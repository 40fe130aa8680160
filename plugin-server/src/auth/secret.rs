//! Random values that are shown once, and what is kept of them.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// 256 random bits in hexadecimal digits.
///
/// # Panics
/// If the operating system has no randomness; nothing secret can be made then.
pub(super) fn random() -> String {
    random_bytes::<32>()
}

/// `N` random bytes in hexadecimal digits.
pub(super) fn random_bytes<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    hex::encode(bytes)
}

/// What is kept of a secret. Secrets have 256 random bits, so that a plain hash cannot be searched.
pub(super) fn digest(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Whether two texts are the same, in a time that only depends on their lengths.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}
