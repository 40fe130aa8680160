//! What is promised whatever the engine does: what was told is so. Done is done, once; refused is not done; and what is unknown may be
//! done or not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    thread,
};

use super::{Store, block_on, db};
use crate::{
    random::Random,
    store::{Db, Entry, Filter, Page, StoreError, engine::EngineError},
};

/// What an operation was told.
pub(crate) enum Told<T> {
    Done(T),
    /// Nothing was written.
    Refused,
    Unknown,
}

pub(crate) fn told<T>(result: Result<T, StoreError>) -> Told<T> {
    match result {
        Ok(done) => Told::Done(done),
        Err(StoreError::Engine(EngineError::UnknownOutcome)) => Told::Unknown,
        Err(StoreError::Conflict { .. } | StoreError::Engine(EngineError::Unavailable(_))) => Told::Refused,
        Err(other) => panic!("{other}"),
    }
}

/// What a key may hold, as far as was told.
type Possible = BTreeSet<Option<i64>>;

/// What was told of a key is now the only thing that is possible.
#[track_caller]
fn known(possible: &mut Possible, now: Option<i64>, was: Option<i64>) {
    assert!(possible.contains(&was), "{was:?} was told to have been there, where {possible:?} is possible");
    *possible = [now].into();
}

/// One operation on one key.
fn operate(db: &Db, random: &mut Random, key: &str, fresh: i64, possible: &mut Possible) {
    match random.below(6) {
        0 => match told(block_on(db.set(key, &fresh))) {
            Told::Done(()) => *possible = [Some(fresh)].into(),
            Told::Unknown => drop(possible.insert(Some(fresh))),
            Told::Refused => {}
        },
        1 => match told(block_on(db.set_if(key, &fresh, None))) {
            Told::Done(_) => known(possible, Some(fresh), None),
            Told::Unknown => drop(possible.insert(Some(fresh))),
            Told::Refused => {}
        },
        2 => {
            let Told::Done(Some(found)) = told(block_on(db.get_versioned::<i64>(key))) else { return };
            known(possible, Some(found.value), Some(found.value));
            match told(block_on(db.set_if(key, &fresh, Some(found.revision)))) {
                Told::Done(_) => *possible = [Some(fresh)].into(),
                Told::Unknown => drop(possible.insert(Some(fresh))),
                Told::Refused => {}
            }
        }
        3 => match told(block_on(db.increment(key, fresh))) {
            Told::Done(sum) if sum == fresh && possible.contains(&None) => *possible = [Some(sum)].into(),
            Told::Done(sum) => known(possible, Some(sum), Some(sum - fresh)),
            Told::Unknown => {
                let sums: Vec<_> = possible.iter().map(|before| Some(before.unwrap_or(0) + fresh)).collect();
                possible.extend(sums);
            }
            Told::Refused => {}
        },
        4 => match told(block_on(db.delete(key))) {
            Told::Done(true) => {
                assert!(possible.iter().any(Option::is_some), "it was told to have been there, and never was");
                *possible = [None].into();
            }
            Told::Done(false) => known(possible, None, None),
            Told::Unknown => drop(possible.insert(None)),
            Told::Refused => {}
        },
        _ => {
            if let Told::Done(found) = told(block_on(db.get::<i64>(key))) {
                known(possible, found, found);
            }
        }
    }
}

pub fn what_was_told_of_one_after_another_is_so(store: impl Store) {
    const KEYS: [&str; 4] = ["a", "b", "c", "d"];
    let (db, mut random) = (db(&store), Random::of(1));
    let mut all: BTreeMap<&str, Possible> = KEYS.map(|key| (key, [None].into())).into();
    let mut found = 0;
    for step in 0..2_000_i64 {
        let key = random.pick(&KEYS).expect("there are keys");
        let possible = all.get_mut(key).expect("it is one of them");
        // Numbers that no sum of others is.
        operate(&db, &mut random, key, 1 << (step % 40), possible);
        if step % 10 == 0
            && let Told::Done(page) = told(block_on(async { db.find::<i64>(Filter::all()).await }))
        {
            let page: Page<Entry<i64>> = page;
            let there: BTreeMap<&str, i64> = page.iter().map(|entry| (&*entry.key, entry.value)).collect();
            for (key, possible) in &mut all {
                let now = there.get(key).copied();
                known(possible, now, now);
            }
            found += 1;
        }
    }
    assert!(found > 50, "most questions are answered: {found}");
}

pub fn what_was_told_of_many_at_once_is_so(store: impl Store) {
    let db = db(&store);
    let (done, unknown, marks) = (AtomicI64::new(0), AtomicI64::new(0), Mutex::new(BTreeSet::new()));
    thread::scope(|threads| {
        for thread in 0..4 {
            let (db, done, unknown, marks) = (&db, &done, &unknown, &marks);
            threads.spawn(move || {
                for n in 0..25 {
                    match told(block_on(db.increment("n", 1))) {
                        Told::Done(sum) => {
                            assert!(marks.lock().expect("nobody panics with it").insert(sum), "{sum} comes twice");
                            done.fetch_add(1, SeqCst);
                        }
                        Told::Unknown => drop(unknown.fetch_add(1, SeqCst)),
                        Told::Refused => {}
                    }
                    let key = format!("{thread}.{n}");
                    let wrote = told(block_on(db.set(&key, &n)));
                    match (wrote, told(block_on(db.get::<i32>(&key)))) {
                        (Told::Done(()), Told::Done(found)) => assert_eq!(found, Some(n)),
                        (Told::Refused, Told::Done(found)) => assert_eq!(found, None),
                        (Told::Unknown, _) | (_, Told::Refused | Told::Unknown) => {}
                    }
                }
            });
        }
    });
    let value = loop {
        if let Told::Done(value) = told(block_on(db.get::<i64>("n"))) {
            break value.unwrap_or(0);
        }
    };
    let (done, unknown) = (done.into_inner(), unknown.into_inner());
    assert!((done..=done + unknown).contains(&value), "{value} where {done} and perhaps {unknown} more were told");
}
