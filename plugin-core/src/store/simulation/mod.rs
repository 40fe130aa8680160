//! The store under many tasks at once, over an engine that does what engines may do, in an order that a seed decides: what must hold
//! while they run, holds, and afterwards every row is what the documents say.
//!
//! `STORE_SEEDS=5000 cargo test -p plugin-core store::simulation` looks at more orders than the tests do by themselves.

mod rebuild;
mod tasks;

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};

use serde_json::json;

use super::{
    Db, Schema, Space, StoreError, StrictEngine,
    conformance::block_on,
    engine::{Durability, Engine, EngineError, Keyspace},
    index::{IndexField, IndexMeta, IndexState, Progress},
    mem::strict::Faults,
    typed::{self, Document, DocumentMeta, MigrationMeta, Stored},
};
use crate::{
    clock::Clock,
    id::AppId,
    prelude::*,
    testing::{Simulation, each_seed},
};

#[plugin(id = "simulation")]
struct Simulated;

/// A document with a number that grows.
#[document(plugin = Simulated, collection = "tallies", version = 2)]
#[index(count)]
struct Tally {
    #[id]
    id: String,
    count: i64,
    of: String,
}

#[document(plugin = Simulated, collection = "tallies", version = 1, retired)]
struct TallyV1 {
    #[id]
    id: String,
    count: u32,
}

#[migrate(from = 1)]
fn with_of(old: TallyV1) -> Tally {
    Tally { id: old.id, count: old.count.into(), of: "old".into() }
}

static V1: DocumentMeta = DocumentMeta {
    collection: "tallies",
    version: 1,
    id: "id",
    shape: <TallyV1 as Stored>::shape,
    from_value: |value| typed::encode(&value.into_typed::<TallyV1>()?),
    indexes: &[],
};

static UP: MigrationMeta =
    MigrationMeta { collection: "tallies", from: 1, up: |bytes| Ok(typed::encode(&with_of(typed::decode(bytes)?))?) };

/// Documents of the second version have other values in the last two than those of the first.
static BEFORE: [IndexMeta; 4] = [
    IndexMeta::of("brief:", &[IndexField::ascending("by"), IndexField::descending("n")]),
    IndexMeta::of("users:", &[IndexField::ascending("email")]).unique(),
    IndexMeta::of("tallies:", &[IndexField::ascending("of"), IndexField::ascending("id")]).unique(),
    IndexMeta::of("t", &[IndexField::ascending("of"), IndexField::ascending("count")]),
];
/// The last is to be dropped while it is built, or after that.
static AFTER: [IndexMeta; 8] = [
    BEFORE[0],
    BEFORE[1],
    BEFORE[2],
    BEFORE[3],
    IndexMeta::of("", &[IndexField::descending("n")]),
    IndexMeta::of("items:", &[IndexField::ascending("by")]).sparse(),
    IndexMeta::of("twice:", &[IndexField::descending("email")]).unique(),
    IndexMeta::of("items:", &[IndexField::ascending("n"), IndexField::ascending("by")]),
];

const ACCOUNTS: usize = 4;
const BALANCE: i64 = 100;
const TALLIES: usize = 6;
const ITEMS: usize = 12;
const PAIRS: usize = 4;

/// What the tasks share.
struct World {
    engine: Arc<StrictEngine>,
    space: Arc<Space>,
    clock: Clock,
    /// How much was added under a key, at least and at most.
    added: RefCell<BTreeMap<String, (i64, i64)>>,
}

/// What is known of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    Not,
    Unknown,
}

fn outcome<T>(result: &Result<T, StoreError>) -> Outcome {
    match result {
        Ok(_) => Outcome::Done,
        Err(StoreError::Engine(EngineError::UnknownOutcome)) => Outcome::Unknown,
        Err(
            StoreError::Engine(EngineError::Unavailable(_))
            | StoreError::Duplicate { .. }
            | StoreError::TransactionConflict { .. }
            | StoreError::Conflict { .. }
            | StoreError::Exists { .. },
        ) => Outcome::Not,
        Err(other) => panic!("{other}"),
    }
}

