//! Dispatching allocates nothing, once a thread has dispatched before.
#![expect(unsafe_code, reason = "an allocator cannot be written without it")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{self, Poll},
};

use plugin_core::{
    Clock,
    catalog::Catalog,
    context::call::{Call, Scope},
    dispatch::{filter::apply, hook::fire},
    host::Host,
    prelude::*,
    spawn::Spawn,
    store::mem::MemEngine,
};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator as it comes; the counter is a plain number that allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps the contract of the allocator that this one stands before.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations this thread makes in `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

/// Handles everything.
#[plugin(id = "busy")]
#[derive(Debug)]
pub struct Busy;

/// Handled by functions.
#[hook_point("busy:sync")]
pub struct Sync {}

/// Handled by functions that are ready at once.
#[hook_point("busy:ready")]
pub struct Ready {}

/// Handled by functions that suspend.
#[hook_point("busy:suspended")]
pub struct Suspended {}

/// Copied before each filter.
#[filter_point("busy:number")]
#[derive(Clone)]
pub struct Number(pub u64);

/// Is ready when it is asked a second time.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut task::Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

macro_rules! handlers {
    ($(($sync:ident $ready:ident $suspended:ident $filter:ident))*) => {$(
        #[hook("busy:sync")]
        fn $sync(_: &Context<Busy>, _: &Sync) {}

        #[hook("busy:ready")]
        async fn $ready(_: &Context<Busy>, _: &Ready) {}

        #[hook("busy:suspended")]
        async fn $suspended(_: &Context<Busy>, _: &Suspended) {
            Once(false).await;
        }

        #[filter("busy:number")]
        fn $filter(_: &Context<Busy>, number: Number) -> Number {
            Number(number.0 + 1)
        }
    )*};
}

handlers! {
    (sync_0 ready_0 suspended_0 filter_0) (sync_1 ready_1 suspended_1 filter_1)
    (sync_2 ready_2 suspended_2 filter_2) (sync_3 ready_3 suspended_3 filter_3)
    (sync_4 ready_4 suspended_4 filter_4) (sync_5 ready_5 suspended_5 filter_5)
    (sync_6 ready_6 suspended_6 filter_6) (sync_7 ready_7 suspended_7 filter_7)
    (sync_8 ready_8 suspended_8 filter_8) (sync_9 ready_9 suspended_9 filter_9)
    (sync_10 ready_10 suspended_10 filter_10) (sync_11 ready_11 suspended_11 filter_11)
    (sync_12 ready_12 suspended_12 filter_12) (sync_13 ready_13 suspended_13 filter_13)
    (sync_14 ready_14 suspended_14 filter_14) (sync_15 ready_15 suspended_15 filter_15)
}

#[derive(Debug)]
struct OnTokio;

impl Spawn for OnTokio {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(task);
    }
}

/// Polls `future` until it is ready. Whatever suspends here is ready when asked again.
fn drive<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = task::Context::from_waker(task::Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut cx) {
            return done;
        }
    }
}

fn each(scope: &Scope, what: &str) {
    match what {
        "sync" => assert_eq!(drive(fire(scope, &Sync {})).ran(), 16),
        "ready" => assert_eq!(drive(fire(scope, &Ready {})).ran(), 16),
        "suspended" => assert_eq!(drive(fire(scope, &Suspended {})).ran(), 16),
        _ => assert_eq!(drive(apply(scope, Number(0))).map(|number| number.0).ok(), Some(16)),
    }
}

#[test]
fn dispatching_allocates_nothing() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let _within = runtime.enter();
    let host = runtime.block_on(async {
        let catalog = Catalog::linked().unwrap();
        let builder = Host::builder(catalog, Arc::new(MemEngine::new()), Clock::system(), Arc::new(OnTokio));
        let host = builder.build().await.unwrap();
        host.start().await.unwrap();
        host
    });
    let call = Call::of_host(host.shared(), AppId::default());
    let scope = call.scope("test", u32::MAX);
    for what in ["sync", "ready", "suspended", "filters"] {
        each(&scope, what);
        assert_eq!(allocations(|| (0..1_000).for_each(|_| each(&scope, what))), 0, "{what}");
    }
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(7_u64)))), 1, "they are counted");
}
