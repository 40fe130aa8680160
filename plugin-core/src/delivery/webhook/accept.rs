//! Accepting a webhook's request, whatever carried it here.

use std::sync::Arc;

use actix_web::http::{StatusCode, header::HeaderMap};
use serde::Serialize;

use super::{
    Refused, Verify, WebhookItem,
    receipt::Receipt,
    request::{Announced, MAX_BODY, document, only},
    signature,
};
use crate::{
    context::shared::Shared,
    delivery::{outbox::Deliveries, queue::Queue, row::Row},
    id::{AppId, time_ordered},
    plugin::{secret::Secret, state::PluginState},
    rows,
    site::Placed,
    store::engine::{Durability, EngineError},
};

/// The name of an event whose sender gave it none.
const UNNAMED: &str = "message";

/// The answer to a request that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// The id by which the delivery is known.
    pub delivery_id: String,
    /// What becomes of it.
    pub status: Status,
}

/// What becomes of a request that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is stored, and its handler will run.
    Accepted,
    /// It is noted; the webhook does not list its event, so no handler runs.
    Ignored,
    /// It was accepted before, so no handler runs again.
    Duplicate,
}

impl Accepted {
    /// The status of the HTTP answer, whose body is this as JSON.
    pub fn status_code(&self) -> StatusCode {
        match self.status {
            Status::Accepted | Status::Ignored => StatusCode::ACCEPTED,
            Status::Duplicate => StatusCode::OK,
        }
    }
}

impl Deliveries {
    /// Accepts a request for the webhook that is the item numbered `webhook`: `body` as it came, at most [`MAX_BODY`] bytes.
    /// When it returns, what has to be done is on disk.
    ///
    /// # Errors
    /// Why the request is not accepted, with the status to answer.
    pub async fn accept(
        &self,
        shared: &Arc<Shared>,
        webhook: u32,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Accepted, Refused> {
        let (webhook, queue) = self.webhook(webhook).ok_or(Refused::Unknown)?;
        let plugin = shared.plugins.get(webhook.plugin).expect("the host has the plugin of each of its items");
        if body.len() > MAX_BODY {
            return Err(Refused::TooLarge);
        }
        if !plugin.is_on() {
            let why = plugin.unavailable();
            return Err(Refused::PluginOff(why.detail().unwrap_or("the plugin is not active").to_owned()));
        }
        verify(webhook.item.verify, plugin, headers, body)?;
        let document = document(headers, body)?;
        let Announced { id, event } = match webhook.item.verify {
            Verify::Github { .. } => Announced::by_github(headers)?,
            Verify::None => Announced::by_anybody(headers)?,
        };
        let now = shared.clock.now();
        let tag = time_ordered(now).to_string();
        let receipt = Receipt::of(body, now, tag.clone());
        let id = id.unwrap_or(tag);
        let events = vec![event.unwrap_or_else(|| UNNAMED.to_owned())];
        let row = Row { id, app: AppId::default(), events, created_at: now, body: document };
        self.store(shared, webhook, queue, row, receipt).await
    }

    /// Stores the receipt and, if the webhook lists the event, the row, in one commit.
    async fn store(
        &self,
        shared: &Arc<Shared>,
        webhook: &Placed<WebhookItem>,
        queue: &Arc<Queue>,
        row: Row,
        receipt: Receipt,
    ) -> Result<Accepted, Refused> {
        let (engine, keyspace, name) = (&*shared.engine, queue.keyspace.clone(), webhook.site.name);
        let mut writes = vec![receipt.put(name, &row.id)?];
        let listed = webhook.item.events.is_empty() || webhook.item.events.contains(&row.event());
        let status = if listed { Status::Accepted } else { Status::Ignored };
        if listed {
            writes.push(queue.put(self.sequence(row.created_at), &row)?);
        }
        let accepted = |status| Ok(Accepted { delivery_id: row.id.clone(), status });
        // On disk whatever the plugin chose: its sender is told so.
        match self.commit(shared, keyspace.clone(), writes, Durability::Synced, vec![Arc::clone(queue)]).await {
            Ok(()) => accepted(status),
            Err(EngineError::Conflict(_)) => {
                let known = Receipt::find(engine, &keyspace, name, &row.id).await.map_err(rows::untold)?;
                match known {
                    // After an unknown outcome the receipt may be this one.
                    Some(known) if known == receipt => accepted(status),
                    Some(known) if known.same_body(&receipt) => accepted(Status::Duplicate),
                    Some(_) => Err(Refused::OtherBody(row.id)),
                    None => {
                        Err(Refused::Store(EngineError::Unavailable("the receipt was removed just now".to_owned())))
                    }
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn verify(how: Verify, plugin: &PluginState, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
    let Verify::Github { secret } = how else { return Ok(()) };
    let secret: Option<&Secret> = plugin.config.as_deref().and_then(secret);
    let secret = secret.filter(|secret| secret.is_set()).ok_or(Refused::NoSecret)?;
    let signature = only(headers, "x-hub-signature-256").unwrap_or_default();
    if signature::is_github(signature, secret, body) { Ok(()) } else { Err(Refused::Signature) }
}
