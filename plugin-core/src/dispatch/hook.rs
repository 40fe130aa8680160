//! Hooks: what their attributes leave, and firing them.

use std::{
    any::Any,
    future::{self, Future},
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{self, Poll},
    time::Duration,
};

use futures_util::FutureExt;
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::{
    bare::slot::Slot,
    context::{
        Context,
        call::{Running, Scope},
        shared::{BoxFuture, Shared},
    },
    dispatch::{
        call::{AnyHook, Either, HookCall, Room},
        chain::{self, Entry, Next, Run, Steps},
        guard::{self, Failure},
        outcome::{Failed, Failures, HandlerReport, Outcome, Report},
        wire,
    },
    error::Result,
    plugin::state::PluginState,
    point::{Dynamic, HookPoint, HookPolicy, Ix, Plugin},
    shape::Owner,
    stats::{Ended, Mine, thread::Marked},
    ticks::Ticks,
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
    /// The same, if all are `fn`s of the point's type, so that they can be called outside any future.
    sync: Option<Box<[SyncEntry<H>]>>,
    /// Whether any takes JSON.
    json: bool,
}

struct SyncEntry<H> {
    call: fn(&Scope, &H) -> Result<()>,
    item: u32,
    plugin: u32,
}

impl<H: HookPoint> HookList<H> {
    fn new(handlers: Vec<HookEntry>) -> Self {
        assert!(u16::try_from(handlers.len()).is_ok(), "a point has fewer handlers than that");
        let entries: Box<[_]> = handlers.iter().map(|handler| entry(handler)).collect();
        let sync = entries
            .iter()
            .map(|entry| match entry.call {
                Either::Typed(HookCall::Sync(call)) => Some(SyncEntry { call, item: entry.item, plugin: entry.plugin }),
                _ => None,
            })
            .collect();
        Self { sync, json: entries.iter().any(|entry| matches!(entry.call, Either::Json(_))), entries }
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
    Fire { outer, hook, slot: Slot::default() }
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

/// A hook being fired. It is small, wherever it is kept: handlers that suspend do so elsewhere.
#[derive(Debug)]
#[must_use = "nothing is fired until this is awaited"]
pub struct Fire<'a, H> {
    outer: &'a Scope,
    hook: &'a H,
    slot: Slot<'a, Outcome>,
}

impl<H: HookPoint> Future for Fire<'_, H> {
    type Output = Outcome;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Outcome> {
        if self.slot.is_occupied() {
            return self.slot.poll(cx);
        }
        if !self.outer.lent().shared.hooks.listens(H::ix()) {
            return Poll::Ready(Outcome::default());
        }
        self.start(cx)
    }
}

impl<H: HookPoint> Fire<'_, H> {
    #[inline(never)]
    fn start(&mut self, cx: &mut task::Context<'_>) -> Poll<Outcome> {
        let Self { outer, hook, slot } = self;
        let Some(list) = list::<H>(outer) else { return Poll::Ready(Outcome::default()) };
        match &list.sync {
            Some(entries) => Poll::Ready(fire_sync(outer, entries, hook)),
            None => slot.start(|| fire_any(outer, list, hook, None), cx),
        }
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
    let mut failures = fire_any(outer, list, &hook, Some(&mut each)).await.failures.into_iter();
    let shared = &outer.lent().shared;
    let handlers = list.entries.iter().zip(each).map(|(entry, outcome)| {
        let (plugin, handler) = guard::names(shared, entry.item);
        let failed = matches!(outcome, Ended::Error | Ended::Panic | Ended::Timeout);
        let error = failed.then(|| failures.next().map(|failed| wire::text(&failed.failure))).flatten();
        HandlerReport { plugin, handler, outcome, error }
    });
    Ok(Report { handlers: handlers.collect() })
}

/// What is told of a run.
struct Told<'e> {
    skipped: u16,
    failures: Failures,
    stopped: Next,
    /// How each handler ended, if somebody wants to know.
    each: Option<&'e mut Vec<Ended>>,
    policy: HookPolicy,
}

impl Told<'_> {
    fn each(&mut self, ended: Ended) {
        if let Some(each) = &mut self.each {
            each.push(ended);
        }
    }

    #[cold]
    fn failed(&mut self, shared: &Shared, item: u32, failure: Failure) -> Next {
        self.each(failure.ended());
        let (plugin, handler) = guard::names(shared, item);
        self.failures.push(Failed { plugin, handler, failure });
        if self.policy == HookPolicy::Veto {
            self.stopped = Next::IsSkipped;
        }
        self.stopped
    }

    /// All that was not skipped ran: nobody needs to count it.
    fn ran_of(self, all: usize) -> Outcome {
        Outcome::of(all, self.skipped, self.stopped, self.failures)
    }

    /// Refuses to run any of `items`.
    #[cold]
    fn refuse(&mut self, scope: &Scope, error: crate::error::Error, items: impl Iterator<Item = u32>) {
        let stats = &scope.lent().shared.stats;
        for (at, item) in items.enumerate() {
            if at == 0 {
                stats.mine().run(item);
            }
            stats.failed(item, Ended::Skipped);
            self.skipped += 1;
            self.each(Ended::Skipped);
        }
        self.stopped = Next::IsSkipped;
        let failure = Failure::Error(error);
        self.failures.push(Failed { plugin: "host", handler: scope.data().name, failure });
    }
}

