//! Running what authors wrote so that no failure of theirs leaves it: errors, panics and overrun time limits are told apart,
//! counted and logged.
//!
//! Hooks and filters have their own, faster loop over these parts; everything else that runs goes through [`run_item`].

use std::{
    any::Any,
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{self, Poll},
    time::{Duration, Instant},
};

use futures_util::future::{self, Future};

use crate::{
    clock::{Clock, Sleep},
    context::{call::Call, shared::Shared},
    error::{Error, Result},
    stats::{Ended, thread::Marked},
};

/// Why a handler gave no result.
#[derive(Debug)]
pub enum Failure {
    /// It returned this.
    Error(Error),
    /// It panicked, saying this.
    Panic(String),
    /// It was stopped after this long.
    Timeout(Duration),
}

impl Failure {
    /// How the call ended.
    pub fn ended(&self) -> Ended {
        match self {
            Self::Error(_) => Ended::Error,
            Self::Panic(_) => Ended::Panic,
            Self::Timeout(_) => Ended::Timeout,
        }
    }

    /// As an error: the handler's own, or one that the log alone reads in full.
    pub fn into_error(self) -> Error {
        match self {
            Self::Error(error) => error,
            other => Error::new(other.to_string()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The chain of causes as well: this is for the log.
            Self::Error(error) => fmt::Debug::fmt(error, f),
            Self::Panic(message) => write!(f, "panicked: {message}"),
            Self::Timeout(limit) => write!(f, "did not end within {limit:?}"),
        }
    }
}

/// Calls `body`; a panic in it is given back as what it said.
pub fn catch<T>(body: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing that `body` could have left half-done is used after a panic but to be dropped.
    catch_unwind(AssertUnwindSafe(body)).map_err(message)
}

/// Drops `value`; a panic in its destructor goes no further.
pub fn drop_quietly<T>(value: T) {
    if let Err(message) = catch(|| drop(value)) {
        tracing::error!(target: "plugin", "a destructor panicked: {message}");
    }
}

/// What a panic said.
#[cold]
pub(crate) fn message(payload: Box<dyn Any + Send>) -> String {
    let text = match payload.downcast::<String>() {
        Ok(text) => return *text,
        Err(payload) => match payload.downcast::<&'static str>() {
            Ok(text) => return (*text).to_owned(),
            Err(other) => {
                // `panic_any` may carry a value whose destructor panics in its turn.
                if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(other))) {
                    mem::forget(again);
                }
                "a value that is no text"
            }
        },
    };
    text.to_owned()
}

/// A future whose panics, also while it is dropped, stay in it.
struct Contained<F>(Option<F>);

