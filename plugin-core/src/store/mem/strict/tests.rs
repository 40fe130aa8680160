use std::{future::Future, pin::pin, sync::Arc, task};

use super::*;
use crate::{
    random::Odds,
    store::{
        conformance::{Subject, block_on},
        engine::{Direction, MAX_SCAN, MAX_WRITES, Precondition, Scan, Wanted},
    },
};

struct Strict(Arc<StrictEngine>);

impl Subject for Strict {
    fn engine(&self) -> &dyn Engine {
        &*self.0
    }

    /// As near as memory comes to it: another handle to the same data.
    fn reopen(self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

mod conformance {
    use super::*;

    crate::engine_conformance!(|| Strict(Arc::new(StrictEngine::new(1, Faults { yields: 2, ..Faults::NONE }))));
}

/// An engine with these faults, in which the keyspace is open.
fn strict(seed: u64, faults: Faults) -> (StrictEngine, Keyspace) {
    let (engine, keyspace) = (StrictEngine::new(seed, faults), Keyspace::of_plugin("tests"));
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    (engine, keyspace)
}

fn put(key: &str) -> Write {
    Write::put(key.into(), key.into())
}

fn insert(key: &str) -> Write {
    put(key).when(Precondition::Absent)
}

fn get(engine: &StrictEngine, keyspace: &Keyspace, key: &str) -> Option<Vec<u8>> {
    match block_on(engine.inner.read(keyspace, &[Read::Get(key.into())])).expect("memory reads").pop() {
        Some(Got::Value(value)) => value,
        other => panic!("a get was answered with {other:?}"),
    }
}

fn all(limit: usize) -> Scan {
    let (direction, wanted) = (Direction::Forward, Wanted::Entries);
    Scan { range: Vec::new()..vec![0xff], limit, bytes: usize::MAX, direction, wanted }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let (engine, keyspace) = strict(seed, Faults::ALL);
        let said = (0..200).map(|n| {
            let committed = block_on(engine.commit(&keyspace, vec![insert(&format!("{n}"))], Durability::Synced));
            let read = block_on(engine.read(&keyspace, &[Read::Scan(all(MAX_SCAN))]));
            format!("{committed:?} {read:?}")
        });
        (said.collect::<Vec<_>>(), engine.calls())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn every_fault_of_a_commit_happens_and_leaves_what_it_says() {
    let (engine, keyspace) = strict(1, Faults::ALL);
    let (mut conflicts, mut done, mut lost, mut down) = (0, 0, 0, 0);
    for n in 0..500 {
        let key = n.to_string();
        let committed = block_on(engine.commit(&keyspace, vec![put("any"), insert(&key)], Durability::Synced));
        let there = get(&engine, &keyspace, &key).is_some();
        match committed {
            Ok(()) => assert!(there),
            Err(EngineError::Conflict(place)) => {
                assert_eq!((place, there), (1, false), "a write without a precondition conflicts with nothing");
                conflicts += 1;
            }
            Err(EngineError::UnknownOutcome) if there => done += 1,
            Err(EngineError::UnknownOutcome) => lost += 1,
            Err(EngineError::Unavailable(_)) => {
                assert!(!there);
                down += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!([conflicts, done, lost, down].iter().all(|times| *times > 5), "{conflicts} {done} {lost} {down}");
    assert_eq!(engine.calls().faults, conflicts + done + lost + down);
}

#[test]
fn a_commit_that_could_not_happen_may_be_silent_too_and_changes_nothing() {
    let (engine, keyspace) = strict(1, Faults::NONE);
    engine.decide([Fate::Happens, Fate::DoneInSilence]);
    block_on(engine.commit(&keyspace, vec![put("k")], Durability::Synced)).expect("it happens");
    let again = block_on(engine.commit(&keyspace, vec![insert("k"), put("beside")], Durability::Synced));
    assert!(matches!(again, Err(EngineError::UnknownOutcome)), "{again:?}");
    assert_eq!(get(&engine, &keyspace, "beside"), None);
}

#[test]
fn a_commit_without_preconditions_has_no_conflicts() {
    let (engine, keyspace) = strict(1, Faults { conflicts: Odds::ALWAYS, ..Faults::NONE });
    block_on(engine.commit(&keyspace, vec![put("k")], Durability::Synced)).expect("it asks for nothing");
    let refused = block_on(engine.commit(&keyspace, vec![insert("other")], Durability::Synced));
    assert!(matches!(refused, Err(EngineError::Conflict(0))), "{refused:?}");
}

#[test]
fn a_walk_that_is_cut_short_says_that_there_is_more_and_goes_on_to_the_end() {
    let (engine, keyspace) = strict(1, Faults { short_scans: Odds::ALWAYS, ..Faults::NONE });
    let keys: Vec<String> = (100..150).map(|n| n.to_string()).collect();
    block_on(engine.commit(&keyspace, keys.iter().map(|key| put(key)).collect(), Durability::Synced)).expect("puts");
    let (mut scan, mut found, mut walks) = (all(40), Vec::new(), 0);
    loop {
        let got = block_on(engine.read(&keyspace, &[Read::Scan(scan.clone())])).expect("a walk").pop();
        let Some(Got::Entries(entries)) = got else { panic!("a scan was answered with {got:?}") };
        assert!((1..40).contains(&entries.len()), "fewer than were asked, and not none");
        found.extend(entries.iter().map(|(key, _)| String::from_utf8(key.to_vec()).expect("text")));
        walks += 1;
        let (Some((last, _)), true) = (entries.last(), entries.more) else { break };
        scan.range.start = [last, &[0]].concat();
    }
    assert_eq!(found, keys);
    assert!(walks > 2, "{walks}");
}

#[test]
fn what_breaks_a_rule_is_refused_whatever_the_faults() {
    let faults = Faults { conflicts: Odds::ALWAYS, lost_in_silence: Odds::ALWAYS, ..Faults::NONE };
    let (engine, keyspace) = strict(1, faults);
    let commit = |keyspace, writes| block_on(engine.commit(keyspace, writes, Durability::Synced));
    let twice = commit(&keyspace, vec![insert("k"), put("k")]);
    assert!(matches!(twice, Err(EngineError::Invalid(_))), "{twice:?}");
    let many = commit(&keyspace, (0..=MAX_WRITES).map(|n| insert(&n.to_string())).collect());
    assert!(matches!(many, Err(EngineError::TooLarge { .. })), "{many:?}");
    let unknown = Keyspace::of_plugin("unknown");
    let nowhere = commit(&unknown, vec![insert("k")]);
    assert!(matches!(nowhere, Err(EngineError::Invalid(_))), "{nowhere:?}");

    engine.set_faults(Faults { unavailable_reads: Odds::ALWAYS, ..Faults::NONE });
    let read = |keyspace, reads: &[Read]| block_on(engine.read(keyspace, reads));
    let long = read(&keyspace, &[Read::Scan(all(MAX_SCAN + 1))]);
    assert!(matches!(long, Err(EngineError::TooLarge { .. })), "{long:?}");
    let nowhere = read(&unknown, &[Read::Get(b"k".to_vec())]);
    assert!(matches!(nowhere, Err(EngineError::Invalid(_))), "{nowhere:?}");
    let down = read(&keyspace, &[Read::Get(b"k".to_vec())]);
    assert!(matches!(down, Err(EngineError::Unavailable(_))), "{down:?}");
}

#[test]
fn others_go_on_before_a_call_takes_effect_and_before_it_is_answered() {
    let (engine, keyspace) = strict(1, Faults { yields: 3, ..Faults::NONE });
    let mut cx = task::Context::from_waker(task::Waker::noop());
    let (mut before, mut after) = (0, 0);
    for n in 0..50 {
        let key = n.to_string();
        let mut commit = pin!(engine.commit(&keyspace, vec![insert(&key)], Durability::Synced));
        while commit.as_mut().poll(&mut cx).is_pending() {
            match get(&engine, &keyspace, &key) {
                None => before += 1,
                Some(_) => after += 1,
            }
        }
    }
    assert!(before > 20 && after > 20, "{before} {after}");
}

#[test]
fn calls_rows_and_bytes_are_counted() {
    let (engine, keyspace) = strict(1, Faults::NONE);
    let entry = Write::put(b"i".to_vec(), b"\0\x02abrest".to_vec());
    let writes = vec![put("ab"), put("cd"), entry, Write::delete(b"none".to_vec())];
    block_on(engine.commit(&keyspace, writes, Durability::Synced)).expect("puts");
    let asked = Calls { commits: 1, synced: 1, writes: 4, written: 4 + 4 + 9 + 4, ..Calls::default() };
    assert_eq!(engine.calls(), asked);

    engine.reset_calls();
    let index = Scan { range: b"i".to_vec()..b"j".to_vec(), ..all(9) };
    let reads = [
        Read::Get(b"ab".to_vec()),
        Read::MultiGet(vec![b"cd".to_vec(), b"none".to_vec()]),
        Read::Scan(Scan { wanted: Wanted::Keys, ..all(2) }),
        Read::Lookup(index),
    ];
    block_on(engine.read(&keyspace, &reads)).expect("a read");
    block_on(engine.sync()).expect("a sync");
    let bytes = 2 + 2 + (2 + 2) + (9 + 2);
    let given = Calls { reads: 1, values: 2, entries: 3, pointed: 1, bytes, syncs: 1, ..Calls::default() };
    assert_eq!(engine.calls(), given);
    assert_eq!(given.rows(), 6);
}

#[test]
fn somebody_else_writes_when_it_is_decided_and_what_is_blind_reads_nothing() {
    let (engine, keyspace) = strict(1, Faults::NONE);
    let engine = engine.with_others(|time| format!("other {time}").into());
    engine.decide([Fate::Overtaken, Fate::Overwritten, Fate::ThenBlind]);
    let commit = || block_on(engine.commit(&keyspace, vec![insert("k")], Durability::Synced));
    let there = || get(&engine, &keyspace, "k");
    assert!(matches!(commit(), Err(EngineError::Conflict(0))));
    assert_eq!(there(), Some(b"other 0".into()));
    let overwritten = block_on(engine.commit(&keyspace, vec![put("k")], Durability::Synced));
    assert!(matches!(overwritten, Err(EngineError::UnknownOutcome)));
    assert_eq!(there(), Some(b"other 1".into()));
    block_on(engine.commit(&keyspace, vec![put("k")], Durability::Synced)).expect("it is done");
    assert_eq!(there(), Some(b"k".into()));
    let read = block_on(engine.read(&keyspace, &[Read::Get(b"k".into())]));
    assert!(matches!(read, Err(EngineError::Unavailable(_))), "{read:?}");
}
