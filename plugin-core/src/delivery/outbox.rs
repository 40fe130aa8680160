//! Publishing: rows for the listeners in one commit, then the tasks that wait for them are woken.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::sync::oneshot;

use super::{
    event::ListenerItem,
    nesting,
    queue::Queue,
    row::{Consumer, Row},
    webhook::{self, WebhookItem},
    worker,
};
use crate::{
    background::{Background, Stopped},
    clock::{Clock, Timestamp},
    context::{
        call::{Call, Origin},
        shared::{BoxFuture, Outbox, Shared},
    },
    error::{Error, Result},
    id::time_ordered,
    plugin::state::PluginState,
    rows::{self, Walk},
    site::Placed,
    spawn::Spawn,
    store::{
        Committed, Txn,
        engine::{Durability, Engine, EngineError, Keyspace, Wanted, Write},
    },
};

/// How long a chain of events may become in which each is published while the one before is handled.
const DEEPEST: usize = 16;

/// What is handed over durably and later. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub struct Deliveries(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    listeners: BTreeMap<&'static str, Vec<Arc<Queue>>>,
    webhooks: BTreeMap<u32, (Placed<WebhookItem>, Arc<Queue>)>,
    background: Background,
    sequence: AtomicU64,
}

/// Events lead to events without end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event is not published: events led to one another {DEEPEST} times: {}", chain.join(" -> "))]
pub struct TooDeep {
    /// The events, each published while the one before was handled; the last is the one that is refused.
    pub chain: Vec<String>,
}

impl Deliveries {
    /// Deliveries to `listeners` and `webhooks`, not started.
    pub fn new(listeners: &[Placed<ListenerItem>], webhooks: &[Placed<WebhookItem>], spawn: Arc<dyn Spawn>) -> Self {
        let mut by_event = BTreeMap::<_, Vec<_>>::new();
        for listener in listeners {
            let queue = Arc::new(Queue::of(Consumer::Listener(*listener)));
            by_event.entry(listener.item.event).or_default().push(queue);
        }
        let queue = |webhook: &Placed<WebhookItem>| (*webhook, Arc::new(Queue::of(Consumer::Webhook(*webhook))));
        let webhooks = webhooks.iter().map(|webhook| (webhook.number, queue(webhook))).collect();
        let (background, sequence) = (Background::new(spawn), AtomicU64::new(0));
        Self(Arc::new(Inner { listeners: by_event, webhooks, background, sequence }))
    }

    fn queues(&self) -> impl Iterator<Item = &Arc<Queue>> {
        self.0.listeners.values().flatten().chain(self.0.webhooks.values().map(|(_, queue)| queue))
    }

