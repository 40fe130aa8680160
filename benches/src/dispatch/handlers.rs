//! What is called on both sides: 64 different functions of each style, each a load and a store, written as their attributes would
//! expand.

use std::{
    future::Future,
    hint::black_box,
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::{Context as Cx, Poll},
};

use plugin_core::{
    __rt::{self, FILTERS, HOOKS, HookPolicy, Item, Ix, OnError, PLUGINS},
    Context, FilterPoint, HookPoint, Plugin, Result,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a handler is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    /// `fn`
    Sync,
    /// `async fn` that is ready at once
    Ready,
    /// `async fn` that suspends once
    Suspends,
    /// a filter, `fn`
    Filter,
}

/// The plugin that all handlers belong to.
pub(crate) struct Bench;

impl Plugin for Bench {
    type Config = ();
    const ID: &'static str = "bench";

    fn ix() -> &'static Ix {
        static IX: Ix = Ix::of(&PLUGINS);
        &IX
    }
}

/// The payload.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Fired {
    pub(crate) value: u64,
}

impl HookPoint for Fired {
    const NAME: &'static str = "bench:fired";
    const POLICY: HookPolicy = HookPolicy::Isolate;

    fn ix() -> &'static Ix {
        static IX: Ix = Ix::of(&HOOKS);
        &IX
    }
}

/// A value that is not copied before each filter.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Closed {
    pub(crate) value: u64,
}

/// A value that is.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Open {
    pub(crate) value: u64,
}

impl FilterPoint for Closed {
    const NAME: &'static str = "bench:closed";
    const ON_ERROR: OnError = OnError::Fail;

    fn ix() -> &'static Ix {
        static IX: Ix = Ix::of(&FILTERS);
        &IX
    }

    fn keep(&self) -> Option<Self> {
        None
    }
}

impl FilterPoint for Open {
    const NAME: &'static str = "bench:open";
    const ON_ERROR: OnError = OnError::Keep;

    fn ix() -> &'static Ix {
        static IX: Ix = Ix::of(&FILTERS);
        &IX
    }

    fn keep(&self) -> Option<Self> {
        Some(self.clone())
    }
}

/// Where handlers store what they loaded: one for even values and one for odd ones, so that two threads need not share a cache line.
static SINKS: [Sink; 2] = [const { Sink([const { AtomicU64::new(0) }; 64]) }; 2];

#[repr(align(128))]
struct Sink([AtomicU64; 64]);

/// Reads them, without which the compiler would see that nobody does, and store nothing.
pub(crate) fn read() {
    black_box(SINKS.iter().flat_map(|sink| &sink.0).map(|cell| cell.load(Relaxed)).sum::<u64>());
}

fn work<const N: usize>(value: u64) -> Result<()> {
    SINKS[value as usize % 2].0[N].store(value + N as u64, Relaxed);
    Ok(())
}

fn sync<const N: usize>(_: &Context<Bench>, fired: &Fired) -> Result<()> {
    work::<N>(fired.value)
}

async fn ready<const N: usize>(_: &Context<Bench>, fired: &Fired) -> Result<()> {
    work::<N>(fired.value)
}

async fn suspends<const N: usize>(_: &Context<Bench>, fired: &Fired) -> Result<()> {
    Once(false).await;
    work::<N>(fired.value)
}

fn closed<const N: usize>(_: &Context<Bench>, value: Closed) -> Result<Closed> {
    work::<N>(value.value).map(|()| value)
}

fn open<const N: usize>(_: &Context<Bench>, value: Open) -> Result<Open> {
    work::<N>(value.value).map(|()| value)
}

/// Is ready when it is asked a second time.
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Cx<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A handler as a peer has it.
pub(crate) type SyncFn = fn(&Context<Bench>, &Fired) -> Result<()>;
/// A filter as a peer has it.
pub(crate) type FilterFn = fn(&Context<Bench>, Closed) -> Result<Closed>;
/// A future as a peer has it.
pub(crate) type BoxedFuture<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;
/// An async handler as a peer has it.
pub(crate) type BoxedFn = for<'a> fn(&'a Context<Bench>, &'a Fired) -> BoxedFuture<'a>;

const fn hook_meta() -> __rt::hook::Meta {
    __rt::hook::Meta { point: None, priority: 10, timeout: None }
}

const fn filter_meta() -> __rt::filter::Meta {
    __rt::filter::Meta { point: None, priority: 10, timeout: None }
}

macro_rules! all {
    ($($n:literal)*) => {
        /// The handlers as registrations.
        pub(crate) static SYNC: [Item; 64] = [$(__rt::hook::sync_context::<Context<Bench>, Fired, _, _>(sync::<$n>, hook_meta())),*];
        /// The handlers as registrations.
        pub(crate) static READY: [Item; 64] = [$(__rt::hook::async_context::<Context<Bench>, Fired, _, _>(ready::<$n>, hook_meta())),*];
        /// The handlers as registrations.
        pub(crate) static SUSPENDS: [Item; 64] = [$(__rt::hook::async_context::<Context<Bench>, Fired, _, _>(suspends::<$n>, hook_meta())),*];
        /// The filters as registrations.
        pub(crate) static CLOSED: [Item; 64] = [$(__rt::filter::sync_context::<Context<Bench>, Closed, _, _>(closed::<$n>, filter_meta())),*];
        /// The filters as registrations.
        pub(crate) static OPEN: [Item; 64] = [$(__rt::filter::sync_context::<Context<Bench>, Open, _, _>(open::<$n>, filter_meta())),*];
        /// The handlers as plain functions.
        pub(crate) static SYNC_FNS: [SyncFn; 64] = [$(sync::<$n>),*];
        /// The filters as plain functions.
        pub(crate) static FILTER_FNS: [FilterFn; 64] = [$(closed::<$n>),*];
        /// The handlers as functions that box their futures.
        pub(crate) static READY_FNS: [BoxedFn; 64] = [$(|context, fired| Box::pin(ready::<$n>(context, fired))),*];
        /// The handlers as functions that box their futures.
        pub(crate) static SUSPENDS_FNS: [BoxedFn; 64] = [$(|context, fired| Box::pin(suspends::<$n>(context, fired))),*];
    };
}

all! {
    0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
    32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63
}
