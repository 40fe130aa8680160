//! What a binary holds, in the words of the HTTP API: the same for a running server and for `list`, which starts nothing.

use plugin_core::{
    catalog::{Catalog, Entry, PluginEntry, PointEntry},
    delivery::webhook::Verify,
    document::{DocumentItem, Standing},
    endpoint::Access,
    plugin::state::Life,
    registration::Item,
    site::{Kind, Placed, Site},
    store::index::IndexMeta,
};
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::Value;

/// A plugin.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PluginView {
    pub(crate) id: &'static str,
    pub(crate) version: &'static str,
    pub(crate) description: &'static str,
    pub(crate) state: &'static str,
    /// Why it is failed, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) authors: &'static str,
    pub(crate) license: &'static str,
    pub(crate) requires: Vec<String>,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// A handler of a point, or a listener.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HandlerView {
    pub(crate) plugin: &'static str,
    pub(crate) item: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<i32>,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// A hook point, filter point or event.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PointView {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: Value,
    /// In the order of their calls.
    pub(crate) handlers: Vec<HandlerView>,
}

/// A version of a typed document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DocumentView {
    pub(crate) plugin: &'static str,
    pub(crate) collection: &'static str,
    pub(crate) version: u16,
    /// Whether it is written today.
    pub(crate) standing: &'static str,
    pub(crate) indexes: Vec<String>,
    /// Tells what it looks like from what others do, as stored documents and `documents.lock` have it.
    pub(crate) fingerprint: String,
    pub(crate) description: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// An endpoint.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EndpointView {
    pub(crate) plugin: &'static str,
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) access: String,
    pub(crate) description: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// A cron job, as written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CronView {
    pub(crate) plugin: &'static str,
    pub(crate) name: &'static str,
    pub(crate) schedule: &'static str,
    pub(crate) timezone: &'static str,
    pub(crate) description: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// A webhook.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookView {
    pub(crate) plugin: &'static str,
    pub(crate) name: &'static str,
    pub(crate) path: String,
    pub(crate) events: &'static [&'static str],
    pub(crate) verify: &'static str,
    pub(crate) description: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

/// An admin page.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageView {
    pub(crate) plugin: &'static str,
    pub(crate) path: String,
    pub(crate) title: &'static str,
    pub(crate) icon: Option<&'static str>,
    pub(crate) component: &'static str,
    pub(crate) group: &'static str,
}

/// The plugin `entry`, which stands where `life` says.
pub(crate) fn plugin(entry: &PluginEntry, life: &Life) -> PluginView {
    let meta = &entry.item.meta;
    PluginView {
        id: entry.id(),
        version: meta.version,
        description: entry.site.doc,
        state: life.word(),
        reason: match life {
            Life::Failed(reason) => Some(reason.clone()),
            _ => None,
        },
        authors: meta.authors,
        license: meta.license,
        requires: meta.requires.iter().map(|(id, range)| format!("{id} {range}")).collect(),
        file: entry.site.file,
        line: entry.site.line,
    }
}

/// The points of `points`, each with its handlers.
pub(crate) fn points(catalog: &Catalog, points: &[PointEntry]) -> Vec<PointView> {
    let view = |point: &PointEntry| PointView {
        name: point.name,
        description: point.site.doc,
        schema: schema_of(point.item),
        handlers: point.handlers.iter().filter_map(|number| catalog.entry(*number)).map(handler).collect(),
    };
    points.iter().map(view).collect()
}

fn handler(entry: &Entry) -> HandlerView {
    let Site { name, file, line, .. } = *entry.site;
    let priority = match entry.item {
        Item::Hook(item) => Some(item.priority),
        Item::Filter(item) => Some(item.priority),
        _ => None,
    };
    HandlerView { plugin: owner(entry), item: name, priority, file, line }
}

fn owner(entry: &Entry) -> &'static str {
    entry.item.owner().unwrap_or("-")
}

fn schema_of(item: &Item) -> Value {
    let of = |schema: fn(&mut SchemaGenerator) -> Schema| {
        let mut generator = SchemaGenerator::default();
        let mut schema = schema(&mut generator);
        // A type that has a name comes as a reference to it: what it refers to goes along.
        let definitions = generator.take_definitions(true);
        if !definitions.is_empty() {
            schema.insert("$defs".to_owned(), Value::Object(definitions));
        }
        schema.to_value()
    };
    match item {
        Item::HookPoint(item) => of(item.schema),
        Item::FilterPoint(item) => of(item.schema),
        Item::Event(item) => of(item.schema),
        _ => Value::Null,
    }
}

