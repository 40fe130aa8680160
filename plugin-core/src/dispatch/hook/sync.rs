//! Lists of `fn`s alone: no future, no slot, no deadline.

use std::{
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

use super::{SyncEntry, told::Told};
use crate::{
    context::{
        call::{Running, Scope},
        shared::Shared,
    },
    dispatch::{
        chain::{self, Next},
        guard::{self, Failure},
        outcome::Outcome,
    },
    plugin::state::PluginState,
    point::HookPoint,
    stats::{
        Ended, Mine,
        thread::{Marked, Thread},
    },
    ticks::Ticks,
};

/// Runs a list of `fn`s: no future, no slot, no deadline.
#[inline(never)]
pub(super) fn fire<H: HookPoint>(outer: &Scope, entries: &[SyncEntry<H>], hook: &H) -> Poll<Outcome> {
    let scope = outer.nested(Running::point(H::NAME, outer.data()));
    let stats = &outer.lent().shared.stats;
    if chain::is_too_deep(&scope) || chain::is_traced() {
        return Poll::Ready(fire_traced(&scope, entries, hook));
    }
    let thread = Thread::current();
    let mine = stats.of(thread);
    let run = mine.run(entries.first().map_or(u32::MAX, |entry| entry.item));
    let marked = Marked::of(thread, stats.host());
    if mine.times(run) {
        return Poll::Ready(fire_timed(&scope, entries, hook, &marked, mine));
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
    Poll::Ready(match ended {
        Ok(Ok(ControlFlow::Continue(()))) => Outcome::fine(entries.len()),
        Ok(Ok(ControlFlow::Break(()))) => with_some_off(&scope, entries, hook, &marked),
        Ok(Err(error)) => after_failure(&scope, entries, hook, &marked, Failure::Error(error)),
        Err(payload) => after_failure(&scope, entries, hook, &marked, Failure::Panic(guard::message(payload))),
    })
}

#[cold]
#[inline(never)]
fn fire_traced<H: HookPoint>(scope: &Scope, entries: &[SyncEntry<H>], hook: &H) -> Outcome {
    let mut told = Told::new::<H>(None);
    if let Some(error) = chain::too_deep(scope) {
        told.refuse(scope, error, entries.iter().map(|entry| entry.item));
        return told.ran_of(entries.len());
    }
    let _within = chain::span("hook", scope).entered();
    let stats = &scope.lent().shared.stats;
    let mine = stats.mine();
    let run = mine.run(entries.first().map_or(u32::MAX, |entry| entry.item));
    let (marked, timed) = (Marked::new(stats.host()), mine.times(run).then_some(mine));
    fire_rest(scope, entries, entries, hook, &marked, timed, told)
}

/// Goes on at the handler that was said to run, now that a plugin is off.
#[cold]
#[inline(never)]
fn with_some_off<H: HookPoint>(scope: &Scope, entries: &[SyncEntry<H>], hook: &H, marked: &Marked) -> Outcome {
    let rest = entries.get(said_to_run(scope, entries)..).unwrap_or_default();
    fire_rest(scope, entries, rest, hook, marked, None, Told::new::<H>(None))
}

/// The place of the handler that was said to run.
fn said_to_run<H>(scope: &Scope, entries: &[SyncEntry<H>]) -> usize {
    entries.iter().position(|entry| entry.item as usize == scope.data().current()).unwrap_or(entries.len())
}

/// How many handlers are timed before what they took is counted.
const LAPS: usize = 16;

/// With a stopwatch. While handlers run it is only read: counting between them costs more than all of it afterwards.
#[inline(never)]
fn fire_timed<H: HookPoint>(
    scope: &Scope,
    entries: &[SyncEntry<H>],
    hook: &H,
    marked: &Marked,
    mine: Mine<'_>,
) -> Outcome {
    let mut laps = [Ticks::default(); LAPS + 1];
    for lap in entries.chunks(LAPS) {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let (running, marked) = (scope.data(), marked.writer());
            let [began, ends @ ..] = &mut laps;
            *began = Ticks::now();
            for (entry, end) in lap.iter().zip(ends) {
                running.now(entry.item);
                marked.at(entry.item);
                if !PluginState::all_on() {
                    return Ok(ControlFlow::Break(()));
                }
                let result = (entry.call)(scope, hook);
                *end = Ticks::now();
                result?;
            }
            Ok(ControlFlow::Continue(()))
        }));
        let count = |ended: &[SyncEntry<H>]| {
            for (entry, lap) in ended.iter().zip(laps.windows(2)) {
                let &[began, end] = lap else { continue };
                mine.took_between(entry.item, began, end);
            }
        };
        let failure = match ended {
            Ok(Ok(ControlFlow::Continue(()))) => {
                count(lap);
                continue;
            }
            Ok(Ok(ControlFlow::Break(()))) => None,
            Ok(Err(error)) => Some(Failure::Error(error)),
            Err(payload) => Some(Failure::Panic(guard::message(payload))),
        };
        let at = said_to_run(scope, lap);
        // One that panicked has no end.
        count(lap.get(..at + usize::from(matches!(failure, Some(Failure::Error(_))))).unwrap_or(lap));
        let mut told = Told::new::<H>(None);
        let rest = match failure {
            Some(failure) => failed_at(&mut told, scope, entries, failure),
            None => entries.get(said_to_run(scope, entries)..).unwrap_or_default(),
        };
        return fire_rest(scope, entries, rest, hook, marked, Some(mine), told);
    }
    Outcome::fine(entries.len())
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
    let mut told = Told::new::<H>(None);
    let rest = failed_at(&mut told, scope, entries, failure);
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
                    skip(&mut told, shared, entry.item);
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
        rest = failed_at(&mut told, scope, entries, failure);
        if timed.is_some() {
            // What the failed one took, and the log, is not the next one's.
            since = Ticks::now();
        }
    }
    told.ran_of(entries.len())
}

/// Notes that the handler that was said to run has failed, and gives those that are still to run.
#[cold]
fn failed_at<'e, H>(
    told: &mut Told<'_>,
    scope: &Scope,
    entries: &'e [SyncEntry<H>],
    failure: Failure,
) -> &'e [SyncEntry<H>] {
    let shared = &*scope.lent().shared;
    let item = u32::try_from(scope.data().current()).unwrap_or(u32::MAX);
    let rest = entries.get(said_to_run(scope, entries) + 1..).unwrap_or_default();
    shared.stats.failed(item, failure.ended());
    guard::log(shared, item, &failure);
    if told.failed(shared, item, failure) == Next::Runs {
        return rest;
    }
    rest.iter().for_each(|entry| skip(told, shared, entry.item));
    &[]
}

#[cold]
fn skip(told: &mut Told<'_>, shared: &Shared, item: u32) {
    shared.stats.failed(item, Ended::Skipped);
    told.skipped();
}
