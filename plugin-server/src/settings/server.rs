//! The settings of the server itself: which there are, and what a value must be.

use std::{collections::BTreeMap, path::PathBuf};

use plugin_core::stats::Timing;
use serde_json::Value;
use tracing_subscriber::EnvFilter;

use super::Origin;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Human,
    /// A JSON object a line.
    Json,
}

/// One setting: its name in the file, its variable, what it is without either.
struct Setting {
    name: &'static str,
    variable: &'static str,
    default: fn() -> Value,
}

/// All there are, in the order in which they are shown.
static ALL: &[Setting] = &[
    Setting { name: "listen", variable: "PLUGIN_SERVER_LISTEN", default: || "127.0.0.1:8080".into() },
    Setting { name: "data_dir", variable: "PLUGIN_SERVER_DATA_DIR", default: || "./data".into() },
    // Beside the data directory, where nothing else is said.
    Setting { name: "backup_dir", variable: "PLUGIN_SERVER_BACKUP_DIR", default: || "".into() },
    Setting { name: "log", variable: "PLUGIN_SERVER_LOG", default: || "info,actix_server=warn,actix_http=off".into() },
    Setting { name: "log_format", variable: "PLUGIN_SERVER_LOG_FORMAT", default: || "auto".into() },
    Setting { name: "timing", variable: "PLUGIN_SERVER_TIMING", default: || "sampled".into() },
    Setting { name: "workers", variable: "PLUGIN_SERVER_WORKERS", default: || threads().into() },
];

/// The most threads that may answer HTTP.
const MOST_WORKERS: u64 = 256;

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// The names of all settings of the server.
pub(super) fn names() -> Vec<&'static str> {
    ALL.iter().map(|setting| setting.name).collect()
}

/// The setting that the variable `variable` gives.
pub(super) fn of_variable(variable: &str) -> Option<&'static str> {
    ALL.iter().find(|setting| setting.variable == variable).map(|setting| setting.name)
}

/// The settings of the server, checked.
pub(super) struct Server {
    pub(super) listen: String,
    pub(super) data_dir: PathBuf,
    pub(super) backup_dir: Option<PathBuf>,
    pub(super) log: String,
    pub(super) log_format: LogFormat,
    pub(super) timing: Timing,
    pub(super) workers: usize,
}

/// The values given so far; a later one replaces an earlier one.
#[derive(Default)]
pub(super) struct Values(BTreeMap<&'static str, (Value, Origin)>);

impl Values {
    /// Notes `value`; whether there is such a setting.
    pub(super) fn set(&mut self, name: &str, value: Value, origin: Origin) -> bool {
        let setting = ALL.iter().find(|setting| setting.name == name);
        if let Some(setting) = setting {
            self.0.insert(setting.name, (value, origin));
        }
        setting.is_some()
    }

    /// Where each given value came from.
    pub(super) fn origins(&self) -> BTreeMap<String, Origin> {
        self.0.iter().map(|(name, (_, origin))| ((*name).to_owned(), origin.clone())).collect()
    }

    /// The settings, with defaults for what was not given; what is wrong is added to `problems`.
    pub(super) fn read(&self, problems: &mut Vec<String>) -> Server {
        let mut read = Reader { values: self, problems };
        Server {
            listen: read.text("listen", |text| match text.rsplit_once(':') {
                Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
                _ => Err("is not an address and a port, such as 127.0.0.1:8080".to_owned()),
            }),
            data_dir: read.text("data_dir", |text| match text {
                "" => Err("is empty: name a directory".to_owned()),
                path => Ok(PathBuf::from(path)),
            }),
            backup_dir: read
                .text("backup_dir", |text| Ok(Some(text).filter(|text| !text.is_empty()).map(PathBuf::from))),
            log: read.text("log", |text| match EnvFilter::try_new(text) {
                Ok(_) => Ok(text.to_owned()),
                Err(error) => Err(format!("is no log filter, such as `info` or `warn,plugin=debug`: {error}")),
            }),
            log_format: read.word(
                "log_format",
                &[("auto", LogFormat::Auto), ("human", LogFormat::Human), ("json", LogFormat::Json)],
            ),
            timing: read.word("timing", &[("sampled", Timing::Sampled), ("all", Timing::All)]),
            workers: read.number("workers", 1, MOST_WORKERS),
        }
    }
}

struct Reader<'a> {
    values: &'a Values,
    problems: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn value(&self, name: &str) -> (Value, Origin) {
        let given = self.values.0.get(name).cloned();
        let default = || ALL.iter().find(|setting| setting.name == name).map(|setting| (setting.default)());
        given.unwrap_or_else(|| (default().unwrap_or_default(), Origin::Default))
    }

    fn wrong(&mut self, name: &str, value: &Value, origin: &Origin, what: &str) {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let value: String = value.chars().take(100).flat_map(char::escape_debug).collect();
        self.problems.push(format!("`{name}` ({origin}): `{value}` {what}"));
    }

    /// The value as `check` makes it of the text. Where it is wrong, what the default gives, which is right.
    fn text<T>(&mut self, name: &'static str, check: impl Fn(&str) -> Result<T, String>) -> T {
        let (value, origin) = self.value(name);
        let checked = value.as_str().ok_or_else(|| "is not a text".to_owned()).and_then(&check);
        checked.unwrap_or_else(|what| {
            self.wrong(name, &value, &origin, &what);
            let default = ALL.iter().find(|setting| setting.name == name).map(|setting| (setting.default)());
            let default = default.as_ref().and_then(Value::as_str).and_then(|text| check(text).ok());
            default.expect("the default of every setting passes its own check")
        })
    }

    fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> T {
        self.text(name, |text| {
            let found = words.iter().find(|(word, _)| *word == text).map(|(_, meant)| *meant);
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            found.ok_or_else(|| format!("is not one of: {}", all.join(", ")))
        })
    }

    /// Variables and flags bring numbers as texts.
    fn number(&mut self, name: &'static str, least: u64, most: u64) -> usize {
        let (value, origin) = self.value(name);
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => usize::try_from(number).unwrap_or(usize::MAX),
            None => {
                self.wrong(name, &value, &origin, &format!("is not a whole number from {least} to {most}"));
                1
            }
        }
    }
}