struct HookSteps<'a, H> {
    scope: &'a Scope,
    hook: &'a H,
    /// The payload for those who take JSON.
    json: Option<&'a Dynamic>,
    told: Told<'a>,
}

impl<'a, H: HookPoint> Steps<'a, AnyHook<H>, ()> for HookSteps<'a, H> {
    #[inline]
    fn scope(&self) -> &'a Scope {
        self.scope
    }

    #[inline]
    fn start(&mut self, call: &AnyHook<H>, room: Room<'_, 'a, ()>, cx: &mut task::Context<'_>) -> Poll<Result<()>> {
        match call {
            Either::Typed(HookCall::Sync(call)) => Poll::Ready(call(self.scope, self.hook)),
            Either::Typed(HookCall::Async(call)) => call(self.scope, self.hook, room, cx),
            Either::Json(call) => {
                let json = self.json.ok_or_else(|| wire::no_json(self.scope.data().name));
                match (call, json) {
                    (_, Err(error)) => Poll::Ready(Err(error)),
                    (HookCall::Sync(call), Ok(json)) => Poll::Ready(call(self.scope, json)),
                    (HookCall::Async(call), Ok(json)) => call(self.scope, json, room, cx),
                }
            }
        }
    }

    #[inline]
    fn ended(&mut self, (): ()) {
        self.told.each(Ended::Ok);
    }

    fn failed(&mut self, item: u32, failure: Failure) -> Next {
        self.told.failed(&self.scope.lent().shared, item, failure)
    }

    fn skipped(&mut self) {
        self.told.skipped += 1;
        self.told.each(Ended::Skipped);
    }
}

/// Runs any list; `each`, if given, gets how each handler ended.
async fn fire_any<H: HookPoint>(outer: &Scope, list: &HookList<H>, hook: &H, each: Option<&mut Vec<Ended>>) -> Outcome {
    let scope = outer.nested(Running::point(H::NAME, outer.data()));
    let mut told = Told { each, ..Told::new::<H>() };
    if let Some(error) = chain::too_deep(&scope) {
        told.refuse(&scope, error, list.entries.iter().map(|entry| entry.item));
        return told.ran_of(list.entries.len());
    }
    let json = if list.json { wire::encode(hook) } else { None };
    let steps = HookSteps { scope: &scope, hook, json: json.as_ref(), told };
    let mut run = Run::new("hook", &list.entries, CHAIN_LIMIT, steps);
    future::poll_fn(|cx| run.poll(cx)).await;
    run.steps.told.ran_of(list.entries.len())
}

/// Runs a list of `fn`s: no future, no slot, no deadline.
#[inline]
fn fire_sync<H: HookPoint>(outer: &Scope, entries: &[SyncEntry<H>], hook: &H) -> Outcome {
    let scope = outer.nested(Running::point(H::NAME, outer.data()));
    let stats = &outer.lent().shared.stats;
    if chain::is_too_deep(&scope) || chain::is_traced() {
        return fire_traced(&scope, entries, hook);
    }
    let mine = stats.mine();
    let run = mine.run(entries.first().map_or(u32::MAX, |entry| entry.item));
    let marked = Marked::new(stats.host());
    if mine.times(run) {
        return fire_slowly(&scope, entries, hook, &marked, Some(mine));
    }
    // One guard for all: where a failure came from is known by what was said to run. What the loop needs at every turn is its own,
    // so that it stays in registers.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let (scope, hook, running, marked) = (&*scope, hook, scope.data(), marked.writer());
        for entry in entries {
            running.now(entry.item);
            marked.at(entry.item);
            if !PluginState::all_on() {
                return Ok(ControlFlow::Break(()));
            }
            (entry.call)(scope, hook)?;
        }
        Ok(ControlFlow::Continue(()))
    }));
    match ended {
        Ok(Ok(ControlFlow::Continue(()))) => Outcome::fine(entries.len()),
        Ok(Ok(ControlFlow::Break(()))) => with_some_off(&scope, entries, hook, &marked),
        Ok(Err(error)) => after_failure(&scope, entries, hook, &marked, Failure::Error(error)),
        Err(payload) => after_failure(&scope, entries, hook, &marked, Failure::Panic(guard::message(payload))),
    }
}

