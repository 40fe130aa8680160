//! A host and the lives of its plugins, as an author sees them in a test.

mod outside;
mod stops;
mod stored;
mod told;

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc, Barrier, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use actix_web::Responder;
use futures_util::FutureExt;
use plugin_core::{
    context::call::Call,
    dispatch::hook::fire,
    host::points::{AppInit, AppRequest, PluginActivate, PluginDeactivate},
    plugin::state::Life,
    prelude::*,
    testing::{Method, Setup, TestHost, Units},
};
use serde_json::json;

/// Something happened that everybody may hear of.
#[hook_point("bell:rung")]
pub struct BellRung {
    /// Who rang.
    pub by: String,
}

/// What is about to be said aloud; a filter that fails stops it.
#[filter_point("speech:out", on_error = fail)]
pub struct Speech {
    /// The words.
    pub text: String,
}

/// Listens, counts and remembers.
#[plugin(id = "ears", config = EarSettings)]
#[derive(Debug)]
pub struct Ears;

/// The settings of the ears.
#[derive(Config)]
pub struct EarSettings {
    /// How many are heard of.
    #[config(default = 3, min = 1, max = 9)]
    pub limit: u32,
    /// Whom to greet.
    #[config(default = "nobody".to_owned())]
    pub greet: String,
}

#[hook("bell:rung")]
async fn hear(ctx: &Context<Ears>, rung: &BellRung) -> Result<()> {
    ctx.db().set(&format!("heard:{}", rung.by), &ctx.config().limit).await?;
    Ok(())
}

#[filter("speech:out")]
fn soften(_ctx: &Context<Ears>, mut speech: Speech) -> Result<Speech> {
    if speech.text.contains("unspeakable") {
        return Err(Error::new("no words for it"));
    }
    speech.text = speech.text.to_lowercase();
    Ok(speech)
}

/// How loud it may be.
#[endpoint(GET, "/limit/{kind}", public)]
async fn limit(ctx: &Context<Ears>, kind: Path<String>) -> Result<Json<serde_json::Value>> {
    Ok(Json(json!({ "kind": kind.as_str(), "limit": ctx.config().limit })))
}

/// Whose call it is.
#[endpoint(GET, "/me")]
fn me(ctx: &Context<Ears>, user: User) -> Json<serde_json::Value> {
    Json(json!({ "app": ctx.app_id(), "user": user.id }))
}

/// How long a text is.
#[endpoint(POST, "/length", public)]
async fn length(_ctx: &Context<Ears>, body: Bytes) -> Json<usize> {
    Json(body.len())
}

#[endpoint(POST, "/burst", public)]
async fn burst(_ctx: &Context<Ears>) -> Result<Json<()>> {
    panic!("an endpoint bursts")
}

/// Goes wrong in every way that can be contained.
#[plugin(id = "trouble")]
#[derive(Debug)]
pub struct Trouble;

#[hook("bell:rung", priority = 1)]
async fn panics(_ctx: &Context<Trouble>, _: &BellRung) -> Result<()> {
    panic!("a hook bursts")
}

#[hook("bell:rung", priority = 2)]
async fn hangs(_ctx: &Context<Trouble>, _: &BellRung) -> Result<()> {
    std::future::pending().await
}

#[hook("bell:rung", priority = 3)]
fn fails(_ctx: &Context<Trouble>, _: &BellRung) -> Result<()> {
    Err(Error::new("a hook fails"))
}

/// Publishes and subscribes.
#[plugin(id = "post", requires("ears >= 0.1"))]
#[derive(Debug)]
pub struct Post;

/// A letter was posted.
#[event("post:letter", plugin = Post)]
pub struct Letter {
    /// What it says.
    pub text: String,
}

static HEARD_WHILE_RUNNING: AtomicUsize = AtomicUsize::new(0);

#[activate]
fn subscribe(ctx: &Context<Post>) {
    ctx.events().on("post:letter", async |_ctx, letter: Arc<Dynamic>| {
        assert!(letter.at("text").is_some(), "the event has its fields");
        HEARD_WHILE_RUNNING.fetch_add(1, Ordering::SeqCst);
    });
}

#[on("post:letter")]
async fn file(ctx: &Context<Ears>, letter: &Letter) -> Result<()> {
    ctx.db().increment(&letter.text, 1).await?;
    Ok(())
}

/// Cannot start.
#[plugin(id = "stillborn")]
#[derive(Debug)]
pub struct Stillborn;

#[activate]
async fn refuse(_ctx: &Context<Stillborn>) -> Result<()> {
    Err(Error::new("the cellar is flooded"))
}

/// Takes its time to start.
#[plugin(id = "sleeper")]
#[derive(Debug)]
pub struct Sleeper;

#[activate(timeout = "2m")]
async fn sleep(_ctx: &Context<Sleeper>) -> Result<()> {
    std::future::pending().await
}

/// Answers by traits alone.
#[plugin(id = "opaque")]
#[derive(Debug)]
pub struct Opaque;

