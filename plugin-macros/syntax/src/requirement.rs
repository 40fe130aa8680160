//! `data-source >= 1`: another plugin, and which versions of it will do.

use std::{fmt, str::FromStr};

use semver::{Version, VersionReq};

use crate::name::{NameError, plugin_id};

/// A plugin that another one needs.
///
/// ```
/// let needs: plugin_syntax::Requirement = "data-source >= 1, < 3".parse()?;
/// assert_eq!(needs.plugin(), "data-source");
/// assert_eq!(needs.versions().to_string(), ">=1, <3");
/// # Ok::<(), plugin_syntax::RequirementError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    plugin: String,
    versions: VersionReq,
}

/// Why a text is not a requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequirementError {
    /// What comes first is not a plugin's id.
    #[error("{0}; a requirement is a plugin's id and a range of versions, as in `data-source >= 1`")]
    Plugin(#[source] NameError),
    /// What follows is not a range of versions.
    #[error("`{versions}` is not a range of versions ({why}): write one as in Cargo.toml, `>= 1` or `^1.2`")]
    Versions {
        /// What follows the id.
        versions: String,
        /// What `semver` says of it.
        why: String,
    },
}

/// A text is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a version ({why}): write three numbers, as in `1.2.0`")]
pub struct VersionError {
    text: String,
    why: String,
}

/// Reads a version as in Cargo.toml.
///
/// # Errors
/// Where it is none.
pub fn version(text: &str) -> Result<Version, VersionError> {
    text.parse().map_err(|why: semver::Error| VersionError { text: text.to_owned(), why: why.to_string() })
}

impl Requirement {
    /// The id of the plugin that is needed.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Which versions of it will do.
    pub fn versions(&self) -> &VersionReq {
        &self.versions
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(text.len());
        let (plugin, versions) = text.split_at(end);
        let plugin = plugin_id(plugin).map_err(RequirementError::Plugin)?.to_owned();
        let versions = match versions.trim() {
            "" => VersionReq::STAR,
            versions => versions.parse().map_err(|why: semver::Error| RequirementError::Versions {
                versions: versions.to_owned(),
                why: why.to_string(),
            })?,
        };
        Ok(Self { plugin, versions })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plugin, self.versions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_alone_is_needed_in_any_version() {
        let any: Requirement = "data-source".parse().expect("an id");
        assert!(any.versions().matches(&Version::new(0, 0, 1)));
    }

    #[test]
    fn spaces_do_not_matter() {
        let spellings = ["data-source >= 1", "data-source>=1", " data-source  >=1 "];
        for spelling in spellings {
            assert_eq!(
                spelling.parse::<Requirement>().map(|r| r.to_string()),
                Ok("data-source >=1".into()),
                "{spelling}"
            );
        }
    }

    #[test]
    fn the_wrong_half_is_named() {
        assert!(matches!("Data >= 1".parse::<Requirement>(), Err(RequirementError::Plugin(_))));
        assert!(matches!("".parse::<Requirement>(), Err(RequirementError::Plugin(_))));
        assert!(matches!("data >== 1".parse::<Requirement>(), Err(RequirementError::Versions { .. })));
        assert!(version("1.2").expect_err("two numbers").to_string().starts_with("`1.2` is not a version"));
    }
}
