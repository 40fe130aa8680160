//! Our dispatch beside a bare slice of function pointers, boxed futures, and the design that is usually built.

mod handlers;
mod ours;
mod peers;

use std::{hint::black_box, pin::pin, task};

use futures_util::future::Future;
use plugin_core::stats::Timing;

use self::{
    handlers::{Fired, Style},
    ours::Bed,
    peers::{Boxed, Slice, Usual},
};
use crate::{
    alloc,
    harness::{Case, Options, Targets, interleave},
};

const SIZES: [usize; 5] = [0, 1, 4, 16, 64];

/// The name of the design that is usually built.
const USUAL: &str = "RwLock map, Arc<dyn>, timeout, histogram";

/// What sixteen function pointers took where the limits in nanoseconds were set.
const SLICE_OF_16: f64 = 37.0;

/// Polls `future` until it is ready. Whatever suspends here is ready when asked again.
#[inline(always)]
fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = task::Context::from_waker(task::Waker::noop());
    loop {
        if let task::Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
    }
}

/// A case that polls what `once` gives until it is ready.
fn awaits<'a, F: Future>(name: &'static str, once: impl Fn() -> F + 'a) -> Case<'a> {
    Case::new(name, move |times| {
        for _ in 0..times {
            black_box(drive(once()));
        }
    })
}

pub(crate) fn run(options: &Options) -> bool {
    // Timers want a runtime to be at hand: the one that `#[tokio::main]` makes. Nothing here waits for one.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build();
    let runtime = runtime.expect("a runtime can be made");
    let _within = runtime.enter();
    let mut targets = Targets::default();
    let sync: Vec<Sync> = SIZES.iter().map(|n| sync(options, *n)).collect();
    if let [_, one, _, sixteen, _] = &*sync {
        // What was measured counts. A busy machine is a slow one, so beside it stands what it would be at the speed at which limits were
        // set; that does not count, because whatever slows the slice of function pointers would loosen the limits.
        let (slowed, timing) = (sixteen.slice / SLICE_OF_16, (sixteen.all - sixteen.ours) / 16.0);
        println!("this machine takes {slowed:.2} × as long as the one that the limits in nanoseconds were set on\n");
        targets.at_most("sync, 1 handler, ns as measured", one.ours, 20.0);
        targets.would_be_at_most("sync, 1 handler, ns at that one's speed", one.ours / slowed, 20.0);
        targets.at_most("sync, 16 handlers / slice of fn pointers", sixteen.ratio, 1.7);
        targets.at_most("timing every handler, ns more each, as measured", timing, 15.0);
        targets.would_be_at_most("timing every handler, ns more each at that one's speed", timing / slowed, 15.0);
    }
    for n in SIZES {
        ready(options, n, &mut targets);
    }
    for n in SIZES {
        suspended(options, n, &mut targets);
    }
    for n in SIZES {
        filters(options, n);
    }
    nobody(options, &mut targets);
    two_threads(options, &mut targets);
    allocations(&mut targets);
    handlers::read();
    targets.print()
}

/// What a list of `fn`s takes, in nanoseconds.
struct Sync {
    slice: f64,
    ours: f64,
    all: f64,
    ratio: f64,
}

fn sync(options: &Options, n: usize) -> Sync {
    let (bed, all) = (Bed::new(Style::Sync, n, Timing::Sampled), Bed::new(Style::Sync, n, Timing::All));
    let (slice, usual, fired) = (Slice::new(n), Usual::new(Style::Sync, n), Fired::default());
    let (slice, usual, scope, all) = (&slice, &usual, &bed.scope(), &all.scope());
    let table = interleave(
        options,
        vec![
            Case::new("slice of fn pointers", |times| {
                for _ in 0..times {
                    black_box(slice.call(scope, black_box(&fired)));
                }
            }),
            awaits("ours", || ours::fire(scope, &fired)),
            awaits("ours, every handler timed", || ours::fire(all, &fired)),
            awaits(USUAL, || usual.call(scope, &fired)),
        ],
    );
    table.print(&format!("sync, {n} handlers"), "slice of fn pointers");
    Sync {
        slice: table.median("slice of fn pointers"),
        ours: table.median("ours"),
        all: table.median("ours, every handler timed"),
        ratio: table.ratio("ours", "slice of fn pointers"),
    }
}

fn ready(options: &Options, n: usize, targets: &mut Targets) {
    let bed = Bed::new(Style::Ready, n, Timing::Sampled);
    let (boxed, usual, fired) = (Boxed::new(Style::Ready, n), Usual::new(Style::Ready, n), Fired::default());
    let (boxed, usual, scope) = (&boxed, &usual, &bed.scope());
    let table = interleave(
        options,
        vec![
            awaits("boxed futures, no guards", || boxed.call(scope, &fired)),
            awaits("ours", || ours::fire(scope, &fired)),
            awaits(USUAL, || usual.call(scope, &fired)),
        ],
    );
    table.print(&format!("async and ready, {n} handlers"), "boxed futures, no guards");
    if n == 16 {
        let ratio = table.ratio("ours", "boxed futures, no guards");
        targets.at_most("async and ready, 16 handlers / boxed futures", ratio, 0.5);
    }
}

