//! The watchdog names what holds its thread.

use std::{
    future::Future,
    sync::{Barrier, Mutex, PoisonError},
    time::Duration,
};

use super::bed::{Bed, Far, Near, Told, handler};
use crate::{
    Context, Result,
    dispatch::{
        guard, hook,
        watchdog::{Held, Watchdog},
    },
    plugin::state::Life,
    registration::Item,
    site::Site,
    stats::Timing,
};

const SECOND: Duration = Duration::from_secs(1);

static AT_WORK: Barrier = Barrier::new(2);
static MAY_END: Barrier = Barrier::new(2);
/// One test at a time meets its handler at the barriers.
static TURN: Mutex<()> = Mutex::new(());

fn blocks(_: &Context<Near>, _: &Told) {
    AT_WORK.wait();
    MAY_END.wait();
}

async fn blocks_too(_: &Context<Near>, _: &Told) {
    AT_WORK.wait();
    MAY_END.wait();
}

static SYNC: [(Item, Site); 2] =
    [handler!(hook sync_bare::<Near, Told>(|_: &Told| {})), handler!(hook sync_context::<Context<Near>, Told>(blocks))];
static ASYNC: [(Item, Site); 2] = [
    handler!(hook sync_bare::<Near, Told>(|_: &Told| {})),
    handler!(hook async_context::<Context<Near>, Told>(blocks_too)),
];

#[test]
fn what_holds_its_thread_beyond_its_limit_is_named_and_counted_once() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for handlers in [&SYNC, &ASYNC] {
        let bed = Bed::new(handlers);
        let mut watchdog = Watchdog::new(&bed.call.shared, [5 * SECOND, 2 * SECOND]);
        std::thread::scope(|threads| {
            threads.spawn(|| bed.run(hook::fire(&bed.scope(), &Told::default())).ran());
            AT_WORK.wait();
            assert_eq!(watchdog.scan(10 * SECOND), []);
            assert_eq!(watchdog.scan(12 * SECOND), []);
            assert_eq!(watchdog.scan(13 * SECOND), [Held { item: 1, time: 3 * SECOND }]);
            assert_eq!(watchdog.scan(14 * SECOND), []);
            assert_eq!(watchdog.scan(17 * SECOND), [Held { item: 1, time: 7 * SECOND }]);
            MAY_END.wait();
        });
        assert_eq!(watchdog.scan(99 * SECOND), []);
        let stats = bed.stats(1);
        assert_eq!((stats.calls, stats.timeouts), (1, 1));
    }
}

#[test]
fn boxed_handlers_are_watched_and_counted() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bed = Bed::new(&SYNC);
    let mut watchdog = Watchdog::new(&bed.call.shared, []);
    let body = || {
        Box::pin(async {
            AT_WORK.wait();
            MAY_END.wait();
            Ok(())
        })
    };
    std::thread::scope(|threads| {
        threads.spawn(|| bed.run(guard::run_item(&bed.call, 1, SECOND, body)).is_ok());
        AT_WORK.wait();
        assert_eq!(watchdog.scan(Duration::ZERO), []);
        assert_eq!(watchdog.scan(6 * SECOND), [Held { item: 1, time: 6 * SECOND }]);
        MAY_END.wait();
    });
}

async fn blocks_and_hangs(_: &Context<Near>, _: &Told) {
    AT_WORK.wait();
    MAY_END.wait();
    std::future::pending::<()>().await;
}

static HANGS: [(Item, Site); 2] = [
    handler!(hook sync_bare::<Near, Told>(|_: &Told| {})),
    handler!(hook async_context::<Context<Near>, Told>(blocks_and_hangs)),
];

