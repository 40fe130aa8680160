//! The one task that starts jobs when they are due, and what is asked of jobs by hand.
//!
//! An occurrence is claimed on disk before its run begins, so it is started at most once, whatever happens. Of the occurrences
//! that a stop of the server or a jump of the clock left behind, at most one is run. While a plugin is off its occurrences
//! pass, and once it is on again its jobs go on from there. Where a zone changes its clocks, `croner` decides.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    job::{Asked, Job},
    ledger::LastRun,
    occurrence,
    run::{CatchUp, CronItem},
};
use crate::{
    background::{Background, Stopped},
    clock::{Clock, Timestamp},
    context::shared::Shared,
    error::{Error, Result},
    site::Placed,
    spawn::Spawn,
    store::engine::EngineError,
};

/// How late an occurrence may be before it counts as missed.
const GRACE: Duration = Duration::from_secs(60);
/// How long to wait when the store fails.
const RETRY: Duration = Duration::from_secs(1);
/// How many occurrences a listing shows ahead.
const AHEAD: usize = 5;

/// Starts jobs when they are due.
#[derive(Debug)]
pub struct Scheduler {
    jobs: Vec<Arc<Job>>,
    background: Background,
}

/// A job as listings show it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobInfo {
    /// Its name.
    pub name: &'static str,
    /// Its schedule as written.
    pub schedule: &'static str,
    /// Its time zone; UTC where none was written.
    pub timezone: &'static str,
    /// What its author says of it.
    pub description: &'static str,
    /// Where it stands.
    pub state: JobState,
    /// Why it is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Its next occurrences; none while it is parked.
    pub next: Vec<Timestamp>,
    /// Its last run, which may not be over.
    pub last_run: Option<LastRun>,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobState {
    /// It waits for its next occurrence.
    Scheduled,
    /// It runs.
    Running,
    /// It has no next occurrence, or what is stored of it cannot be read.
    Parked,
}

impl Scheduler {
    /// A scheduler of `jobs` that has not started.
    pub fn new(jobs: &[Placed<CronItem>], spawn: Arc<dyn Spawn>) -> Self {
        let jobs = jobs.iter().map(|cron| Arc::new(Job::new(*cron))).collect();
        Self { jobs, background: Background::new(spawn) }
    }

    /// Takes up each job where the last process left it. A run that was under way then is marked as interrupted.
    ///
    /// # Errors
    /// If the store fails. A job whose rows cannot be read is parked instead.
    pub async fn start(&self, shared: &Arc<Shared>) -> Result<()> {
        for job in &self.jobs {
            match job.resume(shared).await {
                Err(EngineError::Corrupt(what)) => {
                    tracing::error!(plugin = job.plugin(shared).id, job = job.name(), "the job is parked: {what}");
                    job.park(what);
                }
                other => other?,
            }
            if let Some(problem) = job.parked() {
                tracing::error!(plugin = job.plugin(shared).id, job = job.name(), "the job is parked: {problem}");
            }
            if job.cron.item.catch_up == CatchUp::None && job.next().is_some_and(|next| next <= shared.clock.now()) {
                job.pass(shared, shared.clock.now()).await?;
            }
        }
        let (jobs, closing, shared) = (self.jobs.clone(), self.background.closing().clone(), Arc::clone(shared));
        let tasks = self.background.clone();
        self.background.start(async move {
            let keeping_time = keep_time(&jobs, &shared, &tasks);
            closing.run_until_cancelled(keeping_time).await.unwrap_or_default();
        });
        Ok(())
    }

    /// Starts no more runs.
    pub fn close(&self) {
        self.background.close();
    }

    /// Starts no more runs, and waits `drain` for those that are under way. What is left then is marked as interrupted at the next start.
    pub async fn stop(&self, clock: &Clock, drain: Duration) {
        if let Stopped::Abandoned(runs) = self.background.stop(clock, drain).await {
            tracing::warn!("{runs} runs of jobs were stopped before their end");
        }
    }

    /// The jobs of `plugin`, by name.
    pub fn list(&self, shared: &Shared, plugin: &str) -> Vec<JobInfo> {
        let of_plugin = self.jobs.iter().filter(|job| job.cron.item.owner.id == plugin);
        let mut jobs: Vec<JobInfo> = of_plugin.map(|job| info(job, shared.clock.now())).collect();
        jobs.sort_by_key(|job| job.name);
        jobs
    }

