//! The task of one listener or webhook: takes its rows in order, runs the handler, removes the row.

use std::{any::Any, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    queue::{Queue, Stored},
    row::{Consumer, Row},
    webhook::WebhookDelivery,
};
use crate::{
    background::give_way,
    context::{
        call::{Call, Origin, Scope},
        shared::Shared,
    },
    dispatch::guard::{Failure, finish, run_item},
    error::Result,
    plugin::state::PluginState,
    store::engine::EngineError,
};

/// How long a handler may take, unless its attribute says otherwise.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait when the store fails.
const RETRY: Duration = Duration::from_secs(1);

/// Works until `closing`. What it has begun by then it finishes.
pub(super) async fn work(queue: Arc<Queue>, shared: Arc<Shared>, closing: CancellationToken) {
    let plugin = shared.plugins.get(queue.consumer.plugin()).expect("the host has the plugin of each of its items");
    while closing.run_until_cancelled(plugin.turned_on()).await.is_some() {
        let rows = queue.first(&*shared.engine).await;
        let waited = match rows {
            Ok(rows) if rows.is_empty() => closing.run_until_cancelled(queue.wake.notified()).await,
            Ok(rows) => {
                in_order(&queue, &shared, plugin, rows, &closing).await;
                Some(())
            }
            Err(error) => {
                complain(&queue, plugin, "its rows cannot be read", &error);
                closing.run_until_cancelled(shared.clock.sleep(RETRY)).await
            }
        };
        if waited.is_none() {
            return;
        }
    }
}

/// Delivers `rows` as long as the plugin takes work.
async fn in_order(
    queue: &Queue,
    shared: &Arc<Shared>,
    plugin: &PluginState,
    rows: Vec<Stored>,
    closing: &CancellationToken,
) {
    for row in rows {
        let entered = plugin.enter().filter(|_| !closing.is_cancelled());
        let Some(_entered) = entered else { return };
        deliver(queue, shared, plugin, &row).await;
        // The handler is not run again for want of the removal: only the end of the process makes that happen.
        while let Err(error) = queue.remove(&*shared.engine, &row).await {
            complain(queue, plugin, "a row that is done cannot be removed", &error);
            shared.clock.sleep(RETRY).await;
        }
        give_way().await;
    }
}

fn complain(queue: &Queue, plugin: &PluginState, what: &str, error: &EngineError) {
    tracing::error!(
        plugin = plugin.id,
        item = queue.consumer.site().name,
        "the store failed, trying again: {what}: {error}"
    );
}

async fn deliver(queue: &Queue, shared: &Arc<Shared>, plugin: &PluginState, stored: &Stored) {
    let consumer = queue.consumer;
    match stored.read() {
        Ok(row) => {
            let span = tracing::error_span!("delivery", id = row.id, event = row.event());
            handle(consumer, shared, plugin, row).instrument(span).await;
        }
        Err(error) => {
            let _span = tracing::error_span!("delivery", row = stored.name()).entered();
            let unreadable: Result<(), Failure> = Err(Failure::Error(error.into()));
            finish(shared, consumer.number(), Duration::ZERO, &unreadable);
        }
    }
}

/// Runs the handler. How it ends is counted and logged by the guard, and changes nothing here.
async fn handle(consumer: Consumer, shared: &Arc<Shared>, plugin: &PluginState, row: Row) {
    let origin = Origin::Delivery(Arc::new(row.delivered()));
    let call = Call { origin, cancelled: plugin.stop(), ..Call::of_host(shared, row.app.clone()) };
    let scope = call.scope(consumer.site().name, consumer.number());
    let limit = match consumer {
        Consumer::Listener(listener) => listener.item.timeout,
        Consumer::Webhook(webhook) => webhook.item.timeout,
    };
    let run = || run(consumer, &scope, row).boxed();
    drop(run_item(&call, consumer.number(), limit.unwrap_or(TIMEOUT), run).await);
}

/// Within the guard, so that a panic of a type's own way of being read is contained as well.
async fn run(consumer: Consumer, scope: &Scope, row: Row) -> Result<()> {
    match consumer {
        Consumer::Listener(listener) => {
            let event: Box<dyn Any + Send + Sync> = (listener.item.decode)(&serde_json::from_str(&row.body)?)?;
            (listener.item.run)(scope, &*event).await
        }
        Consumer::Webhook(webhook) => {
            let event = row.event().to_owned();
            let delivery = WebhookDelivery { id: row.id, event, body: row.body, received_at: row.created_at };
            (webhook.item.run)(scope, &delivery).await
        }
    }
}
