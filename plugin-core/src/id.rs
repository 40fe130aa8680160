//! Names of tenants and users, checked once where they enter so that nothing behind has to ask again; and new names for what
//! happens.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize, de};
use uuid::Uuid;

use crate::clock::Timestamp;

/// The longest id of an app or a user, in characters (all of them are ASCII).
const LONGEST: usize = 128;

/// Why a string is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {what}: use 1 to {LONGEST} characters of `A-Z a-z 0-9 . _ : @ -`")]
pub struct InvalidId {
    what: &'static str,
    given: String,
}

fn check(what: &'static str, given: &str) -> Result<(), InvalidId> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:@-".contains(&byte);
    if (1..=LONGEST).contains(&given.len()) && given.bytes().all(allowed) {
        return Ok(());
    }
    let given = given.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    Err(InvalidId { what, given })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and keeps `id`.
            ///
            /// # Errors
            /// [`InvalidId`] if it is empty, too long, or has a character that is not allowed.
            pub fn new(id: impl AsRef<str>) -> Result<Self, InvalidId> {
                let id = id.as_ref();
                check($what, id).map(|()| Self(id.into()))
            }

            /// The id as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(id: &str) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&$name> for String {
            fn from(id: &$name) -> Self {
                id.0.to_string()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let id = std::borrow::Cow::<str>::deserialize(deserializer)?;
                Self::new(id).map_err(de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9._:@-]{1,128}$" })
            }
        }
    };
}

id! {
    /// A tenant. Every call is made for one, and a plugin's data is kept apart by it.
    ///
    /// ```
    /// use plugin_core::AppId;
    ///
    /// assert_eq!(AppId::default(), "default");
    /// assert!(AppId::new("two words").is_err());
    /// ```
    AppId, "the id of an app"
}

id! {
    /// A person or program on whose behalf a call is made.
    UserId, "the id of a user"
}

impl Default for AppId {
    /// The app of calls that name none.
    fn default() -> Self {
        static DEFAULT: std::sync::LazyLock<AppId> = std::sync::LazyLock::new(|| AppId("default".into()));
        DEFAULT.clone()
    }
}

/// A new id for something that happens at `now`: ids sort by time, and cannot be guessed.
pub(crate) fn time_ordered(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let (seconds, part) = (millis / 1000, u32::try_from(millis % 1000).unwrap_or(0));
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, part * 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_take_their_alphabet_and_nothing_else() {
        for good in ["a", "A.b_c:d@e-9", &"x".repeat(128)] {
            assert_eq!(AppId::new(good).expect("valid"), *good);
        }
        for bad in ["", "a b", "ä", "a/b", "a\0b", &"x".repeat(129)] {
            let said = UserId::new(bad).expect_err("invalid").to_string();
            assert!(said.contains("is not the id of a user: use 1 to 128"), "{said}");
            assert!(!said.contains('\0'));
        }
    }
}
