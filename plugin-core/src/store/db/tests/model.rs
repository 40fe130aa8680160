//! The store beside a map: whatever is done to both, both say the same. Runs are long, and drawn from seeds; one that fails is made
//! as short as it can be and printed. `STORE_SEED=7 cargo test -p plugin-core model` runs one seed alone, `STORE_SEEDS=5000` so many.

mod data;
mod filters;
mod map;
mod steps;
mod typed;

use std::{
    cell::Cell,
    collections::BTreeMap,
    future::IntoFuture,
    ops::RangeInclusive,
    sync::{Arc, Mutex},
};

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use self::{
    data::Datum,
    filters::Condition,
    map::{Happened, Map},
    steps::{Act, End, Op, Step, step},
    typed::Thing,
};
use crate::{
    clock::{ManualClock, Timestamp},
    error::Error,
    id::AppId,
    query,
    random::Odds,
    store::{
        Cursor, Db, Entry, MemEngine, Page, Revision, Schema, Space, StoreError, Txn, Value,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
        index::{IndexField, IndexMeta},
        mem::strict::{Faults, StrictEngine},
        typed::Document,
    },
    testing::each_seed,
};

/// How many seeds are run, and how many steps a run has at most: 100,000 in all, and some.
const RUNS: u64 = 510;
const STEPS: RangeInclusive<usize> = 1..=400;
/// How many apps share each store.
const APPS: usize = 2;

/// A store under test: what it holds for each app, and the revisions that were read from it.
struct Store {
    space: Arc<Space>,
    clock: ManualClock,
    apps: Vec<Db>,
    seen: BTreeMap<(usize, String), Revision>,
}

/// What only one document may have, among those under a prefix: it decides what is said, so that every store has these.
const UNIQUE: [(&str, &[&str]); 2] = [("b", &["a", "b"]), (typed::PREFIX, &["b"])];

const ONE_HAS_IT: IndexMeta = IndexMeta::of("b", &[IndexField::ascending("a"), IndexField::descending("b")]).unique();
static FEW: [IndexMeta; 1] = [ONE_HAS_IT];
/// Indexes of every sort over what the documents hold.
static INDEXES: [IndexMeta; 7] = [
    ONE_HAS_IT,
    IndexMeta::of("", &[IndexField::ascending("a")]),
    IndexMeta::of("", &[IndexField::ascending("a"), IndexField::descending("b")]),
    IndexMeta::of("", &[IndexField::ascending("b"), IndexField::ascending("c.x"), IndexField::descending("a")]),
    IndexMeta::of("a", &[IndexField::descending("c")]),
    IndexMeta::of("", &[IndexField::ascending("l"), IndexField::ascending("c.y")]).sparse(),
    IndexMeta::of("ab", &[IndexField::descending("l.0")]).sparse(),
];

/// The stores that every step is taken on, all of which say what the map says, with many indexes and with few: what is found does not
/// depend on them.
fn stores(seed: u64) -> Vec<Store> {
    // Its other faults are told to callers, sooner or later.
    let pieces = Faults { short_scans: Odds::one_in(3), ..Faults::NONE };
    let store = |engine: Arc<dyn Engine>, indexes: &'static [IndexMeta]| {
        let keyspace = Keyspace::of_plugin("tests");
        block_on(engine.open(&keyspace)).expect("a keyspace opens");
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let schema = Schema::new([Thing::meta()], [], [], indexes);
        let space = Space::new(engine, keyspace, Durability::Relaxed).with_clock(clock.clone().into());
        let space = Arc::new(space.with_schema(schema));
        block_on(space.prepare()).expect("indexes are brought in line");
        let apps = (0..APPS).map(|app| {
            let app = AppId::new(format!("app{app}")).expect("an id");
            Db::over(Arc::clone(&space), app)
        });
        Store { apps: apps.collect(), space, clock, seen: BTreeMap::new() }
    };
    vec![
        store(Arc::new(MemEngine::new()), &FEW),
        store(Arc::new(StrictEngine::new(seed, pieces)), &FEW),
        store(Arc::new(StrictEngine::new(seed.wrapping_add(1), pieces)), &INDEXES),
    ]
}

