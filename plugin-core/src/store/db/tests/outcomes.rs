//! What the store makes of an engine that does not know what became of a commit.

use super::*;
use crate::store::{
    codec::{self, Head},
    engine::EngineError,
    mem::strict::{Fate, Faults, StrictEngine},
};

fn of_somebody_else(time: u64) -> Vec<u8> {
    codec::seal(Head { revision: 1, tag: time }, None, &Value::from("of somebody else")).expect("it can be sealed")
}

/// A store with `k` = 1 whose next commits have these fates.
fn store(fates: &[Fate]) -> Db {
    let engine = Arc::new(StrictEngine::new(1, Faults::NONE).with_others(of_somebody_else));
    let db = over(Arc::clone(&engine) as Arc<dyn Engine>);
    set(&db, "k", 1);
    engine.decide(fates.iter().copied());
    db
}

#[test]
fn a_commit_of_unknown_outcome_takes_effect_once() {
    for fates in [
        &[Fate::DoneInSilence][..],
        &[Fate::LostInSilence],
        &[Fate::LostInSilence; 4],
        &[Fate::LostInSilence, Fate::DoneInSilence],
    ] {
        assert_eq!(block_on(store(fates).increment("k", 1)).expect("a sum"), 2, "{fates:?}");
        let db = store(fates);
        block_on(db.increment("k", 1)).expect("a sum");
        assert_eq!(get(&db, "k"), Some(json!(2)), "{fates:?}");

        let db = store(fates);
        set(&db, "k", 5);
        assert_eq!(get(&db, "k"), Some(json!(5)), "{fates:?}");

        let db = store(fates);
        assert!(block_on(db.set_if("new", &5, None)).is_ok(), "{fates:?}");
        assert_eq!(get(&db, "new"), Some(json!(5)), "{fates:?}");

        // Of a key that is gone nobody can tell who removed it.
        let db = store(fates);
        let is_told = !fates.contains(&Fate::DoneInSilence);
        match block_on(db.delete("k")) {
            Ok(was_there) => assert!(was_there && is_told, "{fates:?}"),
            Err(unknown) => {
                assert!(matches!(unknown, StoreError::Engine(EngineError::UnknownOutcome)) && !is_told, "{fates:?}");
            }
        }
        assert_eq!(get(&db, "k"), None, "{fates:?}");
    }
}

#[test]
fn an_outcome_that_nobody_can_tell_stays_unknown() {
    for fates in [&[Fate::Overwritten][..], &[Fate::LostInSilence; 5]] {
        for result in [block_on(store(fates).increment("k", 1)).map(drop), block_on(store(fates).set("k", &5))] {
            assert!(matches!(result, Err(StoreError::Engine(EngineError::UnknownOutcome))), "{fates:?}: {result:?}");
        }
    }
}

#[test]
fn once_an_outcome_is_unknown_no_failure_after_it_says_that_nothing_was_written() {
    let writes = |fates: &[Fate]| {
        let deleted = block_on(store(fates).delete("k")).map(drop);
        [block_on(store(fates).increment("k", 1)).map(drop), block_on(store(fates).set("k", &5)), deleted]
    };
    for before in [Fate::LostInSilence, Fate::DoneInSilence] {
        for result in writes(&[before, Fate::Down]) {
            assert!(matches!(result, Err(StoreError::Engine(EngineError::UnknownOutcome))), "{before:?}: {result:?}");
        }
    }
    for result in writes(&[Fate::Overwritten, Fate::ThenBlind]) {
        assert!(matches!(result, Err(StoreError::Engine(EngineError::UnknownOutcome))), "{result:?}");
    }
    for result in writes(&[Fate::Down]) {
        assert!(matches!(result, Err(StoreError::Engine(EngineError::Unavailable(_)))), "{result:?}");
    }
}

#[test]
fn who_is_overtaken_tries_again() {
    let db = store(&[Fate::Overtaken]);
    set(&db, "k", 5);
    assert_eq!(get(&db, "k"), Some(json!(5)));
    assert!(block_on(store(&[Fate::Overtaken]).delete("k")).expect("it can be deleted"));
    let what_came_between = block_on(store(&[Fate::Overtaken]).increment("k", 1));
    assert!(matches!(what_came_between, Err(StoreError::NotAnInteger { found: "a string", .. })));
}

#[test]
fn who_is_always_overtaken_gives_up() {
    let refused = block_on(store(&[Fate::Overtaken; ATTEMPTS]).set("k", &5));
    assert!(matches!(refused, Err(StoreError::Contended { attempts: ATTEMPTS, .. })), "{refused:?}");
}
