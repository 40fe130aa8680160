//! One run through the handlers of a point, one after the other: hooks and filters alike.
//!
//! What every handler pays is kept to a few loads and stores: one panic guard a poll instead of one a handler, one deadline a run,
//! armed when a handler first suspends, one number that counts the whole list as called.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::{self, Poll},
    time::Duration,
};

use tracing::Span;

use crate::{
    bare::slot::Slot,
    clock::alarm::{Alarm, Coarse},
    context::{
        call::{Scope, chain},
        shared::Shared,
    },
    dispatch::{
        call::Room,
        guard::{Failure, log, message},
    },
    error::{Error, Result},
    plugin::state::{Entered, PluginState},
    stats::{Ended, Stats, thread::Marked},
    ticks::Ticks,
};

/// How many points may be fired or applied, one from within the other.
pub(crate) const DEPTH: u8 = 16;

/// A handler in a list.
#[derive(Debug)]
pub(crate) struct Entry<C> {
    pub(crate) call: C,
    pub(crate) item: u32,
    pub(crate) plugin: u32,
    pub(crate) limit: Duration,
}

/// Whether the next handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Runs,
    IsSkipped,
}

/// What a run does with each handler, and with what comes of it.
///
/// `C` is a handler and `T` what one gives; parameters and not associated types, because a future is only known to be `Send` where
/// it holds no projection of a type with a lifetime of its own.
pub(crate) trait Steps<'a, C, T: 'static> {
    /// The scope in which the handlers run.
    fn scope(&self) -> &'a Scope;
    /// Calls a handler, and polls it once if it is async.
    fn start(&mut self, call: &C, room: Room<'_, 'a, T>, cx: &mut task::Context<'_>) -> Poll<Result<T>>;
    /// Takes what a handler gave.
    fn ended(&mut self, out: T);
    /// Takes why one gave nothing.
    fn failed(&mut self, item: u32, failure: Failure) -> Next;
    /// Hears that one did not run.
    fn skipped(&mut self);
}

/// The number by which a list's runs are counted: that of its first handler.
#[inline]
pub(crate) fn leader<C>(entries: &[Entry<C>]) -> u32 {
    entries.first().map_or(u32::MAX, |entry| entry.item)
}

/// Whether `scope` is too deep.
#[inline]
pub(crate) fn is_too_deep(scope: &Scope) -> bool {
    scope.data().depth > DEPTH
}

/// Why `scope` is too deep, if it is.
pub(crate) fn too_deep(scope: &Scope) -> Option<Error> {
    #[cold]
    fn refuse(scope: &Scope) -> Error {
        let error = format!("more than {DEPTH} hooks and filters within each other: {}", chain(scope).join(" > "));
        tracing::error!(target: "plugin", "{error}");
        Error::new(error)
    }
    is_too_deep(scope).then(|| refuse(scope))
}

/// Whether runs are traced.
#[inline]
pub(crate) fn is_traced() -> bool {
    tracing::enabled!(target: "plugin", tracing::Level::DEBUG)
}

/// The span of a run.
#[cold]
pub(crate) fn span(kind: &'static str, scope: &Scope) -> Span {
    tracing::debug_span!(target: "plugin", "dispatch", kind, point = scope.data().name, app = scope.lent().app.as_str())
}

/// A slot whose future may panic while it is dropped.
struct Contained<'a, T: 'static>(Slot<'a, Result<T>>);

impl<T> Contained<'_, T> {
    #[cold]
    fn clear(&mut self) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.0.clear())) {
            tracing::error!(target: "plugin", "a future's destructor panicked: {}", message(payload));
        }
    }
}

impl<T> Drop for Contained<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_occupied() {
            self.clear();
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not counted yet.
    New,
    /// The handler at hand is to be called.
    Calling,
    /// The handler at hand is in the slot.
    Suspended,
    /// All handlers had their turn.
    Over,
}

/// A run through the handlers `entries`.
pub(crate) struct Run<'r, 'a, C, T: 'static, S> {
    pub(crate) steps: S,
    slot: Contained<'a, T>,
    shared: &'a Shared,
    span: Option<Span>,
    turns: Turns<'r, 'a, C>,
    limit: Duration,
    timed: bool,
    /// The handler that the watchdog has named and counted.
    named: Option<usize>,
    since: Ticks,
    /// Known once a handler has suspended.
    wait: Option<Wait<'a>>,
}

