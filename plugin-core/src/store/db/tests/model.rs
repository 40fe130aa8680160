//! The store beside a map: whatever is done to both, both say the same. Runs are long, and drawn from seeds; one that fails is made
//! as short as it can be and printed. `STORE_SEED=7 cargo test -p plugin-core model` runs one seed alone, `STORE_SEEDS=5000` so many.

mod data;
mod filters;
mod steps;

use std::{cell::Cell, cmp::Ordering, collections::BTreeMap, future::IntoFuture, ops::RangeInclusive, sync::Arc};

use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use self::{
    data::Datum,
    filters::Condition,
    steps::{Op, Step, step},
};
use crate::{
    id::AppId,
    random::Odds,
    store::{
        Cursor, Db, MemEngine, Page, Revision, Schema, Space, StoreError, Value,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
        index::{IndexField, IndexMeta},
        mem::strict::{Faults, StrictEngine},
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
    apps: Vec<Db>,
    seen: BTreeMap<(usize, String), Revision>,
}

/// Indexes of every sort over what the documents hold.
static INDEXES: [IndexMeta; 6] = [
    IndexMeta::of("", &[IndexField::ascending("a")]),
    IndexMeta::of("", &[IndexField::ascending("a"), IndexField::descending("b")]),
    IndexMeta::of("", &[IndexField::ascending("b"), IndexField::ascending("c.x"), IndexField::descending("a")]),
    IndexMeta::of("a", &[IndexField::descending("c")]),
    IndexMeta::of("", &[IndexField::ascending("l"), IndexField::ascending("c.y")]).sparse(),
    IndexMeta::of("ab", &[IndexField::descending("l.0")]).sparse(),
];

/// The stores that every step is taken on, all of which say what the map says, with indexes and without: what is found does not depend on
/// them.
fn stores(seed: u64) -> Vec<Store> {
    // Its other faults are told to callers, sooner or later.
    let pieces = Faults { short_scans: Odds::one_in(3), ..Faults::NONE };
    let store = |engine: Arc<dyn Engine>, indexes: &'static [IndexMeta]| {
        let keyspace = Keyspace::of_plugin("tests");
        block_on(engine.open(&keyspace)).expect("a keyspace opens");
        let space = Space::new(engine, keyspace, Durability::Relaxed).with_schema(Schema::new([], [], [], indexes));
        block_on(space.prepare()).expect("indexes are brought in line");
        let space = Arc::new(space);
        let apps = (0..APPS).map(|app| {
            let app = AppId::new(format!("app{app}")).expect("an id");
            Db::over(Arc::clone(&space), app)
        });
        Store { apps: apps.collect(), seen: BTreeMap::new() }
    };
    vec![
        store(Arc::new(MemEngine::new()), &[]),
        store(Arc::new(StrictEngine::new(seed, pieces)), &[]),
        store(Arc::new(StrictEngine::new(seed.wrapping_add(1), pieces)), &INDEXES),
    ]
}

/// What is said to a step.
#[derive(Debug, PartialEq)]
enum Answer {
    Done,
    Conflict,
    NotAnInteger,
    Sum(i64),
    WasThere(bool),
    Value(Option<Datum>),
    Keys(Vec<String>),
    Count(u64),
    Found(Vec<(String, Datum)>),
}

/// What the store says to a step.
impl Store {
    fn take(&mut self, Step { app, op }: &Step) -> Result<Answer, TestCaseError> {
        let Self { apps, seen } = self;
        let db = &apps[*app];
        let expected = |key: &String| seen.get(&(*app, key.clone())).copied();
        let told = match op {
            Op::Set(key, datum) => block_on(db.set(key, &datum.value())).map(|()| Answer::Done),
            Op::Insert(key, datum) => block_on(db.set_if(key, &datum.value(), None)).map(|_| Answer::Done),
            Op::Replace(key, datum) => block_on(db.set_if(key, &datum.value(), expected(key))).map(|_| Answer::Done),
            Op::Look(key) => {
                let found = block_on(db.get_versioned::<Value>(key))?;
                match &found {
                    Some(found) => seen.insert((*app, key.clone()), found.revision),
                    None => seen.remove(&(*app, key.clone())),
                };
                Ok(Answer::Value(found.map(|found| Datum::of(&found.value))))
            }
            Op::Increment(key, by) => block_on(db.increment(key, *by)).map(Answer::Sum),
            Op::Delete(key) => block_on(db.delete(key)).map(Answer::WasThere),
            Op::Get(key) => Ok(Answer::Value(block_on(db.get::<Value>(key))?.as_ref().map(Datum::of))),
            Op::Keys { under, page } => {
                let found = pages(*page, |cursor| block_on(db.keys(under).limit(*page).after(cursor).into_future()));
                Ok(Answer::Keys(found?))
            }
            Op::Count { condition, under } => {
                block_on(db.count(condition.filter()).under(under).into_future()).map(Answer::Count)
            }
            Op::Find { condition, sort, under, page } => {
                let found = pages(*page, |cursor| {
                    let find = db.find::<Value>(condition.filter()).under(under).limit(*page).after(cursor);
                    block_on(sort.iter().fold(find, |find, path| find.sort(path)).into_future())
                })?;
                Ok(Answer::Found(found.iter().map(|entry| (entry.key.clone(), Datum::of(&entry.value))).collect()))
            }
        };
        match told {
            Err(StoreError::Conflict { .. }) => Ok(Answer::Conflict),
            Err(StoreError::NotAnInteger { .. }) => Ok(Answer::NotAnInteger),
            told => Ok(told?),
        }
    }
}

