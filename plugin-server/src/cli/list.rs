//! `list`: what the plugins of this binary hold, without starting any.

use plugin_core::{catalog::Catalog, plugin::state::Life};

use super::{Format, args::What, print, print_json, show::table};
use crate::{exit::Failure, views};

/// Lists `what` of `catalog`.
pub(super) fn list(catalog: &Catalog, what: What, format: Format) -> Result<(), Failure> {
    match what {
        What::Plugins => {
            let plugins: Vec<_> = catalog.plugins().iter().map(|plugin| views::plugin(plugin, &Life::Linked)).collect();
            let row = |plugin: &views::PluginView| {
                [
                    plugin.id.to_owned(),
                    plugin.version.to_owned(),
                    at(plugin.file, plugin.line),
                    first_line(plugin.description),
                ]
            };
            show(&plugins, format, ["PLUGIN", "VERSION", "AT", "DESCRIPTION"], row)
        }
        What::Hooks => points(catalog, &views::points(catalog, catalog.hooks()), format),
        What::Filters => points(catalog, &views::points(catalog, catalog.filters()), format),
        What::Events => points(catalog, &views::points(catalog, catalog.events()), format),
        What::Endpoints => {
            let row = |it: &views::EndpointView| {
                [
                    it.method.to_owned(),
                    it.path.clone(),
                    it.access.clone(),
                    at(it.file, it.line),
                    first_line(it.description),
                ]
            };
            show(&views::endpoints(catalog), format, ["METHOD", "PATH", "ACCESS", "AT", "DESCRIPTION"], row)
        }
        What::Cron => {
            let row = |it: &views::CronView| {
                [
                    it.plugin.to_owned(),
                    it.name.to_owned(),
                    it.schedule.to_owned(),
                    it.timezone.to_owned(),
                    at(it.file, it.line),
                    first_line(it.description),
                ]
            };
            show(&views::cron(catalog), format, ["PLUGIN", "JOB", "SCHEDULE", "TIMEZONE", "AT", "DESCRIPTION"], row)
        }
        What::Webhooks => {
            let row = |it: &views::WebhookView| {
                [
                    it.path.clone(),
                    it.verify.to_owned(),
                    it.events.join(", "),
                    at(it.file, it.line),
                    first_line(it.description),
                ]
            };
            show(&views::webhooks(catalog), format, ["PATH", "VERIFY", "EVENTS", "AT", "DESCRIPTION"], row)
        }
        What::Pages => {
            let row =
                |it: &views::PageView| [it.group.to_owned(), it.title.to_owned(), format!("/admin/pages{}", it.path)];
            show(&views::pages(catalog), format, ["GROUP", "TITLE", "PATH"], row)
        }
        What::Documents => {
            let row = |it: &views::DocumentView| {
                [
                    it.plugin.to_owned(),
                    it.collection.to_owned(),
                    it.version.to_string(),
                    it.standing.to_owned(),
                    it.indexes.join("; "),
                    it.fingerprint.clone(),
                    at(it.file, it.line),
                    first_line(it.description),
                ]
            };
            let heads = ["PLUGIN", "COLLECTION", "VERSION", "IS", "INDEXES", "FINGERPRINT", "AT", "DESCRIPTION"];
            show(&views::documents(catalog), format, heads, row)
        }
    }
}

fn show<T: serde::Serialize, const N: usize>(
    items: &[T],
    format: Format,
    heads: [&str; N],
    row: impl Fn(&T) -> [String; N],
) -> Result<(), Failure> {
    match format {
        Format::Json => print_json(&items),
        Format::Table => print(&table(heads, items.iter().map(row))),
    }
}

/// Points, each with its handlers in the order of their calls and what decided it.
fn points(catalog: &Catalog, points: &[views::PointView], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        return print_json(&points);
    }
    let order = |plugin: &str| catalog.plugin(plugin).map_or_else(String::new, |(place, _)| (place + 1).to_string());
    let mut rows = Vec::new();
    for point in points {
        for handler in &point.handlers {
            let priority = handler.priority.map_or_else(String::new, |priority| priority.to_string());
            let (plugin, item) = (handler.plugin.to_owned(), handler.item.to_owned());
            rows.push([
                point.name.to_owned(),
                priority,
                order(handler.plugin),
                plugin,
                item,
                at(handler.file, handler.line),
            ]);
        }
        if point.handlers.is_empty() {
            rows.push([point.name, "", "", "-", "", ""].map(ToOwned::to_owned));
        }
    }
    print(&table(["NAME", "PRIORITY", "PLUGIN ORDER", "PLUGIN", "ITEM", "AT"], rows))
}

fn at(file: &str, line: u32) -> String {
    format!("{file}:{line}")
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().to_owned()
}