/// A plugin's error as the store's own.
fn own<T>(result: Result<T>) -> Result<T, StoreError> {
    result.map_err(|error| error.downcast_ref::<StoreError>().unwrap_or_else(|| panic!("{error}")).clone())
}

fn keyspace() -> Keyspace {
    Keyspace::of_plugin("simulation")
}

/// A space as today's binary has it.
fn space(engine: &Arc<StrictEngine>, clock: &Clock, seed: u64) -> Space {
    space_of(Schema::new([Tally::meta()], [&V1], [&UP], &AFTER), engine, clock, seed)
}

fn space_of(schema: Schema, engine: &Arc<StrictEngine>, clock: &Clock, seed: u64) -> Space {
    let space = Space::new(Arc::clone(engine) as Arc<dyn Engine>, keyspace(), Durability::Synced);
    space.with_clock(clock.clone()).with_schema(schema).with_seed(seed)
}

impl World {
    /// A store as a binary before left it, and a space over it that declares more.
    fn of(seed: u64, clock: Clock) -> Self {
        let engine = Arc::new(StrictEngine::new(seed, Faults::NONE));
        block_on(engine.open(&keyspace())).expect("memory opens");
        let older = Arc::new(space_of(Schema::new([&V1], [], [], &BEFORE), &engine, &clock, !seed));
        let space = Arc::new(space(&engine, &clock, seed));
        let world = Self { engine, space, clock, added: RefCell::default() };
        block_on(world.fill(&older)).unwrap_or_else(|error| panic!("{error}"));
        world
    }

    async fn fill(&self, older: &Arc<Space>) -> Result<(), StoreError> {
        older.prepare().await?;
        for app in ["default", "shop"] {
            let db = Db::over(Arc::clone(older), AppId::new(app).expect("an app"));
            for place in (0..ITEMS).step_by(2) {
                db.set(&format!("items:{place}"), &json!({ "n": place, "by": "nobody" })).await?;
            }
            for pair in 0..PAIRS {
                for side in ["one", "other"] {
                    db.set(&format!("twice:{side}:{pair}"), &json!({ "email": pair })).await?;
                }
            }
        }
        let db = Db::over(Arc::clone(older), AppId::default());
        for account in 0..ACCOUNTS {
            db.set(&format!("accounts:{account}"), &BALANCE).await?;
        }
        for place in 0..10 {
            db.set(&format!("walk:stays:{place}"), &json!({ "n": place })).await?;
        }
        for id in 0..TALLIES {
            db.set(&format!("tallies:{id}"), &TallyV1 { id: id.to_string(), count: 5 }).await?;
        }
        self.space.prepare().await
    }

    fn db(&self) -> Db {
        Db::over(Arc::clone(&self.space), AppId::default())
    }

    /// Remembers what became of an addition, which is never of less than nothing.
    fn add<T>(&self, key: &str, by: i64, result: &Result<T, StoreError>) {
        let mut added = self.added.borrow_mut();
        let (least, most) = added.entry(key.to_owned()).or_default();
        match outcome(result) {
            Outcome::Done => (*least, *most) = (*least + by, *most + by),
            Outcome::Unknown => *most += by,
            Outcome::Not => {}
        }
    }

