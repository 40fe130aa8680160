//! What others call: webhooks, their signatures, and what a handler is given.
//!
//! A request is verified on the bytes that came, known by its sender's id, and stored; only then it is answered, and only then
//! its handler runs. An id that was stored is remembered for a week.

mod accept;
pub(super) mod receipt;
mod refused;
mod request;
mod signature;

pub use accept::{Accepted, Status};
pub use refused::Refused;
pub use request::MAX_BODY;
pub use signature::sign_github;

use std::{any::Any, time::Duration};

use serde::de::DeserializeOwned;

use crate::{
    clock::Timestamp,
    context::{call::Scope, shared::BoxFuture},
    error::{Error, Result},
    plugin::secret::Secret,
    shape::Owner,
};

/// A webhook's request as it was accepted.
#[derive(Debug, Clone)]
pub struct WebhookDelivery {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) body: String,
    pub(crate) received_at: Timestamp,
}

impl WebhookDelivery {
    /// The sender's id of the delivery, by which it is known when it is sent again: `X-GitHub-Delivery`, or for a webhook that
    /// verifies nothing also `webhook-id`, or one given here where the sender gives none.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What happened, in the sender's words: `X-GitHub-Event`, or for a webhook that verifies nothing also `webhook-event`, or
    /// `message` where the sender does not say.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// When it was accepted.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// The document that was sent: the body, or the form field that holds it.
    pub fn body(&self) -> &[u8] {
        self.body.as_bytes()
    }

    /// The document as a `T`.
    ///
    /// # Errors
    /// If it is none.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.body).map_err(|error| {
            Error::new(format!("the webhook's document is not what was expected: {error}")).because(error)
        })
    }
}

/// How a webhook proves where it comes from.
#[derive(Debug, Clone, Copy)]
pub enum Verify {
    /// Not at all.
    None,
    /// As GitHub signs: HMAC-SHA256 of the raw body in `X-Hub-Signature-256`.
    Github {
        /// The secret within the plugin's settings.
        secret: fn(&(dyn Any + Send + Sync)) -> Option<&Secret>,
    },
}

/// What `#[webhook]` leaves.
#[derive(Debug)]
pub struct WebhookItem {
    /// Whose webhook it is.
    pub owner: Owner,
    /// The events that reach the handler; all, if none are listed.
    pub events: &'static [&'static str],
    /// How it proves where it comes from.
    pub verify: Verify,
    /// How long the handler may take.
    pub timeout: Option<Duration>,
    /// Runs the handler.
    pub run: for<'a> fn(&'a Scope, &'a WebhookDelivery) -> BoxFuture<'a, Result<()>>,
}
