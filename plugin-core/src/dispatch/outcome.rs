//! What came of firing a hook.

use std::{fmt, num::NonZeroU64, ops::Deref};

use serde::Serialize;

use crate::{
    dispatch::{chain::Next, guard::Failure},
    error::Result,
    stats::Ended,
};

/// What came of firing a hook.
///
/// With the policy `isolate` it is enough to have fired. With `veto`, [`veto`](Self::veto) says whether anybody objected.
///
/// It fits two registers: to hand a larger one up through futures cost more than to run a handler.
#[must_use = "a hook with the policy `veto` may have been refused: see `veto()`"]
pub struct Outcome {
    counts: Counts,
    /// The handlers that failed, in the order of their calls.
    pub failures: Failures,
}

/// From the low bits to the high ones: 16 for how many ran, 16 for how many were skipped, one for whether the chain was stopped;
/// and one that is always set, so that a future's result needs no more room than this. One word, because a result that is
/// written in pieces and read as a whole is read slowly.
#[derive(Clone, Copy)]
struct Counts(NonZeroU64);

impl Counts {
    const NONE: Self = Self(NonZeroU64::new(1 << 63).expect("a bit is set"));
    const STOPPED: u64 = 1 << 32;

    fn with(self, bits: u64) -> Self {
        Self(self.0 | bits)
    }
}

const _: () = assert!(size_of::<std::task::Poll<Outcome>>() == 16);

/// The handlers that failed: a slice, for which nothing is allocated while it is empty.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "a vector is three words, and there are no failures most of the time")]
pub struct Failures(Option<Box<Vec<Failed>>>);

impl Failures {
    pub(crate) fn push(&mut self, failed: Failed) {
        self.0.get_or_insert_default().push(failed);
    }

    pub(crate) fn pop(&mut self) -> Option<Failed> {
        self.0.as_mut()?.pop()
    }
}

impl Deref for Failures {
    type Target = [Failed];

    fn deref(&self) -> &[Failed] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl IntoIterator for Failures {
    type Item = Failed;
    type IntoIter = std::vec::IntoIter<Failed>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.0.take().map(|all| *all).unwrap_or_default().into_iter()
    }
}

// Nearly always there is nothing to drop, which is seen where an outcome is dropped and not in a call.
impl Drop for Failures {
    #[inline]
    fn drop(&mut self) {
        #[cold]
        #[inline(never)]
        fn end<T>(_: T) {}
        if let Some(all) = self.0.take() {
            end(all);
        }
    }
}

/// A handler that failed.
#[derive(Debug)]
pub struct Failed {
    /// Its plugin's id.
    pub plugin: &'static str,
    /// Its name; that of the point, where the host itself refused to go on.
    pub handler: &'static str,
    /// How.
    pub failure: Failure,
}

impl Default for Outcome {
    #[inline]
    fn default() -> Self {
        Self { counts: Counts::NONE, failures: Failures::default() }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Outcome");
        shown.field("ran", &self.ran()).field("skipped", &self.skipped());
        shown.field("failures", &&*self.failures).field("vetoed", &self.is_stopped()).finish()
    }
}

impl Outcome {
    /// `ran` handlers ran, and none failed.
    #[inline]
    pub(crate) fn fine(ran: usize) -> Self {
        Self { counts: Counts::NONE.with(ran as u64 & 0xFFFF), failures: Failures::default() }
    }

    /// `all` handlers had their turn, of which these were skipped.
    pub(crate) fn of(all: usize, skipped: u16, stopped: Next, failures: Failures) -> Self {
        let ran = (all as u64).saturating_sub(skipped.into()) & 0xFFFF;
        let stopped = if stopped == Next::IsSkipped { Counts::STOPPED } else { 0 };
        Self { counts: Counts::NONE.with(ran | u64::from(skipped) << 16 | stopped), failures }
    }

    /// How many handlers ran, whatever came of it.
    pub fn ran(&self) -> u16 {
        self.counts.0.get() as u16
    }

    /// How many did not: their plugin is off, or the chain ended before them.
    pub fn skipped(&self) -> u16 {
        (self.counts.0.get() >> 16) as u16
    }

    fn is_stopped(&self) -> bool {
        self.counts.0.get() & Counts::STOPPED != 0
    }

    /// The failure that stopped the chain, if one did.
    pub fn vetoed(&self) -> Option<&Failed> {
        self.failures.last().filter(|_| self.is_stopped())
    }

    /// The outcome, or the failure that stopped the chain.
    ///
    /// # Errors
    /// The error of the handler that vetoed, with its public text; an error that only the log reads in full if the handler panicked
    /// or did not end in time, or if hooks were fired by hooks too deep.
    pub fn veto(mut self) -> Result<Self> {
        if self.is_stopped()
            && let Some(failed) = self.failures.pop()
        {
            return Err(failed.failure.into_error());
        }
        Ok(self)
    }
}

/// What came of firing a hook from outside, a handler a line.
#[derive(Debug, Serialize)]
pub struct Report {
    /// In the order of their calls.
    pub handlers: Vec<HandlerReport>,
}

/// What came of one handler.
#[derive(Debug, Serialize)]
pub struct HandlerReport {
    /// Its plugin's id.
    pub plugin: &'static str,
    /// Its name.
    pub handler: &'static str,
    /// How it ended.
    pub outcome: Ended,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
