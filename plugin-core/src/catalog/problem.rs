//! What can be wrong with a set of plugins, each kind with a number that stays.

use std::fmt;

use serde::Serialize;

use crate::{plugin::config::ConfigProblem, site::Site};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $title:literal;)*) => {
        /// A kind of problem. `docs/errors` has a page for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its number, as `P0001`.
            pub fn number(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it is about.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// Two plugins have one id.
    DuplicatePlugin = "P0001", "two plugins have the same id";
    /// Two items of one kind and plugin have one name.
    DuplicateItem = "P0002", "two items of a plugin have the same name";
    /// Two types are one hook point, filter point or event.
    DuplicatePoint = "P0003", "two types have the same hook, filter or event name";
    /// A handler names a hook point that no type is.
    UnknownHook = "P0004", "no type is this hook point";
    /// A handler names a filter point that no type is.
    UnknownFilter = "P0005", "no type is this filter point";
    /// Two endpoints or admin pages answer the same requests.
    RouteConflict = "P0006", "two endpoints or admin pages answer the same requests";
    /// A required plugin is not linked.
    MissingRequirement = "P0007", "a required plugin is not linked";
    /// A required plugin has another version.
    RequiredVersion = "P0008", "a required plugin has another version";
    /// Plugins require each other in a circle.
    RequirementCycle = "P0009", "plugins require each other in a circle";
    /// A crate named in `plugins!` holds no plugin.
    NotLinked = "P0010", "a crate named in plugins! holds no plugin";
    /// An item's plugin is not registered.
    UnregisteredPlugin = "P0011", "an item's plugin is not registered";
    /// A plugin's settings are not what its type asks for.
    WrongSetting = "P0012", "a plugin's settings are wrong";
    /// Two types are one document.
    DuplicateDocument = "P0013", "two types are the same document";
    /// The versions of a document do not lead to the one that is current.
    BrokenMigrations = "P0014", "the migrations of a document do not lead to its current version";
    /// Two indexes of a plugin are one.
    DuplicateIndex = "P0015", "two indexes of a plugin are the same";
    /// An index names what its documents do not have.
    UnknownIndexField = "P0016", "an index names a field that its documents do not have";
    /// A document has a field whose values cannot be stored.
    Unstorable = "P0017", "a document has a field that cannot be stored";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.number())
    }
}

/// Something that is wrong with the plugins of a binary: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// What kind of problem.
    pub code: Code,
    /// What is wrong here.
    pub detail: String,
    /// Where, as `file:line`.
    pub sites: Vec<String>,
    /// What to do.
    pub help: String,
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), sites: Vec::new(), help: help.into() }
    }

    /// What is `wrong` with a setting of `plugin`, whose type is at `site`.
    pub fn of_setting(plugin: &str, site: &'static Site, wrong: &ConfigProblem) -> Self {
        let variable = plugin.to_ascii_uppercase().replace('-', "_");
        let help =
            format!("mend `[plugins.{plugin}]` in the settings file, or `PLUGIN_SERVER__PLUGINS__{variable}__…`");
        Self::new(Code::WrongSetting, format!("`plugins.{plugin}.{}`: {}", wrong.path, wrong.what), help).at([site])
    }

    #[must_use]
    pub(crate) fn at(mut self, sites: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        self.sites.extend(sites.into_iter().map(|site| site.to_string()));
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)?;
        for site in &self.sites {
            write!(f, "\n  at {site}")?;
        }
        write!(f, "\n  help: {} (docs/errors/{}.md)", self.help, self.code)
    }
}

/// All that is wrong, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn none_of(mut problems: Vec<Problem>) -> Result<(), Self> {
        problems.sort();
        problems.dedup();
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Self(problems)),
        }
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if place == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
