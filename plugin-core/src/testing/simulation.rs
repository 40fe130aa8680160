//! Many tasks on one thread, in an order that a seed decides: whatever can happen between two tasks happens for some seed, and happens
//! again for the same.

use std::{fmt, future::Future, pin::Pin, sync::Arc, task::Context, task::Waker};

use super::executor::{Signal, Tasks};
use crate::{
    clock::{Clock, ManualClock, Timestamp},
    random::Random,
    spawn::Spawn,
};

/// How many polls a simulation has before it counts as one without end.
const MAX_POLLS: u64 = 1_000_000;

/// Tasks that run at once on this thread, one poll at a time. Which is polled next is drawn from the seed; when all of them wait, time
/// goes on to the next instant that one waits for.
///
/// Over an engine that lets others go on within its calls, such as
/// [`StrictEngine`](crate::store::mem::StrictEngine), each call of the engine is a place where another task may come between.
///
/// ```
/// use std::cell::Cell;
/// use plugin_core::testing::Simulation;
///
/// let count = Cell::new(0);
/// let mut simulation = Simulation::of(3);
/// for _ in 0..2 {
///     simulation.task(async {
///         let before = count.get();
///         tokio::task::yield_now().await;
///         count.set(before + 1);
///     });
/// }
/// simulation.run()?;
/// assert_eq!(count.get(), 1, "the second came between the first one's reading and writing");
/// # Ok::<_, plugin_core::testing::SimulationError>(())
/// ```
pub struct Simulation<'a> {
    seed: u64,
    random: Random,
    clock: ManualClock,
    running: Vec<(Running<'a>, Arc<Signal>)>,
    spawned: Tasks,
}

type Running<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Why a simulation did not come to its end. Its seed repeats it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulationError {
    /// Tasks wait for something that no task and no time will bring.
    #[error("seed {seed}: after {polls} polls {waiting} tasks wait for something that no task and no time will bring")]
    Deadlock {
        /// What the run was drawn from.
        seed: u64,
        /// How many tasks wait.
        waiting: usize,
        /// How many polls there were.
        polls: u64,
    },
    /// Tasks go on and on.
    #[error("seed {seed}: after {polls} polls {running} tasks still run; they seem to have no end")]
    Endless {
        /// What the run was drawn from.
        seed: u64,
        /// How many tasks run.
        running: usize,
        /// How many polls there were.
        polls: u64,
    },
}

impl<'a> Simulation<'a> {
    /// One without tasks, whose order `seed` decides. Its time begins at 2026-01-01T00:00:00Z.
    pub fn of(seed: u64) -> Self {
        // The first instant of 2026, in nanoseconds.
        let now = Timestamp::from_nanosecond(1_767_225_600_000_000_000).unwrap_or(Timestamp::UNIX_EPOCH);
        let (random, clock) = (Random::of(seed), ManualClock::at(now));
        Self { seed, random, clock, running: Vec::new(), spawned: Tasks::default() }
    }

    /// Another task.
    pub fn task(&mut self, task: impl Future<Output = ()> + 'a) {
        self.running.push((Box::pin(task), Signal::new()));
    }

    /// Its time.
    pub fn clock(&self) -> Clock {
        Clock::from(self.clock.clone())
    }

    /// What starts further tasks while it runs.
    pub fn spawn(&self) -> Arc<dyn Spawn> {
        Arc::new(self.spawned.clone())
    }

    /// Numbers that the seed decides, others at each call, for what the tasks do.
    pub fn random(&mut self) -> Random {
        self.random.fork()
    }

    /// Runs all tasks to their end.
    ///
    /// # Errors
    /// [`SimulationError`] if they have none.
    pub fn run(mut self) -> Result<(), SimulationError> {
        let seed = self.seed;
        let mut polls = 0;
        loop {
            self.running.extend(self.spawned.take().into_iter().map(|task| (task as Running<'_>, Signal::new())));
            if self.running.is_empty() {
                return Ok(());
            }
            let ready = (0..).zip(&self.running).filter(|(_, (_, signal))| signal.is_set());
            let ready: Vec<usize> = ready.map(|(place, _)| place).collect();
            match self.random.pick(&ready) {
                Some(place) if polls < MAX_POLLS => {
                    polls += 1;
                    self.poll(*place);
                }
                Some(_) => return Err(SimulationError::Endless { seed, running: self.running.len(), polls }),
                None => match self.clock.next_sleeper() {
                    Some(instant) => self.clock.set(instant.max(self.clock.now())),
                    None => return Err(SimulationError::Deadlock { seed, waiting: self.running.len(), polls }),
                },
            }
        }
    }

    /// Polls the task at `place`, and forgets it if it has come to its end.
    fn poll(&mut self, place: usize) {
        let Some((task, signal)) = self.running.get_mut(place) else { return };
        signal.take();
        let waker = Waker::from(Arc::clone(signal));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            drop(self.running.swap_remove(place));
        }
    }
}

impl fmt::Debug for Simulation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("seed", &self.seed)
            .field("tasks", &self.running.len())
            .field("now", &self.clock.now())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        collections::BTreeSet,
        future::pending,
        time::Duration,
    };

