//! What the points do to a conversation, seen through a plugin that takes part in all of them.

use plugin_core::{
    prelude::*,
    store::Access,
    testing::{Response, TestHost, Units},
};
use serde_json::{Value, json};

use super::{
    AssistantMessage, AssistantResponse, ClientConfig, ConversationBeforeMessage, Conversations, OutgoingMessage,
    Speaker, SystemPrompt, Theme, UserRegister,
    stored::{Conversation, Message, Saved},
};

#[plugin(id = "witness")]
struct Witness;

#[filter("prompt:modify")]
fn politely(_ctx: &Context<Witness>, mut prompt: SystemPrompt) -> SystemPrompt {
    prompt.text.push_str(" Be polite.");
    prompt
}

#[filter("message:beforeSend")]
fn sent(_ctx: &Context<Witness>, message: OutgoingMessage) -> Result<OutgoingMessage> {
    if message.text == "unfilterable" { Err(Error::new("no")) } else { Ok(message) }
}

#[filter("message:afterReceive")]
fn received(_ctx: &Context<Witness>, mut message: AssistantMessage) -> AssistantMessage {
    message.text.push_str(" (received)");
    message
}

#[filter("response:modify")]
fn answered(_ctx: &Context<Witness>, mut response: AssistantResponse) -> AssistantResponse {
    response.text.push_str(" (shown)");
    response
}

#[filter("config:modify")]
fn configure(_ctx: &Context<Witness>, mut config: ClientConfig) -> ClientConfig {
    config.more.insert("temperature".into(), Dynamic::new(json!(0.5)));
    config
}

#[filter("theme:modify")]
fn darken(_ctx: &Context<Witness>, mut theme: Theme) -> Theme {
    theme.scheme = "dark".into();
    theme
}

#[hook("conversation:beforeMessage")]
async fn refuse(ctx: &Context<Witness>, message: &ConversationBeforeMessage) -> Result<()> {
    ctx.db().increment("announced", 1).await?;
    if message.text == "refused" { Err(Error::bad_request("not this word")) } else { Ok(()) }
}

#[hook("user:register")]
async fn register(ctx: &Context<Witness>, _user: &UserRegister) -> Result<()> {
    ctx.db().increment("registered", 1).await?;
    Ok(())
}

fn host() -> TestHost {
    let mut host = TestHost::of::<Conversations>().and::<Witness>().build();
    host.app("shop").user("ada");
    host
}

fn begin(host: &mut TestHost, id: &str) {
    assert_eq!(host.call_with("POST", "/conversations", json!({ "id": id })).status.as_u16(), 201);
}

fn say(host: &mut TestHost, from: &str, text: &str) -> Response {
    host.call_with("POST", "/conversations/c/messages", json!({ "from": from, "text": text }))
}

fn shown(host: &mut TestHost) -> Value {
    host.call("GET", "/conversations/c").json()
}

#[test]
fn an_assistants_message_passes_both_filters_in_order() {
    let mut host = host();
    begin(&mut host, "c");
    assert_eq!(say(&mut host, "user", "Hi.").json::<Value>(), json!({ "text": "Hi." }));
    let answer = json!({ "text": "Hello. (received) (shown)" });
    assert_eq!(say(&mut host, "assistant", "Hello.").json::<Value>(), answer);
    assert_eq!(shown(&mut host)["messages"][1]["text"], answer["text"]);
}

#[test]
fn a_conversation_starts_with_the_filtered_prompt() {
    let mut host = host();
    begin(&mut host, "c");
    assert_eq!(shown(&mut host)["prompt"], "You are a helpful assistant. Be polite.");
}

#[test]
fn config_and_theme_are_what_filters_make_of_them() {
    let mut host = host();
    let config: Value = host.call("GET", "/config").json();
    assert_eq!((&config["model"], &config["temperature"]), (&json!("example-1"), &json!(0.5)));
    assert_eq!(host.call("GET", "/theme").json::<Value>()["scheme"], "dark");
}

#[test]
fn a_refused_message_is_not_kept_and_says_why() {
    let mut host = host();
    begin(&mut host, "c");
    let refused = say(&mut host, "user", "refused");
    assert_eq!(refused.status.as_u16(), 422);
    assert!(refused.json::<Value>().to_string().contains("not this word"));
    assert_eq!(shown(&mut host)["messages"], json!([]));
}

#[test]
fn a_message_that_cannot_be_filtered_is_not_kept() {
    let mut host = host();
    begin(&mut host, "c");
    assert_eq!(say(&mut host, "user", "unfilterable").status.as_u16(), 500);
    assert_eq!(shown(&mut host)["messages"], json!([]));
}

