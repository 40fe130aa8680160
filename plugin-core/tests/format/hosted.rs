//! What writes the rows that a host keeps beside a plugin's documents: a real one, whose handlers do not come to an end.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use plugin_core::{plugin::state::Life, prelude::*, store::engine::Keyspace, testing::TestHost};
use serde_json::json;

use crate::{
    fixture::Row,
    stored::{dump, engine},
};

/// Publishes, listens, receives, and has a job.
#[plugin(id = "format-host")]
#[derive(Debug)]
pub(crate) struct Hosted;

/// Something changed.
#[event("format-host:changed", plugin = Hosted)]
pub(crate) struct Changed {
    /// How often it has.
    pub times: u32,
}

/// Whether handlers come to an end.
static ENDS: AtomicBool = AtomicBool::new(false);

async fn end() {
    if !ENDS.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
}

#[on("format-host:changed")]
async fn hear(ctx: &Context<Hosted>, changed: &Changed) -> Result<()> {
    end().await;
    ctx.db().set("heard", &changed.times).await?;
    Ok(())
}

#[webhook("inbox", verify = none)]
async fn receive(ctx: &Context<Hosted>, delivery: &WebhookDelivery) -> Result<()> {
    end().await;
    ctx.db().set("received", delivery.event()).await?;
    Ok(())
}

#[cron("0 3 * * *")]
fn nightly(_: &Context<Hosted>) -> Result<()> {
    Err(Error::new("it always fails"))
}

pub(crate) static KEYSPACE: LazyLock<Keyspace> = LazyLock::new(|| Keyspace::of_plugin("format-host"));

/// An event and a webhook's delivery that wait, the receipt of the one, and what is known of the job.
pub(crate) fn rows() -> Vec<Row> {
    let engine = engine(&KEYSPACE, Vec::new());
    let mut host = TestHost::of::<Hosted>().engine(Arc::clone(&engine)).build();
    host.advance_to("2026-01-02T03:00:00Z".parse().expect("an instant"));
    host.app("shop").emit(&Changed { times: 3 }).expect("it is stored");
    assert_eq!(host.signed_webhook("inbox", "", "delivery-1", "invoice", json!({ "sum": 12 })).status, 202);
    dump(&engine, &KEYSPACE)
}

static SYSTEM: LazyLock<Keyspace> = LazyLock::new(|| Keyspace::of_host("system"));

/// What the host keeps of its own: a plugin that was switched off.
pub(crate) fn system() -> Vec<Row> {
    let engine = engine(&KEYSPACE, Vec::new());
    let mut test = TestHost::of::<Hosted>().engine(Arc::clone(&engine)).build();
    let host = test.host().clone();
    test.block_on(host.disable("format-host")).expect("it is stored");
    dump(&engine, &SYSTEM)
}

/// Whether a host of today takes the plugin to be switched off, and whether it does once it was switched on again.
pub(crate) fn is_off(rows: Vec<Row>) -> [bool; 2] {
    let engine = engine(&SYSTEM, rows);
    let mut test = TestHost::of::<Hosted>().but_not_active::<Hosted>().engine(Arc::clone(&engine)).build();
    let host = test.host().clone();
    let is_off = || host.plugin("format-host").expect("it is linked").1.life() == Life::Inactive;
    let before = is_off();
    test.block_on(host.enable("format-host")).expect("it can work");
    assert!(dump(&engine, &SYSTEM).is_empty(), "the row is gone");
    [before, is_off()]
}

/// What a host of today makes of these rows.
pub(crate) fn taken(rows: Vec<Row>) -> (Option<u32>, Option<String>, u16) {
    ENDS.store(true, Ordering::SeqCst);
    let engine = engine(&KEYSPACE, rows);
    let setup = TestHost::of::<Hosted>().engine(engine).now("2026-01-02T03:00:00Z".parse().expect("an instant"));
    let mut host = setup.build();
    host.settle();
    let again = host.signed_webhook("inbox", "", "delivery-1", "invoice", json!({ "sum": 12 })).status;
    let received = host.with::<Hosted, _>(async |ctx| ctx.db().get("received").await).expect("it is read");
    let heard = host.app("shop").with::<Hosted, _>(async |ctx| ctx.db().get("heard").await).expect("it is read");
    (heard, received, again.as_u16())
}
