//! `data-plugin`: keeps what a conversation's end tells, and answers questions about it from its own store.

use plugin_core::prelude::*;

use crate::conversations::ConversationEnd;

/// Keeps a row for every ended conversation and answers questions about them.
#[plugin(id = "data-plugin", index("conversations:", userId, -endedAt))]
#[derive(Debug)]
pub struct Data;

/// An ended conversation, as it is kept at `conversations:{id}`.
#[model]
struct Ended {
    ended_at: Timestamp,
    user_id: Option<String>,
}

/// The conversation that ended last.
#[model]
struct Last {
    conversation_id: Option<String>,
}

/// An ended conversation, as it is shown.
#[model]
struct Recent {
    conversation_id: String,
    user_id: Option<String>,
    ended_at: Timestamp,
}

/// Whose conversations.
#[model]
struct OfUser {
    user_id: String,
}

/// How many.
#[model]
struct Counted {
    count: u64,
}

/// Which keys.
#[model]
struct Keys {
    /// What they begin with; all, unless it is given.
    #[serde(default)]
    prefix: String,
    /// Where the last answer ended.
    cursor: Option<Cursor>,
}

/// Some keys.
#[model]
struct Listed {
    keys: Vec<String>,
    /// To be given back for those that follow; `null` at the end.
    cursor: Option<Cursor>,
}

#[hook("conversation:end")]
async fn remember(ctx: &Context<Data>, ended: &ConversationEnd) -> Result<()> {
    let db = ctx.db();
    let row = Ended { ended_at: ctx.now(), user_id: ctx.user_id().map(String::from) };
    db.set(&format!("conversations:{}", ended.conversation_id), &row).await?;
    db.set("last-conversation", &ended.conversation_id).await?;
    db.delete("temporary-key").await?;
    Ok(())
}

/// The conversation that ended last.
#[endpoint(GET, "/last")]
async fn last(ctx: &Context<Data>) -> Result<Json<Last>> {
    Ok(Json(Last { conversation_id: ctx.db().get("last-conversation").await? }))
}

/// A user's ten latest conversations, the newest first.
#[endpoint(GET, "/recent")]
async fn recent(ctx: &Context<Data>, of: Query<OfUser>) -> Result<Json<Vec<Recent>>> {
    let rows: Page<Entry<Ended>> =
        ctx.db().find(query! { userId: &of.user_id }).under("conversations:").sort("-endedAt").limit(10).await?;
    let shown = rows.items.into_iter().map(|Entry { key, value: Ended { ended_at, user_id }, .. }| Recent {
        conversation_id: key.strip_prefix("conversations:").unwrap_or(&key).to_owned(),
        user_id,
        ended_at,
    });
    Ok(Json(shown.collect()))
}

/// How many conversations of a user have ended.
#[endpoint(GET, "/count")]
async fn count(ctx: &Context<Data>, of: Query<OfUser>) -> Result<Json<Counted>> {
    let count = ctx.db().count(query! { userId: &of.user_id }).under("conversations:").await?;
    Ok(Json(Counted { count }))
}

/// The keys that are kept, in their order.
#[endpoint(GET, "/keys")]
async fn keys(ctx: &Context<Data>, which: Query<Keys>) -> Result<Json<Listed>> {
    let Keys { prefix, cursor } = which.into_inner();
    let page = ctx.db().keys(&prefix).after(cursor).await?;
    Ok(Json(Listed { keys: page.items, cursor: page.next }))
}

#[cfg(test)]
mod tests {
    use plugin_core::testing::TestHost;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_ended_conversation_is_kept_and_found() {
        let mut host = TestHost::of::<Data>().build();
        assert_eq!(host.user("ada").call("GET", "/last").json::<Value>(), json!({ "conversationId": null }));
        for number in 0..12 {
            let _ = host.user("ada").fire(&ConversationEnd { conversation_id: format!("a{number:02}") });
            host.advance(Duration::from_secs(1));
        }
        let _ = host.user("eve").fire(&ConversationEnd { conversation_id: "e00".into() });
        assert_eq!(host.call("GET", "/last").json::<Value>(), json!({ "conversationId": "e00" }));
        assert_eq!(host.call("GET", "/count?userId=ada").json::<Value>(), json!({ "count": 12 }));
        let recent: Vec<Recent> = host.call("GET", "/recent?userId=ada").json();
        let ids: Vec<_> = recent.iter().map(|row| row.conversation_id.as_str()).collect();
        assert_eq!(ids, ["a11", "a10", "a09", "a08", "a07", "a06", "a05", "a04", "a03", "a02"]);
        let keys: Value = host.call("GET", "/keys?prefix=conversations:a1").json();
        assert_eq!(keys, json!({ "keys": ["conversations:a10", "conversations:a11"], "cursor": null }));
        let all: Listed = host.call("GET", "/keys").json();
        assert!(!all.keys.iter().any(|key| key == "temporary-key"), "{:?}", all.keys);
    }
}