    use super::*;
    use crate::store::{
        engine::{Durability, Engine, Keyspace, Write},
        mem::strict::{Faults, StrictEngine},
    };

    /// In which order three tasks of three steps each take their steps.
    fn order(seed: u64) -> Vec<char> {
        let order = RefCell::new(Vec::new());
        let mut simulation = Simulation::of(seed);
        for name in ['a', 'b', 'c'] {
            let order = &order;
            simulation.task(async move {
                for _ in 0..3 {
                    order.borrow_mut().push(name);
                    tokio::task::yield_now().await;
                }
            });
        }
        simulation.run().expect("all tasks end");
        order.into_inner()
    }

    #[test]
    fn the_same_seed_gives_the_same_order_and_others_give_others() {
        assert!((0..20).all(|seed| order(seed) == order(seed)));
        let orders: BTreeSet<_> = (0..20).map(order).collect();
        assert!(orders.len() > 15, "{orders:?}");
    }

    #[test]
    fn time_goes_on_when_all_wait() {
        let told = RefCell::new(Vec::new());
        let mut simulation = Simulation::of(1);
        for seconds in [30, 10, 20] {
            let (clock, told) = (simulation.clock(), &told);
            simulation.task(async move {
                let began = clock.now();
                clock.sleep(Duration::from_secs(seconds)).await;
                told.borrow_mut().push((seconds, clock.now().since(began).as_secs()));
            });
        }
        simulation.run().expect("all tasks end");
        assert_eq!(told.into_inner(), [(10, 10), (20, 20), (30, 30)]);
    }

    #[test]
    fn tasks_may_start_others() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut simulation = Simulation::of(1);
        let spawn = simulation.spawn();
        simulation.task(async move { spawn.spawn(Box::pin(async move { sender.send("ran").expect("it is open") })) });
        simulation.run().expect("all tasks end");
        assert_eq!(receiver.try_recv(), Ok("ran"));
    }

    #[test]
    fn a_deadlock_is_an_error_with_the_seed() {
        let mut simulation = Simulation::of(42);
        simulation.task(pending());
        simulation.task(async {});
        let error = simulation.run().expect_err("nothing ever wakes it");
        assert_eq!(error, SimulationError::Deadlock { seed: 42, waiting: 1, polls: 2 });
        assert!(error.to_string().starts_with("seed 42:"), "{error}");
    }

    #[test]
    fn tasks_without_end_are_an_error_with_the_seed() {
        let mut simulation = Simulation::of(42);
        simulation.task(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        let error = simulation.run().expect_err("it has no end");
        assert_eq!(error, SimulationError::Endless { seed: 42, running: 1, polls: MAX_POLLS });
    }

    #[test]
    fn another_task_may_come_between_any_two_calls_of_an_engine() {
        let lost = (0..50).filter(|seed| {
            let engine = StrictEngine::new(*seed, Faults { yields: 1, ..Faults::NONE });
            let (keyspace, count) = (Keyspace::of_plugin("tests"), Cell::new(0));
            let mut simulation = Simulation::of(*seed);
            for _ in 0..2 {
                simulation.task(async {
                    let before = count.get();
                    engine.open(&keyspace).await.expect("memory opens");
                    let write = vec![Write::put(b"k".to_vec(), Vec::new())];
                    engine.commit(&keyspace, write, Durability::Synced).await.expect("memory commits");
                    count.set(before + 1);
                });
            }
            simulation.run().expect("all tasks end");
            count.get() == 1
        });
        let lost = lost.count();
        assert!((5..50).contains(&lost), "an update is lost for some seeds and not for all: {lost}");
    }
}
