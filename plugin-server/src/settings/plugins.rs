//! The settings of plugins: tables of the file and variables of the environment, joined field by field. Whether they are
//! what a plugin asks for is the plugin's own type to say.

use std::collections::BTreeMap;

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::{Origin, unknown};

/// What the variables of plugins' fields begin with: `PLUGIN_SERVER__PLUGINS__<ID>__<FIELD>`.
pub(super) const VARIABLE_PREFIX: &str = "PLUGIN_SERVER__PLUGINS__";

/// A plugin, as far as its settings go.
#[derive(Debug, Clone)]
pub struct KnownPlugin {
    id: String,
    /// The JSON Schema of its settings, with `$defs`.
    schema: Value,
}

impl KnownPlugin {
    /// The plugin `id`, whose settings `schema` describes.
    pub fn of(id: &str, schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        let mut generator = SchemaGenerator::default();
        let mut schema = schema(&mut generator);
        schema.insert("$defs".to_owned(), Value::Object(generator.take_definitions(true)));
        Self { id: id.to_owned(), schema: schema.to_value() }
    }

    fn variable(&self) -> String {
        as_variable(&self.id)
    }
}

fn as_variable(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

/// The tables that were given so far, and where each field came from.
pub(super) struct Tables<'a> {
    known: &'a [KnownPlugin],
    given: BTreeMap<String, Map<String, Value>>,
    origins: BTreeMap<String, Origin>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(known: &'a [KnownPlugin]) -> Self {
        Self { known, given: BTreeMap::new(), origins: BTreeMap::new() }
    }

    /// Takes a whole table of the plugin `id`.
    pub(super) fn table(&mut self, id: &str, fields: Map<String, Value>, origin: &Origin, problems: &mut Vec<String>) {
        if !self.known.iter().any(|plugin| plugin.id == id) {
            return problems.push(format!("{origin}: {}", self.no_such_plugin(id)));
        }
        self.note(&format!("plugins.{id}"), &Value::Object(fields.clone()), origin);
        self.given.entry(id.to_owned()).or_default().extend(fields);
    }

    /// Takes the variable `name`, which is the prefix of all such and `path`. One that means nothing here has a warning: it may
    /// be meant for a server with other plugins.
    pub(super) fn variable(&mut self, name: &str, path: &str, text: &str, warnings: &mut Vec<String>) {
        // An id may itself hold what looks like a separator, so the longest id that fits is meant.
        let fitting = |plugin: &&KnownPlugin| {
            path.strip_prefix(&plugin.variable()).is_some_and(|rest| rest.starts_with("__") && rest.len() > 2)
        };
        let Some(plugin) = self.known.iter().filter(fitting).max_by_key(|plugin| plugin.id.len()) else {
            let meant = path.split("__").next().unwrap_or(path).to_ascii_lowercase().replace('_', "-");
            let what = match self.known.iter().any(|plugin| plugin.id == meant) {
                true => format!("names no field of the plugin `{meant}`: write {name}__<FIELD>"),
                false => self.no_such_plugin(&meant),
            };
            return warnings.push(format!("the variable {name} has no effect: {what}"));
        };
        let rest = path.get(plugin.variable().len() + 2..).unwrap_or_default();
        let mut schema = &plugin.schema;
        let mut fields = Vec::new();
        for part in rest.split("__") {
            let known = resolve(&plugin.schema, schema).get("properties").and_then(Value::as_object);
            let field = known.and_then(|known| known.iter().find(|(field, _)| as_variable(field) == part));
            if let (None, Some(known)) = (field, known) {
                let names: Vec<String> = known.keys().map(|field| as_variable(field)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                return warnings.push(format!("the variable {name} has no effect: {}", unknown("field", part, &names)));
            }
            schema = field.map_or(&Value::Null, |(_, schema)| schema);
            fields.push(field.map_or_else(|| part.to_ascii_lowercase(), |(field, _)| field.clone()));
        }
        let value = coerce(&plugin.schema, schema, text);
        self.origins
            .insert(format!("plugins.{}.{}", plugin.id, fields.join(".")), Origin::Environment(name.to_owned()));
        insert(self.given.entry(plugin.id.clone()).or_default(), &fields, value);
    }

    pub(super) fn finish(self) -> (BTreeMap<String, Map<String, Value>>, BTreeMap<String, Origin>) {
        (self.given, self.origins)
    }

    fn no_such_plugin(&self, id: &str) -> String {
        let known: Vec<&str> = self.known.iter().map(|plugin| &*plugin.id).collect();
        unknown("plugin", id, &known)
    }

    /// Notes the origin of every value that holds no further ones.
    fn note(&mut self, path: &str, value: &Value, origin: &Origin) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.note(&format!("{path}.{name}"), value, origin);
                }
            }
            _ => drop(self.origins.insert(path.to_owned(), origin.clone())),
        }
    }
}

/// Puts `value` at `path`, with objects on the way where there are none.
fn insert(fields: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        fields.insert(first.clone(), value);
        return;
    }
    let inner = fields.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Value::Object(inner) = inner {
        insert(inner, rest, value);
    }
}

/// What a schema's `$ref` leads to, if it is one.
fn resolve<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.strip_prefix('#')?));
    target.unwrap_or(schema)
}

/// Whether `schema` takes values of the JSON type `kind`.
fn takes(root: &Value, schema: &Value, kind: &str) -> bool {
    let schema = resolve(root, schema);
    let named = match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    };
    let one_of = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    named || one_of.into_iter().any(|schema| takes(root, schema, kind))
}

/// The schema of an array's items, where `schema` or one of its alternatives is one.
fn items<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let schema = resolve(root, schema);
    let one_of = ["anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    schema.get("items").or_else(|| one_of.filter_map(|schema| schema.get("items")).next()).unwrap_or(&Value::Null)
}

/// A variable's text as the type that `schema` asks for; the text itself where it fits none, for the plugin's type to refuse.
fn coerce(root: &Value, schema: &Value, text: &str) -> Value {
    let is = |kind| takes(root, schema, kind);
    let trimmed = text.trim();
    let parsed = || serde_json::from_str::<Value>(trimmed).ok();
    let number =
        |value: &Value| (is("integer") && (value.is_i64() || value.is_u64())) || (is("number") && value.is_number());
    if let Some(number) = parsed().filter(number) {
        return number;
    }
    match trimmed {
        "true" | "1" if is("boolean") => return true.into(),
        "false" | "0" if is("boolean") => return false.into(),
        _ => {}
    }
    if let Some(structured) =
        parsed().filter(|value| (value.is_array() && is("array")) || (value.is_object() && is("object")))
    {
        return structured;
    }
    if is("array") && !is("string") {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        return parts.map(|part| coerce(root, items(root, schema), part)).collect();
    }
    text.into()
}
