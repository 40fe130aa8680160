//! Keys in a keyspace: a kind, then parts whose encoding keeps their order, so that the order of bytes is the order of values.
//!
//! Documents go on with their app and the key that the plugin gave. All other kinds have no app in the key: the row carries
//! it, so that one range holds the rows of all apps.

use std::ops::Range;

use crate::id::AppId;

/// The longest key that a plugin may give, in bytes of UTF-8. Any text will do, NUL included.
pub const MAX_USER_KEY: usize = 1024;

/// What a row is. The numbers are part of the format on disk; 0x21 is kept for the marks of deliveries that were
/// done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// What a plugin stored under a key of its own.
    Document = 0x10,
    /// An entry of an index: what a document has in the indexed fields.
    Index = 0x11,
    /// An entry of an index in which no two documents have the same.
    Unique = 0x12,
    /// When a document expires.
    Expiry = 0x13,
    /// A delivery that waits for its listener.
    Queue = 0x20,
    /// What the host keeps about a job.
    Cron = 0x30,
    /// A webhook's delivery that was accepted.
    Receipt = 0x40,
    /// What the store keeps about itself: which indexes there are, and how far each is built.
    Meta = 0x50,
}

/// Ends a text inside a key. Smaller than every byte that goes on, so that a prefix comes before what it begins.
const END: [u8; 2] = [0x00, 0x00];
/// Stands for a NUL of the text.
const ESCAPED_NUL: [u8; 2] = [0x00, 0xff];

/// A key that grows part by part.
///
/// ```
/// use plugin_core::store::key::{Key, Kind};
///
/// let short = Key::of(Kind::Queue).text("a").int(9).into_bytes();
/// let long = Key::of(Kind::Queue).text("ab").int(1).into_bytes();
/// assert!(short < long, "the first part decides");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key of `kind` that has no part yet.
    pub fn of(kind: Kind) -> Self {
        Self(vec![kind as u8])
    }

    /// Goes on with a text, in the order of its bytes.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        for (place, plain) in text.split('\0').enumerate() {
            if place > 0 {
                self.0.extend(ESCAPED_NUL);
            }
            self.0.extend_from_slice(plain.as_bytes());
        }
        self.0.extend(END);
        self
    }

    /// Goes on with a number.
    #[must_use]
    pub fn int(mut self, number: u64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    /// Ends with a text as it is, so that each prefix of it is a prefix of the key. Nothing may follow.
    #[must_use]
    pub fn tail(mut self, text: &str) -> Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// The key as the engine takes it.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The range of all keys that begin with this one.
    pub fn range(self) -> Range<Vec<u8>> {
        let end = upper_bound(&self.0);
        self.0..end
    }
}

/// The smallest key that is greater than all that begin with `prefix`.
pub(super) fn upper_bound(prefix: &[u8]) -> Vec<u8> {
    let kept = prefix.iter().rposition(|&byte| byte != 0xff).map_or(0, |place| place + 1);
    let mut end = prefix[..kept].to_vec();
    // A key begins with its kind, which is none of 0xff: there always is a byte to raise.
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

/// Takes a key apart, in the order it was made.
#[derive(Debug, Clone)]
pub struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    /// What follows the kind, if the key is of `kind`.
    pub fn of(kind: Kind, key: &'a [u8]) -> Option<Self> {
        key.strip_prefix(&[kind as u8]).map(Self)
    }

    /// The next part, a text.
    pub fn text(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            let plain = self.0.iter().position(|&byte| byte == 0)?;
            let (before, rest) = self.0.split_at(plain);
            text.extend(before);
            match rest.split_first_chunk()? {
                (&END, rest) => {
                    self.0 = rest;
                    return String::from_utf8(text).ok();
                }
                (&ESCAPED_NUL, rest) => {
                    self.0 = rest;
                    text.push(0);
                }
                _ => return None,
            }
        }
    }

    /// The next part, a number.
    pub fn int(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*number))
    }

    /// All that is left, a text as it is.
    pub fn tail(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }
}

/// The document `key` of `app`. With only the beginning of a key, the beginning of all that begin with it.
pub fn document(app: &AppId, key: &str) -> Key {
    // It is asked for with everything that is done to a document: one allocation.
    let mut document = Vec::with_capacity(1 + app.as_str().len() + END.len() + key.len());
    document.push(Kind::Document as u8);
    Key(document).text(app.as_str()).tail(key)
}

/// App and key of a document.
pub fn parse_document(key: &[u8]) -> Option<(String, &str)> {
    let mut parts = Parts::of(Kind::Document, key)?;
    Some((parts.text()?, parts.tail()?))
}

