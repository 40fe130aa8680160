//! The HTTP surface: create, say, end, read.

use plugin_core::prelude::*;

use super::{
    AssistantMessage, AssistantResponse, ConversationBeforeMessage, ConversationEnd, ConversationStart, Conversations,
    OutgoingMessage, Speaker, SystemPrompt, UserRegister,
    stored::{Conversation, ConversationId, Message, Saved, Turn},
};

/// A conversation to be created.
#[model]
struct NewConversation {
    /// Its id; one is made up unless it is given.
    id: Option<String>,
}

/// A conversation that was created.
#[model]
struct Created {
    id: String,
}

/// A message to be added.
#[model]
struct NewMessage {
    from: Speaker,
    text: String,
}

/// A message that was added.
#[model]
struct Kept {
    /// The text as the filters left it.
    text: String,
}

/// A conversation that has ended.
#[model]
struct Ended {
    id: String,
    ended_at: Timestamp,
}

/// Where a list goes on.
#[model]
struct Place {
    /// What the last answer gave; the beginning, unless it is given.
    cursor: Option<Cursor>,
}

/// Some of the caller's conversations.
#[model]
struct Listed {
    conversations: Vec<Brief>,
    /// To be given back for those that follow; `null` at the end.
    cursor: Option<Cursor>,
}

/// A conversation as it is listed.
#[model]
struct Brief {
    id: String,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// From when to when a conversation was held.
#[model]
struct Span {
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// A conversation as it is shown.
#[model]
struct Shown {
    id: String,
    app_id: String,
    user_id: Option<String>,
    /// The system prompt that it started with.
    prompt: String,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    messages: Vec<Message>,
}

/// Starts a conversation.
#[endpoint(POST, "/conversations")]
async fn create(ctx: &Context<Conversations>, new: Json<NewConversation>) -> Result<(Json<Created>, StatusCode)> {
    greet(ctx).await?;
    let id = match new.into_inner().id {
        Some(id) => ConversationId::new(id)?,
        None => ConversationId::next(ctx).await?,
    };
    let _turn = Turn::take(ctx, &id)?;
    let taken = || Error::conflict(format!("there is a conversation `{}` already", id.as_str()));
    if Conversation::exists(ctx, &id).await? {
        return Err(taken());
    }
    let prompt = ctx.apply(SystemPrompt { text: ctx.config().prompt.clone() }).await?;
    let _ = ctx.fire(&ConversationStart { conversation_id: id.as_str().to_owned() }).await;
    let conversation = Conversation {
        id: id.as_str().to_owned(),
        user_id: ctx.user_id().map(String::from),
        prompt: prompt.text,
        started_at: ctx.now(),
        ended_at: None,
        messages: Vec::new(),
    };
    if conversation.save(ctx, None).await? == Saved::SomebodyWasFaster {
        return Err(taken());
    }
    Ok((Json(Created { id: id.as_str().to_owned() }), StatusCode::CREATED))
}

/// How often a message is tried at the next place. One of the many that come at once gets each place.
const TRIES: usize = 100;

/// Adds a message, as the filters leave it.
#[endpoint(POST, "/conversations/{id}/messages")]
async fn say(
    ctx: &Context<Conversations>,
    id: Path<String>,
    new: Json<NewMessage>,
) -> Result<(Json<Kept>, StatusCode)> {
    greet(ctx).await?;
    let id = ConversationId::new(id.into_inner())?;
    let NewMessage { from, text } = new.into_inner();
    Conversation::load_open(ctx, &id).await?;
    let text = filtered(ctx, from, text).await?;
    // Another message may take the place meanwhile: then this one is announced and tried at the next.
    for _ in 0..TRIES {
        let Versioned { value: mut conversation, revision } = Conversation::load_open(ctx, &id).await?;
        conversation.take(&text)?;
        let announced = ConversationBeforeMessage {
            conversation_id: id.as_str().to_owned(),
            position: conversation.messages.len() as u64,
            from,
            text: text.clone(),
        };
        ctx.fire(&announced).await.veto().map(drop).map_err(refusal)?;
        conversation.messages.push(Message { from, text: text.clone(), at: ctx.now() });
        if conversation.save(ctx, Some(revision)).await? == Saved::Done {
            return Ok((Json(Kept { text }), StatusCode::CREATED));
        }
    }
    Err(Error::conflict("other messages were faster each time: try again"))
}

/// Ends a conversation.
#[endpoint(POST, "/conversations/{id}/end")]
async fn end(ctx: &Context<Conversations>, id: Path<String>) -> Result<Json<Ended>> {
    greet(ctx).await?;
    let id = ConversationId::new(id.into_inner())?;
    let _turn = Turn::take(ctx, &id)?;
    Conversation::load_open(ctx, &id).await?;
    let _ = ctx.fire(&ConversationEnd { conversation_id: id.as_str().to_owned() }).await;
    let ended_at = ctx.now();
    Conversation::end(ctx, &id, ended_at).await?;
    Ok(Json(Ended { id: id.as_str().to_owned(), ended_at }))
}

/// The caller's conversations, the latest first, a page of 20.
#[endpoint(GET, "/conversations")]
async fn list(ctx: &Context<Conversations>, from: Query<Place>) -> Result<Json<Listed>> {
    // A token may speak for an app alone, and what nobody in particular began is nobody's.
    let user = ctx.user_id().ok_or_else(|| Error::forbidden("conversations are listed for a user: call with one"))?;
    let found = ctx.docs::<Conversation>().find(query!(Conversation { userId: user.as_str() }));
    let found =
        found.sort(|conversation| conversation.startedAt().descending()).limit(20).after(from.into_inner().cursor);
    let page: Page<Selected<Span>> = found.select(["startedAt", "endedAt"]).await?;
    let brief = |Selected { key: id, value: Span { started_at, ended_at } }| Brief { id, started_at, ended_at };
    Ok(Json(Listed { conversations: page.items.into_iter().map(brief).collect(), cursor: page.next }))
}

/// Shows a conversation.
#[endpoint(GET, "/conversations/{id}")]
async fn show(ctx: &Context<Conversations>, id: Path<String>) -> Result<Json<Shown>> {
    greet(ctx).await?;
    let id = ConversationId::new(id.into_inner())?;
    let Conversation { id, user_id, prompt, started_at, ended_at, messages } =
        Conversation::load(ctx, &id).await?.value;
    let app_id = ctx.app_id().to_string();
    Ok(Json(Shown { id, app_id, user_id, prompt, started_at, ended_at, messages }))
}

/// Fires `user:register` at the first call of a user in this app.
pub(super) async fn greet(ctx: &Context<Conversations>) -> Result<()> {
    let Some(user) = ctx.user_id() else { return Ok(()) };
    let key = format!("users:{user}");
    if ctx.db().get::<Timestamp>(&key).await?.is_some() {
        return Ok(());
    }
    let _ = ctx.fire(&UserRegister { user_id: user.to_string() }).await;
    ctx.db().set(&key, &ctx.now()).await?;
    Ok(())
}

async fn filtered(ctx: &Context<Conversations>, from: Speaker, text: String) -> Result<String> {
    match from {
        Speaker::User => Ok(ctx.apply(OutgoingMessage { text }).await?.text),
        Speaker::Assistant => {
            let AssistantMessage { text } = ctx.apply(AssistantMessage { text }).await?;
            Ok(ctx.apply(AssistantResponse { text }).await?.text)
        }
    }
}

/// 422, with what the handler that refused says for all to read.
fn refusal(refused: Error) -> Error {
    let detail = refused.detail().unwrap_or("a plugin refused this message").to_owned();
    Error::unprocessable("text", detail)
}