    /// Runs a job now, whatever its schedule says. Returns the run's id when the run is on disk, and does not wait for its end.
    ///
    /// # Errors
    /// 404 if there is no such job, 409 if it runs already, 503 if its plugin or the host takes no work.
    pub async fn run_now(&self, shared: &Arc<Shared>, plugin: &str, job: &str) -> Result<Uuid> {
        let mut jobs = self.jobs.iter();
        let job = jobs.find(|it| it.cron.item.owner.id == plugin && it.name() == job);
        let job = job.ok_or_else(|| Error::not_found("the plugin has no such job"))?;
        if !job.plugin(shared).is_on() || self.background.closing().is_cancelled() {
            return Err(unavailable());
        }
        let begun = begin(job, shared, &self.background, Asked::ByHand);
        let begun = begun.ok_or_else(|| Error::conflict("the job is running"))?;
        begun.await.ok().transpose()?.flatten().ok_or_else(unavailable)
    }
}

fn unavailable() -> Error {
    let status = actix_web::http::StatusCode::SERVICE_UNAVAILABLE;
    Error::public(status, "plugin-unavailable", "the plugin is not active")
}

fn info(job: &Job, now: Timestamp) -> JobInfo {
    let CronItem { schedule, timezone, .. } = *job.cron.item;
    let from = job.dealt_with().map_or(now, |last| last.max(now));
    let problem = job.parked();
    let next = match (&job.schedule, &problem) {
        (Ok(schedule), None) => occurrence::following(schedule, from, AHEAD),
        _ => Vec::new(),
    };
    let state = match (job.is_running(), &problem) {
        (true, _) => JobState::Running,
        (false, None) => JobState::Scheduled,
        (false, Some(_)) => JobState::Parked,
    };
    JobInfo {
        name: job.name(),
        schedule,
        timezone: timezone.unwrap_or("UTC"),
        description: job.cron.site.doc,
        state,
        problem,
        next,
        last_run: job.last(),
    }
}

type Begun = oneshot::Receiver<Result<Option<Uuid>, EngineError>>;

/// Begins a run of `job` in a task of its own, unless one is under way.
fn begin(job: &Arc<Job>, shared: &Arc<Shared>, tasks: &Background, asked: Asked) -> Option<Begun> {
    let turn = job.turn()?;
    let (begun, answer) = oneshot::channel();
    tasks.start(turn.take(Arc::clone(shared), asked, begun));
    Some(answer)
}

async fn keep_time(jobs: &[Arc<Job>], shared: &Arc<Shared>, tasks: &Background) {
    loop {
        let Some(earliest) = jobs.iter().filter_map(|job| job.next()).min() else { return };
        shared.clock.sleep_until(earliest).await;
        for job in jobs {
            if let Err(error) = start_if_due(job, shared, tasks).await {
                tracing::error!(
                    plugin = job.plugin(shared).id,
                    job = job.name(),
                    "the store failed, trying again: {error}"
                );
                shared.clock.sleep(RETRY).await;
            }
        }
    }
}

async fn start_if_due(job: &Arc<Job>, shared: &Arc<Shared>, tasks: &Background) -> Result<(), EngineError> {
    let now = shared.clock.now();
    let (Ok(schedule), Some(last)) = (&job.schedule, job.dealt_with()) else { return Ok(()) };
    if job.next().is_none_or(|next| next > now) {
        return Ok(());
    }
    let plugin = job.plugin(shared);
    let passes = |why| tracing::warn!(plugin = plugin.id, job = job.name(), "an occurrence passes: {why}");
    let Some(occurrence) = occurrence::latest_due(schedule, last, now) else {
        passes("it was missed more than 24 hours ago");
        return job.pass(shared, now).await;
    };
    if !plugin.is_on() {
        return job.pass(shared, occurrence).await;
    }
    if job.cron.item.catch_up == CatchUp::None && now.since(occurrence) > GRACE {
        passes("it was missed, and the job does not catch up");
        return job.pass(shared, occurrence).await;
    }
    match begin(job, shared, tasks, Asked::BySchedule(occurrence)) {
        Some(begun) => begun.await.map_or(Ok(()), |begun| begun.map(drop)),
        None => {
            passes("the run before is not over");
            job.pass(shared, occurrence).await
        }
    }
}