#[test]
fn what_blocks_and_then_hangs_is_one_timeout() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bed = Bed::new(&HANGS);
    let body = || {
        Box::pin(async {
            AT_WORK.wait();
            MAY_END.wait();
            std::future::pending::<Result<()>>().await
        })
    };
    let by_list = || bed.run(hook::fire(&bed.scope(), &Told::default())).failures.len() == 1;
    let by_itself = || bed.run(guard::run_item(&bed.call, 0, SECOND, body)).is_err();
    let works: [(u32, &(dyn Fn() -> bool + Sync)); 2] = [(1, &by_list), (0, &by_itself)];
    for (item, work) in works {
        let before = bed.stats(item).timeouts;
        let mut watchdog = Watchdog::new(&bed.call.shared, [SECOND; 2]);
        std::thread::scope(|threads| {
            let failed = threads.spawn(work);
            AT_WORK.wait();
            assert_eq!(watchdog.scan(Duration::ZERO), []);
            assert_eq!(watchdog.scan(9 * SECOND), [Held { item, time: 9 * SECOND }]);
            MAY_END.wait();
            assert!(failed.join().expect("it ends"));
        });
        assert_eq!(bed.stats(item).timeouts - before, 1, "{item}");
    }
}

#[test]
fn what_somebody_waits_for_on_another_thread_is_named_and_left_to_them_to_count() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bed = Bed::new(&SYNC);
    let mut watchdog = Watchdog::new(&bed.call.shared, [SECOND; 2]);
    let _marked = guard::mark(&bed.call.shared, 1);
    assert_eq!(watchdog.scan(Duration::ZERO), []);
    assert_eq!(watchdog.scan(2 * SECOND), [Held { item: 1, time: 2 * SECOND }]);
    assert_eq!(bed.stats(1).timeouts, 0);
}

static NEAR_THEN_FAR: [(Item, Site); 2] =
    [handler!(hook sync_context::<Context<Near>, Told>(blocks)), handler!(hook sync_bare::<Far, Told>(|_: &Told| {}))];
static NEAR_THEN_FAR_ASYNC: [(Item, Site); 2] = [
    handler!(hook async_context::<Context<Near>, Told>(blocks_too)),
    handler!(hook sync_bare::<Far, Told>(|_: &Told| {})),
];

#[test]
fn a_plugin_that_is_switched_off_during_a_run_has_no_turn_in_it() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for (handlers, timing) in
        [(&NEAR_THEN_FAR, Timing::Sampled), (&NEAR_THEN_FAR, Timing::All), (&NEAR_THEN_FAR_ASYNC, Timing::Sampled)]
    {
        let bed = Bed::timed(handlers, timing);
        // The first run of a list is always timed.
        let meets = |work: &(dyn Fn() -> (u16, u16) + Sync), meanwhile: &dyn Fn()| {
            std::thread::scope(|threads| {
                let ended = threads.spawn(work);
                AT_WORK.wait();
                meanwhile();
                MAY_END.wait();
                ended.join().expect("it ends")
            })
        };
        let fire = || {
            let outcome = bed.run(hook::fire(&bed.scope(), &Told::default()));
            (outcome.ran(), outcome.skipped())
        };
        assert_eq!(meets(&fire, &|| ()), (2, 0));
        assert_eq!(meets(&fire, &|| bed.set("far", Life::Inactive)), (1, 1));
        assert_eq!(bed.calls(), [2, 1]);
    }
}

#[test]
fn a_plugin_is_not_idle_while_a_function_of_its_runs_even_one_that_waits_for_another() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bed = Bed::new(&NEAR_THEN_FAR);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let mut idle = Box::pin(bed.call.shared.idle(0));
    let mut far = Box::pin(bed.call.shared.idle(1));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let _outer = guard::mark(&bed.call.shared, 1);
            bed.run(hook::fire(&bed.scope(), &Told::default())).ran()
        });
        AT_WORK.wait();
        for life in [Life::Active, Life::Inactive] {
            bed.set("near", life);
            assert!(idle.as_mut().poll(&mut cx).is_pending());
            assert!(
                far.as_mut().poll(&mut cx).is_pending(),
                "its call is the one from within which the other was called"
            );
        }
        MAY_END.wait();
    });
    bed.clock.set(bed.clock.next_sleeper().expect("it is looked again"));
    assert!(idle.as_mut().poll(&mut cx).is_ready());
    assert!(far.as_mut().poll(&mut cx).is_ready());
}
