//! Rows that wait for a listener or a webhook's handler, in the keyspace of the plugin that published.

use serde::{Deserialize, Serialize};

use super::webhook::WebhookItem;
use crate::{
    clock::Timestamp,
    context::call::Delivered,
    delivery::event::ListenerItem,
    id::AppId,
    site::{Kind, Placed, Site},
};

/// What waits: an event, or a webhook's request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    /// The id of the event, or the sender's of the webhook's delivery.
    pub(super) id: String,
    /// For which app.
    pub(super) app: AppId,
    /// The events that led to it; the last is the one delivered.
    pub(super) events: Vec<String>,
    /// When it was published or accepted.
    pub(super) created_at: Timestamp,
    /// The event or the document, as JSON text.
    pub(super) body: String,
}

impl Row {
    pub(super) fn event(&self) -> &str {
        self.events.last().map_or("", String::as_str)
    }

    pub(super) fn delivered(&self) -> Delivered {
        Delivered { id: self.id.clone(), events: self.events.clone() }
    }
}

/// Who takes rows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Consumer {
    Listener(Placed<ListenerItem>),
    Webhook(Placed<WebhookItem>),
}

impl Consumer {
    pub(super) fn number(&self) -> u32 {
        match self {
            Self::Listener(listener) => listener.number,
            Self::Webhook(webhook) => webhook.number,
        }
    }

    pub(super) fn plugin(&self) -> usize {
        match self {
            Self::Listener(listener) => listener.plugin,
            Self::Webhook(webhook) => webhook.plugin,
        }
    }

    pub(super) fn site(&self) -> &'static Site {
        match self {
            Self::Listener(listener) => listener.site,
            Self::Webhook(webhook) => webhook.site,
        }
    }

    /// The id of the plugin whose keyspace has the rows: an event's publisher, whose id its name begins with, or the webhook's own.
    pub(super) fn source(&self) -> &'static str {
        match self {
            Self::Listener(listener) => listener.item.event.split(':').next().unwrap_or_default(),
            Self::Webhook(webhook) => webhook.item.owner.id,
        }
    }

    /// What its rows are filed under.
    pub(super) fn address(&self) -> String {
        let (kind, owner) = match self {
            Self::Listener(listener) => (Kind::Listener, listener.item.owner),
            Self::Webhook(webhook) => (Kind::Webhook, webhook.item.owner),
        };
        format!("{kind}/{}/{}", owner.id, self.site().name)
    }
}
