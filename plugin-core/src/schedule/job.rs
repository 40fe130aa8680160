//! One job of a running host: what is known of it, and its runs.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use plugin_syntax::Schedule;
use tokio::sync::oneshot;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    ledger::{Claim, Claimed, LastRun, Ledger, RunOutcome},
    occurrence,
    run::{CronItem, CronRun},
};
use crate::{
    clock::Timestamp,
    context::{
        call::{Call, Origin},
        shared::Shared,
    },
    dispatch::guard::{Failure, run_item},
    error::Result,
    id::{AppId, time_ordered},
    plugin::state::PluginState,
    site::Placed,
    store::engine::EngineError,
};

/// How long a run may take, unless its attribute says otherwise.
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// A job, its schedule, and where it stands.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) cron: Placed<CronItem>,
    /// Its schedule, or why there is none; the attribute lets no such thing through.
    pub(super) schedule: Result<Schedule, String>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    claim: Option<Claim>,
    next: Option<Timestamp>,
    parked: Option<String>,
    running: bool,
    last: Option<LastRun>,
}

/// What a run is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    /// An occurrence, which the run claims.
    BySchedule(Timestamp),
    /// A person.
    ByHand,
}

/// The one run that a job may have at a time.
#[derive(Debug)]
pub(super) struct Turn(Arc<Job>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.state().running = false;
    }
}

impl Job {
    pub(super) fn new(cron: Placed<CronItem>) -> Self {
        let schedule = Schedule::in_zone(cron.item.schedule, cron.item.timezone).map_err(|error| error.to_string());
        let parked = schedule.as_ref().err().cloned();
        Self { cron, schedule, state: Mutex::new(State { parked, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn name(&self) -> &'static str {
        self.cron.site.name
    }

    pub(super) fn plugin<'a>(&self, shared: &'a Shared) -> &'a PluginState {
        shared.plugins.get(self.cron.plugin).expect("the host has the plugin of each of its jobs")
    }

    fn ledger<'a>(&'a self, shared: &'a Shared) -> Ledger<'a> {
        Ledger { engine: &*shared.engine, keyspace: &self.plugin(shared).keyspace, job: self.name() }
    }

    /// Reads where the job stood when the last process ended. A run that it left is interrupted; a job never seen begins now.
    pub(super) async fn resume(&self, shared: &Shared) -> Result<(), EngineError> {
        let (claim, mut last) = self.ledger(shared).load().await?;
        if let Some(run) = last.as_mut().filter(|run| run.outcome.is_none()) {
            run.end(None, RunOutcome::Interrupted, None);
            self.ledger(shared).note(run).await?;
            tracing::warn!(
                plugin = self.plugin(shared).id,
                job = self.name(),
                run = run.run_id,
                "the run was interrupted"
            );
        }
        let unseen = claim.is_none();
        self.state().last = last;
        self.stand_at(claim);
        if unseen { self.pass(shared, shared.clock.now()).await } else { Ok(()) }
    }

    /// The last instant that was dealt with.
    pub(super) fn dealt_with(&self) -> Option<Timestamp> {
        self.state().claim.as_ref().map(|claim| claim.at)
    }

    /// The next occurrence.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.state().next
    }

    /// Notes the last instant that was dealt with. A job that has no occurrence after it is parked.
    fn stand_at(&self, claim: Option<Claim>) {
        let (Ok(schedule), Some(last)) = (&self.schedule, &claim) else { return };
        // Searched for here and only here: where there is none, that takes tens of milliseconds.
        let next = occurrence::next(schedule, last.at);
        let mut state = self.state();
        state.parked = next.as_ref().err().map(ToString::to_string);
        (state.claim, state.next) = (claim, next.ok());
    }

    /// Why the job has no next occurrence.
    pub(super) fn parked(&self) -> Option<String> {
        self.state().parked.clone()
    }

    /// Lets the job stand still until the next start.
    pub(super) fn park(&self, why: String) {
        let mut state = self.state();
        (state.claim, state.next, state.parked) = (None, None, Some(why));
    }

