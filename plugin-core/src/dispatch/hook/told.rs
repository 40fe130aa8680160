//! What is told of a run through a hook's handlers.

use crate::{
    context::{call::Scope, shared::Shared},
    dispatch::{
        chain::Next,
        guard::{self, Failure},
        outcome::{Failed, Failures, Outcome},
    },
    error::Error,
    point::{HookPoint, HookPolicy},
    stats::Ended,
};

/// What is told of a run.
pub(super) struct Told<'e> {
    skipped: u16,
    failures: Failures,
    stopped: Next,
    /// How each handler ended, if somebody wants to know.
    each: Option<&'e mut Vec<Ended>>,
    policy: HookPolicy,
}

impl<'e> Told<'e> {
    /// Nothing yet, of a run of the point `H`; `each`, if given, gets how each handler ended.
    #[inline]
    pub(super) fn new<H: HookPoint>(each: Option<&'e mut Vec<Ended>>) -> Self {
        Self { skipped: 0, failures: Failures::default(), stopped: Next::Runs, each, policy: H::POLICY }
    }

    pub(super) fn each(&mut self, ended: Ended) {
        if let Some(each) = &mut self.each {
            each.push(ended);
        }
    }

    #[cold]
    pub(super) fn failed(&mut self, shared: &Shared, item: u32, failure: Failure) -> Next {
        self.each(failure.ended());
        let (plugin, handler) = guard::names(shared, item);
        self.failures.push(Failed { plugin, handler, failure });
        if self.policy == HookPolicy::Veto {
            self.stopped = Next::IsSkipped;
        }
        self.stopped
    }

    /// All that was not skipped ran: nobody needs to count it.
    pub(super) fn ran_of(self, all: usize) -> Outcome {
        Outcome::of(all, self.skipped, self.stopped, self.failures)
    }

    /// Refuses to run any of `items`.
    #[cold]
    pub(super) fn refuse(&mut self, scope: &Scope, error: Error, items: impl Iterator<Item = u32>) {
        let stats = &scope.lent().shared.stats;
        for (at, item) in items.enumerate() {
            if at == 0 {
                stats.mine().run(item);
            }
            stats.failed(item, Ended::Skipped);
            self.skipped();
        }
        self.stopped = Next::IsSkipped;
        let failure = Failure::Error(error);
        self.failures.push(Failed { plugin: "host", handler: scope.data().name, failure });
    }

    /// Notes that a handler did not run.
    pub(super) fn skipped(&mut self) {
        self.skipped += 1;
        self.each(Ended::Skipped);
    }
}
