//! Hooks: order, failures, limits, counts.

use std::{future, future::Future, time::Duration};

use serde_json::json;

use super::bed::{Asked, Bed, Far, Near, Notes, Told, handler, once};
use crate::{
    Context, Dynamic, Error, Result,
    dispatch::{guard::Failure, hook},
    plugin::state::Life,
    registration::Item,
    site::Site,
    stats::{Ended, SAMPLE, Timing},
};

const SECOND: Duration = Duration::from_secs(1);

fn plain(_: &Context<Near>, told: &Told) -> Result<()> {
    if told.number == 13 { Err(Error::not_found("thirteen")) } else { Ok(()) }
}

async fn ready(context: &Context<Near>, _: &Told) {
    assert_eq!(context.plugin(), "near");
}

fn bare(told: &Told) {
    assert!(told.number < 100, "told {}", told.number);
}

async fn far_away(_: &Context<Far>, _: &Told) -> Result<(), std::fmt::Error> {
    Err(std::fmt::Error)
}

async fn panics_later(_: &Context<Near>, _: &Told) {
    once().await;
    panic!("later");
}

async fn twice(_: &Context<Near>, _: &Told) {
    once().await;
    once().await;
}

async fn never(_: &Context<Near>, _: &Told) {
    future::pending::<()>().await;
}

async fn large(_: &Context<Far>, _: &Told) {
    let ballast = [7_u8; 2000];
    once().await;
    assert!(ballast.iter().all(|&byte| byte == 7));
}

static MIXED: [(Item, Site); 9] = [
    handler!(hook sync_context::<Context<Near>, Told>(plain)),
    handler!(hook async_context::<Context<Near>, Told>(ready)),
    handler!(hook sync_bare::<Far, Told>(bare)),
    handler!(hook async_context::<Context<Far>, Told>(far_away)),
    handler!(hook async_context::<Context<Near>, Told>(panics_later)),
    handler!(hook async_context::<Context<Near>, Told>(twice)),
    handler!(hook async_context::<Context<Near>, Told>(never)),
    handler!(hook async_context::<Context<Far>, Told>(large)),
    handler!(hook async_context::<Context<Near>, Told>(never), timeout = SECOND),
];

#[test]
fn no_failure_keeps_the_others_from_running() {
    let bed = Bed::new(&MIXED);
    let outcome = bed.run(hook::fire(&bed.scope(), &Told { number: 13 }));
    assert_eq!((outcome.ran(), outcome.skipped()), (9, 0));
    let failed: Vec<_> = outcome.failures.iter().map(|failed| (failed.plugin, failed.handler)).collect();
    assert_eq!(
        failed,
        [("near", "plain"), ("far", "far_away"), ("near", "panics_later"), ("near", "never"), ("near", "never")]
    );
    let how: Vec<_> = outcome.failures.iter().map(|failed| failed.failure.ended()).collect();
    assert_eq!(how, [Ended::Error, Ended::Error, Ended::Panic, Ended::Timeout, Ended::Timeout]);
    assert!(matches!(&outcome.failures[2].failure, Failure::Panic(said) if said == "later"));
    assert_eq!(bed.elapsed(), 6 * SECOND, "five for the default, one for the handler's own limit");
    assert!(outcome.veto().is_ok(), "this point isolates");

    assert_eq!(bed.calls(), [1; 9]);
    let counts = |item| {
        let stats = bed.stats(item);
        (stats.errors, stats.panics, stats.timeouts, stats.timing.count())
    };
    assert_eq!([counts(3), counts(4), counts(5), counts(8)], [(1, 0, 0, 1), (0, 1, 0, 0), (0, 0, 0, 1), (0, 0, 1, 0)]);
}

#[test]
fn handlers_of_a_plugin_that_is_off_are_skipped() {
    let bed = Bed::new(&MIXED);
    bed.set("near", Life::Inactive);
    let outcome = bed.run(hook::fire(&bed.scope(), &Told::default()));
    assert_eq!((outcome.ran(), outcome.skipped(), outcome.failures.len()), (3, 6, 1));
    assert_eq!(bed.calls(), [0, 0, 1, 1, 0, 0, 0, 1, 0]);
}

