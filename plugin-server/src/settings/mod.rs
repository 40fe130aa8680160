//! What the operator decides: defaults, then the settings file, then the environment, then flags, as one typed structure.
//! Knows where each value came from, and reads nothing by itself: files and variables are handed in.

mod file;
mod plugins;
mod server;
mod show;

use std::{collections::BTreeMap, fmt, path::PathBuf};

use plugin_core::{
    plugin::meta::PluginItem,
    registration::{Item, Registration},
    site::Site,
    stats::Timing,
};
use serde_json::{Map, Value};

pub use plugins::KnownPlugin;
pub use server::LogFormat;
pub use show::Shown;

use crate::exit::Failure;

/// The prefix of every variable that is ours.
const PREFIX: &str = "PLUGIN_SERVER_";
/// The variable that names the settings file.
pub const CONFIG_VARIABLE: &str = "PLUGIN_SERVER_CONFIG";
/// The variable that holds a token with every scope. Kept out of the settings file, which is often shared.
pub const ADMIN_TOKEN_VARIABLE: &str = "PLUGIN_SERVER_ADMIN_TOKEN";

/// Everything that an operator can decide, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen, as `address:port`; port 0 takes a free one.
    pub listen: String,
    /// Where data is.
    pub data_dir: PathBuf,
    /// Where backups are.
    pub backup_dir: PathBuf,
    /// Which log lines are written, in the syntax of `RUST_LOG`.
    pub log: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which calls of handlers are timed.
    pub timing: Timing,
    /// How many threads answer HTTP.
    pub workers: usize,
    /// A token with every scope that the environment brings.
    pub admin_token: Option<AdminToken>,
    /// The settings of the plugins, by their ids.
    pub plugins: BTreeMap<String, Map<String, Value>>,
    /// What is odd and no error.
    pub warnings: Vec<String>,
    origins: BTreeMap<String, Origin>,
}

/// The token of the environment. Its text never shows.
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(String);

impl AdminToken {
    /// The token, to compare with.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(***)")
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// The settings file.
    File(PathBuf),
    /// A variable, by its name.
    Environment(String),
    /// A flag, as it is written.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// What is wrong with the settings: everything, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct SettingsError(pub Vec<String>);

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// The settings as they were given, before they mean anything.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The settings file: its path and its text.
    pub file: Option<(PathBuf, String)>,
    /// The variables of the environment.
    pub environment: Vec<(String, String)>,
    /// The flags of the command line: the setting, the flag as written, its value.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

impl Given {
    /// The variables of this process, the settings file that `config` or the environment names, and `flags`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn gather(
        config: Option<PathBuf>,
        flags: Vec<(&'static str, &'static str, String)>,
    ) -> Result<Self, SettingsError> {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment: Vec<(String, String)> =
            std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
        let named = environment.iter().find(|(name, value)| name == CONFIG_VARIABLE && !value.is_empty());
        let file = match config.or_else(|| named.map(|(_, value)| PathBuf::from(value))) {
            None => None,
            Some(path) => match std::fs::read_to_string(&path) {
                Ok(text) => Some((path, text)),
                Err(error) => {
                    return Err(SettingsError(vec![format!(
                        "cannot read the settings file {}: {error}",
                        path.display()
                    )]));
                }
            },
        };
        Ok(Self { file, environment, flags })
    }
}

impl Settings {
    /// The settings that `given` amounts to, for a server with the plugins `known`.
    ///
    /// ```
    /// use plugin_server::settings::{Given, Settings};
    ///
    /// let environment = vec![("PLUGIN_SERVER_LISTEN".to_owned(), "127.0.0.1:9000".to_owned())];
    /// let settings = Settings::load(Given { environment, ..Given::default() }, &[]).unwrap();
    /// assert_eq!(settings.listen, "127.0.0.1:9000");
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn load(given: Given, known: &[KnownPlugin]) -> Result<Self, SettingsError> {
        let mut problems = Vec::new();
        let mut values = server::Values::default();
        let mut plugins = plugins::Tables::new(known);
        if let Some((path, text)) = given.file {
            file::read(&path, &text, &mut values, &mut plugins, &mut problems);
        }
        let mut warnings = Vec::new();
        let mut admin_token = None;
        for (name, value) in given.environment.into_iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            if let Some(path) = name.strip_prefix(plugins::VARIABLE_PREFIX) {
                plugins.variable(&name, path, &value, &mut warnings);
            } else if name == ADMIN_TOKEN_VARIABLE {
                admin_token = Some(AdminToken(value)).filter(|token| !token.0.is_empty());
            } else if let Some(setting) = server::of_variable(&name) {
                values.set(setting, Value::String(value), Origin::Environment(name));
            } else if name != CONFIG_VARIABLE {
                warnings.push(format!("the variable {name} is not one of this server's and has no effect"));
            }
        }
        for (setting, flag, value) in given.flags {
            values.set(setting, Value::String(value), Origin::Flag(flag));
        }
        let server = values.read(&mut problems);
        let (plugins, plugin_origins) = plugins.finish();
        if !problems.is_empty() {
            return Err(SettingsError(problems));
        }
        let mut origins = values.origins();
        origins.extend(plugin_origins);
        if admin_token.is_some() {
            origins.insert("admin_token".to_owned(), Origin::Environment(ADMIN_TOKEN_VARIABLE.to_owned()));
        }
        let server::Server { listen, data_dir, backup_dir, log, log_format, timing, workers } = server;
        // Of a directory without a name, as `.`, it is the absolute path that has a place beside it.
        let beside = || std::path::absolute(&data_dir).unwrap_or_else(|_| data_dir.clone()).with_file_name("backups");
        let backup_dir = backup_dir.unwrap_or_else(beside);
        Ok(Self {
            listen,
            data_dir,
            backup_dir,
            log,
            log_format,
            timing,
            workers,
            admin_token,
            plugins,
            warnings,
            origins,
        })
    }

    /// Where the setting at the dotted `path` came from: its own origin, else that of the nearest one above it.
    pub fn origin(&self, path: &str) -> &Origin {
        let above = std::iter::successors(Some(path), |path| path.rsplit_once('.').map(|(above, _)| above));
        above.filter_map(|path| self.origins.get(path)).next().unwrap_or(&Origin::Default)
    }
}

/// The plugins of this binary by id, whether or not they fit together: settings can be looked at in any case.
fn linked() -> BTreeMap<&'static str, (&'static PluginItem, &'static Site)> {
    let plugin = |it: &'static Registration| match &it.item {
        Item::Plugin(item) => Some((item.owner.id, (item, it.site))),
        _ => None,
    };
    Registration::linked().filter_map(plugin).collect()
}

/// What the settings need to know of the plugins of this binary.
pub fn known_plugins() -> Vec<KnownPlugin> {
    linked().iter().map(|(id, (item, _))| KnownPlugin::of(id, item.config.schema)).collect()
}

/// `unknown … `name``, with the nearest of `known` and the list of all.
fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let near = plugin_syntax::nearest(name, known.iter().copied());
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let name: String = name.chars().take(100).flat_map(char::escape_debug).collect();
    match known.is_empty() {
        true => format!("unknown {what} `{name}`; there are none"),
        false => format!("unknown {what} `{name}`{hint} (there are: {})", known.join(", ")),
    }
}

#[cfg(test)]
mod tests;