/// What is known of handlers that suspend.
struct Wait<'a> {
    /// When all of them must be over.
    chain_until: Coarse,
    /// When the handler at hand must be over, and whether that is because the chain must.
    until: Coarse,
    is_chains: bool,
    alarm: Alarm,
    /// The plugin whose work is counted, so that it waits for its handlers before it stops.
    plugin: u32,
    entered: Entered<'a>,
}

/// Whose turn it is.
struct Turns<'r, 'a, C> {
    entries: &'r [Entry<C>],
    stats: &'a Stats,
    at: usize,
    stage: Stage,
}

impl<C> Turns<'_, '_, C> {
    fn skip(&mut self) {
        if let Some(entry) = self.entries.get(self.at) {
            self.stats.failed(entry.item, Ended::Skipped);
        }
        self.at += 1;
    }
}

impl<C> Drop for Turns<'_, '_, C> {
    /// Whoever fired has gone: the handler at hand was called, those after it were not.
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Calling | Stage::Suspended) {
            self.at += 1;
            while self.at < self.entries.len() {
                self.skip();
            }
        }
    }
}

impl<'r, 'a, C, T: 'static, S: Steps<'a, C, T>> Run<'r, 'a, C, T, S> {
    /// A run of what is called a `kind`, for at most `limit`, counted from when a handler first suspends.
    #[inline]
    pub(crate) fn new(kind: &'static str, entries: &'r [Entry<C>], limit: Duration, steps: S) -> Self {
        let span = is_traced().then(|| span(kind, steps.scope()));
        let mut run = Self::resumed(entries, 0, limit, steps);
        (run.span, run.turns.stage) = (span, Stage::New);
        run
    }

    /// A run of which the handlers before `at` had their turn. It is counted, and neither traced nor timed.
    #[inline]
    pub(crate) fn resumed(entries: &'r [Entry<C>], at: usize, limit: Duration, steps: S) -> Self {
        let scope = steps.scope();
        let shared: &'a Shared = &scope.lent().shared;
        Self {
            steps,
            slot: Contained(Slot::default()),
            shared,
            span: None,
            turns: Turns { entries, stats: &shared.stats, at, stage: Stage::Calling },
            limit,
            timed: false,
            named: None,
            since: Ticks::default(),
            wait: None,
        }
    }

    /// The same, with a stopwatch.
    pub(crate) fn timed(mut self) -> Self {
        (self.timed, self.since) = (true, Ticks::now());
        self
    }

    /// The same, and the handler at hand has just suspended in `slot`.
    #[inline]
    pub(crate) fn suspended(mut self, slot: Slot<'a, Result<T>>, marked: &Marked, cx: &mut task::Context<'_>) -> Self {
        self.slot = Contained(slot);
        if marked.was_named() {
            self.named = Some(self.turns.at);
        }
        // Its time begins, so that it cannot be over.
        let _ = self.overdue(cx);
        self
    }

    /// The same, and the handler at hand, which may be in `slot`, has failed.
    #[cold]
    pub(crate) fn failed(mut self, slot: Slot<'a, Result<T>>, failure: Failure) -> Self {
        self.slot = Contained(slot);
        self.end_with(failure, Next::Runs);
        self
    }

    /// Goes on.
    pub(crate) fn poll(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        match &self.span {
            None => self.poll_within(cx),
            Some(span) => {
                let span = span.clone();
                span.in_scope(|| self.poll_within(cx))
            }
        }
    }

    #[inline]
    fn poll_within(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        // The thread may be another one at every poll.
        let marked = Marked::new(self.shared.stats.host());
        if self.turns.stage == Stage::New {
            self.turns.stage = Stage::Calling;
            let mine = self.shared.stats.mine();
            let run = mine.run(leader(self.turns.entries));
            self.timed = mine.times(run);
            if self.timed {
                self.since = Ticks::now();
            }
        }
        loop {
            match catch_unwind(AssertUnwindSafe(|| self.advance(&marked, cx))) {
                Ok(Poll::Ready(())) => {
                    self.turns.stage = Stage::Over;
                    return Poll::Ready(());
                }
                Ok(Poll::Pending) => {
                    if marked.was_named() {
                        self.named = Some(self.turns.at);
                    }
                    let Some((failure, next)) = self.overdue(cx) else { return Poll::Pending };
                    self.end_with(failure, next);
                }
                Err(payload) => self.end_with(Failure::Panic(message(payload)), Next::Runs),
            }
        }
    }

