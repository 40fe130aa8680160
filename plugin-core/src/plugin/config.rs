//! Typed configuration: reading all of it, so that all that is wrong is said at once.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The settings of a plugin. Implemented by `#[derive(Config)]`, which also derives `Serialize`, `Deserialize`, `JsonSchema`,
/// `Clone` and `Debug`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a configuration",
    label = "mark this type with `#[derive(Config)]`"
)]
pub trait Config: Sized + Send + Sync + 'static {
    /// Reads the settings from `fields`; `None` where a problem was noted.
    #[doc(hidden)]
    fn read(fields: &mut Fields<'_>) -> Option<Self>;

    /// Its JSON Schema; the fields have their Rust names.
    fn schema(generator: &mut SchemaGenerator) -> Schema;

    /// The settings as JSON, secrets masked.
    fn show(&self) -> Value;
}

impl Config for () {
    fn read(_: &mut Fields<'_>) -> Option<Self> {
        Some(())
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "object", "properties": {}, "additionalProperties": false })
    }

    fn show(&self) -> Value {
        Value::Object(Map::new())
    }
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("`{path}`: {what}")]
pub struct ConfigProblem {
    /// The setting, as a dotted path below the plugin's own.
    pub path: String,
    /// What is wrong with it.
    pub what: String,
}

/// The settings that were given, taken out one after the other by generated code.
#[derive(Debug)]
pub struct Fields<'a> {
    given: Map<String, Value>,
    known: Vec<&'static str>,
    problems: &'a mut Vec<ConfigProblem>,
}

/// Reads a `C` from `given`.
///
/// # Errors
/// Every setting that is missing, unknown, or not what its type or limits ask for.
pub fn read<C: Config>(given: Map<String, Value>) -> Result<C, Vec<ConfigProblem>> {
    let mut problems = Vec::new();
    let mut fields = Fields { given, known: Vec::new(), problems: &mut problems };
    let config = C::read(&mut fields);
    fields.refuse_the_rest();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

impl Fields<'_> {
    /// Takes the setting `name`, or `default` where it was not given; a setting without a default must be.
    pub fn take<T: DeserializeOwned>(&mut self, name: &'static str, default: Option<fn() -> T>) -> Option<T> {
        self.take_and_say(name, default, |wrong| wrong.to_string())
    }

    /// The same for a setting that nobody may read: what is wrong with it is said without what was given.
    pub fn take_secret<T: DeserializeOwned>(&mut self, name: &'static str, default: Option<fn() -> T>) -> Option<T> {
        self.take_and_say(name, default, |_| "is not what it must be; it is a secret, so it is not shown".to_owned())
    }

    fn take_and_say<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        default: Option<fn() -> T>,
        say: fn(serde_json::Error) -> String,
    ) -> Option<T> {
        self.known.push(name);
        match (self.given.remove(name), default) {
            (Some(given), _) => match serde_path_to_error::deserialize(given) {
                Ok(value) => Some(value),
                Err(error) => {
                    let within = error.path().to_string();
                    let path = if within == "." { name.to_owned() } else { format!("{name}.{within}") };
                    self.note(path, say(error.into_inner()));
                    None
                }
            },
            (None, Some(default)) => Some(default()),
            (None, None) => {
                self.note(name.to_owned(), "is required and was not given".to_owned());
                None
            }
        }
    }

    /// Notes a problem where `value` lies outside `min` to `max`.
    pub fn within<T: PartialOrd + std::fmt::Display>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
        min: Option<T>,
        max: Option<T>,
    ) {
        let Some(value) = value else { return };
        match (min, max) {
            (Some(min), _) if *value < min => self.note(name.to_owned(), format!("{value} is less than {min}")),
            (_, Some(max)) if *value > max => self.note(name.to_owned(), format!("{value} is more than {max}")),
            _ => {}
        }
    }

    fn note(&mut self, path: String, what: String) {
        self.problems.push(ConfigProblem { path, what });
    }

    fn refuse_the_rest(&mut self) {
        for name in std::mem::take(&mut self.given).into_iter().map(|(name, _)| name) {
            let near = plugin_syntax::nearest(&name, self.known.iter().copied());
            let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let known = self.known.join(", ");
            let what = match known.is_empty() {
                true => "there is no such setting; this plugin has none".to_owned(),
                false => format!("there is no such setting{hint} (there are: {known})"),
            };
            self.note(name, what);
        }
    }
}

/// A `T` from what a configuration's fields hold, for the `Deserialize` that `#[derive(Config)]` writes.
///
/// # Errors
/// All problems, in one sentence.
pub fn deserialize<'de, C: Config, D: serde::Deserializer<'de>>(deserializer: D) -> Result<C, D::Error> {
    let given = <Map<String, Value> as serde::Deserialize>::deserialize(deserializer)?;
    read(given).map_err(|problems| {
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        serde::de::Error::custom(all.join("; "))
    })
}

/// The schema of one field, with what its attributes add.
pub fn field_schema<T: JsonSchema>(
    generator: &mut SchemaGenerator,
    description: &str,
    default: Option<Value>,
) -> Schema {
    let mut schema = generator.subschema_for::<T>();
    if !description.is_empty() {
        schema.insert("description".to_owned(), description.into());
    }
    if let Some(default) = default {
        schema.insert("default".to_owned(), default);
    }
    schema
}

/// `schema` with the limits that its attributes add.
pub fn limited(mut schema: Schema, min: Option<Value>, max: Option<Value>) -> Schema {
    for (keyword, limit) in [("minimum", min), ("maximum", max)] {
        if let Some(limit) = limit {
            schema.insert(keyword.to_owned(), limit);
        }
    }
    schema
}

/// A setting, or its default, as JSON.
pub fn shown<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Settings as JSON.
pub fn object(fields: Vec<(&'static str, Value)>) -> Value {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The schema of a configuration with these fields, each marked whether it must be given.
pub fn object_schema(description: &str, fields: Vec<(&'static str, Schema, Required)>) -> Schema {
    let required: Vec<&str> =
        fields.iter().filter(|(_, _, must)| *must == Required::Yes).map(|(name, ..)| *name).collect();
    let mut schema = schemars::json_schema!({ "type": "object", "additionalProperties": false, "required": required });
    if !description.is_empty() {
        schema.insert("description".to_owned(), description.into());
    }
    let properties: Map<String, Value> =
        fields.into_iter().map(|(name, schema, _)| (name.to_owned(), schema.to_value())).collect();
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema
}

/// Whether a setting must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// It has no default.
    Yes,
    /// It has one.
    No,
}
