//! The settings file: TOML, the server's own settings on top, a table `[plugins.<id>]` a plugin.

use std::path::Path;

use serde_json::{Map, Value};

use super::{Origin, plugins::Tables, server, unknown};

/// Reads `text`, the file at `path`. A key that nothing knows is a problem, with the nearest name.
pub(super) fn read(
    path: &Path,
    text: &str,
    values: &mut server::Values,
    plugins: &mut Tables<'_>,
    problems: &mut Vec<String>,
) {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return problems.push(format!("{}{}: {}", path.display(), place(text, &error), error.message())),
    };
    let origin = Origin::File(path.to_owned());
    for (key, value) in table {
        match (key.as_str(), value) {
            ("plugins", toml::Value::Table(tables)) => {
                for (id, fields) in tables {
                    let Value::Object(fields) = json(fields) else {
                        problems.push(format!("{}: `plugins.{id}` is not a table", path.display()));
                        continue;
                    };
                    plugins.table(&id, fields, &origin, problems);
                }
            }
            ("plugins", _) => problems.push(format!("{}: `plugins` is not a table", path.display())),
            (name, value) => {
                if !values.set(name, json(value), origin.clone()) {
                    let mut known = server::names();
                    known.push("plugins");
                    problems.push(format!("{}: {}", path.display(), unknown("option", name, &known)));
                }
            }
        }
    }
}

/// Where in `text` the error is, as `:line:column`. Not the line itself, which may hold a secret.
fn place(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    before.map_or_else(String::new, |before| {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!(":{line}:{column}")
    })
}

/// The value as JSON; TOML's instants are texts there.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        toml::Value::Datetime(instant) => instant.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(fields) => {
            fields.into_iter().map(|(name, value)| (name, json(value))).collect::<Map<_, _>>().into()
        }
    }
}
