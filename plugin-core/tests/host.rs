//! A host and the lives of its plugins, as an author sees them in a test.

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

/// Tells that it cannot start.
#[plugin(id = "unlucky")]
#[derive(Debug)]
pub struct Unlucky;

#[activate]
fn cannot(_ctx: &Context<Unlucky>) -> Result<()> {
    Err(Error::conflict("the cellar is locked").because(std::io::Error::other("key 7 is gone")))
}

/// Nothing.
#[endpoint(GET, "/nothing", public)]
async fn nothing(_ctx: &Context<Unlucky>) -> &'static str {
    ""
}

/// Nothing either.
#[endpoint(GET, "/nothing", public)]
async fn nothing_either(_ctx: &Context<Stillborn>) -> &'static str {
    ""
}

#[test]
fn why_an_activation_failed_is_told_outside_in_public_words_alone() {
    let mut host = TestHost::of::<Stillborn>().and::<Unlucky>().but_not_active::<Ears>().build();
    let told = |host: &mut TestHost| {
        let said = host.call("GET", "/nothing");
        assert_eq!(said.status, 503);
        said.json::<serde_json::Value>()["detail"].as_str().unwrap().to_owned()
    };
    assert_eq!(told(&mut host), "the plugin `stillborn` has failed: its activation failed: the log says why");
    assert_eq!(told(host.on::<Unlucky>()), "the plugin `unlucky` has failed: the cellar is locked");
    assert!(host.host().failed()["unlucky"].contains("key 7 is gone"), "an admin reads it all");
}

#[test]
fn a_test_may_send_as_much_as_a_caller_of_a_server() {
    let mut host = TestHost::of::<Ears>().build();
    let text = "x".repeat(1_000_000);
    assert_eq!(host.call_with(Method::POST, "/length", &text).json::<usize>(), text.len() + 2);
    assert_eq!(host.call_with(Method::POST, "/length", "x".repeat(1 << 20)).status, 413);
}

static NOTED: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Whether `witnessed` is activated.
static ACTIVATED: AtomicBool = AtomicBool::new(false);

/// Notes what the host fires.
#[plugin(id = "witness")]
#[derive(Debug)]
pub struct Witness;

fn note(what: String) {
    let state = if ACTIVATED.load(Ordering::SeqCst) { "on" } else { "off" };
    NOTED.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{what} ({state})"));
}

#[hook("app:init")]
fn note_init(_ctx: &Context<Witness>, _: &AppInit) {
    note("init".to_owned());
}

#[hook("app:request")]
fn note_request(_ctx: &Context<Witness>, request: &AppRequest) {
    assert!(request.request_id.parse::<AppId>().is_ok(), "an id: {}", request.request_id);
    let AppRequest { plugin_id, method, path, .. } = request;
    note(format!("{method} {path} of {plugin_id}"));
}

#[hook("plugin:activate")]
fn note_activation(_ctx: &Context<Witness>, activated: &PluginActivate) {
    note(format!("{} begins", activated.plugin_id));
}

#[hook("plugin:deactivate")]
fn note_deactivation(_ctx: &Context<Witness>, deactivated: &PluginDeactivate) {
    note(format!("{} ends", deactivated.plugin_id));
}

/// Is noted.
#[plugin(id = "witnessed", requires("witness >= 0.1"))]
#[derive(Debug)]
pub struct Witnessed;

#[activate]
fn on(_ctx: &Context<Witnessed>) {
    ACTIVATED.store(true, Ordering::SeqCst);
}

#[deactivate]
fn off(_ctx: &Context<Witnessed>) {
    ACTIVATED.store(false, Ordering::SeqCst);
}

/// Nothing.
#[endpoint(GET, "/nothing/{x}", public)]
async fn seen(_ctx: &Context<Witnessed>) -> &'static str {
    ""
}

#[test]
fn the_host_tells_of_what_it_does_after_it_was_done() {
    let mut host = TestHost::of::<Witnessed>().build();
    host.call(Method::GET, "/nothing/1?x=y");
    let handle = host.host().clone();
    host.block_on(handle.disable("witnessed")).unwrap();
    host.call(Method::GET, "/nothing/2");
    host.block_on(handle.enable("witnessed")).unwrap();
    host.block_on(handle.stop(1.second())).unwrap();
    assert_eq!(
        *NOTED.lock().unwrap(),
        [
            "witness begins (off)",
            "witnessed begins (on)",
            "init (on)",
            "GET /api/plugins/witnessed/endpoints/nothing/1 of witnessed (on)",
            "witnessed ends (off)",
            "witnessed begins (on)",
            "witnessed ends (off)",
        ]
    );
}