#[test]
fn a_message_that_the_conversation_cannot_hold_is_413_and_not_announced() {
    let mut host = host();
    begin(&mut host, "c");
    let long = "x".repeat(200 * 1024);
    let answers: Vec<Response> = (0..6).map(|_| say(&mut host, "user", &long)).collect();
    let (refused, kept) = answers.split_last().expect("six");
    assert!(kept.iter().all(|kept| kept.status.as_u16() == 201));
    assert_eq!(refused.status.as_u16(), 413);
    assert_eq!(refused.json::<Value>()["type"], "/problems/conversation-full");
    assert_eq!(shown(&mut host)["messages"].as_array().map(Vec::len), Some(kept.len()));
    let announced = host.with::<Witness, _>(async |ctx| ctx.db().get::<i64>("announced").await).expect("it answers");
    assert_eq!(announced, Some(5));
}

#[test]
fn what_a_conversation_may_hold_the_store_takes() {
    let saved = host().with::<Conversations, _>(async |ctx| {
        let (at, from) = (ctx.now(), Speaker::Assistant);
        let user_id = Some("u".repeat(128));
        let mut full = Conversation {
            id: "c".repeat(128),
            user_id,
            prompt: String::new(),
            started_at: at,
            ended_at: Some(at),
            messages: Vec::new(),
        };
        while full.take("").is_ok() {
            full.messages.push(Message { from, text: String::new(), at });
        }
        assert!(full.messages.len() > 1_000);
        full.save(&ctx, None).await
    });
    assert_eq!(saved.expect("it fits"), Saved::Done);
}

#[test]
fn a_user_registers_once_in_each_app() {
    let mut host = host();
    let mut registered = |app: &str, user: &str| {
        host.app(app).user(user).call("GET", "/config");
        host.with::<Witness, _>(async |ctx| ctx.db().get::<i64>("registered").await).expect("the store answers")
    };
    assert_eq!(registered("one", "ada"), Some(1));
    assert_eq!(registered("one", "ada"), Some(1));
    assert_eq!(registered("one", "eve"), Some(2));
    assert_eq!(registered("two", "ada"), Some(1));
}

#[test]
fn a_conversation_ends_once_and_takes_no_message_afterwards() {
    let mut host = host();
    begin(&mut host, "c");
    assert_eq!(host.call_with("POST", "/conversations", json!({ "id": "c" })).status.as_u16(), 409);
    assert_eq!(host.call_with("POST", "/conversations/c/end", json!({})).status.as_u16(), 200);
    assert_eq!(host.call_with("POST", "/conversations/c/end", json!({})).status.as_u16(), 409);
    assert_eq!(say(&mut host, "user", "late").status.as_u16(), 409);
    assert!(shown(&mut host)["endedAt"].is_string());
    assert_eq!(host.app("other").call("GET", "/conversations/c").status.as_u16(), 404);
}

#[test]
fn a_user_lists_its_conversations_and_nobody_elses() {
    let mut host = host();
    for number in 0..22 {
        begin(&mut host, &format!("c{number:02}"));
        host.advance(1.second());
    }
    host.user("eve");
    begin(&mut host, "another");
    let mut list = |path: &str| host.user("ada").call("GET", path).json::<Value>();
    let first = list("/conversations");
    let ids =
        |page: &Value| page["conversations"].as_array().expect("a list").iter().map(|it| it["id"].clone()).collect();
    let shown: Vec<Value> = ids(&first);
    assert_eq!((shown.len(), &shown[0], &shown[19]), (20, &json!("c21"), &json!("c02")));
    let rest = list(&format!("/conversations?cursor={}", first["cursor"].as_str().expect("a cursor")));
    assert_eq!((ids(&rest), &rest["cursor"]), (vec![json!("c01"), json!("c00")], &Value::Null));
}

#[test]
fn a_list_of_conversations_reads_none_of_them() {
    let mut host = host();
    begin(&mut host, "c");
    let told = host.with::<Conversations, _>(async |ctx| {
        let found = ctx.docs::<Conversation>().find(query!(Conversation { userId: "ada" }));
        let found = found.sort(|conversation| conversation.startedAt().descending());
        found.select::<Dynamic>(["startedAt", "endedAt"]).explain().await
    });
    let told = told.expect("an answer");
    assert_eq!((told.plan, told.found, told.documents_read), (Access::CoveringIndexInOrder, 1, 0));
}

#[test]
fn ids_that_are_none_are_422() {
    let mut host = host();
    for id in ["", "a b", "a@b", "ä", &"x".repeat(129)] {
        assert_eq!(host.call_with("POST", "/conversations", json!({ "id": id })).status.as_u16(), 422, "{id}");
    }
    begin(&mut host, "A.b_c:d-9");
    let made: Value = host.call_with("POST", "/conversations", json!({})).json();
    assert_eq!(made, json!({ "id": "c1" }));
}