    /// Starts a task for each listener and webhook. What was left by the last process comes first. Rows of listeners that are no
    /// longer part of the binary stay where they are, with a warning.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn start(&self, shared: &Arc<Shared>) -> Result<()> {
        let keyspaces: BTreeSet<Keyspace> = shared.engine.keyspaces().await?.into_iter().collect();
        let known: BTreeSet<String> = self.queues().map(|queue| queue.consumer.address()).collect();
        for keyspace in keyspaces.iter().filter(|keyspace| keyspace.plugin().is_some()) {
            shared.engine.open(keyspace).await?;
            let (latest, left) = waiting(&*shared.engine, keyspace, &known).await?;
            self.0.sequence.fetch_max(latest, Ordering::Relaxed);
            for (item, rows) in left {
                tracing::warn!(item, rows, ?keyspace, "rows wait for an item that is not part of this binary");
            }
        }
        let closing = self.0.background.closing();
        for queue in self.queues().filter(|queue| keyspaces.contains(&queue.keyspace)) {
            self.0.background.start(worker::work(Arc::clone(queue), Arc::clone(shared), closing.clone()));
        }
        self.0.background.start(webhook::receipt::reap(Arc::clone(shared), closing.clone()));
        Ok(())
    }

    /// Begins no more deliveries. What is published goes on to disk.
    pub fn close(&self) {
        self.0.background.close();
    }

    /// Delivers nothing more, and waits `drain` for the handlers that run. What is left then is delivered after the next start.
    pub async fn stop(&self, clock: &Clock, drain: Duration) {
        if let Stopped::Abandoned(tasks) = self.0.background.stop(clock, drain).await {
            tracing::warn!("{tasks} deliveries were stopped before their end; they come again at the next start");
        }
    }

    /// Runs `task` beside the caller.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.background.start(task);
    }

    /// The webhook numbered `webhook`, and its queue.
    pub(super) fn webhook(&self, webhook: u32) -> Option<&(Placed<WebhookItem>, Arc<Queue>)> {
        self.0.webhooks.get(&webhook)
    }

    /// A number for the next row: it rises, over restarts too, whatever becomes of the clock.
    pub(super) fn sequence(&self, now: Timestamp) -> u64 {
        let now = u64::try_from(now.as_nanosecond()).unwrap_or(0);
        let next = |last: u64| Some(now.max(last + 1));
        let last = self.0.sequence.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        last.map_or(now, |last| now.max(last + 1))
    }

    /// Commits `writes` and then wakes `queues`. It does so to the end even if the caller is dropped meanwhile, as the handler of
    /// a request is when the client has gone: rows that are on disk with nobody told of them would wait for the next. A host that
    /// stops commits as well, for as long as requests are answered.
    pub(super) async fn commit(
        &self,
        shared: &Arc<Shared>,
        keyspace: Keyspace,
        writes: Vec<Write>,
        durability: Durability,
        queues: Vec<Arc<Queue>>,
    ) -> Result<(), EngineError> {
        let (done, answer) = oneshot::channel();
        let shared = Arc::clone(shared);
        self.0.background.see_through(async move {
            let committed = rows::commit(&*shared.engine, &keyspace, writes, durability).await;
            queues.iter().for_each(|queue| queue.wake.notify_one());
            drop(done.send(committed));
        });
        // Whatever ended it, it may have been after the commit.
        answer.await.unwrap_or(Err(EngineError::UnknownOutcome))
    }

    async fn publish(&self, call: &Call, publisher: &PluginState, event: &'static str, body: Value) -> Result<()> {
        let Published { row, writes, queues } = self.published(call, event, &body)?;
        if !queues.is_empty() {
            let keyspace = publisher.keyspace.clone();
            self.commit(&call.shared, keyspace, writes, publisher.durability, queues).await?;
        }
        self.tell_subscribers(&call.shared, &row, body);
        Ok(())
    }

    /// What an event is to its listeners.
    fn published(&self, call: &Call, event: &'static str, body: &Value) -> Result<Published> {
        let mut events = match &call.origin {
            Origin::Delivery(delivered) => delivered.events.clone(),
            _ => Vec::new(),
        };
        events.push(event.to_owned());
        if events.len() > DEEPEST {
            return Err(TooDeep { chain: events }.into());
        }
        nesting::check(event, body)?;
        let now = call.shared.clock.now();
        let row = Row {
            id: time_ordered(now).to_string(),
            app: call.app.clone(),
            events,
            created_at: now,
            body: body.to_string(),
        };
        let queues = self.0.listeners.get(event).cloned().unwrap_or_default();
        let sequence = self.sequence(now);
        let writes = queues.iter().map(|queue| queue.put(sequence, &row)).collect::<Result<_, _>>()?;
        Ok(Published { row, writes, queues })
    }

    /// Commits a transaction with events, and tells of them. It does so to the end even if the caller is dropped meanwhile, for the same
    /// reason as [`commit`](Self::commit).
    async fn transact(&self, call: &Call, txn: Txn, events: Vec<(&'static str, Value)>) -> Result<Committed> {
        let mut published = Vec::with_capacity(events.len());
        for (event, body) in events {
            let mut event = self.published(call, event, &body)?;
            txn.with(std::mem::take(&mut event.writes));
            published.push((event, body));
        }
        let (done, answer) = oneshot::channel();
        let (shared, deliveries) = (Arc::clone(&call.shared), self.clone());
        self.0.background.see_through(async move {
            let committed = txn.commit().await;
            if !matches!(committed, Ok(Committed::Conflict(_))) {
                published.iter().flat_map(|(event, _)| &event.queues).for_each(|queue| queue.wake.notify_one());
            }
            if let Ok(Committed::Done) = committed {
                for (event, body) in published {
                    deliveries.tell_subscribers(&shared, &event.row, body);
                }
            }
            drop(done.send(committed));
        });
        Ok(answer.await.unwrap_or_else(|_| Err(EngineError::UnknownOutcome.into()))?)
    }
}

/// An event on its way.
struct Published {
    row: Row,
    /// A row for each listener.
    writes: Vec<Write>,
    queues: Vec<Arc<Queue>>,
}

impl Outbox for Deliveries {
    fn commit<'a>(
        &'a self,
        call: &'a Call,
        txn: Txn,
        events: Vec<(&'static str, Value)>,
    ) -> BoxFuture<'a, Result<Committed>> {
        Box::pin(async move {
            match events.is_empty() {
                true => Ok(txn.commit().await?),
                false => self.transact(call, txn, events).await,
            }
        })
    }

    fn emit<'a>(
        &'a self,
        call: &'a Call,
        publisher: usize,
        event: &'static str,
        body: Value,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let plugin = call.shared.plugins.get(publisher);
            let plugin =
                plugin.ok_or_else(|| Error::new(format!("the publisher of `{event}` is not part of this host")))?;
            self.publish(call, plugin, event, body).await
        })
    }
}

/// The highest number of a row in `keyspace`, and how many rows each item has there that is not among `known`.
async fn waiting(
    engine: &dyn Engine,
    keyspace: &Keyspace,
    known: &BTreeSet<String>,
) -> Result<(u64, BTreeMap<String, usize>), EngineError> {
    let (mut latest, mut left) = (0, BTreeMap::new());
    let mut keys = Walk::over(engine, keyspace, rows::queues(), Wanted::Keys);
    while let Some(page) = keys.page().await? {
        for (address, number) in page.iter().filter_map(|(key, _)| rows::parse_queue(key)) {
            latest = latest.max(number);
            if !known.contains(&address) {
                *left.entry(address).or_default() += 1;
            }
        }
    }
    Ok((latest, left))
}
