//! Lists in which a handler may suspend.

use std::{
    future::{self, Future},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{self, Poll, ready},
};

use super::{CHAIN_LIMIT, HookList, TypedEntry, told::Told};
use crate::{
    bare::slot::Slot,
    context::call::Scope,
    dispatch::{
        call::{AnyHook, Either, HookCall, Room},
        chain::{self, Next, Run, Steps},
        guard::{self, Failure},
        outcome::Outcome,
        wire,
    },
    error::{Error, Result},
    plugin::state::PluginState,
    point::{Dynamic, HookPoint},
    stats::{
        Ended,
        thread::{Marked, Thread},
    },
};

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
        self.told.skipped();
    }
}

/// Runs any list in `scope`; `each`, if given, gets how each handler ended.
pub(super) async fn any<H: HookPoint>(
    scope: &Scope,
    list: &HookList<H>,
    hook: &H,
    each: Option<&mut Vec<Ended>>,
) -> Outcome {
    let mut told = Told::new::<H>(each);
    if let Some(error) = chain::too_deep(scope) {
        told.refuse(scope, error, list.entries.iter().map(|entry| entry.item));
        return told.ran_of(list.entries.len());
    }
    let takes_json = list.entries.iter().any(|entry| matches!(entry.call, Either::Json(_)));
    let json = if takes_json { wire::encode(hook) } else { None };
    let steps = HookSteps { scope, hook, json: json.as_ref(), told };
    let mut run = Run::new("hook", &list.entries, CHAIN_LIMIT, steps);
    future::poll_fn(|cx| run.poll(cx)).await;
    run.steps.told.ran_of(list.entries.len())
}

/// How far a list came in its first poll.
enum Came {
    Through,
    /// To this handler, which has suspended.
    ToSuspended(usize),
    /// To this one, which has failed.
    ToFailed(usize, Error),
    /// To this one, which has not run: a plugin is off, so that everybody's must be asked for.
    To(usize),
}

/// Runs `entries`, those of `list`, in `scope`. As long as all goes well, and every handler is ready when it is first polled, this is a
/// loop on the stack; whatever else happens, what is left of the list goes on in `slot`.
#[inline]
pub(super) fn direct<'x, H: HookPoint>(
    scope: &'x Scope,
    list: &'x HookList<H>,
    entries: &'x [TypedEntry<H>],
    hook: &'x H,
    slot: &mut Slot<'x, Outcome>,
    cx: &mut task::Context<'_>,
) -> Poll<Outcome> {
    let stats = &scope.lent().shared.stats;
    if chain::is_too_deep(scope) || chain::is_traced() {
        return slot.start(|| any(scope, list, hook, None), cx);
    }
    let thread = Thread::current();
    let mine = stats.of(thread);
    let run = mine.run(entries.first().map_or(u32::MAX, |entry| entry.item));
    if mine.times(run) {
        return slot.start(|| GoesOn::at(0, scope, list, hook, Run::timed), cx);
    }
    let marked = Marked::of(thread, stats.host());
    let mut room = Slot::default();
    let came = catch_unwind(AssertUnwindSafe(|| {
        let (running, marked) = (scope.data(), marked.writer());
        for (at, entry) in entries.iter().enumerate() {
            running.now(entry.item);
            marked.at(entry.item);
            if !PluginState::all_on() {
                return Came::To(at);
            }
            let polled = match entry.call {
                HookCall::Sync(call) => Poll::Ready(call(scope, hook)),
                HookCall::Async(call) => call(scope, hook, &mut room, cx),
            };
            match polled {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Came::ToFailed(at, error),
                Poll::Pending => return Came::ToSuspended(at),
            }
        }
        Came::Through
    }));
    match came {
        Ok(Came::Through) => Poll::Ready(Outcome::fine(entries.len())),
        Ok(Came::ToSuspended(at)) => {
            slot.hold(|| GoesOn::at(at, scope, list, hook, |run| run.suspended(room, &marked, cx)));
            Poll::Pending
        }
        Ok(Came::ToFailed(at, error)) => {
            let failed = |run: HookRun<'x, H>| run.failed(room, Failure::Error(error));
            slot.start(|| GoesOn::at(at, scope, list, hook, failed), cx)
        }
        Ok(Came::To(at)) => slot.start(|| GoesOn::at(at, scope, list, hook, |run| run), cx),
        Err(payload) => {
            let at = entries.iter().position(|entry| entry.item as usize == scope.data().current());
            let failed = |run: HookRun<'x, H>| run.failed(room, Failure::Panic(guard::message(payload)));
            slot.start(|| GoesOn::at(at.unwrap_or(entries.len()), scope, list, hook, failed), cx)
        }
    }
}

type HookRun<'x, H> = Run<'x, 'x, AnyHook<H>, (), HookSteps<'x, H>>;

/// The rest of a list that came to some handler.
struct GoesOn<'x, H: HookPoint> {
    run: HookRun<'x, H>,
    all: usize,
}

impl<'x, H: HookPoint> GoesOn<'x, H> {
    /// From the handler `at`, as `begin` says.
    #[inline]
    fn at(
        at: usize,
        scope: &'x Scope,
        list: &'x HookList<H>,
        hook: &'x H,
        begin: impl FnOnce(HookRun<'x, H>) -> HookRun<'x, H>,
    ) -> Self {
        let steps = HookSteps { scope, hook, json: None, told: Told::new::<H>(None) };
        Self { run: begin(Run::resumed(&list.entries, at, CHAIN_LIMIT, steps)), all: list.entries.len() }
    }
}

// Nothing in it is pinned: what suspends is elsewhere.
impl<H: HookPoint> Unpin for GoesOn<'_, H> {}

impl<H: HookPoint> Future for GoesOn<'_, H> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Outcome> {
        ready!(self.run.poll(cx));
        let told = std::mem::replace(&mut self.run.steps.told, Told::new::<H>(None));
        Poll::Ready(told.ran_of(self.all))
    }
}
