//! Many at once over one store, on an engine that does all that an engine may do, in an order that a seed decides: what was told
//! happened, what was refused did not, and what is unknown happened once or not at all.
//!
//! `STORE_SEED=7 cargo test -p plugin-core simulation` runs one seed alone, `STORE_SEEDS=5000` so many.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    sync::Arc,
};

use serde_json::json;

use super::{over, set};
use crate::{
    query,
    random::{Odds, Random},
    store::{
        Cursor, Db, Entry, Filter, Page, StoreError, Value,
        conformance::{
            block_on,
            documents::truth::{Told, told},
        },
        engine::{Engine, EngineError},
        mem::strict::{Calls, Faults, StrictEngine},
    },
    testing::{Simulation, each_seed},
};

const SEEDS: u64 = 200;

/// A store whose engine has faults while the simulation runs, and none before and after it.
struct World {
    engine: Arc<StrictEngine>,
    db: Db,
    faults: Faults,
}

impl World {
    fn new(seed: u64, faults: Faults) -> Self {
        let engine = Arc::new(StrictEngine::new(seed, Faults::NONE));
        let db = over(Arc::clone(&engine) as Arc<dyn Engine>);
        Self { engine, db, faults }
    }

    fn run(&self, simulation: Simulation<'_>) {
        self.engine.set_faults(self.faults);
        simulation.run().unwrap_or_else(|error| panic!("{error}"));
        self.engine.set_faults(Faults::NONE);
    }
}