/// Is called from outside.
#[plugin(id = "shop", config = ShopSettings)]
#[derive(Debug)]
pub struct Shop;

/// The settings of the shop.
#[derive(Config)]
pub struct ShopSettings {
    /// What the bank signs with.
    #[config(default, secret)]
    pub secret: Secret,
}

/// Seldom.
#[endpoint(GET, "/seldom", public, rate = "2/s")]
async fn seldom(_ctx: &Context<Shop>) -> &'static str {
    ""
}

#[webhook("paid", verify = github(secret = config.secret))]
async fn paid(ctx: &Context<Shop>, delivery: &WebhookDelivery) -> Result<()> {
    ctx.db().increment(delivery.event(), 1).await?;
    Ok(())
}

#[webhook("heard", verify = none)]
async fn heard(ctx: &Context<Shop>, delivery: &WebhookDelivery) -> Result<()> {
    ctx.db().increment(delivery.event(), 1).await?;
    Ok(())
}

#[test]
fn calls_are_limited_as_a_server_limits_them() {
    let mut host = TestHost::of::<Shop>().build();
    let statuses: Vec<u16> = (0..3).map(|_| host.call("GET", "/seldom").status.as_u16()).collect();
    assert_eq!(statuses, [200, 200, 429]);
    host.advance(1.second());
    assert_eq!(host.call(Method::GET, "/seldom").status, 200);
}

#[test]
fn webhooks_are_signed_with_the_secret_of_the_settings() {
    let mut host = TestHost::of::<Shop>().config(json!({ "secret": ["new", "old"] })).build();
    for name in ["paid", "heard"] {
        let statuses = [(); 2].map(|()| host.webhook(name, "invoice", json!({})).status.as_u16());
        assert_eq!(statuses, [202, 202], "each has an id of its own");
    }
    assert_eq!(host.signed_webhook("paid", "old", "1", "invoice", json!({})).status, 202);
    assert_eq!(host.signed_webhook("paid", "old", "1", "invoice", json!({})).status, 200);
    assert_eq!(host.signed_webhook("paid", "another", "2", "invoice", json!({})).status, 401);
    let counted: Option<u32> = host.with::<Shop, _>(async |ctx| ctx.db().get("invoice").await).unwrap();
    assert_eq!(counted, Some(5));
}

#[test]
fn a_hook_was_fired_as_often_as_it_was_fired() {
    let mut host = both().build();
    for times in 0..3 {
        assert_eq!((host.fired::<BellRung>(), host.handled::<BellRung>()), (times, 4 * times));
        let _ = host.fire(&rung());
    }
    let handle = host.host().clone();
    host.block_on(handle.disable("ears")).unwrap();
    host.block_on(handle.disable("trouble")).unwrap();
    let _ = host.fire(&rung());
    assert_eq!((host.fired::<BellRung>(), host.handled::<BellRung>()), (4, 12));
}

#[test]
fn an_event_of_a_plugin_that_takes_no_work_is_not_published_from_outside() {
    let mut host = TestHost::of::<Post>().build();
    let handle = host.host().clone();
    let call = Call::of_host(handle.shared(), AppId::default());
    let post = async || handle.emit_json(&call, "post:letter", json!({ "text": "x" })).await;
    host.block_on(post()).unwrap();
    host.block_on(handle.disable("post")).unwrap();
    let refused = host.block_on(post()).unwrap_err();
    assert_eq!((refused.status().as_u16(), refused.code()), (503, "plugin-unavailable"));
    assert_eq!(host.block_on(handle.emit_json(&call, "post:lost", json!({}))).unwrap_err().status(), 404);
}

static AT_WORK: Barrier = Barrier::new(2);
static MAY_END: Barrier = Barrier::new(2);
static DEACTIVATED: AtomicBool = AtomicBool::new(false);

/// Something takes long.
#[hook_point("labour:begun")]
pub struct LabourBegun {}

/// Holds its thread.
#[plugin(id = "labour")]
#[derive(Debug)]
pub struct Labour;

