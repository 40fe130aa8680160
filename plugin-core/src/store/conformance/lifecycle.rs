//! What keyspaces and reopening promise.

use super::{Bench, Subject, block_on, put};
use crate::store::engine::{Durability, Engine, EngineError, Keyspace, Read};

fn listed(engine: &dyn Engine) -> Vec<Keyspace> {
    block_on(engine.keyspaces()).expect("keyspaces are listed")
}

pub fn what_one_keyspace_holds_no_other_sees(subject: impl Subject) {
    let [one, other] = ["one", "other"].map(|plugin| Bench::open(&subject, plugin));
    one.put("k", "of one");
    assert_eq!(other.get("k"), None);
    assert_eq!(other.all(), []);
    other.put("k", "of other");
    assert_eq!(one.all(), [("k".into(), "of one".into())]);
}

pub fn keyspaces_are_listed_by_name(subject: impl Subject) {
    let engine = subject.engine();
    let mut opened = [Keyspace::of_plugin("b"), Keyspace::of_host("server"), Keyspace::of_plugin("a")];
    opened.iter().for_each(|keyspace| block_on(engine.open(keyspace)).expect("a keyspace opens"));
    opened.sort();
    assert_eq!(listed(engine), opened);
}

pub fn opening_again_changes_nothing(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("k", "v");
    let again = Bench::of(&subject);
    assert_eq!(again.all(), [("k".into(), "v".into())]);
    assert_eq!(listed(bench.engine).len(), 1);
}

pub fn a_keyspace_that_does_not_exist_is_refused(subject: impl Subject) {
    let engine = subject.engine();
    let nowhere = Keyspace::of_plugin("nowhere");
    let read = block_on(engine.read(&nowhere, &[Read::Get(b"k".to_vec())]));
    assert!(matches!(read, Err(EngineError::Invalid(_))), "{read:?}");
    let committed = block_on(engine.commit(&nowhere, vec![put("k", "v")], Durability::Relaxed));
    assert!(matches!(committed, Err(EngineError::Invalid(_))), "{committed:?}");
    assert_eq!(listed(engine), [], "neither made it");
}

pub fn synced_commits_survive_reopening(subject: impl Subject) {
    let keyspace = Keyspace::of_plugin("conformance");
    block_on(subject.engine().open(&keyspace)).expect("a keyspace opens");
    let writes = vec![put("a", "1"), put("b", "2")];
    block_on(subject.engine().commit(&keyspace, writes, Durability::Synced)).expect("plain puts succeed");
    let subject = subject.reopen();
    assert_eq!(Bench::of(&subject).all(), [("a".into(), "1".into()), ("b".into(), "2".into())]);
}

pub fn relaxed_commits_survive_reopening(subject: impl Subject) {
    Bench::of(&subject).put("k", "v");
    let subject = subject.reopen();
    assert_eq!(Bench::of(&subject).all(), [("k".into(), "v".into())]);
}

pub fn relaxed_commits_survive_reopening_after_a_sync(subject: impl Subject) {
    Bench::of(&subject).put("k", "v");
    block_on(subject.engine().sync()).expect("a sync succeeds");
    let subject = subject.reopen();
    assert_eq!(Bench::of(&subject).all(), [("k".into(), "v".into())]);
}

pub fn keyspaces_are_listed_after_reopening_before_they_are_opened(subject: impl Subject) {
    Bench::open(&subject, "left-out").put("k", "kept");
    let subject = subject.reopen();
    assert_eq!(listed(subject.engine()), [Keyspace::of_plugin("left-out")]);
    assert_eq!(Bench::open(&subject, "left-out").all(), [("k".into(), "kept".into())]);
}