/// Asks again while the engine is down.
async fn patiently<T>(mut ask: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(StoreError::Engine(EngineError::Unavailable(_))) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Three who count, and one who looks on.
fn counters(seed: u64) -> Calls {
    let world = World::new(seed, Faults::ALL);
    let (done, unknown, sums) = (Cell::new(0), Cell::new(0), RefCell::new(BTreeSet::new()));
    let counting = Cell::new(3);
    let mut simulation = Simulation::of(seed);
    for _ in 0..3 {
        let mut random = simulation.random();
        let (world, done, unknown, sums, counting) = (&world, &done, &unknown, &sums, &counting);
        simulation.task(async move {
            for _ in 0..5 {
                let by = 1 + random.below(9) as i64;
                match told(world.db.increment("n", by).await) {
                    Told::Done(sum) => {
                        done.set(done.get() + by);
                        assert!(sums.borrow_mut().insert(sum), "{sum} was given to two");
                    }
                    Told::Unknown => unknown.set(unknown.get() + by),
                    Told::Refused => {}
                }
            }
            counting.set(counting.get() - 1);
        });
    }
    simulation.task(async {
        let mut before = 0;
        while counting.get() > 0 {
            let now = patiently(async || world.db.get::<i64>("n").await).await.unwrap_or(0);
            assert!(before <= now, "{now} was read after {before}");
            before = now;
        }
    });
    world.run(simulation);
    let (at_least, at_most) = (done.get(), done.get() + unknown.get());
    let value = block_on(world.db.get::<i64>("n")).expect("it can be read").unwrap_or(0);
    assert!((at_least..=at_most).contains(&value), "{value} where {at_least} to {at_most} were counted");
    world.engine.calls()
}

#[test]
fn nothing_that_was_counted_is_lost_or_counted_twice() {
    let total = Cell::new((0, 0));
    each_seed(SEEDS, |seed| {
        let (calls, (commits, faults)) = (counters(seed), total.get());
        assert!(calls.commits > 0, "{calls:?}");
        total.set((commits + calls.commits, faults + calls.faults));
    });
    // One seed alone may be lucky.
    let (commits, faults) = total.get();
    assert!(commits < 100 || faults > 0, "{commits} commits met no fault");
}

#[test]
fn a_seed_repeats_its_run() {
    for seed in 0..10 {
        assert_eq!(counters(seed), counters(seed), "seed {seed}");
    }
    assert_ne!(counters(0), counters(1));
}

#[test]
fn of_what_is_written_on_top_of_a_revision_nothing_is_overwritten_unseen() {
    each_seed(SEEDS, |seed| {
        let world = World::new(seed, Faults::ALL);
        let (done, unknown) = (RefCell::new(BTreeSet::new()), RefCell::new(BTreeSet::new()));
        let mut simulation = Simulation::of(seed);
        for writer in 0..3 {
            let (world, done, unknown) = (&world, &done, &unknown);
            simulation.task(async move {
                for attempt in 0..8 {
                    // Each attempt leaves a mark of its own.
                    let mark = writer * 100 + attempt;
                    let found = patiently(async || world.db.get_versioned::<Vec<u32>>("marks").await).await;
                    let (mut marks, revision) = found.map_or((Vec::new(), None), |it| (it.value, Some(it.revision)));
                    marks.push(mark);
                    match told(world.db.set_if("marks", &marks, revision).await) {
                        Told::Done(now) => {
                            assert!(Some(now.number()) > revision.map(|before| before.number()));
                            done.borrow_mut().insert(mark);
                        }
                        Told::Unknown => drop(unknown.borrow_mut().insert(mark)),
                        Told::Refused => {}
                    }
                }
            });
        }
        world.run(simulation);
        let marks: Vec<u32> = block_on(world.db.get("marks")).expect("it can be read").unwrap_or_default();
        let left: BTreeSet<u32> = marks.iter().copied().collect();
        assert_eq!(left.len(), marks.len(), "a mark is there twice: {marks:?}");
        assert!(done.borrow().is_subset(&left), "a mark is lost: {:?} of {marks:?}", done.borrow());
        let may_be: BTreeSet<u32> = done.borrow().union(&unknown.borrow()).copied().collect();
        assert!(left.is_subset(&may_be), "a mark is there that was refused: {marks:?}, not {may_be:?}");
    });
}

/// Who inserts and who deletes one key, and how often each was told that it did.
struct Turns {
    inserted: Cell<u32>,
    perhaps_inserted: Cell<u32>,
    deleted: Cell<u32>,
    perhaps_deleted: Cell<u32>,
    /// How many documents are left.
    left: u32,
}

fn turns(seed: u64, faults: Faults) -> Turns {
    let world = World::new(seed, faults);
    let none = || Cell::new(0);
    let turns = Turns { inserted: none(), perhaps_inserted: none(), deleted: none(), perhaps_deleted: none(), left: 0 };
    let add = |count: &Cell<u32>| count.set(count.get() + 1);
    let mut simulation = Simulation::of(seed);
    for _ in 0..4 {
        let mut random = simulation.random();
        let (world, turns) = (&world, &turns);
        simulation.task(async move {
            for _ in 0..6 {
                if random.below(2) == 0 {
                    match told(world.db.set_if("k", "mine", None).await) {
                        Told::Done(_) => add(&turns.inserted),
                        Told::Unknown => add(&turns.perhaps_inserted),
                        Told::Refused => {}
                    }
                } else {
                    match told(world.db.delete("k").await) {
                        Told::Done(was_there) => (0..u32::from(was_there)).for_each(|_| add(&turns.deleted)),
                        Told::Unknown => add(&turns.perhaps_deleted),
                        Told::Refused => {}
                    }
                }
            }
        });
    }
    world.run(simulation);
    let left = u32::from(block_on(world.db.get::<String>("k")).expect("it can be read").is_some());
    Turns { left, ..turns }
}

#[test]
fn as_many_are_told_that_they_deleted_as_that_they_inserted() {
    let loud = Faults { done_in_silence: Odds::NEVER, lost_in_silence: Odds::NEVER, ..Faults::ALL };
    each_seed(SEEDS, |seed| {
        let turns = turns(seed, loud);
        assert_eq!((turns.perhaps_inserted.get(), turns.perhaps_deleted.get()), (0, 0));
        assert_eq!(turns.inserted.get(), turns.deleted.get() + turns.left);
    });
}

#[test]
fn what_was_inserted_is_there_until_somebody_may_have_deleted_it() {
    each_seed(SEEDS, |seed| {
        let turns = turns(seed, Faults::ALL);
        let gone = turns.deleted.get() + turns.perhaps_deleted.get();
        assert!(turns.inserted.get() <= gone + turns.left, "a document is lost");
        let come = turns.inserted.get() + turns.perhaps_inserted.get();
        // One that was inserted in silence and deleted may be inserted again by whoever issues that commit anew.
        assert!(turns.left <= come, "a document is there that nobody inserted");
    });
}

const STAYS: usize = 10;

/// A document that stays as it is, or one that others write.
fn document(stays: bool, n: usize) -> serde_json::Value {
    json!({ "stays": stays, "n": n })
}

/// Writes and deletes documents that lie between those that stay.
async fn churn(world: &World, mut random: Random) {
    for _ in 0..12 {
        let key = format!("d{:02}x{}", random.below(STAYS), random.below(2));
        // Whatever becomes of it is right.
        match random.below(3) {
            0 => told(world.db.delete(&key).await.map(drop)),
            _ => told(world.db.set(&key, &document(false, random.below(STAYS))).await),
        };
    }
}

/// All pages of a question, with the keys on them.
async fn paged(
    mut ask: impl AsyncFnMut(Option<Cursor>) -> Result<(Vec<String>, Option<Cursor>), StoreError>,
) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let (keys, next) = patiently(async || ask(cursor.clone()).await).await;
        found.extend(keys);
        assert!(found.len() < 1_000, "the pages have no end");
        cursor = next;
        if cursor.is_none() {
            return found;
        }
    }
}