#[test]
fn who_gives_up_leaves_the_rest_skipped() {
    let bed = Bed::new(&MIXED);
    {
        let scope = bed.scope();
        let told = Told::default();
        let mut firing = Box::pin(hook::fire(&scope, &told));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(firing.as_mut().poll(&mut cx).is_pending());
    }
    assert_eq!(bed.calls(), [1, 1, 1, 1, 1, 0, 0, 0, 0]);
    assert_eq!(bed.clock.next_sleeper(), None, "no timer stays behind");
}

static PLAIN: [(Item, Site); 3] = [
    handler!(hook sync_bare::<Far, Told>(bare)),
    handler!(hook sync_context::<Context<Near>, Told>(plain)),
    handler!(hook sync_bare::<Near, Told>(bare)),
];

#[test]
fn plain_functions_are_contained_and_counted_too() {
    let bed = Bed::new(&PLAIN);
    let fire = |number| bed.run(hook::fire(&bed.scope(), &Told { number }));
    assert_eq!(fire(1).ran(), 3);
    let failed = |number| fire(number).failures.iter().map(|failed| failed.failure.to_string()).collect::<Vec<_>>();
    assert_eq!(failed(100), ["panicked: told 100", "panicked: told 100"]);
    assert_eq!(failed(13), ["thirteen"]);
    bed.set("far", Life::Inactive);
    assert_eq!((fire(1).ran(), fire(1).skipped()), (2, 1));
    assert_eq!(bed.calls(), [3, 5, 5]);
    assert_eq!((bed.stats(0).panics, bed.stats(1).errors, bed.stats(2).panics), (1, 1, 1));
}

#[test]
fn one_run_in_sixteen_is_timed() {
    let bed = Bed::timed(&PLAIN, Timing::Sampled);
    for _ in 0..4 * SAMPLE {
        drop(bed.run(hook::fire(&bed.scope(), &Told::default())));
    }
    assert_eq!(bed.stats(1).calls, 4 * SAMPLE);
    assert_eq!(bed.stats(1).timing.count(), 4);
}

async fn unlimited(_: &Context<Near>, _: &Told) {
    future::pending::<()>().await;
}

static LONG: [(Item, Site); 3] = [
    handler!(hook async_context::<Context<Near>, Told>(unlimited), timeout = Duration::from_secs(20)),
    handler!(hook async_context::<Context<Near>, Told>(never), timeout = Duration::from_secs(20)),
    handler!(hook async_context::<Context<Near>, Told>(twice)),
];

#[test]
fn a_chain_has_a_limit_of_its_own() {
    let bed = Bed::new(&LONG);
    let outcome = bed.run(hook::fire(&bed.scope(), &Told::default()));
    assert_eq!((outcome.ran(), outcome.skipped(), outcome.failures.len()), (2, 1, 2));
    assert_eq!(bed.elapsed(), hook::CHAIN_LIMIT);
    assert_eq!(bed.calls(), [1, 1, 0]);
}

fn objects(_: &Context<Near>, asked: &Asked) -> Result<()> {
    match asked.number {
        1 => Err(Error::conflict("not now")),
        2 => panic!("lost"),
        _ => Ok(()),
    }
}

async fn comes_later(_: &Context<Near>, _: &Asked) {}

static VETO: [(Item, Site); 2] = [
    handler!(hook sync_context::<Context<Near>, Asked>(objects)),
    handler!(hook async_context::<Context<Near>, Asked>(comes_later)),
];
static VETO_PLAIN: [(Item, Site); 2] = [
    handler!(hook sync_context::<Context<Near>, Asked>(objects)),
    handler!(hook sync_context::<Context<Near>, Asked>(objects)),
];

#[test]
fn a_veto_stops_the_chain_and_reaches_whoever_fired() {
    for handlers in [&VETO, &VETO_PLAIN] {
        let bed = Bed::new(handlers);
        let fire = |number| bed.run(hook::fire(&bed.scope(), &Asked { number }));
        assert!(fire(0).veto().is_ok());
        let outcome = fire(1);
        assert_eq!((outcome.ran(), outcome.skipped()), (1, 1));
        assert_eq!(outcome.vetoed().map(|failed| failed.handler), Some("objects"));
        let error = outcome.veto().expect_err("it was refused");
        assert_eq!((error.status().as_u16(), error.detail()), (409, Some("not now")));
        let error = fire(2).veto().expect_err("who cannot be asked has not agreed");
        assert_eq!((error.to_string().as_str(), error.detail()), ("panicked: lost", None));
        assert_eq!(bed.calls(), [3, 1]);
    }
}

