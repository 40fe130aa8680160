//! What came of firing a hook.

use std::ops::Deref;

use serde::Serialize;

use crate::{dispatch::guard::Failure, error::Result, stats::Ended};

/// What came of firing a hook.
///
/// With the policy `isolate` it is enough to have fired. With `veto`, [`veto`](Self::veto) says whether anybody objected.
///
/// It fits two registers: to hand a larger one up through futures cost more than to run a handler.
#[derive(Debug, Default)]
#[must_use = "a hook with the policy `veto` may have been refused: see `veto()`"]
pub struct Outcome {
    /// How many handlers ran, whatever came of it.
    pub ran: u16,
    /// How many did not: their plugin is off, or the chain ended before them.
    pub skipped: u16,
    /// The handlers that failed, in the order of their calls.
    pub failures: Failures,
    pub(crate) refused: Refused,
}

/// Whether the chain was stopped; as wide as what it stands beside, so that an outcome has no gaps and is copied in words.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Refused {
    #[default]
    No,
    Yes,
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

    fn into_iter(self) -> Self::IntoIter {
        self.0.map(|all| *all).unwrap_or_default().into_iter()
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

impl Outcome {
    /// The failure that stopped the chain, if one did.
    pub fn vetoed(&self) -> Option<&Failed> {
        self.failures.last().filter(|_| self.refused == Refused::Yes)
    }

    /// The outcome, or the failure that stopped the chain.
    ///
    /// # Errors
    /// The error of the handler that vetoed, with its public text; an error that only the log reads in full if the handler panicked
    /// or did not end in time, or if hooks were fired by hooks too deep.
    pub fn veto(mut self) -> Result<Self> {
        if self.refused == Refused::Yes
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
