//! What came of firing a hook.

use serde::Serialize;

use crate::{dispatch::guard::Failure, error::Result, stats::Ended};

/// What came of firing a hook.
///
/// With the policy `isolate` it is enough to have fired. With `veto`, [`veto`](Self::veto) says whether anybody objected.
#[derive(Debug, Default)]
#[must_use = "a hook with the policy `veto` may have been refused: see `veto()`"]
pub struct Outcome {
    /// How many handlers ran, whatever came of it.
    pub ran: u32,
    /// How many did not: their plugin is off, or the chain ended before them.
    pub skipped: u32,
    /// The handlers that failed, in the order of their calls.
    pub failures: Vec<Failed>,
    pub(crate) refused: bool,
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
        self.failures.last().filter(|_| self.refused)
    }

    /// The outcome, or the failure that stopped the chain.
    ///
    /// # Errors
    /// The error of the handler that vetoed, with its public text; an error that only the log reads in full if the handler panicked
    /// or did not end in time, or if hooks were fired by hooks too deep.
    pub fn veto(mut self) -> Result<Self> {
        if self.refused
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
