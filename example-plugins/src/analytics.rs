//! `analytics-plugin`: counts conversations, messages and users of each app, and takes e-mail addresses out of what users say.

use plugin_core::prelude::*;

use crate::conversations::{ConversationBeforeMessage, ConversationEnd, ConversationStart, OutgoingMessage};

/// Counts conversations and serves the totals; takes e-mail addresses out of users' messages.
#[plugin(id = "analytics-plugin")]
#[derive(Debug)]
pub struct Analytics;

/// What is known of one conversation. One document each makes hearing of a moment twice harmless.
#[document(plugin = Analytics, collection = "conversations")]
#[index(ended_at, sparse)]
#[index(user_id)]
#[derive(PartialEq)]
struct Tally {
    #[id]
    id: String,
    user_id: Option<String>,
    messages: u64,
    ended_at: Option<Timestamp>,
}

/// The totals of an app.
#[model]
struct Stats {
    /// Conversations that have ended.
    conversations: u64,
    /// Messages of all conversations.
    messages: u64,
    /// Different users who began one.
    users: u64,
}

/// The answer to a tracked event.
#[model]
struct Tracked {
    tracked: bool,
}

#[hook("conversation:start")]
async fn count_user(ctx: &Context<Analytics>, started: &ConversationStart) -> Result<()> {
    let user = ctx.user_id().map(String::from);
    tally(ctx, &started.conversation_id, |tally| tally.user_id = user.clone()).await
}

/// Runs last, so that a message that another handler refuses is not counted.
#[hook("conversation:beforeMessage", priority = 1000)]
async fn count_message(ctx: &Context<Analytics>, message: &ConversationBeforeMessage) -> Result<()> {
    let messages = message.position + 1;
    tally(ctx, &message.conversation_id, |tally| tally.messages = tally.messages.max(messages)).await
}

#[hook("conversation:end")]
async fn count_conversation(ctx: &Context<Analytics>, ended: &ConversationEnd) -> Result<()> {
    let now = ctx.now();
    tally(ctx, &ended.conversation_id, |tally| {
        tally.ended_at.get_or_insert(now);
    })
    .await
}

/// Replaces e-mail addresses in users' messages. The point fails closed: what cannot be redacted is not sent.
#[filter("message:beforeSend", priority = 20)]
fn redact(_ctx: &Context<Analytics>, mut message: OutgoingMessage) -> OutgoingMessage {
    message.text = without_addresses(&message.text);
    message
}

/// Get plugin analytics stats.
#[endpoint(GET, "/stats")]
async fn stats(ctx: &Context<Analytics>, _user: User) -> Result<Json<Stats>> {
    let tallies = ctx.docs::<Tally>();
    let conversations = tallies.count(query!(Tally { endedAt: { gte: Timestamp::UNIX_EPOCH } })).await?;
    let (mut messages, mut users, mut last) = (0, 0, None);
    // In the order of the users: each is counted where it comes first, and none need be kept.
    let mut all = tallies.find(query!(Tally {})).sort(|tally| tally.userId().ascending()).limit(1000).iter();
    while let Some(Entry { value: tally, .. }) = all.next().await? {
        messages += tally.messages;
        if tally.user_id.is_some() && tally.user_id != last {
            users += 1;
            last = tally.user_id;
        }
    }
    Ok(Json(Stats { conversations, messages, users }))
}

/// Track an event: any JSON object.
#[endpoint(POST, "/track", public, rate = "30/s", body = "64KiB")]
async fn track(
    ctx: &Context<Analytics>,
    event: Json<std::collections::BTreeMap<String, Dynamic>>,
) -> Result<(Json<Tracked>, StatusCode)> {
    let tracked = ctx.db().increment("tracked", 1).await?;
    ctx.log().debug(format!("event {tracked} with {} fields", event.len()));
    Ok((Json(Tracked { tracked: true }), StatusCode::CREATED))
}

/// Changes what is known of a conversation, from nothing if it is the first that is heard of it.
async fn tally(ctx: &Context<Analytics>, conversation: &str, change: impl Fn(&mut Tally) + Send + Sync) -> Result<()> {
    let first = || Tally { id: conversation.to_owned(), user_id: None, messages: 0, ended_at: None };
    ctx.docs::<Tally>().update_or(conversation, first, change).await?;
    Ok(())
}

/// The text with `[e-mail]` in place of each address: a local part, `@`, and a domain with a dot in it.
fn without_addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, domain) = (&rest[..at], &rest[at + 1..]);
        let local = trailing(before, |c| is_latin(c) || "._%+-'".contains(c));
        let local = local.trim_start_matches(['.', '\'']);
        let domain = leading(domain, |c| is_latin(c) || ".-".contains(c));
        let domain = domain.trim_end_matches(['.', '-']);
        let last = domain.rsplit_once('.').map_or("", |(_, last)| last);
        let is_address = !local.is_empty()
            && !domain.starts_with('.')
            && last.chars().count() >= 2
            && !last.bytes().all(|b| b.is_ascii_digit());
        if is_address {
            out.push_str(&before[..before.len() - local.len()]);
            out.push_str("[e-mail]");
            rest = &rest[at + 1 + domain.len()..];
        } else {
            out.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    out
}

/// Whether an address may have it: a digit, or a letter of the languages that are written in Latin letters. Those of other scripts often
/// stand next to an address without a space.
fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') && c.is_alphabetic()
}

