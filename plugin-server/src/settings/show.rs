//! `config show`: each value with its origin, secrets masked.

use plugin_core::{catalog::problem::Problem, stats::Timing};
use serde::Serialize;
use serde_json::Value;

use super::{LogFormat, Settings, linked};

/// One value of the settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The setting, as a dotted path.
    pub name: String,
    /// Its value; a secret is `***`.
    pub value: Value,
    /// Where it came from.
    pub origin: String,
}

impl Settings {
    /// Every value, those of the plugins of this binary included; and what is wrong with the settings of plugins, which then have
    /// no values to show.
    pub fn show(&self) -> (Vec<Shown>, Vec<Problem>) {
        let mut shown = Vec::new();
        let timing = match self.timing {
            Timing::Sampled => "sampled",
            Timing::All => "all",
        };
        let log_format = match self.log_format {
            LogFormat::Auto => "auto",
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        };
        let own: [(&str, Value); 7] = [
            ("listen", self.listen.as_str().into()),
            ("data_dir", self.data_dir.to_string_lossy().into()),
            ("backup_dir", self.backup_dir.to_string_lossy().into()),
            ("log", self.log.as_str().into()),
            ("log_format", log_format.into()),
            ("timing", timing.into()),
            ("workers", self.workers.into()),
        ];
        for (name, value) in own {
            self.add(name, &value, &mut shown);
        }
        if self.admin_token.is_some() {
            self.add("admin_token", &"***".into(), &mut shown);
        }
        let mut problems = Vec::new();
        for (id, (plugin, site)) in linked() {
            let given = self.plugins.get(id).cloned().unwrap_or_default();
            match (plugin.config.show)(given) {
                Ok(value) => self.add(&format!("plugins.{id}"), &value, &mut shown),
                Err(wrong) => problems.extend(wrong.iter().map(|wrong| Problem::of_setting(id, site, wrong))),
            }
        }
        (shown, problems)
    }

    fn add(&self, name: &str, value: &Value, shown: &mut Vec<Shown>) {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    self.add(&format!("{name}.{field}"), value, shown);
                }
            }
            _ => {
                let origin = self.origin(name).to_string();
                shown.push(Shown { name: name.to_owned(), value: value.clone(), origin });
            }
        }
    }
}