/// What is said to a step.
#[derive(Debug, PartialEq)]
enum Answer {
    Done,
    /// Something is there, or something else than was expected.
    IsThere,
    Duplicate,
    NotAnInteger,
    Overflow,
    Sum(i64),
    WasThere(bool),
    Value(Option<Datum>),
    Keys(Vec<String>),
    Count(u64),
    Found(Vec<(String, Datum)>),
    /// To each act of a transaction, and to the whole.
    All(Vec<Answer>, Box<Answer>),
    GivenUp,
}

impl Answer {
    /// What was refused is an answer too.
    fn of(told: Result<Self, StoreError>) -> Result<Self, StoreError> {
        match told {
            Err(StoreError::Conflict { .. } | StoreError::Exists { .. }) => Ok(Self::IsThere),
            Err(StoreError::Duplicate { .. }) => Ok(Self::Duplicate),
            Err(StoreError::NotAnInteger { .. }) => Ok(Self::NotAnInteger),
            Err(StoreError::Overflow { .. }) => Ok(Self::Overflow),
            told => told,
        }
    }
}

/// What the store says to a step.
impl Store {
    fn take(&mut self, Step { app, op }: &Step) -> Result<Answer, TestCaseError> {
        let Self { apps, seen, space, clock } = self;
        let db = &apps[*app];
        let told = match op {
            Op::Do(act) => block_on(alone(db, act)),
            Op::Transaction(acts, end) => return Ok(together(db, acts, *end)?),
            Op::Replace(key, datum) => {
                let expected = seen.get(&(*app, key.clone())).copied();
                block_on(db.set_if(key, &datum.value(), expected)).map(|_| Answer::Done)
            }
            Op::Look(key) => {
                let found = block_on(db.get_versioned::<Value>(key))?;
                match &found {
                    Some(found) => seen.insert((*app, key.clone()), found.revision),
                    None => seen.remove(&(*app, key.clone())),
                };
                Ok(Answer::Value(found.map(|found| Datum::of(&found.value))))
            }
            Op::Keys { under, page } => {
                let found =
                    pages(*page, None, |cursor| block_on(db.keys(under).limit(*page).after(cursor).into_future()));
                Ok(Answer::Keys(found?))
            }
            Op::Count { condition, under } => {
                block_on(db.count(condition.filter()).under(under).into_future()).map(Answer::Count)
            }
            Op::Find { condition, sort, under, page } => {
                let found = pages(*page, None, |cursor| block_on(find(db, condition, sort, under, *page, cursor)))?;
                Ok(Answer::Found(data(&found)))
            }
            Op::FindWhile { condition, sort, under, page, between } => {
                let ask = |cursor| block_on(find(db, condition, sort, under, *page, cursor));
                let Page { items, next } = ask(None)?;
                let first = data(&items);
                let acts = between.acts(first.last());
                let mut said = vec![Answer::Found(first)];
                for act in acts {
                    said.push(Answer::of(block_on(alone(db, &act)))?);
                }
                let rest = match next {
                    Some(next) => pages(*page, Some(next), ask)?,
                    None => Vec::new(),
                };
                Ok(Answer::All(said, Box::new(Answer::Found(data(&rest)))))
            }
            Op::FindThings { a, page } => {
                let found = pages(*page, None, |cursor| {
                    let find = db.docs::<Thing>().find(query!(Thing { a: { gte: *a } }));
                    let find = find.sort(|thing| thing.b().descending()).limit(*page).after(cursor);
                    block_on(find.into_future())
                })?;
                Ok(Answer::Found(found.iter().map(|entry| (entry.value.key(), entry.value.datum())).collect()))
            }
            Op::Pass(time) => {
                clock.set(clock.now().saturating_add(*time));
                Ok(Answer::Done)
            }
            Op::Reap => {
                block_on(space.reap())?;
                block_on(space.overview()).map(|there| Answer::Count(there.documents))
            }
        };
        Ok(Answer::of(told)?)
    }
}