    /// What must hold once nothing goes on any more.
    fn check(&self, dropped: Option<u64>) {
        self.engine.set_faults(Faults::NONE);
        let failed = block_on(self.finish()).unwrap_or_else(|error| panic!("{error}"));
        let db = self.db();
        for (key, (least, most)) in &*self.added.borrow() {
            let grown = match key.strip_prefix("tallies:") {
                Some(id) => block_on(db.docs::<Tally>().get(id)).expect("it is read").map(|it| it.count - 5),
                None => block_on(db.get::<i64>(key)).expect("it is read"),
            };
            let grown = grown.unwrap_or(0);
            assert!((*least..=*most).contains(&grown), "{key} grew by {grown}, not by {least} to {most}");
        }
        let balances = (0..ACCOUNTS).map(|account| block_on(db.get::<i64>(&format!("accounts:{account}"))));
        let sum: i64 = balances.map(|balance| balance.expect("it is read").expect("it is there")).sum();
        assert_eq!(sum, ACCOUNTS as i64 * BALANCE, "money came or went");
        rebuild::check(&self.engine, &self.space);
        if let Some(number) = dropped {
            let left = block_on(self.space.index_states()).expect("what is kept is read");
            assert!(left.iter().all(|index| index.number != number), "a dropped index is there: {left:?}");
        }
        self.restart(&failed);
    }

    /// Brings to its end what was begun; gives the indexes that cannot be built.
    async fn finish(&self) -> Result<Vec<IndexState>, StoreError> {
        self.space.build_indexes(|| true).await?;
        self.space.migrate(|| true).await?;
        self.space.reap().await?;
        let states = self.space.index_states().await?;
        assert!(states.iter().all(|index| matches!(index.progress, Progress::Ready | Progress::Failed)), "{states:?}");
        Ok(states.into_iter().filter(|index| index.progress == Progress::Failed).collect())
    }

    /// The next start of the same binary, when nothing is there twice any more: all indexes are built.
    fn restart(&self, failed: &[IndexState]) {
        assert!(failed.iter().all(|index| index.definition.contains("twice:")), "{failed:?}");
        let again = Self {
            engine: Arc::clone(&self.engine),
            space: Arc::new(space(&self.engine, &self.clock, 0x5eed)),
            clock: self.clock.clone(),
            added: RefCell::default(),
        };
        block_on(async {
            tasks::part(&again, "default").await;
            tasks::part(&again, "shop").await;
            again.space.prepare().await?;
            again.finish().await
        })
        .map(|failed| assert!(failed.is_empty(), "{failed:?}"))
        .unwrap_or_else(|error| panic!("{error}"));
        rebuild::check(&again.engine, &again.space);
    }
}

/// Runs everything at once.
fn run(seed: u64) {
    let (world, dropped) = (&OnceCell::new(), RefCell::new(None));
    let mut simulation = Simulation::of(seed);
    let world: &World = world.get_or_init(|| World::of(seed, simulation.clock()));
    world.engine.set_faults(match seed % 4 {
        0 => Faults { yields: 2, ..Faults::NONE },
        1 | 2 => Faults::USUAL,
        _ => Faults::ALL,
    });
    for number in 0..2 {
        let mut random = || simulation.random();
        let randoms = [random(), random(), random(), random(), random(), random(), random()];
        let [a, b, c, d, e, f, g] = randoms;
        simulation.task(tasks::transfers(world, a));
        simulation.task(tasks::increments(world, b));
        simulation.task(tasks::users(world, c));
        simulation.task(tasks::items(world, d));
        simulation.task(tasks::tallies(world, e));
        simulation.task(tasks::lives(world, number, f));
        simulation.task(tasks::come_and_go(world, g));
    }
    let random = simulation.random();
    simulation.task(tasks::audits(world, random));
    simulation.task(tasks::walks(world));
    for app in ["default", "shop"] {
        simulation.task(tasks::part(world, app));
    }
    simulation.task(tasks::builds(world));
    simulation.task(tasks::migrates(world));
    simulation.task(tasks::reaps(world));
    let random = simulation.random();
    simulation.task(tasks::drops(world, random, &dropped));
    simulation.run().unwrap_or_else(|error| panic!("{error}"));
    world.check(dropped.take());
}

#[test]
fn whatever_happens_at_once_nothing_is_lost_and_every_row_is_what_documents_say() {
    each_seed(200, run);
}
