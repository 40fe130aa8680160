//! What callers and other plugins are told of a plugin's life.

use super::*;

/// Tells that it cannot start.
#[plugin(id = "unlucky")]
#[derive(Debug)]
pub(crate) struct Unlucky;

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
pub(crate) struct Witness;

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
pub(crate) struct Witnessed;

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