async fn alone(db: &Db, act: &Act) -> Result<Answer, StoreError> {
    let things = db.docs::<Thing>();
    Ok(match act {
        Act::Set(key, datum) => db.set(key, &datum.value()).await.map(|()| Answer::Done)?,
        Act::SetFor(key, datum, lifetime) => db.set_for(key, &datum.value(), *lifetime).await.map(|()| Answer::Done)?,
        Act::Insert(key, datum) => db.insert(key, &datum.value()).await.map(|_| Answer::Done)?,
        Act::Increment(key, by) => Answer::Sum(db.increment(key, *by).await?),
        Act::Delete(key) => Answer::WasThere(db.delete(key).await?),
        Act::Get(key) => Answer::Value(db.get::<Value>(key).await?.as_ref().map(Datum::of)),
        Act::Put(thing) => things.put(thing).await.map(|()| Answer::Done)?,
        Act::PutFor(thing, lifetime) => things.put_for(thing, *lifetime).await.map(|()| Answer::Done)?,
        Act::InsertThing(thing) => things.insert(thing).await.map(|_| Answer::Done)?,
        Act::GetThing(id) => Answer::Value(things.get(id).await?.as_ref().map(Thing::datum)),
    })
}

async fn within(tx: &Txn, act: &Act) -> Result<Answer, StoreError> {
    let things = tx.docs_of::<Thing>();
    Ok(match act {
        Act::Set(key, datum) => tx.set(key, &datum.value()).map(|()| Answer::Done)?,
        Act::SetFor(key, datum, lifetime) => tx.set_for(key, &datum.value(), *lifetime).map(|()| Answer::Done)?,
        Act::Insert(key, datum) => tx.insert(key, &datum.value()).await.map(|()| Answer::Done)?,
        Act::Increment(key, by) => Answer::Sum(tx.increment(key, *by).await?),
        Act::Delete(key) => Answer::WasThere(tx.delete(key).await?),
        Act::Get(key) => Answer::Value(tx.get::<Value>(key).await?.as_ref().map(Datum::of)),
        Act::Put(thing) => things.put(thing).map(|()| Answer::Done)?,
        Act::PutFor(thing, lifetime) => things.put_for(thing, *lifetime).map(|()| Answer::Done)?,
        Act::InsertThing(thing) => things.insert(thing).await.map(|()| Answer::Done)?,
        Act::GetThing(id) => Answer::Value(things.get(id).await?.as_ref().map(Thing::datum)),
    })
}

/// Why a transaction ends that is not to be committed.
#[derive(Debug, thiserror::Error)]
#[error("on second thought")]
struct SecondThought;

fn together(db: &Db, acts: &[Act], end: End) -> Result<Answer, StoreError> {
    let said = Mutex::new(Vec::new());
    let all = &said;
    let ended = block_on(db.txn(|tx| async move {
        let mut answers = Vec::new();
        for act in acts {
            answers.push(Answer::of(within(&tx, act).await)?);
        }
        *all.lock().expect("nobody panics with it") = answers;
        match end {
            End::Commits => Ok(Answer::Done),
            End::GivesUp => Err(Error::from(SecondThought)),
        }
    }));
    let ended = match ended {
        Err(error) if error.downcast_ref::<SecondThought>().is_some() => Answer::GivenUp,
        Err(error) => match error.downcast_ref::<StoreError>() {
            Some(refused) => Answer::of(Err(refused.clone()))?,
            None => panic!("{error}"),
        },
        Ok(done) => done,
    };
    Ok(Answer::All(said.into_inner().expect("nobody panics with it"), Box::new(ended)))
}