    #[inline]
    fn advance(&mut self, marked: &Marked, cx: &mut task::Context<'_>) -> Poll<()> {
        let (entries, running, marked) = (self.turns.entries, self.steps.scope().data(), marked.writer());
        // Only stored in `turns`, not read back from there, at every turn: a load of what was just stored is slow.
        let mut at = self.turns.at;
        while let Some(entry) = entries.get(at) {
            self.turns.at = at;
            marked.at(entry.item);
            let polled = if self.turns.stage == Stage::Suspended {
                self.slot.0.poll(cx)
            } else if PluginState::all_on() || self.shared.plugins[entry.plugin as usize].is_on() {
                running.now(entry.item);
                self.steps.start(&entry.call, &mut self.slot.0, cx)
            } else {
                self.skip();
                at = self.turns.at;
                continue;
            };
            let Poll::Ready(result) = polled else { return Poll::Pending };
            if self.timed {
                self.since = self.shared.stats.mine().took_since(entry.item, self.since);
            }
            match result {
                Ok(out) => {
                    self.steps.ended(out);
                    if self.turns.stage == Stage::Suspended {
                        self.turns.stage = Stage::Calling;
                    }
                    at += 1;
                }
                Err(error) => {
                    self.fail(entry.item, Failure::Error(error), Next::Runs);
                    at = self.turns.at;
                }
            }
        }
        self.turns.at = at;
        Poll::Ready(())
    }

    /// Ends the handler at hand from outside.
    #[cold]
    fn end_with(&mut self, failure: Failure, next: Next) {
        self.slot.clear();
        if let Some(entry) = self.turns.entries.get(self.turns.at) {
            self.fail(entry.item, failure, next);
        }
    }

    #[cold]
    fn fail(&mut self, item: u32, failure: Failure, next: Next) {
        if self.named != Some(self.turns.at) || failure.ended() != Ended::Timeout {
            self.shared.stats.failed(item, failure.ended());
        }
        log(self.shared, item, &failure);
        let wanted = self.steps.failed(item, failure);
        self.turns.stage = Stage::Calling;
        self.turns.at += 1;
        if wanted == Next::IsSkipped || next == Next::IsSkipped {
            self.skip_rest();
        }
        if self.timed {
            // What the failed one took, and the log, is not the next one's.
            self.since = Ticks::now();
        }
    }

    #[cold]
    fn skip(&mut self) {
        self.turns.skip();
        self.steps.skipped();
    }

    fn skip_rest(&mut self) {
        while self.turns.at < self.turns.entries.len() {
            self.skip();
        }
    }

    /// Notes that the handler at hand is suspended; its failure if its time is up.
    #[inline]
    fn overdue(&mut self, cx: &mut task::Context<'_>) -> Option<(Failure, Next)> {
        let entry = self.turns.entries.get(self.turns.at)?;
        let is_new = self.turns.stage != Stage::Suspended;
        self.turns.stage = Stage::Suspended;
        let (clock, plugins) = (&self.shared.clock, &self.shared.plugins);
        // The chain's limit is longer than a second, so that a handler's own decides how exactly it is counted.
        let now = clock.coarse(entry.limit);
        match &mut self.wait {
            Some(wait) if is_new => {
                if wait.plugin != entry.plugin {
                    (wait.plugin, wait.entered) = (entry.plugin, plugins[entry.plugin as usize].go_on());
                }
                let own = now.plus(entry.limit);
                (wait.until, wait.is_chains) = (own.min(wait.chain_until), wait.chain_until < own);
                wait.alarm.set(wait.until, cx);
                None
            }
            Some(wait) if now < wait.until => {
                wait.alarm.wakes(cx);
                None
            }
            Some(wait) if wait.is_chains => Some((Failure::Timeout(self.limit), Next::IsSkipped)),
            Some(_) => Some((Failure::Timeout(entry.limit), Next::Runs)),
            none => {
                let chain_until = now.plus(self.limit);
                let own = now.plus(entry.limit);
                let (until, is_chains) = (own.min(chain_until), chain_until < own);
                let alarm = clock.alarm(until, cx);
                // It has begun, so it is waited for, even if its plugin was switched off meanwhile.
                let entered = plugins[entry.plugin as usize].go_on();
                *none = Some(Wait { chain_until, until, is_chains, alarm, plugin: entry.plugin, entered });
                None
            }
        }
    }
}
