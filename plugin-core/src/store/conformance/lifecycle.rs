//! What keyspaces and reopening promise.

use super::{Bench, Subject, block_on, commits::assert_conflict, head, put, put_when, reads::over};
use crate::store::engine::{Durability, Engine, EngineError, Keyspace, Precondition, Read, Write};

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
    let reads = [
        vec![],
        vec![Read::Get(b"k".to_vec())],
        vec![Read::MultiGet(vec![])],
        vec![Read::Scan(over("a", "z"))],
        vec![Read::Lookup(over("z", "a")), Read::Get(b"k".to_vec())],
    ];
    for reads in reads {
        let read = block_on(engine.read(&nowhere, &reads));
        assert!(matches!(read, Err(EngineError::Invalid(_))), "{reads:?}: {read:?}");
    }
    let shown = block_on(engine.show(&nowhere, b"k", &mut |found| panic!("{found:?}")));
    assert!(matches!(shown, Err(EngineError::Invalid(_))), "{shown:?}");
    for writes in [vec![], vec![put("k", "v")], vec![Write::delete(b"k".to_vec())]] {
        let committed = block_on(engine.commit(&nowhere, writes, Durability::Relaxed));
        assert!(matches!(committed, Err(EngineError::Invalid(_))), "{committed:?}");
    }
    assert_eq!(listed(engine), [], "none of them made it");
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

pub fn every_keyspace_and_every_row_is_there_after_reopening(subject: impl Subject) {
    let names: Vec<String> = (0..12).map(|n| format!("plugin-{n:02}")).collect();
    let row = |name: &str, n: usize| (format!("{n:03}"), format!("{n} of {name}"));
    for name in &names {
        let bench = Bench::open(&subject, name);
        let rows: Vec<_> = (0..100).map(|n| row(name, n)).collect();
        bench.commit(rows.iter().map(|(key, value)| put(key, value)).collect()).expect("puts succeed");
        bench.commit((0..100).step_by(3).map(|n| Write::delete(row(name, n).0.into())).collect()).expect("deletes");
    }
    let subject = subject.reopen();
    assert_eq!(listed(subject.engine()), names.iter().map(|name| Keyspace::of_plugin(name)).collect::<Vec<_>>());
    for name in &names {
        let left: Vec<_> = (0..100).filter(|n| n % 3 != 0).map(|n| row(name, n)).collect();
        assert_eq!(Bench::open(&subject, name).all(), left, "{name}");
    }
}

pub fn a_commit_after_reopening_builds_on_what_was_there(subject: impl Subject) {
    Bench::of(&subject).put("k", "1:first");
    let subject = subject.reopen();
    let bench = Bench::of(&subject);
    assert_conflict(bench.commit(vec![put("beside", "x"), put_when(Precondition::Absent, "k", "lost")]), 1);
    bench.commit(vec![put_when(head("1:"), "k", "2:second"), put("new", "x")]).expect("it is as it was");
    let subject = subject.reopen();
    let kept = [("k".into(), "2:second".into()), ("new".into(), "x".into())];
    assert_eq!(Bench::of(&subject).all(), kept);
}

pub fn a_keyspace_may_be_opened_while_others_are_written(subject: impl Subject) {
    let bench = Bench::of(&subject);
    std::thread::scope(|threads| {
        threads.spawn(|| (0..100).for_each(|n| bench.put(&format!("{n:02}"), "v")));
        threads.spawn(|| (0..10).for_each(|n| Bench::open(&subject, &format!("other-{n}")).put("k", "v")));
    });
    assert_eq!(bench.all().len(), 100);
    assert_eq!(listed(subject.engine()).len(), 11);
}
