//! The watchdog names what holds its thread.

use std::{
    sync::{Barrier, Mutex, PoisonError},
    time::Duration,
};

use super::bed::{Bed, Near, Told, handler};
use crate::{
    Context,
    dispatch::{
        guard, hook,
        watchdog::{Held, Watchdog},
    },
    registration::Item,
    site::Site,
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
