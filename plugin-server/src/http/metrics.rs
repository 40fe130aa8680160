//! `/metrics`: the figures of every item, in the text format that Prometheus reads.

use actix_web::{HttpResponse, web::Data};
use plugin_core::{
    Error,
    catalog::Entry,
    host::Host,
    plugin::state::Life,
    registration::Item,
    stats::{BOUNDS, Histogram},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet, text::encode},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use super::{Answer, Server, api};

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn figures(server: Data<Server>) -> Answer {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Figures(server.host.clone())));
    let mut text = String::new();
    encode(&mut text, &registry).map_err(Error::from)?;
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(text))
}

/// Reads the figures when they are asked for: nothing is counted twice.
#[derive(Debug)]
struct Figures(Host);

/// A family of counters: its name, what it counts, and where it stands.
type Family = (&'static str, &'static str, fn(&api::Figures) -> u64);

const COUNTERS: [Family; 4] = [
    ("plugin_calls", "Calls of a handler", |figures| figures.calls),
    ("plugin_errors", "Calls of a handler that gave an error", |figures| figures.errors),
    ("plugin_panics", "Calls of a handler that panicked", |figures| figures.panics),
    ("plugin_timeouts", "Calls of a handler that took too long", |figures| figures.timeouts),
];

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let catalog = self.0.catalog();
        let handlers: Vec<_> = catalog.entries().iter().filter(|entry| is_called(entry.item)).collect();
        for (name, help, read) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for entry in &handlers {
                let counter = ConstCounter::new(read(&api::figures(&self.0, entry.number)));
                counter.encode(family.encode_family(&labels(entry))?)?;
            }
        }
        let help = "How long calls of a handler took, of those whose time was taken";
        let seconds = Unit::Seconds;
        let mut family = encoder.encode_descriptor("plugin_call", help, Some(&seconds), MetricType::Histogram)?;
        for entry in &handlers {
            let timing = self.0.figures(entry.number).timing;
            if timing.count() > 0 {
                let sum = timing.sum.as_secs_f64();
                let labels = labels(entry);
                let mut metric = family.encode_family(&labels)?;
                metric.encode_histogram::<NoLabelSet>(sum, timing.count(), &buckets(&timing), None)?;
            }
        }
        let mut family =
            encoder.encode_descriptor("plugin_active", "Whether a plugin is at work", None, MetricType::Gauge)?;
        for plugin in &self.0.shared().plugins {
            let active = ConstGauge::new(i64::from(plugin.life() == Life::Active));
            active.encode(family.encode_family(&[("plugin", plugin.id)])?)?;
        }
        Ok(())
    }
}

fn labels(entry: &Entry) -> [(&'static str, &'static str); 3] {
    [("plugin", entry.item.owner().unwrap_or("-")), ("kind", entry.kind.word()), ("item", entry.site.name)]
}

/// Each upper bound in seconds with how many calls are in its bucket; the last has none.
fn buckets(timing: &Histogram) -> Vec<(f64, u64)> {
    let bounds = BOUNDS.iter().map(|bound| *bound as f64 / 1e9).chain([f64::INFINITY]);
    bounds.zip(timing.buckets).collect()
}

fn is_called(item: &Item) -> bool {
    !matches!(item, Item::Plugin(_) | Item::HookPoint(_) | Item::FilterPoint(_) | Item::Event(_))
}