/// The document's key at the end of a key of a document.
#[inline]
pub(super) fn tail_of_document(key: &[u8]) -> Option<&str> {
    let app = key.strip_prefix(&[Kind::Document as u8])?;
    // An app's id has no NUL, so the first one ends it.
    let end = app.iter().position(|&byte| byte == 0)?;
    std::str::from_utf8(app.get(end..)?.strip_prefix(&END)?).ok()
}

/// The row that tells that `key` of `app` expires at `millis` since the Unix epoch.
pub(super) fn expiry(millis: u64, app: &AppId, key: &str) -> Key {
    Key::of(Kind::Expiry).int(millis).text(app.as_str()).tail(key)
}

/// When a document expires, its app, and its key.
pub(super) fn parse_expiry(key: &[u8]) -> Option<(u64, String, &str)> {
    let mut parts = Parts::of(Kind::Expiry, key)?;
    Some((parts.int()?, parts.text()?, parts.tail()?))
}

/// The delivery `number` to `listener`. A listener's deliveries are in the order of their numbers.
pub fn queue(listener: &str, number: u64) -> Key {
    queue_of(listener).int(number)
}

/// All deliveries to `listener`.
pub fn queue_of(listener: &str) -> Key {
    Key::of(Kind::Queue).text(listener)
}

/// All that is kept about `job`.
pub fn cron_of(job: &str) -> Key {
    Key::of(Kind::Cron).text(job)
}

/// The receipt of the delivery `id` to `webhook`.
pub fn receipt(webhook: &str, id: &str) -> Key {
    Key::of(Kind::Receipt).text(webhook).text(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts that are near one another: what breaks an encoding is a NUL, a prefix, or the byte next to either.
    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(prop_oneof![Just('\0'), Just('\u{1}'), Just('a'), Just('ÿ'), any::<char>()], 0..5)
            .prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn the_order_of_bytes_is_the_order_of_values(
            (one, other) in { let parts = || (text(), any::<u64>(), text()); (parts(), parts()) }
        ) {
            let key = |(text, int, tail): &(String, u64, String)| Key::of(Kind::Cron).text(text).int(*int).tail(tail);
            prop_assert_eq!(key(&one).into_bytes().cmp(&key(&other).into_bytes()), one.cmp(&other));
        }

        #[test]
        fn a_key_is_taken_apart_as_it_was_made(one in text(), number: u64, last in text()) {
            let key = Key::of(Kind::Queue).text(&one).int(number).tail(&last).into_bytes();
            let mut parts = Parts::of(Kind::Queue, &key).expect("of that kind");
            prop_assert_eq!(parts.text(), Some(one));
            prop_assert_eq!(parts.int(), Some(number));
            prop_assert_eq!(parts.tail(), Some(&*last));
            prop_assert!(Parts::of(Kind::Receipt, &key).is_none());
        }

        #[test]
        fn foreign_bytes_are_taken_apart_without_panic(bytes: Vec<u8>) {
            let mut parts = Parts(&bytes);
            while parts.text().is_some() || parts.int().is_some() {}
        }

        #[test]
        fn a_range_holds_what_begins_with_its_prefix(prefix in text(), key in text()) {
            let app = AppId::default();
            let range = document(&app, &prefix).range();
            prop_assert_eq!(range.contains(&document(&app, &key).into_bytes()), key.starts_with(&prefix));
        }
    }

    #[test]
    fn documents_of_one_app_lie_apart_from_those_of_another() {
        let [a, ab] = ["a", "ab"].map(|id| AppId::new(id).expect("valid"));
        let range = document(&a, "").range();
        assert!(range.contains(&document(&a, "\u{10ffff}").into_bytes()));
        assert!(!range.contains(&document(&ab, "").into_bytes()));
        assert_eq!(parse_document(&document(&ab, "k\0").into_bytes()), Some(("ab".into(), "k\0")));
    }

    #[test]
    fn the_bound_of_a_prefix_of_highest_bytes_is_that_of_what_comes_before_them() {
        assert_eq!(upper_bound(&[0x10, 0xff, 0xff]), [0x11]);
        assert_eq!(upper_bound(&[0x10, 0x00]), [0x10, 0x01]);
    }

    #[test]
    fn the_longest_key_of_a_plugin_is_within_what_an_engine_takes() {
        let app = AppId::new("x".repeat(128)).expect("valid");
        let key = document(&app, &"k".repeat(MAX_USER_KEY)).into_bytes();
        assert!(key.len() <= super::super::engine::MAX_KEY);
    }
}
