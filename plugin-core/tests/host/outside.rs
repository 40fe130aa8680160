//! What a test sends is answered as by a server.

use super::*;

/// Is called from outside.
#[plugin(id = "shop", config = ShopSettings)]
#[derive(Debug)]
pub(crate) struct Shop;

/// The settings of the shop.
#[derive(Config)]
pub(crate) struct ShopSettings {
    /// What the bank signs with.
    #[config(default, secret)]
    pub(crate) secret: Secret,
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
