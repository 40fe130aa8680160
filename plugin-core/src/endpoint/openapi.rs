//! The OpenAPI 3.1 document, put together from what the endpoints' own types say.

use std::collections::BTreeMap;

use schemars::Schema;
use serde_json::{Map, Value, json};

use crate::{
    endpoint::{
        Access, EndpointItem,
        describe::{DEFINITIONS, Doc, DocKind, DocStatus, Docs},
        path,
        problem::PROBLEM_JSON,
    },
    site::Site,
};

/// What an OpenAPI document says of the whole.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Its title.
    pub title: &'a str,
    /// Its version.
    pub version: &'a str,
}

/// The document of `endpoints`, together with `others`: path items of routes that are no endpoints, by their path.
///
/// The names of types are prefixed with the plugin's id, since two plugins may each have a type of one name.
pub fn document(
    about: About<'_>,
    endpoints: impl IntoIterator<Item = (&'static EndpointItem, &'static Site)>,
    others: Map<String, Value>,
) -> Value {
    let mut by_plugin = BTreeMap::<_, Vec<_>>::new();
    for (endpoint, site) in endpoints {
        by_plugin.entry(endpoint.owner.id).or_default().push((endpoint, site));
    }
    let (mut paths, mut schemas) = (others, Map::new());
    schemas.insert("Problem".into(), problem_schema());
    for (plugin, endpoints) in by_plugin {
        let docs = Docs::new();
        for (endpoint, site) in endpoints {
            let mut operation = operation(endpoint, site, &docs);
            prefix(&mut operation, plugin);
            let path = paths.entry(plain_path(&endpoint.full_path())).or_insert_with(|| json!({}));
            if let Some(methods) = path.as_object_mut() {
                methods.insert(endpoint.meta.method.to_ascii_lowercase(), operation);
            }
        }
        for (name, mut schema) in docs.definitions() {
            prefix(&mut schema, plugin);
            schemas.insert(format!("{plugin}.{}", component(&name)), schema);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": about.title, "version": about.version },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Problem": {
                "description": "What is wrong, as RFC 9457 has it.",
                "content": { PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } },
            } },
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer" } },
        },
    })
}

/// `{*rest}` is written `{rest}`.
fn plain_path(path: &str) -> String {
    path.replace("{*", "{")
}