/// The longest end of `text` whose characters are all `allowed`.
fn trailing(text: &str, allowed: impl Fn(char) -> bool) -> &str {
    let cut = text.char_indices().rev().find(|&(_, c)| !allowed(c)).map_or(0, |(place, c)| place + c.len_utf8());
    &text[cut..]
}

/// The longest beginning of `text` whose characters are all `allowed`.
fn leading(text: &str, allowed: impl Fn(char) -> bool) -> &str {
    let cut = text.find(|c| !allowed(c)).unwrap_or(text.len());
    &text[..cut]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use plugin_core::{
        store::{
            Access, Db, MemEngine,
            conformance::block_on,
            engine::{Durability, Engine, Keyspace},
        },
        testing::TestHost,
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::conversations::Speaker;

    fn say(host: &mut TestHost, conversation: &str, position: u64) {
        let (conversation_id, text) = (conversation.to_owned(), "hello".to_owned());
        let _ = host.fire(&ConversationBeforeMessage { conversation_id, position, from: Speaker::User, text });
    }

    #[test]
    fn what_is_heard_twice_is_counted_once() {
        let mut host = TestHost::of::<Analytics>().build();
        for (user, id) in [("ada", "a"), ("ada", "b"), ("eve", "c"), ("ada", "a")] {
            host.user(user);
            let _ = host.fire(&ConversationStart { conversation_id: id.into() });
            say(&mut host, id, 0);
            say(&mut host, id, 1);
            say(&mut host, id, 1);
            let _ = host.fire(&ConversationEnd { conversation_id: id.into() });
        }
        let stats: Value = host.call("GET", "/stats").json();
        assert_eq!(stats, json!({ "conversations": 3, "messages": 6, "users": 2 }));
        let elsewhere: Value = host.app("elsewhere").call("GET", "/stats").json();
        assert_eq!(elsewhere, json!({ "conversations": 0, "messages": 0, "users": 0 }));
    }

    #[test]
    fn what_was_counted_before_there_were_types_is_counted_on() {
        let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
        let keyspace = Keyspace::of_plugin("analytics-plugin");
        block_on(engine.open(&keyspace)).expect("it opens");
        let untyped = Db::new(Arc::clone(&engine), keyspace, AppId::default(), Durability::Synced);
        let ended = json!({ "userId": "ada", "messages": 2, "endedAt": Timestamp::UNIX_EPOCH });
        block_on(untyped.set("conversations:a", &ended)).expect("it is stored");
        let open = json!({ "userId": "eve", "messages": 1, "endedAt": null });
        block_on(untyped.set("conversations:b", &open)).expect("it is stored");

        let mut host = TestHost::of::<Analytics>().engine(engine).build();
        let stats = |host: &mut TestHost| host.user("ada").call("GET", "/stats").json::<Value>();
        assert_eq!(stats(&mut host), json!({ "conversations": 1, "messages": 3, "users": 2 }));
        say(&mut host, "b", 1);
        let _ = host.fire(&ConversationEnd { conversation_id: "b".into() });
        assert_eq!(stats(&mut host), json!({ "conversations": 2, "messages": 4, "users": 2 }));
    }

    #[test]
    fn what_the_endpoint_asks_is_answered_by_indexes() {
        let mut host = TestHost::of::<Analytics>().build();
        let (ended, by_user) = host.with::<Analytics, _>(async |ctx| {
            let tallies = ctx.docs::<Tally>();
            let ended = tallies.count(query!(Tally { endedAt: { gte: Timestamp::UNIX_EPOCH } })).explain().await;
            (ended, tallies.find(query!(Tally {})).sort(|tally| tally.userId().ascending()).explain().await)
        });
        assert_eq!(ended.expect("an answer").plan, Access::IndexKeys);
        assert_eq!(by_user.expect("an answer").plan, Access::IndexInOrder);
    }

    #[test]
    fn an_event_is_tracked_for_anybody() {
        let mut host = TestHost::of::<Analytics>().build();
        let tracked = host.call_with("POST", "/track", json!({ "page": "/" }));
        assert_eq!((tracked.status.as_u16(), tracked.json()), (201, json!({ "tracked": true })));
        assert_eq!(host.call("GET", "/stats").status.as_u16(), 401);
    }

    #[test]
    fn the_filter_takes_addresses_out() {
        let mut host = TestHost::of::<Analytics>().build();
        let sent = host.apply(OutgoingMessage { text: "to ada@example.com".into() }).expect("it does not fail");
        assert_eq!(sent.text, "to [e-mail]");
    }

    #[test]
    fn addresses_are_found_and_nothing_else() {
        for (text, redacted) in [
            ("ada@example.com", "[e-mail]"),
            ("Write to ada.lovelace+x@mail.example.co.uk, please.", "Write to [e-mail], please."),
            ("a@example.com,b@example.org;c@example.net", "[e-mail],[e-mail];[e-mail]"),
            ("<ada@example.com>.", "<[e-mail]>."),
            ("josé@example.com, jörg@exämple.de", "[e-mail], [e-mail]"),
            ("メールはada@example.comです", "メールは[e-mail]です"),
            ("@app.route('/ping')", "@app.route('/ping')"),
            ("a@b", "a@b"),
            ("ada@192.168.0.1", "ada@192.168.0.1"),
            ("@@ @ a@ @b.c", "@@ @ a@ @b.c"),
            ("a@@example.com", "a@@example.com"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(text), redacted, "{text}");
        }
    }
}
