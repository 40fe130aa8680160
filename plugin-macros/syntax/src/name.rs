//! Names of plugins, points, items and what belongs to them.

use std::fmt;

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameKind {
    /// A plugin's id.
    PluginId,
    /// A hook, filter or event.
    Point,
    /// An item: an endpoint, job, webhook, page …
    Item,
    /// What a program knows an admin page by.
    Component,
    /// What a token may be allowed.
    Scope,
    /// What a webhook's sender calls an event.
    WebhookEvent,
    /// A collection of documents.
    Collection,
}

/// A text is not a name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not {kind}")]
pub struct NameError {
    name: String,
    kind: NameKind,
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PluginId => {
                "a plugin's id: a small letter, then at most 62 of small letters, digits and `-`, as in `analytics-plugin`"
            }
            Self::Point => {
                "the name of a hook, filter or event: two parts of letters, digits and `-`, joined by `:`, as in `conversation:end` or \
                 `message:beforeSend`"
            }
            Self::Item => {
                "a name: small letters and digits in words joined by `-`, beginning with a letter, at most 63 characters, as in \
                 `daily-cleanup`"
            }
            Self::Component => "a component's name: letters and digits, beginning with a capital, as in `ExtensionDashboard`",
            Self::Scope => "a scope: small letters, digits, `-` and `:`, beginning with a letter, as in `reports` or `reports:write`",
            Self::Collection => {
                "a collection: a small letter, then at most 62 of small letters, digits and `-`, as in `conversations`"
            }
            Self::WebhookEvent => "an event of a webhook: 1 to 128 visible characters without a space, as in `pull_request`",
        })
    }
}

const LONGEST: usize = 63;

fn checked(name: &str, kind: NameKind, good: impl FnOnce(&str) -> bool) -> Result<&str, NameError> {
    if good(name) { Ok(name) } else { Err(NameError { name: name.to_owned(), kind }) }
}

/// Whether `name` begins with `first` and goes on with at most 62 of `rest`.
fn begins(name: &str, first: fn(&u8) -> bool, rest: impl Fn(u8) -> bool) -> bool {
    name.len() <= LONGEST && name.as_bytes().first().is_some_and(first) && name.bytes().skip(1).all(rest)
}

fn small_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// A plugin's id: `[a-z][a-z0-9-]{0,62}`.
///
/// # Errors
/// Where it is none.
pub fn plugin_id(name: &str) -> Result<&str, NameError> {
    checked(name, NameKind::PluginId, |name| {
        begins(name, u8::is_ascii_lowercase, |byte| small_digit(byte) || byte == b'-')
    })
}

/// The name of a hook, filter or event: `conversation:end`, `message:beforeSend`, `data-source:conversation-ended`.
///
/// # Errors
/// Where it is none.
pub fn point_name(name: &str) -> Result<&str, NameError> {
    checked(name, NameKind::Point, |name| {
        name.split_once(':').is_some_and(|(of, what)| {
            plugin_id(of).is_ok()
                && begins(what, u8::is_ascii_alphabetic, |byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    })
}

/// The name of an item: kebab-case, at most 63 characters.
///
/// # Errors
/// Where it is none.
pub fn item_name(name: &str) -> Result<&str, NameError> {
    checked(name, NameKind::Item, |name| {
        begins(name, u8::is_ascii_lowercase, |byte| small_digit(byte) || byte == b'-')
            && !name.contains("--")
            && !name.ends_with('-')
    })
}

/// What a program knows an admin page by: PascalCase.
///
/// # Errors
/// Where it is none.
pub fn component(name: &str) -> Result<&str, NameError> {
    checked(name, NameKind::Component, |name| begins(name, u8::is_ascii_uppercase, |byte| byte.is_ascii_alphanumeric()))
}

/// What a token may be allowed: `reports`, `reports:write`.
///
/// # Errors
/// Where it is none.
pub fn scope(name: &str) -> Result<&str, NameError> {
    checked(name, NameKind::Scope, |name| {
        begins(name, u8::is_ascii_lowercase, |byte| small_digit(byte) || byte == b'-' || byte == b':')
    })
}

/// What a webhook's sender calls an event; the senders agree on little, so all that fits into a header goes.
///
/// # Errors
/// Where it is none.
pub fn webhook_event(name: &str) -> Result<&str, NameError> {
    checked(name, NameKind::WebhookEvent, |name| {
        (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// A collection of documents: `[a-z][a-z0-9-]{0,62}`.
///
/// # Errors
/// Where it is none.
pub fn collection(name: &str) -> Result<&str, NameError> {
    checked(name, NameKind::Collection, |name| {
        begins(name, u8::is_ascii_lowercase, |byte| small_digit(byte) || byte == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugin_ids_are_short_and_small() {
        let longest = "a".repeat(63);
        for good in ["a", "analytics-plugin", "p2", "a-", longest.as_str()] {
            assert_eq!(plugin_id(good), Ok(good));
        }
        let too_long = "a".repeat(64);
        for bad in ["", "Analytics", "2p", "-a", "a_b", "a:b", "ä", too_long.as_str()] {
            assert!(plugin_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn points_have_two_parts() {
        for good in ["conversation:end", "message:beforeSend", "data-source:conversation-ended", "app:init"] {
            assert_eq!(point_name(good), Ok(good));
        }
        for bad in ["", ":", "conversation", "conversation:", ":end", "a:b:c", "a: b", "A:b", "a:1"] {
            assert!(point_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn item_names_are_kebab_case() {
        for good in ["stats", "daily-cleanup", "step-2"] {
            assert_eq!(item_name(good), Ok(good));
        }
        for bad in ["", "Stats", "daily_cleanup", "a--b", "a-", "-a", "2a"] {
            assert!(item_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_other_names_have_their_own_alphabets() {
        assert!(component("ExtensionDashboard").is_ok() && component("dashboard").is_err() && component("").is_err());
        assert!(scope("reports:write").is_ok() && scope("Reports").is_err() && scope("").is_err());
        assert!(collection("conversations").is_ok() && collection("a:b").is_err() && collection("").is_err());
        assert!(webhook_event("pull_request").is_ok() && webhook_event("a b").is_err() && webhook_event("").is_err());
    }

    #[test]
    fn the_sentence_names_the_text_and_shows_a_good_one() {
        let said = plugin_id("My Plugin").expect_err("has a space").to_string();
        assert!(
            said.starts_with("`My Plugin` is not a plugin's id:") && said.ends_with("`analytics-plugin`"),
            "{said}"
        );
    }
}
