//! The OpenAPI document: the endpoints of plugins as plugin-core describes them, their webhooks, and the server's own routes.

use plugin_core::{
    catalog::Catalog,
    endpoint::openapi::{About, document as assemble},
    host::store::{DataStats, DroppedIndex},
    registration::Item,
    store::{Explain, Listed, Shown, transfer::Imported, verify::Verified},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    auth::token::{Made, TokenInfo},
    backups::{BackupView, DamageView},
    http::{
        Access, Rule,
        api::{PluginDetail, Started},
        rules,
        store::Written,
        tokens::{SignInLink, TokenRequest},
    },
    views::{self, PageView, PluginView, PointView},
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

const DOCUMENTS: &str = "/api/store/{plugin}/documents";
const DOCUMENT: &str = "/api/store/{plugin}/documents/{key:.*}";

const OK: &[(&str, &str)] = &[("200", "Done.")];
const CREATED: &[(&str, &str)] = &[("201", "Done.")];
const ACCEPTED: &[(&str, &str)] = &[("202", "It will be done.")];
const NOTHING: &[(&str, &str)] = &[("204", "Done.")];
const CHANGED_OR_CREATED: &[(&str, &str)] = &[("200", "It was changed."), ("201", "It was made.")];

/// What a route of the server's own does, takes and gives.
struct Summary {
    summary: &'static str,
    body: Option<Value>,
    /// The statuses of what is done, each with what that means.
    status: &'static [(&'static str, &'static str)],
    answer: Option<Value>,
}

/// A route of the API as an operation; pages for people are none.
fn operation(rule: &Rule, generator: &mut SchemaGenerator) -> Option<Value> {
    let Summary { summary, body, status, answer } = about(rule, generator)?;
    let names = rule.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let names = names.map(|name| name.trim_end_matches(":.*"));
    let mut parameters: Vec<Value> = names
        .map(|name| json!({ "in": "path", "name": name, "required": true, "schema": { "type": "string" } }))
        .collect();
    let (needed, more) = asked(rule);
    let asked = needed.iter().map(|asked| (asked, true)).chain(more.iter().map(|asked| (asked, false)));
    parameters.extend(asked.map(|((place, name), required)| {
        json!({ "in": place, "name": name, "required": required, "schema": { "type": "string" } })
    }));
    let security = match rule.access {
        Access::Scope(scope) | Access::Stream(scope) => json!([{ "bearer": [scope] }]),
        Access::Either(one, other) => json!([{ "bearer": [one] }, { "bearer": [other] }]),
        _ => json!([]),
    };
    let mut responses = json!({ "default": { "$ref": "#/components/responses/Problem" } });
    for (status, done) in status {
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

/// The name of what a route asks for beside its path and its body, and where it stands.
type Asked = (&'static str, &'static str);

/// What a route must be told beside its path and its body, and what it may be told.
fn asked(rule: &Rule) -> (&'static [Asked], &'static [Asked]) {
    match (rule.method.as_str(), rule.path) {
        ("GET", DOCUMENTS) => (
            &[],
            &[
                ("query", "app"),
                ("query", "key"),
                ("query", "filter"),
                ("query", "sort"),
                ("query", "limit"),
                ("query", "cursor"),
                ("query", "under"),
                ("query", "explain"),
            ],
        ),
        ("PUT", DOCUMENTS) => {
            (&[("query", "key")], &[("query", "app"), ("header", "If-Match"), ("header", "If-None-Match")])
        }
        ("DELETE", DOCUMENTS) => (&[("query", "key"), ("header", "If-Match")], &[("query", "app")]),
        ("GET", DOCUMENT) => (&[], &[("query", "app")]),
        ("PUT", DOCUMENT) => (&[], &[("query", "app"), ("header", "If-Match"), ("header", "If-None-Match")]),
        ("DELETE", DOCUMENT) => (&[("header", "If-Match")], &[("query", "app")]),
        ("POST", "/api/backups") => (&[], &[("query", "keep")]),
        ("POST", "/api/store/{plugin}/import") => (&[], &[("query", "merge"), ("query", "replace")]),
        _ => (&[], &[]),
    }
}

fn about(rule: &Rule, generator: &mut SchemaGenerator) -> Option<Summary> {
    fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Option<Value> {
        Some(generator.subschema_for::<T>().to_value())
    }
    let any = || Some(json!({}));
    let object = || Some(json!({ "type": "object" }));
    let says = |summary, status, body, answer| Some(Summary { summary, body, status, answer });
    match (rule.method.as_str(), rule.path) {
        ("GET", "/healthz") => says("Whether the process lives", OK, None, object()),
        ("GET", "/readyz") => says("Whether requests are welcome", OK, None, object()),
        ("GET", "/openapi.json") => says("This document", OK, None, object()),
        ("GET", "/metrics") => says("Figures of every handler, for Prometheus", OK, None, None),
        ("GET", "/api/plugins") => says("The plugins", OK, None, of::<Vec<PluginView>>(generator)),
        ("GET", "/api/plugins/{id}") => says("A plugin and its items", OK, None, of::<PluginDetail>(generator)),
        ("POST", "/api/plugins/{id}/enable") => says("Switch a plugin on", NOTHING, None, None),
        ("POST", "/api/plugins/{id}/disable") => says("Switch a plugin off", NOTHING, None, None),
        ("GET", "/api/plugins/{id}/cron") => {
            says("The jobs of a plugin", OK, None, Some(json!({ "type": "array", "items": { "type": "object" } })))
        }
        ("POST", "/api/plugins/{id}/cron/{job}/run") => says("Run a job now", ACCEPTED, None, of::<Started>(generator)),
        ("GET", "/api/admin-pages") => says("The admin pages", OK, None, of::<Vec<PageView>>(generator)),
        ("GET", "/api/hooks") => says("The hook points and their handlers", OK, None, of::<Vec<PointView>>(generator)),
        ("GET", "/api/filters") => {
            says("The filter points and their handlers", OK, None, of::<Vec<PointView>>(generator))
        }
        ("POST", "/api/hooks/{name}") => says("Fire a hook", OK, any(), object()),
        ("POST", "/api/filters/{name}") => says("Apply a filter", OK, any(), any()),
        ("POST", "/api/events/{name}") => says("Publish an event", ACCEPTED, any(), None),
        ("GET", "/api/tokens") => says("The tokens", OK, None, of::<Vec<TokenInfo>>(generator)),
        ("POST", "/api/tokens") => says("Make a token", CREATED, of::<TokenRequest>(generator), of::<Made>(generator)),
        ("DELETE", "/api/tokens/{id}") => says("End a token", NOTHING, None, None),
        ("POST", "/api/sign-in-links") => says("Make a sign-in link", CREATED, None, of::<SignInLink>(generator)),
        ("GET", "/api/store") => says("What all plugins stored, in numbers", OK, None, of::<Vec<DataStats>>(generator)),
        ("GET", "/api/backups") => says("The backups", OK, None, of::<Vec<BackupView>>(generator)),
        ("POST", "/api/backups") => says("Back the store up", CREATED, None, of::<BackupView>(generator)),
        ("POST", "/api/checksums") => {
            says("Read all of the store, and tell where it is damaged", OK, None, of::<Vec<DamageView>>(generator))
        }
        ("GET", "/api/store/{plugin}") => {
            says("What a plugin stored, in numbers", OK, None, of::<DataStats>(generator))
        }
        ("DELETE", "/api/store/{plugin}") => says("Drop all that a plugin stored", NOTHING, None, None),
        ("GET", DOCUMENTS) => {
            let one_of = [of::<Listed>(generator), of::<Shown>(generator), of::<Explain>(generator)];
            says("Find documents, or get the one with a key", OK, None, Some(json!({ "oneOf": one_of })))
        }
        ("GET", DOCUMENT) => says("A document", OK, None, of::<Shown>(generator)),
        ("PUT", DOCUMENTS | DOCUMENT) => {
            says("Change a document, or make one", CHANGED_OR_CREATED, any(), of::<Written>(generator))
        }
        ("DELETE", DOCUMENTS | DOCUMENT) => says("Delete a document", NOTHING, None, None),
        ("GET", "/api/store/{plugin}/export") => says("All that a plugin stored, as lines", OK, None, None),
        ("POST", "/api/store/{plugin}/import") => {
            says("Import what was exported, or lines with `key` and `value`", OK, any(), of::<Imported>(generator))
        }
        ("POST", "/api/store/{plugin}/verify") => {
            says("Look whether what a plugin stored is whole", OK, None, of::<Verified>(generator))
        }
        ("DELETE", "/api/store/{plugin}/indexes/{number}") => {
            says("Drop an index", OK, None, of::<DroppedIndex>(generator))
        }
        _ => None,
    }
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
}