#[endpoint(GET, "/borrowed/{more}", public)]
async fn borrowed(ctx: &Context<Opaque>, more: Path<String>) -> impl Responder {
    format!("{} {more}", ctx.plugin())
}

#[endpoint(GET, "/fallible", public)]
async fn fallible(ctx: &Context<Opaque>) -> Result<impl Responder> {
    Ok(ctx.plugin())
}

#[endpoint(GET, "/owned", public)]
fn owned(ctx: &Context<Opaque>) -> Result<impl Responder + use<>, Infallible> {
    Ok(ctx.plugin())
}

#[endpoint(GET, "/infallible", public, plugin = Opaque)]
fn infallible() -> Result<String, Infallible> {
    Ok("always".to_owned())
}

fn rung() -> BellRung {
    BellRung { by: "ada".to_owned() }
}

fn both() -> Setup {
    TestHost::of::<Ears>().and::<Trouble>()
}

#[test]
fn the_last_handler_runs_whatever_those_before_it_did() {
    let mut host = both().build();
    let began = host.now();
    let outcome = host.fire(&rung());
    assert_eq!((outcome.ran(), outcome.failures.len()), (4, 3));
    assert_eq!(host.now().since(began), Duration::from_secs(5), "the one that hangs has its five seconds");
    let heard: Option<u32> = host.with::<Ears, _>(async |ctx| ctx.db().get("heard:ada").await).unwrap();
    assert_eq!(heard, Some(3));
    let of = |name: &str| {
        let entries = host.host().catalog().entries();
        let entry = entries.iter().find(|entry| entry.plugin.is_some() && entry.site.name == name).unwrap();
        let figures = host.host().figures(entry.number);
        (figures.calls, figures.errors, figures.panics, figures.timeouts)
    };
    assert_eq!(
        (of("panics"), of("hangs"), of("fails"), of("hear")),
        ((1, 0, 1, 0), (1, 0, 0, 1), (1, 1, 0, 0), (1, 0, 0, 0))
    );
}

#[test]
fn a_filter_that_fails_closed_stops_the_value() {
    let mut host = TestHost::of::<Ears>().build();
    assert_eq!(host.apply(Speech { text: "LOUD".to_owned() }).unwrap().text, "loud");
    let stopped = host.apply(Speech { text: "unspeakable".to_owned() }).unwrap_err();
    assert_eq!((stopped.status().as_u16(), stopped.code()), (500, "filter-failed"));
}

#[test]
fn endpoints_answer_as_they_would_over_a_socket() {
    let mut host = TestHost::of::<Ears>().config(json!({ "limit": 7 })).build();
    assert_eq!(
        host.call("GET", "/limit/soft%20sounds").json::<serde_json::Value>(),
        json!({ "kind": "soft sounds", "limit": 7 })
    );
    assert_eq!(host.call("GET", "/me").status, 401);
    host.app("spanish").user("u1");
    assert_eq!(host.call("GET", "/me").json::<serde_json::Value>(), json!({ "app": "spanish", "user": "u1" }));
    let burst = host.call("POST", "/burst");
    assert_eq!(burst.status, 500);
    assert_eq!(burst.headers.get("content-type").unwrap(), "application/problem+json");
    let refused = host.call("DELETE", "/me");
    assert_eq!((refused.status.as_u16(), refused.headers.get("allow").unwrap().to_str().unwrap()), (405, "GET"));
}

#[test]
fn an_endpoint_may_answer_with_a_type_that_has_no_name() {
    let mut host = TestHost::of::<Opaque>().build();
    for (path, said) in
        [("/borrowed/word", "opaque word"), ("/fallible", "opaque"), ("/owned", "opaque"), ("/infallible", "always")]
    {
        let answer = host.call("GET", path);
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, said.as_bytes()), "{path}");
    }
}

#[test]
fn a_plugin_has_as_long_to_start_as_it_says() {
    let mut host = TestHost::of::<Ears>().build();
    let (handle, began) = (host.host().clone(), host.now());
    assert_eq!(host.block_on(handle.enable("sleeper")).unwrap_err().status(), 409);
    assert_eq!(host.now().since(began), Duration::from_secs(120));
}

#[test]
fn a_plugin_that_is_switched_off_stays_off_over_a_restart() {
    let mut host = TestHost::of::<Ears>().build();
    let handle = host.host().clone();
    host.block_on(handle.disable("ears")).unwrap();
    host.block_on(handle.disable("ears")).unwrap();
    assert_eq!(host.call("GET", "/limit/x").status, 503);
    let outcome = host.fire(&rung());
    assert_eq!(outcome.ran(), 0);
    drop(handle);

    let mut host = host.restart_after_kill(TestHost::of::<Post>().but_not_active::<Ears>());
    let handle = host.host().clone();
    assert_eq!(handle.plugin("ears").unwrap().1.life(), Life::Inactive);
    host.block_on(handle.enable("ears")).unwrap();
    host.block_on(handle.enable("ears")).unwrap();
    host.on::<Ears>();
    assert_eq!(host.call("GET", "/limit/x").status, 200);
    assert_eq!(host.block_on(handle.enable("nobody")).unwrap_err().status(), 404);
}