fn of_kind(catalog: &Catalog, kind: Kind) -> impl Iterator<Item = &Entry> {
    catalog.entries().iter().filter(move |entry| entry.kind == kind)
}

/// All versions of typed documents, the newest of each collection first.
pub(crate) fn documents(catalog: &Catalog) -> Vec<DocumentView> {
    let view = |placed: &Placed<DocumentItem>| {
        let Site { doc: description, file, line, .. } = *placed.site;
        let item = placed.item;
        DocumentView {
            plugin: item.owner.id,
            collection: item.meta.collection,
            version: item.meta.version,
            standing: match item.standing {
                Standing::Current => "current",
                Standing::Retired => "retired",
            },
            indexes: item.meta.indexes.iter().map(fields).collect(),
            fingerprint: format!("{:016x}", (item.meta.shape)().fingerprint()),
            description,
            file,
            line,
        }
    };
    let mut documents: Vec<DocumentView> = catalog.documents().iter().map(view).collect();
    documents.sort_by_key(|it| (it.plugin, it.collection, std::cmp::Reverse(it.version)));
    documents
}

/// An index of a collection, which need not be named once more.
fn fields(index: &IndexMeta) -> String {
    let declared = index.to_string();
    declared.split_once(", ").map_or_else(String::new, |(_, fields)| fields.to_owned())
}

/// All endpoints.
pub(crate) fn endpoints(catalog: &Catalog) -> Vec<EndpointView> {
    let view = |entry: &Entry| {
        let Item::Endpoint(item) = entry.item else { return None };
        let Site { name, doc: description, file, line, .. } = *entry.site;
        let access = match item.meta.access {
            Access::Public => "public".to_owned(),
            Access::SignedIn => "signed in".to_owned(),
            Access::Scope(scope) => format!("scope {scope}"),
        };
        let path = format!("/api/plugins/{}/endpoints{}", item.owner.id, item.meta.path);
        Some(EndpointView {
            plugin: item.owner.id,
            name,
            method: item.meta.method,
            path,
            access,
            description,
            file,
            line,
        })
    };
    of_kind(catalog, Kind::Endpoint).filter_map(view).collect()
}

/// All cron jobs.
pub(crate) fn cron(catalog: &Catalog) -> Vec<CronView> {
    let view = |entry: &Entry| {
        let Item::Cron(item) = entry.item else { return None };
        let Site { name, doc: description, file, line, .. } = *entry.site;
        let (schedule, timezone) = (item.schedule, item.timezone.unwrap_or("UTC"));
        Some(CronView { plugin: item.owner.id, name, schedule, timezone, description, file, line })
    };
    of_kind(catalog, Kind::Cron).filter_map(view).collect()
}

/// All webhooks.
pub(crate) fn webhooks(catalog: &Catalog) -> Vec<WebhookView> {
    let view = |entry: &Entry| {
        let Item::Webhook(item) = entry.item else { return None };
        let Site { name, doc: description, file, line, .. } = *entry.site;
        let verify = match item.verify {
            Verify::None => "none",
            Verify::Github { .. } => "github",
        };
        let path = format!("/api/plugins/{}/webhooks/{name}", item.owner.id);
        Some(WebhookView { plugin: item.owner.id, name, path, events: item.events, verify, description, file, line })
    };
    of_kind(catalog, Kind::Webhook).filter_map(view).collect()
}

/// All admin pages, by group and title.
pub(crate) fn pages(catalog: &Catalog) -> Vec<PageView> {
    let view = |entry: &Entry| {
        let Item::AdminPage(item) = entry.item else { return None };
        Some(PageView {
            plugin: item.owner.id,
            path: item.listed_path(),
            title: item.title,
            icon: item.icon,
            component: item.component,
            group: item.group,
        })
    };
    let mut pages: Vec<PageView> = of_kind(catalog, Kind::AdminPage).filter_map(view).collect();
    pages.sort_by(|a, b| (a.group, a.title, &a.path).cmp(&(b.group, b.title, &b.path)));
    pages
}
