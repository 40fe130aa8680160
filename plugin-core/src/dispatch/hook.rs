//! Hooks: what their attributes leave, and firing them.

mod run;
mod sync;
mod told;

use std::{
    any::Any,
    fmt,
    future::Future,
    pin::Pin,
    task::{self, Poll},
    time::Duration,
};

use futures_util::FutureExt;
use pin_project_lite::pin_project;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::{
    bare::lending::Lending,
    context::{
        Context,
        call::{Call, Running, Scope},
        shared::BoxFuture,
    },
    dispatch::{
        call::{AnyHook, Either, HookCall},
        chain::Entry,
        guard,
        outcome::{HandlerReport, Outcome, Report},
        wire,
    },
    error::Result,
    point::{Dynamic, HookPoint, HookPolicy, Ix, Plugin},
    shape::Owner,
    stats::Ended,
};

/// How long a handler may take unless its attribute says so.
pub const LIMIT: Duration = Duration::from_secs(5);
/// How long all handlers of a hook may take together, counted from when the first of them suspends.
pub const CHAIN_LIMIT: Duration = Duration::from_secs(30);

/// What `#[hook_point]` leaves.
#[derive(Debug)]
pub struct HookPointItem {
    /// Its name on the wire.
    pub name: &'static str,
    /// What a failing handler means.
    pub policy: HookPolicy,
    /// Its number.
    pub ix: fn() -> &'static Ix,
    /// The JSON Schema of its payload.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes the list for the host's table out of the handlers in the order of their calls.
    pub build: fn(Vec<HookEntry>) -> Box<dyn Any + Send + Sync>,
    /// Fires it with a payload in JSON. An undecodable payload is a 422 that names the field.
    pub fire_json: for<'a> fn(&'a Scope, Value) -> BoxFuture<'a, Result<Report>>,
}

impl HookPointItem {
    /// The point `H`, with the JSON Schema of its payload.
    pub const fn of<H: HookPoint>(schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        Self {
            name: H::NAME,
            policy: H::POLICY,
            ix: H::ix,
            schema,
            build: |handlers| Box::new(HookList::<H>::new(handlers)),
            fire_json: |scope, payload| fire_json::<H>(scope, payload).boxed(),
        }
    }
}

/// What `#[hook]` leaves.
#[derive(Debug)]
pub struct HookItem {
    /// Whose it is.
    pub owner: Owner,
    /// The point it handles.
    pub point: &'static str,
    /// When its turn is; ascending.
    pub priority: i32,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// The typed call, for the list of its point to downcast.
    pub call: &'static (dyn Any + Send + Sync),
}

/// A handler, for the list of its point.
#[derive(Debug, Clone, Copy)]
pub struct HookEntry {
    /// Its number among the host's items.
    pub item: u32,
    /// The place of its plugin among the host's.
    pub plugin: usize,
    /// What its attribute left.
    pub handler: &'static HookItem,
}

/// The handlers of the point `H` in the order of their calls.
struct HookList<H: 'static> {
    entries: Box<[Entry<AnyHook<H>>]>,
    calls: Calls<H>,
}

/// What is called of a list, as plainly as its handlers allow.
enum Calls<H: 'static> {
    /// All are `fn`s of the point's type: they are called outside any future.
    Sync(Box<[SyncEntry<H>]>),
    /// All take the point's type.
    Typed(Box<[TypedEntry<H>]>),
    /// Some take JSON.
    Any,
}

struct SyncEntry<H> {
    call: fn(&Scope, &H) -> Result<()>,
    item: u32,
    plugin: u32,
}

struct TypedEntry<H: 'static> {
    call: HookCall<H>,
    item: u32,
}

impl<H: HookPoint> HookList<H> {
    fn new(handlers: Vec<HookEntry>) -> Self {
        assert!(u16::try_from(handlers.len()).is_ok(), "a point has fewer handlers than that");
        let entries: Box<[_]> = handlers.iter().map(|handler| entry(handler)).collect();
        Self { calls: Calls::of(&entries), entries }
    }
}

impl<H> Calls<H> {
    fn of(entries: &[Entry<AnyHook<H>>]) -> Self {
        let sync = entries.iter().map(|entry| match entry.call {
            Either::Typed(HookCall::Sync(call)) => Some(SyncEntry { call, item: entry.item, plugin: entry.plugin }),
            _ => None,
        });
        let typed = entries.iter().map(|entry| match entry.call {
            Either::Typed(call) => Some(TypedEntry { call, item: entry.item }),
            Either::Json(_) => None,
        });
        match (sync.collect(), typed.collect()) {
            (Some(sync), _) => Self::Sync(sync),
            (None, Some(typed)) => Self::Typed(typed),
            (None, None) => Self::Any,
        }
    }
}

fn entry<H: HookPoint>(entry: &HookEntry) -> Entry<AnyHook<H>> {
    let call = entry.handler.call;
    let typed = call.downcast_ref::<HookCall<H>>().copied().map(Either::Typed);
    let call = typed.or_else(|| call.downcast_ref::<HookCall<Dynamic>>().copied().map(Either::Json));
    Entry {
        call: call.expect("a handler's call is of the type of the point that it names, or of JSON"),
        item: entry.item,
        plugin: u32::try_from(entry.plugin).expect("a binary has fewer plugins than that"),
        limit: entry.handler.timeout.unwrap_or(LIMIT),
    }
}

