//! What is promised of jobs, on a clock that the test moves and with kills at any point.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
    time::Duration,
};

use super::{
    ledger::{LastRun, Ledger, RunOutcome},
    run::CronItem,
    scheduler::{JobInfo, JobState, Scheduler},
};
use crate::{
    __rt::{CatchUp, Item, cron},
    Context, CronRun, Result,
    delivery::Deliveries,
    error::Error,
    plugin::state::Life,
    rig::{Process, SINK, Sink, Tasks, World, instant, site},
    site::Placed,
    spawn::Spawn,
    store::{
        conformance::block_on,
        engine::{Durability, Engine, EngineError, Keyspace, Write},
        mem::strict::{Fate, Faults, StrictEngine},
    },
};

thread_local! {
    /// The occurrences that ran in this test.
    static RUNS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    /// What the job does next.
    static DOES: Cell<Does> = const { Cell::new(Does::Work) };
}

#[derive(Clone, Copy)]
enum Does {
    Work,
    Fail,
    FailAtLength,
    Panic,
    Sleep(u64),
}

/// The occurrences that ran since the last call.
fn ran() -> Vec<String> {
    RUNS.take()
}

async fn job(ctx: &Context<Sink>, run: CronRun) -> Result<()> {
    RUNS.with_borrow_mut(|runs| runs.push(run.scheduled_for.to_string().replace(":00.000Z", "Z")));
    assert_eq!((ctx.app_id().as_str(), ctx.user_id()), ("default", None));
    match DOES.get() {
        Does::Work => Ok(()),
        Does::Fail => Err(Error::new("no luck")),
        Does::FailAtLength => Err(Error::new(format!("…{}", "ä".repeat(1 << 20)))),
        Does::Panic => panic!("no nerve"),
        Does::Sleep(seconds) => {
            ctx.scope().lent().shared.clock.sleep(Duration::from_secs(seconds)).await;
            Ok(())
        }
    }
}

/// The job of a test, on `schedule`.
fn cron(schedule: &'static str, timezone: Option<&'static str>, catch_up: CatchUp) -> Placed<CronItem> {
    let meta = cron::Meta { schedule, timezone, catch_up, timeout: None };
    let item = Box::leak(Box::new(cron::async_context::<Context<Sink>, (CronRun,), _, _>(job, meta)));
    let Item::Cron(item) = item else { panic!("a job") };
    Placed { number: 0, plugin: SINK, site: site("job"), item }
}

fn on(schedule: &'static str) -> Placed<CronItem> {
    cron(schedule, None, CatchUp::One)
}

/// A process with its scheduler.
struct Running {
    process: Process,
    scheduler: Arc<Scheduler>,
}

impl std::ops::Deref for Running {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

fn prepare(world: &World, job: Placed<CronItem>) -> Running {
    let tasks = Arc::new(Tasks::default());
    let scheduler = Arc::new(Scheduler::new(&[job], tasks.clone()));
    let outbox = Box::new(Deliveries::new(&[], &[], tasks.clone()));
    Running { process: Process::start(world, &[site("job")], outbox, tasks, None), scheduler }
}

fn begin(world: &World, job: Placed<CronItem>) -> Running {
    prepare(world, job).started()
}

impl Running {
    fn started(self) -> Self {
        self.run(self.scheduler.start(&self.shared)).expect("the scheduler starts");
        self.settle();
        self
    }

    fn info(&self) -> JobInfo {
        self.scheduler.list(&self.shared, "sink").remove(0)
    }

    fn outcome(&self) -> Option<RunOutcome> {
        self.info().last_run.expect("it ran").outcome
    }