fn keys_on(page: Page<Entry<Value>>) -> (Vec<String>, Option<Cursor>) {
    (page.items.into_iter().map(|entry| entry.key).collect(), page.next)
}

#[test]
fn who_pages_through_sees_what_stays_exactly_once_while_others_write() {
    each_seed(SEEDS, |seed| {
        let world = World::new(seed, Faults::ALL);
        let stay: Vec<String> = (0..STAYS).map(|n| format!("d{n:02}")).collect();
        for (n, key) in stay.iter().enumerate() {
            set(&world.db, key, document(true, STAYS - n));
        }
        let mut simulation = Simulation::of(seed);
        for _ in 0..2 {
            let random = simulation.random();
            simulation.task(churn(&world, random));
        }
        let page = 1 + (seed % 4) as usize;
        let stays = |keys: &[String]| keys.iter().filter(|key| !key.contains('x')).cloned().collect::<Vec<_>>();
        let (db, stay) = (&world.db, &stay);
        simulation.task(async move {
            let keys = paged(async |cursor| {
                let page = db.keys("d").limit(page).after(cursor).await?;
                Ok((page.items, page.next))
            });
            let keys = keys.await;
            assert!(keys.is_sorted_by(|one, next| one < next), "a key comes twice, or out of order: {keys:?}");
            assert_eq!(stays(&keys), *stay);
        });
        simulation.task(async move {
            let keys =
                paged(async |cursor| Ok(keys_on(db.find(Filter::all()).under("d").limit(page).after(cursor).await?)));
            let keys = keys.await;
            assert!(keys.is_sorted_by(|one, next| one < next), "a key comes twice, or out of order: {keys:?}");
            assert_eq!(stays(&keys), *stay);
        });
        simulation.task(async move {
            let found = paged(async |cursor| {
                Ok(keys_on(db.find(query! { stays: true }).sort("n").limit(page).after(cursor).await?))
            });
            assert!(found.await.iter().eq(stay.iter().rev()), "each once, by the number");
        });
        simulation.task(async move {
            let found = paged(async |cursor| {
                Ok(keys_on(db.find(Filter::all()).sort("-n").sort("stays").limit(page).after(cursor).await?))
            });
            assert_eq!(stays(&found.await), *stay, "each once, among those that move");
        });
        simulation.task(async move {
            for _ in 0..3 {
                let count = patiently(async || db.count(query! { stays: true }).await).await;
                assert_eq!(count, STAYS as u64);
            }
        });
        world.run(simulation);
        let calls = world.engine.calls();
        assert!(calls.reads > 20 && calls.faults > 0, "{calls:?}");
    });
}
