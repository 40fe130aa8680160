//! What is promised of events and webhooks, on a clock that stands still and with kills at any point.

mod events;
mod webhooks;

use std::{cell::RefCell, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Deliveries, event::ListenerItem, webhook::WebhookItem};
use crate::{
    __rt::{Item, listener, verify, webhook},
    Context, Dynamic, Result, WebhookDelivery,
    context::call::Call,
    error::Error,
    id::AppId,
    plugin::secret::Secret,
    rig::{Process, SINK, SOURCE, Sink, Tasks, World, site},
    site::{Placed, Site},
    store::engine::{Direction, Got, Keyspace, Read, Scan, Wanted},
};

thread_local! {
    /// What handlers did in this test.
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn log(line: impl Into<String>) {
    LOG.with_borrow_mut(|log| log.push(line.into()));
}

/// What handlers did since the last call.
fn logged() -> Vec<String> {
    LOG.take()
}

const THING: &str = "source:thing";

/// Does what the event says.
async fn hear(ctx: &Context<Sink>, event: &Dynamic) -> Result<()> {
    let n = event.at("n").cloned().unwrap_or_default();
    log(format!("begin {n} in {}", ctx.app_id()));
    match event.at("do").and_then(Value::as_str) {
        Some("fail") => return Err(Error::new("it was asked to")),
        Some("panic") => panic!("it was asked to"),
        Some("sleep") => ctx.scope().lent().shared.clock.sleep(Duration::from_secs(10)).await,
        Some("again") => {
            let call = ctx.scope().lent();
            let published = call.shared.outbox.emit(call, SOURCE, THING, event.json().clone()).await;
            if let Err(error) = published {
                log(error.to_string());
            }
        }
        _ => {}
    }
    log(format!("end {n}"));
    Ok(())
}

async fn hear_too(_: &Context<Sink>, event: &Dynamic) -> Result<()> {
    log(format!("too {}", event.at("n").cloned().unwrap_or_default()));
    Ok(())
}

async fn receive(_: &Context<Sink>, delivery: &WebhookDelivery) -> Result<()> {
    let body = delivery.json::<Value>()?;
    log(format!("{} {} {body}", delivery.id(), delivery.event()));
    Ok(())
}

/// An item of the sink's in its place.
fn listener_of(number: u32, item: &'static Item) -> Placed<ListenerItem> {
    let Item::Listener(item) = item else { panic!("a listener") };
    Placed { number, plugin: SINK, site: name_of(number), item }
}

fn webhook_of(number: u32, item: &'static Item) -> Placed<WebhookItem> {
    let Item::Webhook(item) = item else { panic!("a webhook") };
    Placed { number, plugin: SINK, site: name_of(number), item }
}

const NAMES: [&str; 4] = ["hear", "hear-too", "signed", "open"];

fn name_of(number: u32) -> &'static Site {
    site(NAMES[number as usize])
}

const SIGNED: u32 = 2;
const OPEN: u32 = 3;

static HEAR: Item = listener::async_context::<Context<Sink>, Dynamic, _, _>(
    hear,
    listener::Meta { event: Some(THING), timeout: Some(Duration::from_secs(60)) },
);
static HEAR_TOO: Item = listener::async_context::<Context<Sink>, Dynamic, _, _>(
    hear_too,
    listener::Meta { event: Some(THING), timeout: None },
);
static SIGNED_ITEM: Item = webhook::async_context::<Context<Sink>, WebhookDelivery, _, _>(
    receive,
    webhook::Meta {
        events: &["push", "issues"],
        // The rig keeps a bare secret where a plugin keeps its settings.
        verify: crate::delivery::webhook::Verify::Github { secret: |config| config.downcast_ref() },
        timeout: None,
    },
);
static OPEN_ITEM: Item = webhook::async_context::<Context<Sink>, WebhookDelivery, _, _>(
    receive,
    webhook::Meta { events: &[], verify: verify::NONE, timeout: None },
);

/// A process with its deliveries.
struct Running {
    process: Process,
    deliveries: Deliveries,
}

impl std::ops::Deref for Running {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

/// The listeners of a binary, all or the first.
fn begin_with(world: &World, listeners: &[Placed<ListenerItem>], secret: Option<Secret>) -> Running {
    let tasks = Arc::new(Tasks::default());
    let webhooks = [webhook_of(SIGNED, &SIGNED_ITEM), webhook_of(OPEN, &OPEN_ITEM)];
    let deliveries = Deliveries::new(listeners, &webhooks, tasks.clone());
    let sites = NAMES.map(site);
    let process = Process::start(world, &sites, Box::new(deliveries.clone()), tasks, secret);
    Running { process, deliveries }
}

impl Running {
    fn started(self) -> Self {
        self.run(self.deliveries.start(&self.shared)).expect("deliveries start");
        self.settle();
        self
    }

    async fn publish(&self, app: &str, event: Value) -> Result<()> {
        let call = Call::of_host(&self.shared, AppId::new(app)?);
        self.shared.outbox.emit(&call, SOURCE, THING, event).await
    }

    fn emit(&self, n: u32) {
        self.emit_to("default", json!({ "n": n }));
    }

    fn emit_to(&self, app: &str, event: Value) {
        self.run(self.publish(app, event)).expect("rows are written");
    }

    fn count(&self, item: u32) -> (u64, u64, u64, u64) {
        let figures = self.shared.stats.snapshot(item);
        (figures.calls, figures.errors, figures.panics, figures.timeouts)
    }
}

fn begin(world: &World) -> Running {
    begin_with(world, &[listener_of(0, &HEAR), listener_of(1, &HEAR_TOO)], None).started()
}

/// How many rows wait in the keyspace of `plugin`.
fn waiting(running: &Running, plugin: &str) -> usize {
    let (limit, bytes, direction, wanted) = (1000, 1 << 20, Direction::Forward, Wanted::Keys);
    let scan = Scan { range: crate::rows::queues(), limit, bytes, direction, wanted };
    let keyspace = Keyspace::of_plugin(plugin);
    let got = running.run(running.shared.engine.read(&keyspace, &[Read::Scan(scan)])).expect("memory reads");
    let Some(Got::Entries(entries)) = got.into_iter().next() else { panic!("a scan") };
    entries.len()
}
