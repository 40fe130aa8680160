//! `data-source`: publishes that a conversation ended.

use plugin_core::prelude::*;

use crate::conversations::ConversationEnd;

/// Publishes an event for every ended conversation.
#[plugin(id = "data-source")]
#[derive(Debug)]
pub struct DataSource;

/// A conversation ended in an app.
#[event("data-source:conversation-ended", plugin = DataSource)]
pub struct ConversationEnded {
    /// The app.
    pub app_id: String,
    /// When.
    pub timestamp: Timestamp,
}

#[hook("conversation:end")]
async fn publish(ctx: &Context<DataSource>, _ended: &ConversationEnd) -> Result<()> {
    ctx.emit(&ConversationEnded { app_id: ctx.app_id().into(), timestamp: ctx.now() }).await
}