impl<P: Plugin> Context<P> {
    /// Fires `hook`: its handlers run one after the other. What becomes of them is told by the [`Outcome`].
    ///
    /// ```ignore
    /// ctx.fire(&ConversationEnd { conversation_id }).await;
    /// ctx.fire(&BeforeMessage { text }).await.veto()?;        // a point with the policy `veto`
    /// ```
    #[inline]
    pub fn fire<'a, H: HookPoint>(&'a self, hook: &'a H) -> Fire<'a, H> {
        fire(self.scope(), hook)
    }

    /// The same, with a payload that is made only if somebody listens.
    #[inline]
    pub fn fire_with<'a, H: HookPoint>(
        &'a self,
        make: impl FnOnce() -> H + Send + 'a,
    ) -> impl Future<Output = Outcome> + Send + 'a {
        fire_with(self.scope(), make)
    }
}

/// Fires `hook` within `outer`.
#[inline]
pub fn fire<'a, H: HookPoint>(outer: &'a Scope, hook: &'a H) -> Fire<'a, H> {
    Fire { outer, hook, run: Lending::default() }
}

/// Fires the hook that `make` makes within `outer`, if it has handlers.
#[inline]
pub async fn fire_with<H: HookPoint>(outer: &Scope, make: impl FnOnce() -> H + Send) -> Outcome {
    if !outer.lent().shared.hooks.listens(H::ix()) {
        return Outcome::default();
    }
    let hook = make();
    fire(outer, &hook).await
}

pin_project! {
    /// A hook being fired. It is small, wherever it is kept: handlers that suspend do so elsewhere.
    #[must_use = "nothing is fired until this is awaited"]
    pub struct Fire<'a, H> {
        outer: &'a Scope,
        hook: &'a H,
        #[pin]
        run: Lending<'a, Call, Running, Outcome>,
    }
}

impl<H: HookPoint> Future for Fire<'_, H> {
    type Output = Outcome;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Outcome> {
        let this = self.project();
        if this.run.is_occupied() {
            return this.run.poll(cx);
        }
        if !this.outer.lent().shared.hooks.listens(H::ix()) {
            return Poll::Ready(Outcome::default());
        }
        let hook: &H = this.hook;
        start(this.outer, hook, this.run, cx)
    }
}

/// Apart from what it chooses among, so that each of these has no more of a stack frame than it needs.
#[inline(never)]
fn start<'a, H: HookPoint>(
    outer: &'a Scope,
    hook: &'a H,
    run: Pin<&mut Lending<'a, Call, Running, Outcome>>,
    cx: &mut task::Context<'_>,
) -> Poll<Outcome> {
    match list::<H>(outer) {
        Some(HookList { calls: Calls::Sync(entries), .. }) => sync::fire(outer, entries, hook),
        Some(list) => lend(outer, list, hook, run, cx),
        None => Poll::Ready(Outcome::default()),
    }
}

#[inline(never)]
fn lend<'a, H: HookPoint>(
    outer: &'a Scope,
    list: &'a HookList<H>,
    hook: &'a H,
    run: Pin<&mut Lending<'a, Call, Running, Outcome>>,
    cx: &mut task::Context<'_>,
) -> Poll<Outcome> {
    let scope = outer.nested(Running::point(H::NAME, outer.data()));
    run.lend(scope, |scope, slot| match &list.calls {
        Calls::Typed(entries) => run::direct(scope, list, entries, hook, slot, cx),
        _ => slot.start(|| run::any(scope, list, hook, None), cx),
    })
}

impl<H> fmt::Debug for Fire<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fire").field("run", &self.run).finish_non_exhaustive()
    }
}

#[inline]
fn list<H: HookPoint>(outer: &Scope) -> Option<&HookList<H>> {
    outer.lent().shared.hooks.list(H::ix())
}

async fn fire_json<H: HookPoint>(outer: &Scope, payload: Value) -> Result<Report> {
    let hook: H = wire::decode(payload)?;
    let Some(list) = list::<H>(outer) else { return Ok(Report { handlers: Vec::new() }) };
    let mut each = Vec::with_capacity(list.entries.len());
    let scope = outer.nested(Running::point(H::NAME, outer.data()));
    let mut failures = run::any(&scope, list, &hook, Some(&mut each)).await.failures.into_iter();
    let shared = &outer.lent().shared;
    let handlers = list.entries.iter().zip(each).map(|(entry, outcome)| {
        let (plugin, handler) = guard::names(shared, entry.item);
        let failed = matches!(outcome, Ended::Error | Ended::Panic | Ended::Timeout);
        let error = failed.then(|| failures.next().map(|failed| wire::text(&failed.failure))).flatten();
        HandlerReport { plugin, handler, outcome, error }
    });
    Ok(Report { handlers: handlers.collect() })
}
