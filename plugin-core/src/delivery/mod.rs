//! What is handed over durably and later: events to listeners, webhooks to their handlers.

pub mod event;
pub mod webhook;
