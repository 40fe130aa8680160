//! The OpenAPI document: the endpoints of plugins as plugin-core describes them, their webhooks, and the server's own routes.

use plugin_core::{
    catalog::Catalog,
    endpoint::openapi::{About, document as assemble},
    registration::Item,
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    http::{Access, Rule, rules},
    views,
};

/// The document of a server with the plugins of `catalog`.
pub(crate) fn document(catalog: &Catalog) -> Value {
    let endpoints = catalog.entries().iter().filter_map(|entry| match entry.item {
        Item::Endpoint(item) => Some((item, entry.site)),
        _ => None,
    });
    let mut generator =
        SchemaSettings::openapi3().with(|it| it.definitions_path = "/components/schemas".into()).into_generator();
    let mut others = Map::new();
    for rule in rules() {
        if let Some(operation) = operation(&rule, &mut generator) {
            put(&mut others, &rule.path.replace(":.*}", "}"), rule.method.as_str(), operation);
        }
    }
    for webhook in views::webhooks(catalog) {
        let summary = webhook.description.lines().next().unwrap_or_default();
        let operation = json!({
            "operationId": format!("{}.{}", webhook.plugin, webhook.name),
            "tags": [webhook.plugin],
            "summary": summary,
            "description": webhook.description,
            "security": [],
            "requestBody": { "required": true, "content": { "application/json": {}, "application/x-www-form-urlencoded": {} } },
            "responses": {
                "200": { "description": "A delivery that is known already." },
                "202": { "description": "Accepted, or an event that nobody listens to." },
                "default": { "$ref": "#/components/responses/Problem" },
            },
        });
        put(&mut others, &webhook.path, "POST", operation);
    }
    let about = About { title: "Plugin server", version: env!("CARGO_PKG_VERSION") };
    let mut document = assemble(about, endpoints, others);
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(generator.take_definitions(true));
    }
    document
}

fn put(paths: &mut Map<String, Value>, path: &str, method: &str, operation: Value) {
    let methods = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
    if let Some(methods) = methods.as_object_mut() {
        methods.insert(method.to_ascii_lowercase(), operation);
    }
}

/// The statuses of what is done, each with what that means.
pub(crate) type Statuses = &'static [(&'static str, &'static str)];
/// Where something stands that a route is told beside its path and its body, its name, and what it is.
pub(crate) type Asked = (&'static str, &'static str, Told);

/// What a route is told there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Text,
    /// Given once for each.
    Texts,
    Number,
    Flag,
}

impl Told {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Number => json!({ "type": "integer", "minimum": 1 }),
            Self::Flag => json!({ "type": "boolean" }),
        }
    }
}

type Schema = fn(&mut SchemaGenerator) -> Value;

/// What a route of the server's own does, takes and gives.
pub(crate) struct Says {
    summary: &'static str,
    status: Statuses,
    body: Option<Schema>,
    answer: Option<Schema>,
    must: &'static [Asked],
    may: &'static [Asked],
}

/// What a route does, and the statuses of what is done.
pub(crate) fn says(summary: &'static str, status: Statuses) -> Says {
    Says { summary, status, body: None, answer: None, must: &[], may: &[] }
}

impl Says {
    /// With a body.
    pub(crate) fn takes(self, body: Schema) -> Self {
        Self { body: Some(body), ..self }
    }

    /// With an answer in JSON.
    pub(crate) fn gives(self, answer: Schema) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// With what it must be told beside its path and its body.
    pub(crate) fn must(self, must: &'static [Asked]) -> Self {
        Self { must, ..self }
    }

    /// With what it may be told.
    pub(crate) fn may(self, may: &'static [Asked]) -> Self {
        Self { may, ..self }
    }
}

/// The schema of a type.
pub(crate) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

/// The schema of what is one of two.
pub(crate) fn either<A: JsonSchema, B: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    json!({ "oneOf": [of::<A>(generator), of::<B>(generator)] })
}

/// The schema of what is one of three.
pub(crate) fn one_of<A: JsonSchema, B: JsonSchema, C: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    json!({ "oneOf": [of::<A>(generator), of::<B>(generator), of::<C>(generator)] })
}

/// The schema of anything.
pub(crate) fn any(_: &mut SchemaGenerator) -> Value {
    json!({})
}

/// The schema of an object.
pub(crate) fn object(_: &mut SchemaGenerator) -> Value {
    json!({ "type": "object" })
}

/// The schema of a list of objects.
pub(crate) fn objects(_: &mut SchemaGenerator) -> Value {
    json!({ "type": "array", "items": { "type": "object" } })
}

/// A route of the API as an operation; pages for people are none.
fn operation(rule: &Rule, generator: &mut SchemaGenerator) -> Option<Value> {
    let Says { summary, status, body, answer, must, may } = rule.says.as_ref()?;
    let (body, answer) = (body.map(|schema| schema(generator)), answer.map(|schema| schema(generator)));
    let names = rule.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let names = names.map(|name| name.trim_end_matches(":.*"));
    let mut parameters: Vec<Value> = names
        .map(|name| json!({ "in": "path", "name": name, "required": true, "schema": { "type": "string" } }))
        .collect();
    let asked = must.iter().map(|asked| (asked, true)).chain(may.iter().map(|asked| (asked, false)));
    parameters.extend(asked.map(|((place, name, told), required)| {
        json!({ "in": place, "name": name, "required": required, "schema": told.schema() })
    }));
    let security = match rule.access {
        Access::Scope(scope) | Access::Stream(scope) => json!([{ "bearer": [scope] }]),
        Access::Either(one, other) => json!([{ "bearer": [one] }, { "bearer": [other] }]),
        _ => json!([]),
    };
    let mut responses = json!({ "default": { "$ref": "#/components/responses/Problem" } });
    for (status, done) in *status {
        responses[status] = match &answer {
            Some(schema) => json!({ "description": done, "content": { "application/json": { "schema": schema } } }),
            None => json!({ "description": done }),
        };
    }
    let id = format!("{} {}", rule.method, rule.path.replace(":.*", "")).to_ascii_lowercase();
    let id: Vec<&str> = id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let mut operation = json!({
        "operationId": id.join("-"), "tags": ["server"], "summary": summary, "parameters": parameters,
        "security": security, "responses": responses,
    });
    if let Some(schema) = body {
        let kind = if matches!(rule.access, Access::Stream(_)) { "application/x-ndjson" } else { "application/json" };
        operation["requestBody"] = json!({ "required": true, "content": { kind: { "schema": schema } } });
    }
    Some(operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_that_is_no_page_is_described() {
        let mut generator = SchemaGenerator::default();
        for rule in rules() {
            let is_page = rule.path == "/" || rule.path.starts_with("/admin");
            assert_eq!(operation(&rule, &mut generator).is_none(), is_page, "{} {}", rule.method, rule.path);
        }
    }

    #[test]
    fn what_a_route_is_told_has_its_type() {
        let mut generator = SchemaGenerator::default();
        let find = rules().into_iter().find(|rule| rule.path == "/api/store/{plugin}/documents");
        let find = operation(&find.expect("there is one"), &mut generator).expect("it is described");
        let type_of = |name: &str| {
            let parameters = find["parameters"].as_array().expect("a list");
            parameters.iter().find(|it| it["name"] == name).map(|it| it["schema"]["type"].clone())
        };
        for (name, kind) in [("filter", "string"), ("sort", "array"), ("limit", "integer"), ("explain", "boolean")] {
            assert_eq!(type_of(name), Some(json!(kind)), "{name}");
        }
    }
}
