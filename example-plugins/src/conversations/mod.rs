//! `conversations`: an application that others extend. It keeps conversations, and fires and applies the points at which
//! plugins take part.
//!
//! | File | What it is responsible for |
//! |---|---|
//! | `points` | the moments and values that other plugins see |
//! | `stored` | what is kept of a conversation, and the rules of changing it |
//! | `endpoints` | the HTTP surface |
//! | `presentation` | settings and theme of the client, as plugins adapt them |
//!
//! A hook fires *before* the change it tells of is committed, and the change is acknowledged only after both. If the process
//! dies in between, the client, who got no answer, asks again and the hook fires again: a handler may hear of a moment twice,
//! never not at all. Handlers that count do so by the ids in the payload.

mod endpoints;
mod points;
mod presentation;
mod stored;
#[cfg(test)]
mod tests;

use plugin_core::prelude::*;
pub use points::{
    AssistantMessage, AssistantResponse, ClientConfig, ConversationBeforeMessage, ConversationEnd, ConversationStart,
    OutgoingMessage, Speaker, SystemPrompt, Theme, UserRegister,
};

/// Keeps conversations, and fires and applies the points at which other plugins take part.
#[plugin(id = "conversations", config = Settings)]
#[derive(Debug)]
pub struct Conversations;

/// What an operator may set.
#[derive(Config)]
pub struct Settings {
    /// The system prompt that a conversation starts with, before `prompt:modify`.
    #[config(default = "You are a helpful assistant.".to_owned())]
    pub prompt: String,
    /// The model that clients are told to use, before `config:modify`.
    #[config(default = "example-1".to_owned())]
    pub model: String,
}
