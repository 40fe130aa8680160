//! What ours is measured beside.

use std::{
    collections::HashMap,
    hint::black_box,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use plugin_core::{Context, Result, context::call::Scope};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use super::handlers::{self, Bench, BoxedFn, BoxedFuture, Closed, FilterFn, Fired, Style, SyncFn};

const LIMIT: Duration = Duration::from_secs(5);

fn context(scope: &Scope) -> &Context<Bench> {
    Context::view(scope)
}

/// Function pointers behind an index that is known: the practical floor. No guards.
pub(crate) struct Slice {
    hooks: Vec<Vec<SyncFn>>,
    filters: Vec<Vec<FilterFn>>,
}

static INDEX: AtomicU32 = AtomicU32::new(1);

impl Slice {
    pub(crate) fn new(n: usize) -> Self {
        let (hooks, filters) = (handlers::SYNC_FNS[..n].to_vec(), handlers::FILTER_FNS[..n].to_vec());
        Self { hooks: black_box(vec![Vec::new(), hooks]), filters: black_box(vec![Vec::new(), filters]) }
    }

    #[inline]
    pub(crate) fn call(&self, scope: &Scope, fired: &Fired) -> u32 {
        let calls = self.hooks.get(INDEX.load(Relaxed) as usize).map_or(&[][..], Vec::as_slice);
        calls.iter().map(|call| u32::from(call(context(scope), fired).is_err())).sum()
    }

    #[inline]
    pub(crate) fn filter(&self, scope: &Scope, value: Closed) -> Result<Closed> {
        let calls = self.filters.get(INDEX.load(Relaxed) as usize).map_or(&[][..], Vec::as_slice);
        calls.iter().try_fold(value, |value, call| call(context(scope), value))
    }
}

fn boxed(style: Style) -> &'static [BoxedFn] {
    match style {
        Style::Suspends => &handlers::SUSPENDS_FNS,
        _ => &handlers::READY_FNS,
    }
}

/// A boxed future a handler, as `async_trait` makes them.
pub(crate) struct Boxed(Vec<Vec<BoxedFn>>);

impl Boxed {
    pub(crate) fn new(style: Style, n: usize) -> Self {
        Self(black_box(vec![Vec::new(), boxed(style)[..n].to_vec()]))
    }

    fn calls(&self) -> &[BoxedFn] {
        self.0.get(INDEX.load(Relaxed) as usize).map_or(&[], Vec::as_slice)
    }

    pub(crate) async fn call(&self, scope: &Scope, fired: &Fired) -> u32 {
        let mut failed = 0;
        for call in self.calls() {
            failed += u32::from(call(context(scope), fired).await.is_err());
        }
        failed
    }

    pub(crate) async fn call_with_timeouts(&self, scope: &Scope, fired: &Fired) -> u32 {
        let mut failed = 0;
        for call in self.calls() {
            let ended = tokio::time::timeout(LIMIT, call(context(scope), fired)).await;
            failed += u32::from(!matches!(ended, Ok(Ok(()))));
        }
        failed
    }
}

trait Handler: Send + Sync {
    fn call<'a>(&self, context: &'a Context<Bench>, fired: &'a Fired) -> BoxedFuture<'a>;
}

impl<F: Send + Sync + for<'a> Fn(&'a Context<Bench>, &'a Fired) -> BoxedFuture<'a>> Handler for F {
    fn call<'a>(&self, context: &'a Context<Bench>, fired: &'a Fired) -> BoxedFuture<'a> {
        self(context, fired)
    }
}

/// The design that is usually built: a map by name behind a lock, a boxed future, a timeout, a stopwatch and an observation of a shared
/// Prometheus histogram a handler. No panic guard. A `fn` is a future that is ready, as it is where one trait is for all handlers.
pub(crate) struct Usual {
    handlers: RwLock<HashMap<String, Vec<Arc<dyn Handler>>>>,
    seconds: Histogram,
}

impl Usual {
    pub(crate) fn new(style: Style, n: usize) -> Self {
        let handlers = boxed(style)[..n].iter().map(|&call| Arc::new(call) as _).collect();
        Self {
            handlers: RwLock::new(HashMap::from([("bench:fired".to_owned(), handlers)])),
            seconds: Histogram::new(exponential_buckets(256e-9, 4.0, 14)),
        }
    }

    pub(crate) async fn call(&self, scope: &Scope, fired: &Fired) -> u32 {
        let found = self.handlers.read().unwrap_or_else(PoisonError::into_inner).get(black_box("bench:fired")).cloned();
        let handlers = found.unwrap_or_default();
        let mut failed = 0;
        for handler in handlers {
            let began = Instant::now();
            let ended = tokio::time::timeout(LIMIT, handler.call(context(scope), fired)).await;
            failed += u32::from(!matches!(ended, Ok(Ok(()))));
            self.seconds.observe(began.elapsed().as_secs_f64());
        }
        failed
    }
}