#[hook("labour:begun")]
fn labour(_ctx: &Context<Labour>, _: &LabourBegun) {
    AT_WORK.wait();
    MAY_END.wait();
}

#[deactivate]
fn rest(_ctx: &Context<Labour>) {
    DEACTIVATED.store(true, Ordering::SeqCst);
}

#[test]
fn a_plugin_is_deactivated_after_what_it_runs() {
    let mut host = TestHost::of::<Labour>().build();
    let handle = host.host().clone();
    let mut disabling = pin!(handle.disable("labour"));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let call = Call::of_host(handle.shared(), AppId::default());
            fire(&call.scope("test", u32::MAX), &LabourBegun {}).now_or_never().map(|outcome| outcome.ran())
        });
        AT_WORK.wait();
        assert!(disabling.as_mut().now_or_never().is_none());
        host.advance(1.second());
        assert!(disabling.as_mut().now_or_never().is_none());
        assert!(!DEACTIVATED.load(Ordering::SeqCst));
        MAY_END.wait();
    });
    host.advance(1.second());
    assert!(disabling.as_mut().now_or_never().is_some_and(|disabled| disabled.is_ok()));
    assert!(DEACTIVATED.load(Ordering::SeqCst));
}

static ENDED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn ended(who: &'static str) {
    ENDED.lock().unwrap_or_else(PoisonError::into_inner).push(who);
}

/// Stops at once, and is required.
#[plugin(id = "cellar")]
#[derive(Debug)]
pub struct Cellar;

#[deactivate]
async fn close_the_cellar(_ctx: &Context<Cellar>) {
    ended("cellar");
}

/// Does not stop.
#[plugin(id = "house", requires("cellar >= 0.1"))]
#[derive(Debug)]
pub struct House;

#[deactivate]
async fn burn(_ctx: &Context<House>) {
    ended("house");
    std::future::pending::<()>().await;
}

/// Does not stop either.
#[plugin(id = "roof", requires("house >= 0.1"))]
#[derive(Debug)]
pub struct Roof;

#[deactivate]
async fn burn_as_well(_ctx: &Context<Roof>) {
    ended("roof");
    std::future::pending::<()>().await;
}

#[test]
fn plugins_that_do_not_stop_hold_the_host_up_for_a_while_and_no_longer() {
    let mut host = TestHost::of::<Roof>().build();
    let (handle, began) = (host.host().clone(), host.now());
    host.block_on(handle.stop(1.second())).unwrap();
    assert_eq!(host.now().since(began), 12.seconds());
    assert_eq!(*ENDED.lock().unwrap(), ["roof", "house", "cellar"], "what requires another ends before it");
}

/// Starts a task when it starts.
#[plugin(id = "tasks")]
#[derive(Debug)]
pub struct Starts;

static KEPT: Mutex<Vec<OwnedContext<Starts>>> = Mutex::new(Vec::new());

#[activate]
fn keep(ctx: &Context<Starts>) {
    assert!(!ctx.cancelled().is_cancelled());
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(ctx.to_owned());
}

/// Something is to be kept.
#[hook_point("tasks:wanted")]
pub struct TaskWanted {}

#[hook("tasks:wanted")]
fn keep_too(ctx: &Context<Starts>, _: &TaskWanted) {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(ctx.for_app("b").expect("an id"));
}

#[test]
fn what_a_plugin_started_is_told_to_end_when_it_stops() {
    let mut host = TestHost::of::<Starts>().build();
    let _ = host.fire(&TaskWanted {});
    let handle = host.host().clone();
    let kept = std::mem::take(&mut *KEPT.lock().unwrap());
    assert_eq!(kept.iter().map(|ctx| ctx.cancelled().is_cancelled()).collect::<Vec<_>>(), [false, false]);
    let mut waiting = pin!(kept[1].cancelled().cancelled());
    assert!(waiting.as_mut().now_or_never().is_none());
    host.block_on(handle.disable("tasks")).unwrap();
    assert!(waiting.now_or_never().is_some());
    host.block_on(handle.enable("tasks")).unwrap();
    assert_eq!(kept.iter().map(|ctx| ctx.cancelled().is_cancelled()).collect::<Vec<_>>(), [true, true]);
    let again = std::mem::take(&mut *KEPT.lock().unwrap());
    assert_eq!(again.iter().map(|ctx| ctx.cancelled().is_cancelled()).collect::<Vec<_>>(), [false]);
}