#[test]
fn events_reach_listeners_and_those_who_subscribed_until_their_plugin_stops() {
    let mut host = TestHost::of::<Post>().build();
    let before = HEARD_WHILE_RUNNING.load(Ordering::SeqCst);
    host.emit(&Letter { text: "first".to_owned() }).unwrap();
    assert_eq!((host.calls("file"), HEARD_WHILE_RUNNING.load(Ordering::SeqCst) - before), (1, 1));
    let handle = host.host().clone();
    host.block_on(handle.disable("post")).unwrap();
    host.emit(&Letter { text: "second".to_owned() }).unwrap();
    assert_eq!((host.calls("file"), HEARD_WHILE_RUNNING.load(Ordering::SeqCst) - before), (2, 1));
}

#[test]
fn rows_of_a_plugin_that_is_off_wait_for_it() {
    let mut host = TestHost::of::<Post>().build();
    let handle = host.host().clone();
    host.block_on(handle.disable("ears")).unwrap();
    host.emit(&Letter { text: "later".to_owned() }).unwrap();
    assert_eq!(host.calls("file"), 0);
    host.block_on(handle.enable("ears")).unwrap();
    host.settle();
    assert_eq!(host.calls("file"), 1);
}

#[test]
fn wrong_settings_fail_their_plugin_alone_and_say_all_that_is_wrong() {
    let setup = TestHost::of::<Post>().but_not_active::<Ears>();
    let mut host = setup.settings_of::<Ears>(json!({ "limit": 99, "gret": "x" })).build();
    let failed = host.host().failed();
    let reason = &failed["ears"];
    assert!(reason.contains("`limit`: 99 is more than 9"), "{reason}");
    assert!(reason.contains("`gret`: there is no such setting; did you mean `greet`?"), "{reason}");
    assert!(failed["post"].contains("it requires `ears`, which failed"), "{failed:?}");
    host.on::<Ears>();
    assert_eq!(host.call("GET", "/limit/x").status, 503);
}

#[test]
fn a_plugin_that_cannot_start_says_why_and_the_rest_runs() {
    let host = TestHost::of::<Ears>().but_not_active::<Stillborn>().build();
    let failed = host.host().failed();
    assert!(failed["stillborn"].contains("the cellar is flooded"), "{failed:?}");
    assert_eq!(host.host().plugin("ears").unwrap().1.life(), Life::Active);
}

#[test]
fn only_the_plugins_under_test_and_what_they_require_are_active() {
    let host = TestHost::of::<Post>().build();
    let active: Vec<&str> = host.host().shared().plugins.iter().filter(|it| it.is_on()).map(|it| it.id).collect();
    assert_eq!(active, ["ears", "post"]);
}

#[test]
fn points_can_be_reached_by_name_from_outside() {
    let mut host = both().build();
    let handle = host.host().clone();
    let call = Call::of_host(handle.shared(), AppId::default());
    let report = host.block_on(handle.fire_json(&call, "bell:rung", json!({ "by": "eve" }))).unwrap();
    let outcomes: Vec<_> = serde_json::to_value(&report).unwrap()["handlers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!(
                "{} {} {}",
                it["plugin"].as_str().unwrap(),
                it["handler"].as_str().unwrap(),
                it["outcome"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(outcomes, ["trouble panics panic", "trouble hangs timeout", "trouble fails error", "ears hear ok"]);
    assert_eq!(host.block_on(handle.fire_json(&call, "bell:stolen", json!({}))).unwrap_err().status(), 404);
    assert_eq!(host.block_on(handle.fire_json(&call, "bell:rung", json!({ "by": 1 }))).unwrap_err().status(), 422);
    let said = host.block_on(handle.apply_json(&call, "speech:out", json!({ "text": "HI" }))).unwrap();
    assert_eq!(said, json!({ "text": "hi" }));
}

#[test]
fn a_plugin_whose_settings_are_wrong_fails_again_when_it_is_switched_on() {
    let wrong = || TestHost::of::<Post>().but_not_active::<Ears>().settings_of::<Ears>(json!({ "limit": 99 }));
    let mut host = wrong().build();
    let handle = host.host().clone();
    host.block_on(handle.disable("ears")).unwrap();
    assert_eq!(handle.plugin("ears").unwrap().1.life(), Life::Inactive);
    let refused = host.block_on(handle.enable("ears")).unwrap_err();
    assert_eq!(refused.status(), 409);
    assert!(refused.to_string().contains("99 is more than 9"), "{refused}");
    assert!(handle.failed()["ears"].contains("99 is more than 9"));

    host.block_on(handle.disable("ears")).unwrap();
    drop(handle);
    let host = host.restart_after_kill(wrong());
    assert_eq!(host.host().plugin("ears").unwrap().1.life(), Life::Inactive, "settings of what is off do not matter");
    assert!(!host.host().failed().contains_key("ears"));
}
