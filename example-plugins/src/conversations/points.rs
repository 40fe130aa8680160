//! The moments and values at which other plugins take part. Each type is its point.

use std::collections::BTreeMap;

use plugin_core::prelude::*;

/// Who says something.
#[model(stored)]
#[derive(Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The person.
    User,
    /// The program.
    Assistant,
}

/// A user begins a conversation.
#[hook_point("conversation:start")]
pub struct ConversationStart {
    /// Its id.
    pub conversation_id: String,
}

/// A message is about to be kept. An error of a handler refuses it.
#[hook_point("conversation:beforeMessage", policy = veto)]
pub struct ConversationBeforeMessage {
    /// The conversation's id.
    pub conversation_id: String,
    /// The place that the message will have, from 0. A place that was announced and not taken is announced again.
    pub position: u64,
    /// Who says it.
    pub from: Speaker,
    /// What will be kept, after the filters.
    pub text: String,
}

/// A conversation was closed by its user.
#[hook_point("conversation:end")]
pub struct ConversationEnd {
    /// Its id.
    pub conversation_id: String,
}

/// A user id makes its first call in an app.
#[hook_point("user:register")]
pub struct UserRegister {
    /// The user.
    pub user_id: String,
}

/// The system prompt that a conversation starts with.
#[filter_point("prompt:modify")]
pub struct SystemPrompt {
    /// The prompt.
    pub text: String,
}

/// A user's message before it is kept. Redaction must not be skipped, so a failing filter stops the message.
#[filter_point("message:beforeSend", on_error = fail)]
pub struct OutgoingMessage {
    /// What the user said.
    pub text: String,
}

/// An assistant's message as it came.
#[filter_point("message:afterReceive")]
pub struct AssistantMessage {
    /// What the assistant said.
    pub text: String,
}

/// An assistant's message as it will be kept and shown.
#[filter_point("response:modify")]
pub struct AssistantResponse {
    /// What the assistant said, after `message:afterReceive`.
    pub text: String,
}

/// What a client is told of how to talk.
#[filter_point("config:modify")]
pub struct ClientConfig {
    /// The model to use.
    pub model: String,
    /// The longest message that the client should send, in characters.
    pub longest_message: u32,
    /// Whatever plugins add.
    #[serde(flatten)]
    pub more: BTreeMap<String, Dynamic>,
}

/// How a client should look.
#[filter_point("theme:modify")]
pub struct Theme {
    /// `light`, `dark`, or `system`.
    pub scheme: String,
    /// The accent colour, `#rrggbb`.
    pub accent: String,
    /// Whatever plugins add.
    #[serde(flatten)]
    pub more: BTreeMap<String, Dynamic>,
}
