//! The documents: 100,000 conversations of 167 bytes as they are stored, 100 of each user, whose keys lie far apart.

use plugin_core::store::codec;
use serde::{Deserialize, Serialize};

/// How many there are.
pub(super) const DOCUMENTS: u32 = 100_000;
/// How many users they belong to.
pub(super) const USERS: u32 = 1_000;
/// How many each user has.
pub(super) const HITS: usize = 100;
/// The bytes of each as it is stored.
pub(super) const SIZE: usize = 167;

/// What the keys begin with.
pub(super) const PREFIX: &str = "conversations:";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Conversation {
    pub(super) ended_at: u64,
    pub(super) messages: u32,
    pub(super) subject: String,
    pub(super) user_id: String,
}

/// What an index has of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Brief {
    pub(super) ended_at: u64,
    pub(super) user_id: String,
}

pub(super) fn key(number: u32) -> String {
    format!("{PREFIX}{number:08}")
}

pub(super) fn user(number: u32) -> String {
    format!("user-{:04}", number % USERS)
}

/// The document `number`.
pub(super) fn conversation(number: u32) -> Conversation {
    // Each ends at another second, in no order of the keys.
    let ended_at = 1_750_000_000_000 + u64::from(number) * 48_271 % 100_003 * 1_000;
    let document = Conversation { ended_at, messages: number % 250, subject: String::new(), user_id: user(number) };
    let missing = SIZE.saturating_sub(stored(&document).len());
    Conversation { subject: "About the weather, ".chars().cycle().take(missing).collect(), ..document }
}

/// The document as it is stored.
pub(super) fn stored(document: &Conversation) -> Vec<u8> {
    codec::encode(document).expect("a document can be stored")
}

/// A place among `count`, another each time, that is far from the one before.
pub(super) fn scattered(time: u64, count: u32) -> u32 {
    u32::try_from(time * 61_169 % u64::from(count)).expect("less than the count")
}