#[cold]
#[inline(never)]
fn fire_traced<H: HookPoint>(scope: &Scope, entries: &[SyncEntry<H>], hook: &H) -> Outcome {
    let mut told = Told::new::<H>();
    if let Some(error) = chain::too_deep(scope) {
        told.refuse(scope, error, entries.iter().map(|entry| entry.item));
        return told.ran_of(entries.len());
    }
    let _within = chain::span("hook", scope).entered();
    let stats = &scope.lent().shared.stats;
    let mine = stats.mine();
    let run = mine.run(entries.first().map_or(u32::MAX, |entry| entry.item));
    fire_slowly(scope, entries, hook, &Marked::new(stats.host()), mine.times(run).then_some(mine))
}

/// Goes on at the handler that was said to run, now that a plugin is off.
#[cold]
#[inline(never)]
fn with_some_off<H: HookPoint>(scope: &Scope, entries: &[SyncEntry<H>], hook: &H, marked: &Marked) -> Outcome {
    let rest = entries.get(said_to_run(scope, entries)..).unwrap_or_default();
    fire_rest(scope, entries, rest, hook, marked, None, Told::new::<H>())
}

/// The place of the handler that was said to run.
fn said_to_run<H>(scope: &Scope, entries: &[SyncEntry<H>]) -> usize {
    entries.iter().position(|entry| entry.item as usize == scope.data().current()).unwrap_or(entries.len())
}

/// With a stopwatch, or traced.
#[inline(never)]
fn fire_slowly<H: HookPoint>(
    scope: &Scope,
    entries: &[SyncEntry<H>],
    hook: &H,
    marked: &Marked,
    timed: Option<Mine<'_>>,
) -> Outcome {
    fire_rest(scope, entries, entries, hook, marked, timed, Told::new::<H>())
}

/// Goes on after the handler that was said to run has failed.
#[cold]
#[inline(never)]
fn after_failure<H: HookPoint>(
    scope: &Scope,
    entries: &[SyncEntry<H>],
    hook: &H,
    marked: &Marked,
    failure: Failure,
) -> Outcome {
    let mut told = Told::new::<H>();
    let rest = told.failed_at(scope, entries, failure);
    fire_rest(scope, entries, rest, hook, marked, None, told)
}

/// Runs the `rest` of `entries`.
fn fire_rest<'e, H: HookPoint>(
    scope: &Scope,
    entries: &'e [SyncEntry<H>],
    mut rest: &'e [SyncEntry<H>],
    hook: &H,
    marked: &Marked,
    timed: Option<Mine<'_>>,
    mut told: Told<'_>,
) -> Outcome {
    let shared = &*scope.lent().shared;
    let mut since = if timed.is_some() { Ticks::now() } else { Ticks::default() };
    while !rest.is_empty() {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            for entry in rest {
                scope.data().now(entry.item);
                marked.at(entry.item);
                if !PluginState::all_on() && !shared.plugins[entry.plugin as usize].is_on() {
                    told.skip(shared, entry.item);
                    continue;
                }
                let result = (entry.call)(scope, hook);
                if let Some(mine) = &timed {
                    since = mine.took_since(entry.item, since);
                }
                result?;
            }
            Ok(())
        }));
        let failure = match ended {
            Ok(Ok(())) => break,
            Ok(Err(error)) => Failure::Error(error),
            Err(payload) => Failure::Panic(guard::message(payload)),
        };
        rest = told.failed_at(scope, entries, failure);
        if timed.is_some() {
            // What the failed one took, and the log, is not the next one's.
            since = Ticks::now();
        }
    }
    told.ran_of(entries.len())
}

impl Told<'_> {
    fn new<H: HookPoint>() -> Self {
        Self { skipped: 0, failures: Failures::default(), stopped: Next::Runs, each: None, policy: H::POLICY }
    }

    /// Notes that the handler that was said to run has failed, and gives those that are still to run.
    #[cold]
    fn failed_at<'e, H>(&mut self, scope: &Scope, entries: &'e [SyncEntry<H>], failure: Failure) -> &'e [SyncEntry<H>] {
        let shared = &*scope.lent().shared;
        let item = u32::try_from(scope.data().current()).unwrap_or(u32::MAX);
        let rest = entries.get(said_to_run(scope, entries) + 1..).unwrap_or_default();
        shared.stats.failed(item, failure.ended());
        guard::log(shared, item, &failure);
        if self.failed(shared, item, failure) == Next::Runs {
            return rest;
        }
        rest.iter().for_each(|entry| self.skip(shared, entry.item));
        &[]
    }

    #[cold]
    fn skip(&mut self, shared: &Shared, item: u32) {
        shared.stats.failed(item, Ended::Skipped);
        self.skipped += 1;
    }
}
