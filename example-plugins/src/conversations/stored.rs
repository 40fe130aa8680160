//! What is kept of a conversation, and the rules of changing it: created once, added to until it ends, ended once.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use plugin_core::prelude::*;

use super::{Conversations, Speaker};

/// A conversation as it is kept. The index has all that a list of them shows, so that what was said in them is not read for it.
#[document(plugin = Conversations, collection = "conversations")]
#[index(user_id, -started_at, ended_at)]
pub(super) struct Conversation {
    #[id]
    pub(super) id: String,
    pub(super) user_id: Option<String>,
    pub(super) prompt: String,
    pub(super) started_at: Timestamp,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) messages: Vec<Message>,
}

/// One message as it is kept.
#[model(stored)]
pub(super) struct Message {
    /// Who said it.
    pub(super) from: Speaker,
    /// What, after the filters.
    pub(super) text: String,
    /// When it came.
    pub(super) at: Timestamp,
}

/// The id of a conversation: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`.
#[derive(Debug, Clone)]
pub(super) struct ConversationId(String);

impl ConversationId {
    pub(super) fn new(id: String) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        // No path can name these two.
        if (1..=128).contains(&id.len()) && id.bytes().all(allowed) && !matches!(&*id, "." | "..") {
            Ok(Self(id))
        } else {
            Err(Error::unprocessable(
                "id",
                "use 1 to 128 characters of `A-Z a-z 0-9 . _ : -`, and not `.` or `..` alone",
            ))
        }
    }

    /// An id that no conversation of this app was given before.
    pub(super) async fn next(ctx: &Context<Conversations>) -> Result<Self> {
        Ok(Self(format!("c{}", ctx.db().increment("last-id", 1).await?)))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The right to start or to end a conversation, which one request has at a time: its hook is fired before the change is kept, so that a
/// crash between the two repeats the hook and never loses it, and nobody else may fire it meanwhile. A server is alone with its data, so
/// that a set in its memory knows all who try.
pub(super) struct Turn(TurnKey);

/// Of which host, known by where its settings are; of which app; which conversation.
type TurnKey = (usize, String, String);

static TURNS: Mutex<BTreeSet<TurnKey>> = Mutex::new(BTreeSet::new());

fn turns() -> MutexGuard<'static, BTreeSet<TurnKey>> {
    TURNS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Turn {
    /// Takes it.
    ///
    /// # Errors
    /// 409 if another request has it.
    pub(super) fn take(ctx: &Context<Conversations>, id: &ConversationId) -> Result<Self> {
        let host = std::ptr::from_ref(ctx.config()).addr();
        let key = (host, ctx.app_id().to_string(), id.as_str().to_owned());
        if turns().insert(key.clone()) {
            return Ok(Self(key));
        }
        Err(Error::conflict(format!("another request is starting or ending conversation `{}`", id.as_str())))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        turns().remove(&self.0);
    }
}

/// How much a conversation may hold, in bytes: what a value of the store may be, less what its own names and numbers take.
const LARGEST: usize = (1 << 20) - 16 * 1024;
/// What a message takes beside its text, at most.
const AROUND_A_TEXT: usize = 128;

impl Conversation {
    /// Whether one more message with `text` can be kept. Asked before anybody is told of it.
    ///
    /// # Errors
    /// 413 if it cannot.
    pub(super) fn take(&self, text: &str) -> Result<()> {
        let held: usize = self.messages.iter().map(|message| message.text.len() + AROUND_A_TEXT).sum();
        match self.prompt.len() + held + text.len() + AROUND_A_TEXT <= LARGEST {
            true => Ok(()),
            false => {
                let detail =
                    format!("a conversation holds at most {LARGEST} bytes; this one has no room for the message");
                Err(Error::public(StatusCode::PAYLOAD_TOO_LARGE, "conversation-full", detail))
            }
        }
    }

    /// The conversation, as it is now.
    ///
    /// # Errors
    /// 404 if this app has none with the id.
    pub(super) async fn load(ctx: &Context<Conversations>, id: &ConversationId) -> Result<Versioned<Self>> {
        let found = ctx.docs().get_versioned(id.as_str()).await?;
        found.ok_or_else(|| unknown(id))
    }

    /// The same, provided that it has not ended.
    ///
    /// # Errors
    /// 404 as for [`load`](Self::load), 409 if it has ended.
    pub(super) async fn load_open(ctx: &Context<Conversations>, id: &ConversationId) -> Result<Versioned<Self>> {
        let loaded = Self::load(ctx, id).await?;
        match loaded.value.ended_at {
            None => Ok(loaded),
            Some(at) => Err(Error::conflict(format!("conversation `{}` ended at {at}", id.as_str()))),
        }
    }

    pub(super) async fn exists(ctx: &Context<Conversations>, id: &ConversationId) -> Result<bool> {
        Ok(ctx.docs::<Self>().get(id.as_str()).await?.is_some())
    }

    /// Keeps it, provided that what is kept is still `seen`, or nothing.
    pub(super) async fn save(&self, ctx: &Context<Conversations>, seen: Option<Revision>) -> Result<Saved> {
        let kept = ctx.docs::<Self>();
        let saved = match seen {
            Some(seen) => kept.replace(self, seen).await,
            None => kept.insert(self).await,
        };
        match saved {
            Ok(_) => Ok(Saved::Done),
            Err(StoreError::Conflict { .. } | StoreError::Exists { .. }) => Ok(Saved::SomebodyWasFaster),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends it. Whoever does has the [`Turn`], so that nobody else ends it meanwhile; messages that come in between are kept.
    ///
    /// # Errors
    /// 404 if this app has none with the id.
    pub(super) async fn end(ctx: &Context<Conversations>, id: &ConversationId, at: Timestamp) -> Result<()> {
        let ended = ctx.docs::<Self>().update(id.as_str(), |conversation| conversation.ended_at = Some(at)).await?;
        ended.map(drop).ok_or_else(|| unknown(id))
    }
}

fn unknown(id: &ConversationId) -> Error {
    Error::not_found(format!("there is no conversation `{}`", id.as_str()))
}

/// What came of saving a conversation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Saved {
    Done,
    SomebodyWasFaster,
}