impl<F: Future + Unpin> Contained<F> {
    fn poll(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<F::Output, String>> {
        let Some(future) = &mut self.0 else { return Poll::Pending };
        match catch(|| Pin::new(future).poll(cx)) {
            Ok(poll) => poll.map(Ok),
            Err(message) => Poll::Ready(Err(message)),
        }
    }
}

impl<F> Drop for Contained<F> {
    fn drop(&mut self) {
        drop_quietly(self.0.take());
    }
}

/// Runs the future that `make` makes for at most `limit`, so that neither its panic nor its silence goes further.
///
/// The limit is armed when the future first suspends, so one that is ready at once pays nothing for it. What was running when
/// the limit passed is dropped.
///
/// # Errors
/// The future's own error, its panic or its time limit.
pub async fn guarded<T, F>(clock: &Clock, limit: Duration, make: impl FnOnce() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T>> + Unpin,
{
    let future = catch(make).map_err(Failure::Panic)?;
    let mut future = Contained(Some(future));
    let mut deadline: Option<Pin<Box<Sleep>>> = None;
    future::poll_fn(move |cx| match future.poll(cx) {
        Poll::Ready(ended) => Poll::Ready(match ended {
            Ok(result) => result.map_err(Failure::Error),
            Err(message) => Err(Failure::Panic(message)),
        }),
        Poll::Pending => {
            let deadline = deadline.get_or_insert_with(|| clock.sleep(limit));
            deadline.as_mut().poll(cx).map(|()| Err(Failure::Timeout(limit)))
        }
    })
    .await
}

/// [`guarded`], and the call is counted, timed and, if it fails, logged as one of the item numbered `item`. While the item
/// holds its thread, the watchdog sees it.
///
/// Whether the item's plugin takes work is the caller's to ask, because what follows from that differs.
///
/// ```ignore
/// let scope = call.scope(site.name, number);
/// let result = guard::run_item(&call, number, timeout, || (item.run)(&scope)).await;
/// ```
///
/// # Errors
/// As [`guarded`].
pub async fn run_item<T, F>(call: &Call, item: u32, limit: Duration, make: impl FnOnce() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T>> + Unpin,
{
    let shared = &*call.shared;
    let (mut began, mut seen) = (None, Seen::Never);
    let mut running = std::pin::pin!(guarded(&shared.clock, limit, make));
    let result = future::poll_fn(|cx| {
        began.get_or_insert_with(Instant::now);
        seen.by_watchdog(shared, item, || running.as_mut().poll(cx))
    })
    .await;
    let took = began.map_or(Duration::ZERO, |began: Instant| began.elapsed());
    finish_seen(shared, item, took, &result, seen);
    result
}

/// Whether the watchdog has named a call, and so counted it as a timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Never,
    TooLong,
}

impl Seen {
    /// Runs `work` of a call of `item` while the watchdog looks.
    pub(crate) fn by_watchdog<T>(&mut self, shared: &Shared, item: u32, work: impl FnOnce() -> T) -> T {
        let marked = Marked::new(shared.stats.host());
        marked.at(item);
        let done = work();
        if marked.was_named() {
            *self = Self::TooLong;
        }
        done
    }
}

/// Shows the watchdog that the current thread runs `item` until the value is dropped. For a sync handler on a pool of threads: whoever
/// waits for it counts it when it takes too long, so the watchdog only names it.
pub fn mark(shared: &Shared, item: u32) -> impl Drop {
    let marked = Marked::minded(shared.stats.host());
    marked.at(item);
    marked
}

/// Counts and, if it failed, logs a call of `item` that took `took` and ended with `result`. For what runs outside [`run_item`].
pub fn finish<T>(shared: &Shared, item: u32, took: Duration, result: &Result<T, Failure>) {
    finish_seen(shared, item, took, result, Seen::Never);
}

/// The same; a timeout that the watchdog has counted is not counted again.
pub(crate) fn finish_seen<T>(shared: &Shared, item: u32, took: Duration, result: &Result<T, Failure>, seen: Seen) {
    let ended = result.as_ref().map_or_else(Failure::ended, |_| Ended::Ok);
    let counted = if seen == Seen::TooLong && ended == Ended::Timeout { Ended::Ok } else { ended };
    shared.stats.record(item, counted, took);
    if let Err(failure) = result {
        log(shared, item, failure);
    }
}

/// The plugin and the name of `item`.
pub(crate) fn names(shared: &Shared, item: u32) -> (&'static str, &'static str) {
    shared.items.get(item as usize).map_or(("-", "-"), |info| (info.plugin, info.site.name))
}

/// Says in the log that `item` failed: as an error, or as a warning where the item gave an error that a caller may read, which
/// is one way to answer and no fault.
#[cold]
pub(crate) fn log(shared: &Shared, item: u32, failure: &Failure) {
    let Some(info) = shared.items.get(item as usize) else { return };
    let (plugin, kind, name, at) = (info.plugin, info.kind.word(), info.site.name, info.site);
    match failure {
        Failure::Error(error) if error.detail().is_some() => {
            tracing::warn!(target: "plugin", plugin, kind, item = name, at = %at, "{failure}");
        }
        _ => tracing::error!(target: "plugin", plugin, kind, item = name, at = %at, "{failure}"),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::clock::{ManualClock, Timestamp};

    const LIMIT: Duration = Duration::from_secs(5);

    fn manual() -> (ManualClock, Clock) {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        (clock.clone(), clock.into())
    }

    #[test]
    fn a_panic_is_given_back_as_what_it_said() {
        let (_, clock) = manual();
        let panics = |text: &'static str| async move { if text.is_empty() { Ok(()) } else { panic!("{text}") } };
        let failed = guarded(&clock, LIMIT, || panics("no").boxed()).now_or_never();
        assert!(matches!(failed, Some(Err(Failure::Panic(text))) if text == "no"));
        let well = guarded(&clock, LIMIT, || panics("").boxed()).now_or_never();
        assert!(matches!(well, Some(Ok(()))));
    }

    #[test]
    fn a_panic_while_the_future_is_made_is_contained() {
        let (_, clock) = manual();
        let make = || -> future::BoxFuture<'static, Result<()>> { panic!("made of {}", "nothing") };
        let failed = guarded(&clock, LIMIT, make).now_or_never();
        assert!(matches!(failed, Some(Err(Failure::Panic(text))) if text == "made of nothing"));
    }

    #[test]
    fn a_silent_future_is_stopped_at_its_limit_and_dropped() {
        let (manual, clock) = manual();
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let silent = || {
            let bomb = Bomb;
            async move {
                let _bomb = bomb;
                future::pending::<Result<()>>().await
            }
            .boxed()
        };
        let mut running = Box::pin(guarded(&clock, LIMIT, silent));
        assert!(running.as_mut().now_or_never().is_none());
        manual.set("1970-01-01T00:00:05Z".parse().expect("an instant"));
        let ended = running.as_mut().now_or_never();
        assert!(matches!(ended, Some(Err(Failure::Timeout(LIMIT)))));
    }

    #[test]
    fn a_panic_may_carry_a_value_that_panics_when_dropped() {
        struct Spiteful;
        impl Drop for Spiteful {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let said = catch(|| std::panic::panic_any(Spiteful));
        assert_eq!(said, Err("a value that is no text".to_owned()));
    }
}