fn suspended(options: &Options, n: usize, targets: &mut Targets) {
    let bed = Bed::new(Style::Suspends, n, Timing::Sampled);
    let (boxed, usual, fired) = (Boxed::new(Style::Suspends, n), Usual::new(Style::Suspends, n), Fired::default());
    let (boxed, usual, scope) = (&boxed, &usual, &bed.scope());
    let table = interleave(
        options,
        vec![
            awaits("boxed futures, a timeout each", || boxed.call_with_timeouts(scope, &fired)),
            awaits("boxed futures, no guards", || boxed.call(scope, &fired)),
            awaits("ours", || ours::fire(scope, &fired)),
            awaits(USUAL, || usual.call(scope, &fired)),
        ],
    );
    table.print(&format!("async and suspended once, {n} handlers"), "boxed futures, a timeout each");
    if n == 16 {
        let ratio = table.ratio("ours", "boxed futures, a timeout each");
        targets.at_most("suspended, 16 handlers / boxed with a timeout each", ratio, 0.2);
        targets.where_missed(
            "where a timer is cheap, the handlers' own polls take most of what is allowed; a poll loop of its own for lists that have \
             suspended once would save some of the rest",
        );
    }
}

fn filters(options: &Options, n: usize) {
    let bed = Bed::new(Style::Filter, n, Timing::Sampled);
    let (slice, scope) = (&Slice::new(n), &bed.scope());
    let table = interleave(
        options,
        vec![
            Case::new("slice of fn pointers", |times| {
                for _ in 0..times {
                    black_box(slice.filter(scope, black_box(handlers::Closed { value: 7 }))).ok();
                }
            }),
            awaits("ours, on_error = fail", || ours::apply(scope, handlers::Closed { value: 7 })),
            awaits("ours, on_error = keep", || ours::apply(scope, handlers::Open { value: 7 })),
        ],
    );
    table.print(&format!("filters, {n} handlers"), "slice of fn pointers");
}

fn nobody(options: &Options, targets: &mut Targets) {
    let bed = Bed::new(Style::Sync, 0, Timing::Sampled);
    let (slice, scope) = (&Slice::new(0), &bed.scope());
    let fired = Fired::default();
    let table = interleave(
        options,
        vec![
            Case::new("slice of fn pointers", |times| {
                for _ in 0..times {
                    black_box(slice.call(scope, black_box(&fired)));
                }
            }),
            awaits("fire_with", || ours::fire_with(scope, Fired::default)),
            awaits("fire", || ours::fire(scope, &fired)),
        ],
    );
    table.print("nobody listens", "slice of fn pointers");
    targets.at_most(
        "nobody listens, fire_with / empty slice (2 ns / 1.3 ns)",
        table.ratio("fire_with", "slice of fn pointers"),
        2.0 / 1.3,
    );
}

fn two_threads(options: &Options, targets: &mut Targets) {
    let bed = Bed::new(Style::Sync, 16, Timing::Sampled);
    let work = |thread: u64, times: u64| {
        let (scope, fired) = (bed.scope(), Fired { value: thread });
        drive(async {
            for _ in 0..times {
                let _ = black_box(ours::fire(&scope, &fired).await);
            }
        });
    };
    let table = interleave(
        options,
        vec![
            Case::new("one thread", |times| std::thread::scope(|scope| drop(scope.spawn(|| work(0, 64 * times))))),
            Case::new("two threads, as much each", |times| {
                std::thread::scope(|scope| {
                    (0..2).for_each(|thread| drop(scope.spawn(move || work(thread, 64 * times))));
                });
            }),
        ],
    );
    table.print("two threads at once, 16 sync handlers, 64 dispatches", "one thread");
    let speedup = 2.0 / table.ratio("two threads, as much each", "one thread");
    println!("  two threads do {speedup:.2} × as much as one\n");
    targets.at_most("two threads: time beside one thread's", 2.0 / speedup, 2.0 / 1.8);
}

fn allocations(targets: &mut Targets) {
    for (style, what) in
        [(Style::Sync, "sync"), (Style::Ready, "async and ready"), (Style::Suspends, "async and suspended")]
    {
        let bed = Bed::new(style, 16, Timing::Sampled);
        let (scope, fired) = (bed.scope(), Fired::default());
        drive(ours::fire(&scope, &fired)).ran().eq(&16).then_some(()).expect("all handlers run");
        let count = alloc::count(|| (0..1000).for_each(|_| drop(drive(ours::fire(&scope, &fired)))));
        targets.at_most(format!("allocations in 1,000 dispatches, 16 handlers, {what}"), count as f64, 0.0);
    }
    let bed = Bed::new(Style::Filter, 16, Timing::Sampled);
    let scope = bed.scope();
    let apply = || drive(ours::apply(&scope, handlers::Open { value: 7 })).map(drop).unwrap_or_default();
    apply();
    targets.at_most(
        "allocations in 1,000 filterings, 16 filters",
        alloc::count(|| (0..1000).for_each(|_| apply())) as f64,
        0.0,
    );
}