fn operation(endpoint: &EndpointItem, site: &Site, docs: &Docs) -> Value {
    (endpoint.describe)(docs);
    let (arguments, result) = docs.take();
    let mut parameters = BTreeMap::new();
    for name in path::names(endpoint.meta.path) {
        parameters.insert(("path", name.to_owned()), json!({ "type": "string" }));
    }
    let mut required = Vec::new();
    let mut body = None;
    for (_, Doc { kind, .. }) in arguments {
        match kind {
            DocKind::Path(schema) => path_parameters(&docs.resolved(&schema), endpoint.meta.path, &mut parameters),
            DocKind::Query(schema) => {
                let schema = docs.resolved(&schema);
                required.extend(schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
                for (name, schema) in properties(&schema) {
                    parameters.insert(("query", name), schema);
                }
            }
            DocKind::Json(schema) => body = Some(content("application/json", Some(schema))),
            DocKind::Form(schema) => body = Some(content("application/x-www-form-urlencoded", Some(schema))),
            DocKind::Raw(kind) => body = Some(content(kind, None)),
        }
    }
    let has_query = parameters.keys().any(|(place, _)| *place == "query");
    let parameters: Vec<_> = parameters
        .into_iter()
        .map(|((place, name), schema)| {
            let required = place == "path" || required.iter().any(|required| *required == name);
            json!({ "in": place, "name": name, "required": required, "schema": schema })
        })
        .collect();
    let mut operation = json!({
        "operationId": format!("{}.{}", endpoint.owner.id, site.name),
        "tags": [endpoint.owner.id],
        "summary": site.doc.lines().next().unwrap_or_default().trim(),
        "description": site.doc,
        "parameters": parameters,
        "security": security(endpoint.meta.access),
        "responses": responses(endpoint, body.is_some(), has_query, result),
    });
    if let (Some(body), Some(operation)) = (body, operation.as_object_mut()) {
        operation.insert("requestBody".into(), json!({ "required": true, "content": body }));
    }
    operation
}

fn content(kind: &str, schema: Option<Schema>) -> Value {
    match schema {
        Some(schema) => json!({ kind: { "schema": schema } }),
        None => json!({ kind: {} }),
    }
}

fn security(access: Access) -> Value {
    match access {
        Access::Public => json!([]),
        Access::SignedIn => json!([{ "bearer": [] }]),
        Access::Scope(scope) => json!([{ "bearer": [scope] }]),
    }
}

fn responses(endpoint: &EndpointItem, has_body: bool, has_query: bool, result: Option<Doc>) -> Value {
    let status = match &result {
        Some(Doc { status: DocStatus::Ok, .. }) => "200",
        _ => "2XX",
    };
    let mut fine = json!({ "description": "Done." });
    let sent = result.and_then(|doc| match doc.kind {
        DocKind::Json(schema) => Some(content("application/json", Some(schema))),
        DocKind::Raw(kind) => Some(content(kind, None)),
        _ => None,
    });
    if let (Some(sent), Some(fine)) = (sent, fine.as_object_mut()) {
        fine.insert("content".into(), sent);
    }
    let problems = [
        ("400", true),
        ("401", endpoint.meta.access != Access::Public),
        ("403", endpoint.meta.access != Access::Public),
        ("413", has_body),
        ("415", has_body),
        ("422", has_body || has_query),
        ("429", endpoint.meta.rate.is_some()),
        ("503", true),
        ("default", true),
    ];
    let mut responses = Map::new();
    responses.insert(status.into(), fine);
    for (status, _) in problems.into_iter().filter(|&(_, possible)| possible) {
        responses.insert(status.into(), json!({ "$ref": "#/components/responses/Problem" }));
    }
    Value::Object(responses)
}

/// A path is read into a struct by names, into a tuple by places, into anything else as its one parameter.
fn path_parameters(schema: &Schema, path: &str, parameters: &mut BTreeMap<(&'static str, String), Value>) {
    let by_name: Vec<_> = properties(schema).collect();
    let by_place = schema.get("prefixItems").and_then(Value::as_array);
    let found: Vec<(String, Value)> = match by_place {
        Some(items) => path::names(path).map(str::to_owned).zip(items.iter().cloned()).collect(),
        None if by_name.is_empty() => {
            path::names(path).take(1).map(|name| (name.to_owned(), schema.clone().to_value())).collect()
        }
        None => by_name,
    };
    for (name, schema) in found {
        parameters.entry(("path", name)).and_modify(|known| *known = schema);
    }
}

fn properties(schema: &Schema) -> impl Iterator<Item = (String, Value)> {
    let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    properties.into_iter()
}

/// Makes all references to named types in `value` those of `plugin`.
fn prefix(value: &mut Value, plugin: &str) {
    let own = format!("#{DEFINITIONS}/");
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(path) if name == "$ref" => {
                        if let Some(named) = path.strip_prefix(&own) {
                            *path = format!("{own}{plugin}.{}", component(named));
                        }
                    }
                    member => prefix(member, plugin),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| prefix(item, plugin)),
        _ => {}
    }
}

/// `name` in the alphabet of components.
fn component(name: &str) -> String {
    let decoded = path::decode(name).unwrap_or_else(|_| name.to_owned());
    decoded.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

fn problem_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "instance", "requestId"],
        "properties": {
            "type": { "type": "string", "description": "`/problems/{code}`; programs tell problems apart by the code." },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "instance": { "type": "string", "description": "The path of the request." },
            "requestId": { "type": "string", "format": "uuid" },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "detail"],
                    "properties": { "field": { "type": "string" }, "detail": { "type": "string" } },
                },
            },
        },
    })
}
