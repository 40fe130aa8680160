//! `/api`: plugins, their jobs and pages, and the description of all of it.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use plugin_core::{catalog::PluginEntry, host::Host, site::Kind, stats::Snapshot};
use serde::Serialize;

use super::{Answer, Server, json, part};
use crate::views::{self, PluginView};

/// A plugin with its items and their figures.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PluginDetail {
    #[serde(flatten)]
    pub(crate) plugin: PluginView,
    pub(crate) items: Vec<ItemView>,
}

/// An item and what it did since the start.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemView {
    #[schemars(with = "String")]
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    #[serde(skip)]
    pub(crate) description: &'static str,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// What an item did since the start.
#[derive(Debug, Clone, Copy, Default, Serialize, schemars::JsonSchema)]
pub(crate) struct Figures {
    pub(crate) calls: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
    pub(crate) timeouts: u64,
    /// Of how many calls the time was taken: all, or some of those that come often, as the setting `timing` says.
    pub(crate) timed: u64,
    /// How long these took on average; none before the first.
    #[serde(rename = "meanSeconds")]
    pub(crate) mean_seconds: Option<f64>,
}

impl Figures {
    /// The mean for people.
    pub(crate) fn mean(&self) -> String {
        self.mean_seconds.map_or_else(
            || "–".to_owned(),
            |mean| match mean {
                mean if mean < 1e-3 => format!("{:.1} µs", mean * 1e6),
                mean if mean < 1.0 => format!("{:.1} ms", mean * 1e3),
                mean => format!("{mean:.1} s"),
            },
        )
    }
}

/// The sum; there is no mean of different items.
impl std::iter::Sum for Figures {
    fn sum<I: Iterator<Item = Self>>(figures: I) -> Self {
        figures.fold(Self::default(), |sum, it| Self {
            calls: sum.calls + it.calls,
            errors: sum.errors + it.errors,
            panics: sum.panics + it.panics,
            timeouts: sum.timeouts + it.timeouts,
            timed: sum.timed + it.timed,
            mean_seconds: None,
        })
    }
}

/// The figures of the item numbered `number`.
pub(crate) fn figures(host: &Host, number: u32) -> Figures {
    let Snapshot { calls, errors, panics, timeouts, timing } = host.figures(number);
    let timed = timing.count();
    let mean_seconds = (timed > 0).then(|| timing.sum.as_secs_f64() / timed as f64);
    Figures { calls, errors, panics, timeouts, timed, mean_seconds }
}

/// Every plugin of `host`, in the order of their start.
pub(crate) fn all_plugins(host: &Host) -> Vec<PluginView> {
    let states = &host.shared().plugins;
    host.catalog()
        .plugins()
        .iter()
        .zip(states.iter())
        .map(|(entry, state)| views::plugin(entry, &state.life()))
        .collect()
}

/// The items of a plugin and their figures.
pub(crate) fn items(host: &Host, entry: &PluginEntry) -> Vec<ItemView> {
    let items = entry.items.iter().filter_map(|number| host.catalog().entry(*number));
    let view = |item: &plugin_core::catalog::Entry| ItemView {
        kind: item.kind,
        name: item.site.name,
        file: item.site.file,
        line: item.site.line,
        description: item.site.doc,
        figures: figures(host, item.number),
    };
    items.map(view).collect()
}

pub(super) async fn plugins(server: Data<Server>) -> Answer {
    json(&all_plugins(&server.host))
}

pub(super) async fn plugin(server: Data<Server>, request: HttpRequest) -> Answer {
    let (entry, state) = server.host.plugin(&part(&request, "id"))?;
    json(&PluginDetail { plugin: views::plugin(entry, &state.life()), items: items(&server.host, entry) })
}

pub(super) async fn enable(server: Data<Server>, request: HttpRequest) -> Answer {
    server.enable(&part(&request, "id")).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn disable(server: Data<Server>, request: HttpRequest) -> Answer {
    server.disable(&part(&request, "id")).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn jobs(server: Data<Server>, request: HttpRequest) -> Answer {
    json(&server.host.jobs(&part(&request, "id"))?)
}

/// The run that was started.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Started {
    run_id: String,
}

pub(super) async fn run(server: Data<Server>, request: HttpRequest) -> Answer {
    let run = server.host.run_job(&part(&request, "id"), &part(&request, "job")).await?;
    Ok(HttpResponse::Accepted().json(Started { run_id: run.to_string() }))
}

pub(super) async fn pages(server: Data<Server>) -> Answer {
    json(&views::pages(server.host.catalog()))
}

pub(super) async fn openapi(server: Data<Server>) -> Answer {
    Ok(HttpResponse::Ok().content_type("application/json").body(server.description()))
}