    fn run_now(&self) -> Result<uuid::Uuid> {
        self.run(self.scheduler.run_now(&self.shared, "sink", "job"))
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

#[test]
fn a_zone_s_nightly_job_runs_at_its_own_hour_in_summer_and_winter() {
    let nightly = || cron("0 2 * * *", Some("America/New_York"), CatchUp::One);
    let running = begin(&World::at("2026-07-01T00:00:00Z"), nightly());
    running.advance(48 * HOUR);
    assert_eq!(ran(), ["2026-07-01T06:00Z", "2026-07-02T06:00Z"]);
    let running = begin(&World::at("2026-12-01T00:00:00Z"), nightly());
    running.advance(48 * HOUR);
    assert_eq!(ran(), ["2026-12-01T07:00Z", "2026-12-02T07:00Z"]);
}

#[test]
fn intervals_run_on_their_grid_whenever_the_server_began() {
    for (schedule, times) in [
        ("30s", vec!["2026-01-01T10:07:30.000Z", "2026-01-01T10:08Z"]),
        ("5m", vec!["2026-01-01T10:10Z", "2026-01-01T10:15Z"]),
        ("1h", vec!["2026-01-01T11:00Z", "2026-01-01T12:00Z"]),
        ("1d", vec!["2026-01-02T00:00Z", "2026-01-03T00:00Z"]),
    ] {
        let running = begin(&World::at("2026-01-01T10:07:11.5Z"), on(schedule));
        let mut runs = Vec::new();
        while runs.len() < 2 {
            running.advance(Duration::from_secs(15));
            runs.extend(ran());
        }
        assert_eq!(runs, times, "{schedule}");
    }
}

#[test]
fn a_job_missed_while_down_runs_once_and_then_goes_on() {
    let world = World::at("2026-01-01T10:30:00Z");
    begin(&world, on("1h"));
    world.clock.set(instant("2026-01-01T15:20:00Z"));
    let running = begin(&world, on("1h"));
    assert_eq!(ran(), ["2026-01-01T15:00Z"]);
    running.advance(HOUR);
    assert_eq!(ran(), ["2026-01-01T16:00Z"]);
    drop(running);
    let running = begin(&world, on("1h"));
    running.advance(MINUTE);
    assert_eq!(ran(), Vec::<String>::new());
}

#[test]
fn what_was_missed_longer_ago_than_a_day_or_without_catching_up_does_not_run() {
    let world = World::at("2026-01-01T00:00:00Z");
    begin(&world, on("0 0 2 1 *"));
    world.clock.set(instant("2026-01-03T00:00:01Z"));
    begin(&world, on("0 0 2 1 *"));
    assert_eq!(ran(), Vec::<String>::new());

    let strict = || cron("1h", None, CatchUp::None);
    let world = World::at("2026-01-01T10:30:00Z");
    begin(&world, strict());
    world.clock.set(instant("2026-01-01T15:00:20Z"));
    let running = begin(&world, strict());
    assert_eq!(ran(), Vec::<String>::new());
    running.advance(HOUR);
    assert_eq!(ran(), ["2026-01-01T16:00Z"]);
}

#[test]
fn a_claimed_occurrence_never_runs_again_and_its_run_is_interrupted_by_a_kill() {
    let world = World::at("2026-01-01T10:59:00Z");
    DOES.set(Does::Sleep(100));
    let running = begin(&world, on("1h"));
    running.advance(MINUTE);
    assert_eq!((ran(), running.info().state), (vec!["2026-01-01T11:00Z".into()], JobState::Running));
    let begun = running.info().last_run.expect("it began");
    assert_eq!((begun.outcome, begun.ended_at), (None, None));
    drop(running);

    let running = begin(&world, on("1h"));
    running.advance(59 * MINUTE);
    assert_eq!(ran(), Vec::<String>::new());
    let run = running.info().last_run.expect("it began");
    assert_eq!((run.run_id, run.outcome), (begun.run_id, Some(RunOutcome::Interrupted)));
}

#[test]
fn a_clock_that_goes_back_runs_nothing_twice() {
    let world = World::at("2026-01-01T10:59:00Z");
    let running = begin(&world, on("1h"));
    running.advance(MINUTE);
    assert_eq!(ran().len(), 1);
    world.clock.set(instant("2026-01-01T09:30:00Z"));
    running.advance_to(instant("2026-01-01T11:30:00Z"));
    assert_eq!(ran(), Vec::<String>::new());
    drop(running);
    world.clock.set(instant("2026-01-01T09:30:00Z"));
    let running = begin(&world, on("1h"));
    running.advance_to(instant("2026-01-01T12:30:00Z"));
    assert_eq!(ran(), ["2026-01-01T12:00Z"]);
}

#[test]
fn a_clock_that_jumps_ahead_is_downtime() {
    let world = World::at("2026-01-01T10:30:00Z");
    let running = begin(&world, on("1h"));
    world.clock.set(instant("2026-01-01T15:20:00Z"));
    running.settle();
    assert_eq!(ran(), ["2026-01-01T15:00Z"]);
}

#[test]
fn an_occurrence_that_comes_while_the_job_runs_is_skipped() {
    let world = World::at("2026-01-01T10:00:30Z");
    DOES.set(Does::Sleep(90));
    let running = begin(&world, on("1m"));
    running.advance(3 * MINUTE);
    assert_eq!(ran(), ["2026-01-01T10:01Z", "2026-01-01T10:03Z"]);
    assert!(running.run_now().is_err_and(|error| error.status().as_u16() == 409));
}

#[test]
fn occurrences_pass_while_the_plugin_is_off() {
    let world = World::at("2026-01-01T10:30:00Z");
    let running = begin(&world, on("1h"));
    running.shared.plugins[SINK].set_life(Life::Inactive);
    running.advance(3 * HOUR);
    assert!(running.run_now().is_err_and(|error| error.status().as_u16() == 503));
    running.shared.plugins[SINK].set_life(Life::Active);
    running.advance(MINUTE);
    drop(running);
    let running = begin(&world, on("1h"));
    assert_eq!(ran(), Vec::<String>::new());
    running.advance(HOUR);
    assert_eq!(ran(), ["2026-01-01T14:00Z"]);
}

#[test]
fn how_a_run_ended_is_told() {
    let running = begin(&World::at("2026-01-01T10:00:30Z"), on("1h"));
    let ends = |does, within| {
        DOES.set(does);
        let id = running.run_now().expect("it begins");
        running.advance(within);
        let run = running.info().last_run.expect("it ran");
        assert_eq!(run.run_id, id.to_string());
        assert!(run.ended_at.is_some());
        (run.outcome.expect("it ended"), run.error)
    };
    assert_eq!(ends(Does::Work, Duration::ZERO), (RunOutcome::Ok, None));
    assert_eq!(ends(Does::Fail, Duration::ZERO), (RunOutcome::Error, Some("no luck".into())));
    assert_eq!(ends(Does::Panic, Duration::ZERO), (RunOutcome::Panic, Some("panicked: no nerve".into())));
    let (outcome, error) = ends(Does::Sleep(1000), 5 * MINUTE);
    assert_eq!((outcome, error.as_deref()), (RunOutcome::Timeout, Some("did not end within 300s")));
    let figures = running.shared.stats.snapshot(0);
    assert_eq!((figures.calls, figures.errors, figures.panics, figures.timeouts), (4, 1, 1, 1));
}

#[test]
fn of_a_long_error_the_beginning_is_kept_and_outlives_a_kill() {
    let world = World::at("2026-01-01T10:00:30Z");
    let running = begin(&world, on("1h"));
    DOES.set(Does::FailAtLength);
    running.run_now().expect("it begins");
    running.settle();
    drop(running);
    let run = begin(&world, on("1h")).info().last_run.expect("it ran");
    assert_eq!(run.outcome, Some(RunOutcome::Error));
    // 3 bytes, then 2 each: one byte of the 4,096 is left over.
    assert_eq!(run.error, Some(format!("…{}", "ä".repeat(2046))));
}

#[test]
fn a_run_by_hand_leaves_the_schedule_alone() {
    let running = begin(&World::at("2026-01-01T10:30:00Z"), on("1h"));
    running.run_now().expect("it begins");
    running.settle();
    assert_eq!(ran(), ["2026-01-01T10:30Z"]);
    running.advance(HOUR);
    assert_eq!(ran(), ["2026-01-01T11:00Z"]);
    let unknown = running.run(running.scheduler.run_now(&running.shared, "sink", "nothing"));
    assert!(unknown.is_err_and(|error| error.status().as_u16() == 404));
}

#[test]
fn a_listing_shows_the_schedule_and_the_next_five() {
    let running = begin(&World::at("2026-07-01T00:00:00Z"), cron("0 2 * * *", Some("America/New_York"), CatchUp::One));
    let listed = serde_json::to_value(running.scheduler.list(&running.shared, "sink")).expect("json");
    let next: Vec<_> = (1..=5).map(|day| format!("2026-07-0{day}T06:00:00.000Z")).collect();
    let expected = serde_json::json!([{
        "name": "job", "schedule": "0 2 * * *", "timezone": "America/New_York", "description": "",
        "state": "scheduled", "next": next, "lastRun": null,
    }]);
    assert_eq!(listed, expected);
    assert!(running.scheduler.list(&running.shared, "source").is_empty());
}

#[test]
fn a_job_whose_rows_cannot_be_read_is_parked_in_sight() {
    let world = World::at("2026-01-01T10:30:00Z");
    let running = prepare(&world, on("1h"));
    let write = vec![Write::put(crate::rows::claim("job"), b"no row".to_vec())];
    let keyspace = Keyspace::of_plugin("sink");
    running.run(world.engine.commit(&keyspace, write, Durability::Synced)).expect("memory commits");
    let running = running.started();
    running.advance(2 * HOUR);
    let info = running.info();
    assert_eq!((info.state, info.next, ran()), (JobState::Parked, vec![], vec![]));
    assert_eq!(info.problem.as_deref(), Some("the stored bytes end too early"));
}

#[test]
fn whose_claim_it_was_is_unknown_where_the_row_cannot_be_read_again() {
    let engine = StrictEngine::new(1, Faults::NONE);
    engine.decide([Fate::DoneInSilence, Fate::ThenBlind]);
    let keyspace = Keyspace::of_plugin("sink");
    block_on(engine.open(&keyspace)).expect("memory opens");
    let (ledger, at) = (Ledger { engine: &engine, keyspace: &keyspace, job: "job" }, instant("2026-01-01T11:00:00Z"));
    let run = LastRun::begun(uuid::Uuid::nil(), at, at);
    let claimed = block_on(ledger.claim(None, at, Some(&run)));
    assert!(matches!(claimed, Err(EngineError::UnknownOutcome)), "{claimed:?}");
}

#[test]
fn stopping_waits_for_a_run_and_starts_no_other() {
    let running = begin(&World::at("2026-01-01T10:59:30Z"), on("1m"));
    DOES.set(Does::Sleep(10));
    running.advance(Duration::from_secs(30));
    let (scheduler, clock) = (Arc::clone(&running.scheduler), running.shared.clock.clone());
    running.tasks.spawn(Box::pin(async move { scheduler.stop(&clock, Duration::from_secs(25)).await }));
    running.advance(5 * MINUTE);
    assert_eq!((ran(), running.outcome()), (vec!["2026-01-01T11:00Z".into()], Some(RunOutcome::Ok)));
}