/// All pages of a question. No page has more than was asked.
fn pages<T>(
    limit: usize,
    mut ask: impl FnMut(Option<Cursor>) -> Result<Page<T>, StoreError>,
) -> Result<Vec<T>, TestCaseError> {
    let (mut found, mut cursor) = (Vec::new(), None);
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

/// The map: what the store is to hold, looked at in the plainest way there is.
#[derive(Default)]
struct Model {
    rows: [BTreeMap<String, Row>; APPS],
    writes: u64,
    /// Which write of a key was there when it was last looked at.
    seen: BTreeMap<(usize, String), u64>,
}

struct Row {
    datum: Datum,
    write: u64,
}

impl Model {
    fn put(&mut self, app: usize, key: &str, datum: Datum) -> Answer {
        self.writes += 1;
        self.rows[app].insert(key.to_owned(), Row { datum, write: self.writes });
        Answer::Done
    }

    /// What is to be said to a step.
    fn take(&mut self, Step { app, op }: &Step) -> Answer {
        let rows = &mut self.rows[*app];
        match op {
            Op::Set(key, datum) => self.put(*app, key, datum.clone()),
            Op::Insert(key, _) if rows.contains_key(key) => Answer::Conflict,
            Op::Insert(key, datum) => self.put(*app, key, datum.clone()),
            Op::Replace(key, datum) => {
                match rows.get(key).map(|row| row.write) == self.seen.get(&(*app, key.clone())).copied() {
                    true => self.put(*app, key, datum.clone()),
                    false => Answer::Conflict,
                }
            }
            Op::Look(key) => {
                match rows.get(key) {
                    Some(row) => self.seen.insert((*app, key.clone()), row.write),
                    None => self.seen.remove(&(*app, key.clone())),
                };
                Answer::Value(rows.get(key).map(|row| row.datum.clone()))
            }
            Op::Increment(key, by) => match rows.get(key).map_or(Some(0), |row| row.datum.integer()) {
                None => Answer::NotAnInteger,
                Some(before) => {
                    self.put(*app, key, Datum::from(before + by));
                    Answer::Sum(before + by)
                }
            },
            Op::Delete(key) => Answer::WasThere(rows.remove(key).is_some()),
            Op::Get(key) => Answer::Value(rows.get(key).map(|row| row.datum.clone())),
            Op::Keys { under, .. } => Answer::Keys(rows.keys().filter(|key| key.starts_with(under)).cloned().collect()),
            Op::Count { condition, under } => Answer::Count(matching(rows, condition, under).len() as u64),
            Op::Find { condition, sort, under, .. } => {
                let mut found = matching(rows, condition, under);
                found.sort_by(|one, other| in_order(sort, (one.0, &one.1.datum), (other.0, &other.1.datum)));
                Answer::Found(found.into_iter().map(|(key, row)| (key.clone(), row.datum.clone())).collect())
            }
        }
    }
}

fn matching<'a>(rows: &'a BTreeMap<String, Row>, condition: &Condition, under: &str) -> Vec<(&'a String, &'a Row)> {
    rows.iter().filter(|(key, row)| key.starts_with(under) && condition.holds(&row.datum)).collect()
}

/// By each field in turn, what is missing before all else, and by the key at last.
fn in_order(sort: &[String], one: (&str, &Datum), other: (&str, &Datum)) -> Ordering {
    for path in sort {
        let order = match path.strip_prefix('-') {
            None => one.1.at(path).cmp(&other.1.at(path)),
            Some(path) => other.1.at(path).cmp(&one.1.at(path)),
        };
        if order.is_ne() {
            return order;
        }
    }
    one.0.cmp(other.0)
}

fn run(seed: u64, steps: &[Step]) -> Result<(), TestCaseError> {
    let (mut stores, mut model) = (stores(seed), Model::default());
    for (place, step) in steps.iter().enumerate() {
        let expected = model.take(step);
        for (number, store) in stores.iter_mut().enumerate() {
            let told = store.take(step).map_err(|error| TestCaseError::fail(format!("step {place}: {error}")))?;
            prop_assert_eq!(&told, &expected, "step {} on store {}: {:?}", place, number, step);
        }
    }
    Ok(())
}

/// The steps, one a line.
fn shown(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("\n  {step:?}")).collect()
}

#[test]
fn the_store_agrees_with_a_map() {
    let taken = Cell::new(0);
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
            run(seed, &steps)
        });
        match ran {
            Ok(()) => {}
            Err(TestError::Fail(why, steps)) => panic!("{why}\nafter these steps: {}", shown(&steps)),
            Err(other) => panic!("{other}"),
        }
    });
    let is_whole = ["STORE_SEED", "STORE_SEEDS"].iter().all(|name| std::env::var_os(name).is_none());
    assert!(!is_whole || taken.get() >= 100_000, "{} steps were taken", taken.get());
}
