//! A server with a plugin that does everything wrong, to see that only it suffers.

use std::{convert::Infallible, time::Duration};

use example_plugins::conversations::{ConversationBeforeMessage, ConversationEnd, OutgoingMessage};
use plugin_core::prelude::*;

plugin_server::plugins! { example_plugins }

fn main() -> std::process::ExitCode {
    plugin_server::main()
}

/// Fails in every way that can be contained.
#[plugin(id = "misbehaving")]
#[derive(Debug)]
pub struct Misbehaving;

/// Runs before all others, so that they would be the ones to miss out.
#[hook("conversation:end", priority = 1)]
async fn panics(_ctx: &Context<Misbehaving>, ended: &ConversationEnd) -> Result<()> {
    if ended.conversation_id.starts_with("panic") {
        panic!("the hook panics at {}", ended.conversation_id);
    }
    Ok(())
}

#[hook("conversation:end", priority = 2, timeout = "100ms")]
async fn hangs(_ctx: &Context<Misbehaving>, ended: &ConversationEnd) -> Result<()> {
    if ended.conversation_id.starts_with("hang") {
        std::future::pending::<Infallible>().await;
    }
    Ok(())
}

#[hook("conversation:end", priority = 3)]
fn fails(_ctx: &Context<Misbehaving>, ended: &ConversationEnd) -> Result<()> {
    if ended.conversation_id.starts_with("fail") { Err(Error::new("the hook fails")) } else { Ok(()) }
}

#[hook("conversation:end", priority = 4, timeout = "1s")]
#[expect(clippy::disallowed_methods, reason = "a thread that is blocked is what the watchdog is for")]
fn blocks(_ctx: &Context<Misbehaving>, ended: &ConversationEnd) {
    if ended.conversation_id.starts_with("block") {
        std::thread::sleep(Duration::from_secs(4));
    }
}

#[hook("conversation:beforeMessage")]
async fn refuses(_ctx: &Context<Misbehaving>, message: &ConversationBeforeMessage) -> Result<()> {
    if message.text.contains("refuse me") {
        return Err(Error::bad_request("this word is not liked here"));
    }
    Ok(())
}

/// A redaction that fails must stop the message.
#[filter("message:beforeSend")]
fn redaction_fails(_ctx: &Context<Misbehaving>, message: OutgoingMessage) -> Result<OutgoingMessage> {
    match message.text.as_str() {
        "panic in the filter" => panic!("the filter panics"),
        "fail in the filter" => Err(Error::new("the filter fails")),
        _ => Ok(message),
    }
}

/// Panics.
#[endpoint(GET, "/panic", public)]
async fn panicking(_ctx: &Context<Misbehaving>) -> Result<String> {
    panic!("the endpoint panics")
}

/// Never answers.
#[endpoint(GET, "/hang", public, timeout = "200ms")]
async fn hanging(_ctx: &Context<Misbehaving>) -> Result<String> {
    std::future::pending::<Infallible>().await;
    Ok(String::new())
}

/// Fails, and has something to hide.
#[endpoint(GET, "/fail", public)]
async fn failing(_ctx: &Context<Misbehaving>) -> Result<String> {
    Err(Error::new("the password is hunter2"))
}

/// Takes a body.
#[endpoint(POST, "/echo", public, body = "1KiB")]
async fn echo(_ctx: &Context<Misbehaving>, body: Json<Dynamic>) -> Result<Json<Dynamic>> {
    Ok(body)
}

/// Panics.
#[cron("1d", name = "panicking-job")]
async fn panicking_job(_ctx: &Context<Misbehaving>) -> Result<()> {
    panic!("the job panics")
}