async fn find(
    db: &Db,
    condition: &Condition,
    sort: &[String],
    under: &str,
    page: usize,
    after: Option<Cursor>,
) -> Result<Page<Entry<Value>>, StoreError> {
    let find = db.find(condition.filter()).under(under).limit(page).after(after);
    sort.iter().fold(find, |find, path| find.sort(path)).await
}

fn data(found: &[Entry<Value>]) -> Vec<(String, Datum)> {
    found.iter().map(|entry| (entry.key.clone(), Datum::of(&entry.value))).collect()
}

/// All pages of a question from a place on. No page has more than was asked.
fn pages<T>(
    limit: usize,
    after: Option<Cursor>,
    mut ask: impl FnMut(Option<Cursor>) -> Result<Page<T>, StoreError>,
) -> Result<Vec<T>, TestCaseError> {
    let (mut found, mut cursor) = (Vec::new(), after);
    loop {
        let Page { items, next } = ask(cursor)?;
        prop_assert!(items.len() <= limit, "a page of {} where {limit} were asked", items.len());
        prop_assert!(!items.is_empty() || next.is_none(), "a page without anything on it is the last");
        found.extend(items);
        prop_assert!(found.len() < 1_000, "the pages have no end");
        // As it would come back over the wire.
        cursor = next.map(|cursor| cursor.to_string().parse().expect("a cursor comes back"));
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

fn run(seed: u64, steps: &[Step]) -> Result<Happened, TestCaseError> {
    let (mut stores, mut map) = (stores(seed), Map::default());
    for (place, step) in steps.iter().enumerate() {
        let expected = map.take(step);
        for (number, store) in stores.iter_mut().enumerate() {
            let told = store.take(step).map_err(|error| TestCaseError::fail(format!("step {place}: {error}")))?;
            prop_assert_eq!(&told, &expected, "step {} on store {}: {:?}", place, number, step);
        }
    }
    for Store { space, .. } in &stores {
        block_on(space.reap())?;
        let verified = block_on(space.verify())?;
        prop_assert!(verified.is_whole(), "{:?}", verified);
        prop_assert_eq!(verified.documents, map.len() as u64);
    }
    Ok(map.happened)
}

/// The steps, one a line.
fn shown(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("\n  {step:?}")).collect()
}

#[test]
fn the_store_agrees_with_a_map() {
    let (taken, happened) = (Cell::new(0), Cell::new(Happened::default()));
    each_seed(RUNS, |seed| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let config = ProptestConfig {
            cases: 1,
            failure_persistence: None,
            max_shrink_iters: 20_000,
            max_shrink_time: 30_000,
            ..ProptestConfig::default()
        };
        let steps = proptest::collection::vec(step(), STEPS);
        let ran = TestRunner::new_with_rng(config, rng).run(&steps, |steps| {
            taken.set(taken.get() + steps.len());
            let (ran, before) = (run(seed, &steps)?, happened.get());
            happened.set(Happened {
                duplicates: before.duplicates + ran.duplicates,
                expired: before.expired + ran.expired,
                of_several: before.of_several + ran.of_several,
                typed: before.typed + ran.typed,
            });
            Ok(())
        });
        match ran {
            Ok(()) => {}
            Err(TestError::Fail(why, steps)) => panic!("{why}\nafter these steps: {}", shown(&steps)),
            Err(other) => panic!("{other}"),
        }
    });
    let is_whole = ["STORE_SEED", "STORE_SEEDS"].iter().all(|name| std::env::var_os(name).is_none());
    assert!(!is_whole || taken.get() >= 100_000, "{} steps were taken", taken.get());
    let Happened { duplicates, expired, of_several, typed } = happened.get();
    assert!(!is_whole || [duplicates, expired, of_several, typed].iter().all(|times| *times > 500), "{happened:?}");
}