    pub(super) fn is_running(&self) -> bool {
        self.state().running
    }

    pub(super) fn last(&self) -> Option<LastRun> {
        self.state().last.clone()
    }

    /// Counts everything up to `instant` as dealt with.
    pub(super) async fn pass(&self, shared: &Shared, instant: Timestamp) -> Result<(), EngineError> {
        self.claim(shared, instant, None).await.map(drop)
    }

    /// Whether `occurrence` is ours now.
    async fn claim(&self, shared: &Shared, occurrence: Timestamp, run: Option<&LastRun>) -> Result<bool, EngineError> {
        let known = self.state().claim.clone();
        match self.ledger(shared).claim(known.as_ref(), occurrence, run).await? {
            Claimed::Ours(claim) => {
                self.stand_at(Some(claim));
                Ok(true)
            }
            Claimed::Theirs(claim) => {
                self.stand_at(claim);
                Ok(false)
            }
        }
    }

    /// The job's turn to run, unless it runs already.
    pub(super) fn turn(self: &Arc<Self>) -> Option<Turn> {
        let was_running = std::mem::replace(&mut self.state().running, true);
        (!was_running).then(|| Turn(Arc::clone(self)))
    }
}

impl Turn {
    /// Runs the job once. `begun` is told the run's id when the run is on disk: nothing, if the occurrence was claimed by somebody
    /// else.
    pub(super) async fn take(
        self,
        shared: Arc<Shared>,
        asked: Asked,
        begun: oneshot::Sender<Result<Option<Uuid>, EngineError>>,
    ) {
        let job = &*self.0;
        let now = shared.clock.now();
        let id = time_ordered(now);
        let (scheduled_for, began) = match asked {
            Asked::BySchedule(occurrence) => {
                let run = LastRun::begun(id, occurrence, now);
                (occurrence, job.claim(&shared, occurrence, Some(&run)).await.map(|ours| ours.then_some(run)))
            }
            Asked::ByHand => {
                let run = LastRun::begun(id, now, now);
                let noted = job.ledger(&shared).note(&run).await;
                (now, noted.map(|()| Some(run)))
            }
        };
        let mut run = match began {
            Ok(Some(run)) => run,
            other => return drop(begun.send(other.map(|_| None))),
        };
        job.state().last = Some(run.clone());
        drop(begun.send(Ok(Some(id))));
        let (outcome, error) = job.run(&shared, CronRun { id, scheduled_for, attempt: 1 }).await;
        run.end(Some(shared.clock.now()), outcome, error);
        job.state().last = Some(run.clone());
        if let Err(error) = job.ledger(&shared).note(&run).await {
            tracing::error!(plugin = job.plugin(&shared).id, job = job.name(), %id, "how the run ended could not be kept: {error}");
        }
    }
}

impl Job {
    async fn run(&self, shared: &Arc<Shared>, run: CronRun) -> (RunOutcome, Option<String>) {
        let plugin = self.plugin(shared);
        let Some(_entered) = plugin.enter() else {
            return (RunOutcome::Interrupted, Some("the plugin was switched off".to_owned()));
        };
        let origin = Origin::Run(run.id);
        let call = Call { origin, cancelled: plugin.stop(), ..Call::of_host(shared, AppId::default()) };
        let scope = call.scope(self.name(), self.cron.number);
        let limit = self.cron.item.timeout.unwrap_or(TIMEOUT);
        let span = tracing::error_span!("run", id = %run.id, scheduled_for = %run.scheduled_for);
        let running = run_item(&call, self.cron.number, limit, || (self.cron.item.run)(&scope, run));
        let Err(failure) = running.instrument(span).await else { return (RunOutcome::Ok, None) };
        let outcome = match failure {
            Failure::Error(_) => RunOutcome::Error,
            Failure::Panic(_) => RunOutcome::Panic,
            Failure::Timeout(_) => RunOutcome::Timeout,
        };
        (outcome, Some(failure.to_string()))
    }
}
