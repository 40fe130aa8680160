//! Telling those who subscribed while running: in memory, best effort, each on its own.

use std::sync::Arc;

use serde_json::Value;
use tracing::Instrument;

use super::{outbox::Deliveries, row::Row, worker::TIMEOUT};
use crate::{
    bare::frame::Frame,
    context::{
        call::{Call, Origin, Running},
        shared::Shared,
        subscriptions::Subscription,
    },
    dispatch::guard::run_item,
    point::Dynamic,
};

impl Deliveries {
    /// Runs what subscribed to the event of `row`, each subscription in a task of its own.
    pub(super) fn tell_subscribers(&self, shared: &Arc<Shared>, row: &Row, body: Value) {
        let subscriptions = shared.subscriptions.of(row.event());
        if subscriptions.is_empty() {
            return;
        }
        let event = Arc::new(Dynamic::new(body));
        let origin = Origin::Delivery(Arc::new(row.delivered()));
        for subscription in subscriptions {
            let call = Call { origin: origin.clone(), ..Call::of_host(shared, row.app.clone()) };
            self.spawn(tell(subscription, call, Arc::clone(&event)));
        }
    }
}

async fn tell(subscription: Subscription, call: Call, event: Arc<Dynamic>) {
    let Subscription { plugin, item, run, .. } = subscription;
    let shared = Arc::clone(&call.shared);
    let Some(plugin) = shared.plugins.get(plugin) else { return };
    let Some(_entered) = plugin.enter() else { return };
    let name = shared.items.get(item as usize).map_or("subscription", |item| item.site.name);
    let span = tracing::error_span!("subscription", id = %call.origin);
    let call = Arc::new(Call { cancelled: plugin.stop(), ..call });
    let scope = Frame::own(Arc::clone(&call), Running::item(name, item));
    drop(run_item(&call, item, TIMEOUT, || run(scope, event)).instrument(span).await);
}