static SEEN: Notes = Notes::new();

fn json_plain(_: &Context<Far>, told: &Dynamic) {
    SEEN.add(told.json().to_string());
}

async fn json_later(told: &Dynamic) -> Result<()> {
    once().await;
    SEEN.add(told.parse::<Told>()?.number.to_string());
    Ok(())
}

static DYNAMIC: [(Item, Site); 3] = [
    handler!(hook sync_context::<Context<Near>, Told>(plain)),
    handler!(hook sync_context::<Context<Far>, Dynamic>(json_plain), point = "test:told"),
    handler!(hook async_bare::<Near, Dynamic>(json_later), point = "test:told"),
];

#[test]
fn handlers_of_json_stand_beside_typed_ones() {
    let bed = Bed::new(&DYNAMIC);
    assert_eq!(bed.run(hook::fire(&bed.scope(), &Told { number: 5 })).ran(), 3);
    assert_eq!(SEEN.take(), [r#"{"number":5}"#, "5"]);
}

fn again(context: &Context<Near>, told: &Told) -> Result<()> {
    futures_util::FutureExt::now_or_never(context.fire(told)).map(drop).ok_or_else(|| Error::new("it suspended"))
}

static DEEP: [(Item, Site); 1] = [handler!(hook sync_context::<Context<Near>, Told>(again))];

#[test]
fn hooks_within_hooks_end_at_a_depth() {
    let bed = Bed::new(&DEEP);
    let outcome = bed.run(hook::fire(&bed.scope(), &Told::default()));
    assert_eq!((outcome.ran(), outcome.failures.len()), (1, 0));
    assert_eq!(bed.calls(), [16]);
}

async fn recurses(context: &Context<Near>, asked: &Asked) -> Result<()> {
    let deeper: crate::context::shared::BoxFuture<'_, _> = Box::pin(context.fire(asked));
    deeper.await.veto().map(drop)
}

static DEEP_VETO: [(Item, Site); 1] = [handler!(hook async_context::<Context<Near>, Asked>(recurses))];

#[test]
fn the_error_of_the_depth_limit_prints_the_chain() {
    let bed = Bed::new(&DEEP_VETO);
    let error = bed.run(hook::fire(&bed.scope(), &Asked::default())).veto().expect_err("it is too deep");
    assert_eq!(error.to_string().matches("test:asked").count(), 17);
    assert!(error.to_string().starts_with("more than 16 hooks and filters within each other: test > test:asked > "));
}

#[test]
fn nothing_is_made_for_nobody() {
    let bed = Bed::new(&VETO);
    let outcome = bed.run(hook::fire_with(&bed.scope(), || -> Told { panic!("nobody listens") }));
    assert_eq!((outcome.ran(), outcome.skipped()), (0, 0));
    let outcome = bed.run(hook::fire_with(&bed.scope(), Asked::default));
    assert_eq!(outcome.ran(), 2);
}

#[test]
fn fired_from_outside_each_handler_is_told_of() {
    let bed = Bed::new(&VETO);
    let point = hook::HookPointItem::of::<Asked>(|_| schemars::Schema::default());
    let fire = |json| bed.run((point.fire_json)(&bed.scope(), json));
    let report = serde_json::to_value(fire(json!({ "number": 1 })).expect("it is fired")).expect("a report is JSON");
    assert_eq!(
        report,
        json!({ "handlers": [
            { "plugin": "near", "handler": "objects", "outcome": "error", "error": "not now" },
            { "plugin": "near", "handler": "comes_later", "outcome": "skipped" },
        ] })
    );
    let error = fire(json!({ "number": "x" })).expect_err("that is no number");
    assert_eq!((error.status().as_u16(), error.fields()[0].field.as_str()), (422, "number"));
}

#[test]
fn a_plugin_that_stops_waits_for_its_suspended_handlers() {
    let bed = Bed::new(&LONG);
    let scope = bed.scope();
    let (told, near) = (Told::default(), &bed.call.shared.plugins[0]);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut drained = std::pin::pin!(near.drained());
    {
        let mut firing = Box::pin(hook::fire(&scope, &told));
        assert!(firing.as_mut().poll(&mut cx).is_pending());
        assert!(drained.as_mut().poll(&mut cx).is_pending());
    }
    assert!(drained.as_mut().poll(&mut cx).is_ready());
}

fn elsewhere(context: &Context<Near>, told: &Told) -> Result<()> {
    let other = context.for_app("b")?.to_owned().clone();
    futures_util::FutureExt::now_or_never(other.fire(told)).map(drop).ok_or_else(|| Error::new("it suspended"))
}

async fn keeps_on(context: &Context<Near>, asked: &Asked) -> Result<()> {
    let kept = context.to_owned();
    let deeper: crate::context::shared::BoxFuture<'_, _> = Box::pin(kept.fire(asked));
    deeper.await.veto().map(drop)
}

static DEEP_ELSEWHERE: [(Item, Site); 2] = [
    handler!(hook sync_context::<Context<Near>, Told>(elsewhere)),
    handler!(hook async_context::<Context<Near>, Asked>(keeps_on)),
];

#[test]
fn the_depth_goes_on_through_contexts_that_are_kept() {
    let bed = Bed::new(&DEEP_ELSEWHERE);
    assert_eq!(bed.run(hook::fire(&bed.scope(), &Told::default())).ran(), 1);
    let error = bed.run(hook::fire(&bed.scope(), &Asked::default())).veto().expect_err("it is too deep");
    assert_eq!(error.to_string().matches("test:asked").count(), 17, "{error}");
    assert!(error.to_string().starts_with("more than 16 hooks and filters within each other: test > test:asked > "));
    assert_eq!(bed.calls(), [16, 16]);
}

const LONG_ENOUGH: Duration = Duration::from_millis(5);

fn panics_late(_: &Context<Near>, _: &Told) {
    let began = std::time::Instant::now();
    while began.elapsed() < LONG_ENOUGH {
        std::hint::spin_loop();
    }
    panic!("late");
}

async fn panics_late_too(context: &Context<Near>, told: &Told) {
    panics_late(context, told);
}

static LATE: [(Item, Site); 2] =
    [handler!(hook sync_context::<Context<Near>, Told>(panics_late)), handler!(hook sync_bare::<Near, Told>(bare))];
static LATE_ASYNC: [(Item, Site); 2] = [
    handler!(hook async_context::<Context<Near>, Told>(panics_late_too)),
    handler!(hook sync_bare::<Near, Told>(bare)),
];

#[test]
fn what_a_failed_handler_took_is_not_the_next_ones() {
    for handlers in [&LATE, &LATE_ASYNC] {
        // A pause of this thread spoils a try, not the stopwatch.
        let apart = (0..50).any(|_| {
            let bed = Bed::new(handlers);
            drop(bed.run(hook::fire(&bed.scope(), &Told::default())));
            assert_eq!(bed.stats(1).timing.count(), 1);
            bed.stats(1).timing.sum < LONG_ENOUGH / 2
        });
        assert!(apart);
    }
}

async fn switches_itself_off(context: &Context<Near>, _: &Told) {
    context.scope().lent().shared.plugin::<Near>().set_life(Life::Inactive);
    future::pending::<()>().await;
}

static OFF_AT_WORK: [(Item, Site); 2] = [
    handler!(hook async_context::<Context<Near>, Told>(switches_itself_off)),
    handler!(hook sync_bare::<Near, Told>(bare)),
];

#[test]
fn a_handler_that_has_begun_is_waited_for_though_its_plugin_was_switched_off_meanwhile() {
    let bed = Bed::new(&OFF_AT_WORK);
    let (scope, told) = (bed.scope(), Told::default());
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut firing = std::pin::pin!(hook::fire(&scope, &told));
    assert!(firing.as_mut().poll(&mut cx).is_pending());
    let mut idle = std::pin::pin!(bed.call.shared.idle(0));
    assert!(idle.as_mut().poll(&mut cx).is_pending());
    let outcome = bed.run(firing);
    assert_eq!((outcome.ran(), outcome.skipped()), (1, 1), "what has not begun does not begin");
    assert!(idle.as_mut().poll(&mut cx).is_ready());
}
