//! What commits promise: all or nothing, preconditions, and no update lost.

use std::thread;

use super::{Bench, Subject, head, put, put_when};
use crate::store::engine::{Change, EngineError, Got, Precondition, Read, Write};

const WRITERS: usize = 8;

#[track_caller]
pub(super) fn assert_conflict(result: Result<(), EngineError>, place: usize) {
    match result {
        Err(EngineError::Conflict(found)) => assert_eq!(found, place, "the place of the write that failed"),
        other => panic!("a conflict was due, not {other:?}"),
    }
}

pub fn a_commit_is_read_by_whoever_reads_after_it(subject: impl Subject) {
    let bench = Bench::of(&subject);
    for round in 0..50 {
        let round = round.to_string();
        bench.put("k", &round);
        assert_eq!(bench.get("k").as_deref(), Some(round.as_bytes()));
        let elsewhere = thread::scope(|threads| threads.spawn(|| Bench::of(&subject).get("k")).join());
        assert_eq!(elsewhere.expect("the thread ends well").as_deref(), Some(round.as_bytes()));
    }
}

pub fn a_write_replaces_and_a_delete_removes(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("k", "a longer value");
    bench.put("k", "short");
    assert_eq!(bench.get("k").as_deref(), Some(&b"short"[..]));
    bench.commit(vec![Write::delete("k".into())]).expect("a delete succeeds");
    assert_eq!(bench.get("k"), None);
    assert_eq!(bench.all(), []);
}

pub fn deleting_nothing_is_no_error(subject: impl Subject) {
    Bench::of(&subject).commit(vec![Write::delete("nothing".into())]).expect("nothing to delete is fine");
}

pub fn an_empty_value_is_a_value(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("k", "");
    assert_eq!(bench.get("k"), Some(vec![]));
    bench.commit(vec![put_when(Precondition::Present, "k", "x")]).expect("it is present");
}

pub fn an_empty_commit_changes_nothing(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.commit(vec![]).expect("nothing to do is done");
    assert_eq!(bench.all(), []);
}

pub fn absent_holds_only_without_a_value(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let insert = || vec![put_when(Precondition::Absent, "k", "x")];
    bench.commit(insert()).expect("it is absent");
    assert_conflict(bench.commit(insert()), 0);
    bench.commit(vec![Write::delete("k".into())]).expect("a delete succeeds");
    bench.commit(insert()).expect("it is absent again");
}

pub fn present_holds_only_with_a_value(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let remove = || vec![Write::delete("k".into()).when(Precondition::Present)];
    assert_conflict(bench.commit(remove()), 0);
    bench.put("k", "x");
    bench.commit(remove()).expect("it is present");
    assert_conflict(bench.commit(remove()), 0);
}

pub fn head_holds_only_for_a_value_that_begins_with_it(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("k", "1:first");
    for wrong in ["2:", "1:firstly", "first"] {
        assert_conflict(bench.commit(vec![put_when(head(wrong), "k", "lost")]), 0);
    }
    for right in ["", "1", "1:", "1:first"] {
        bench.commit(vec![put_when(head(right), "k", "1:first")]).expect("the value begins with it");
    }
    bench.commit(vec![put_when(head("1:"), "k", "2:second")]).expect("the value begins with it");
    assert_conflict(bench.commit(vec![Write::delete("k".into()).when(head("1:"))]), 0);
    bench.commit(vec![Write::delete("k".into()).when(head("2:"))]).expect("the value begins with it");
}

pub fn head_does_not_hold_for_a_missing_key(subject: impl Subject) {
    let bench = Bench::of(&subject);
    for bytes in ["", "x"] {
        assert_conflict(bench.commit(vec![put_when(head(bytes), "k", "x")]), 0);
    }
    assert_eq!(bench.get("k"), None);
}

pub fn keep_checks_and_changes_nothing(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("guard", "1");
    let keep = |bytes| Write { key: "guard".into(), precondition: head(bytes), change: Change::Keep };
    bench.commit(vec![keep("1"), put("k", "x")]).expect("the guard holds");
    assert_conflict(bench.commit(vec![keep("2"), put("k", "y")]), 0);
    assert_eq!(bench.all(), [("guard".into(), "1".into()), ("k".into(), "x".into())]);
}

pub fn a_conflict_names_the_first_write_that_failed(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a", "b"]);
    let writes =
        vec![put("z", "x"), put_when(Precondition::Absent, "b", "x"), put_when(Precondition::Absent, "a", "x")];
    assert_conflict(bench.commit(writes), 1);
}

pub fn a_conflict_writes_nothing_at_all(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a", "b"]);
    let before = bench.all();
    let writes = vec![
        put("a", "new"),
        put("c", "new"),
        Write::delete("b".into()),
        put_when(Precondition::Present, "nothing", "new"),
    ];
    assert_conflict(bench.commit(writes), 3);
    assert_eq!(bench.all(), before);
}

pub fn preconditions_see_what_was_there_before_the_commit(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("old", "1");
    let swap = vec![Write::delete("old".into()).when(head("1")), put_when(Precondition::Absent, "new", "1")];
    bench.commit(swap).expect("both hold");
    assert_eq!(bench.all(), [("new".into(), "1".into())]);
}

pub fn commits_at_once_lose_no_update(subject: impl Subject) {
    const ROUNDS: usize = 25;
    let bench = Bench::of(&subject);
    bench.put("count", "0;");
    thread::scope(|threads| {
        for _ in 0..WRITERS {
            threads.spawn(|| (0..ROUNDS).for_each(|_| increment(&Bench::of(&subject))));
        }
    });
    assert_eq!(bench.get("count"), Some(format!("{};", WRITERS * ROUNDS).into_bytes()));
}

pub fn a_commit_issued_again_conflicts_with_its_own_tag(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let insert = |tag: &str| vec![put_when(Precondition::Absent, "k", tag)];
    bench.commit(insert("1:mine")).expect("it is absent");
    assert_conflict(bench.commit(insert("1:mine")), 0);
    assert_eq!(bench.get("k").as_deref(), Some(&b"1:mine"[..]), "the first had succeeded");
    assert_conflict(bench.commit(insert("1:theirs")), 0);
    assert_eq!(bench.get("k").as_deref(), Some(&b"1:mine"[..]), "the tag is not theirs");

    let update = |tag: &str| vec![put("beside", tag), put_when(head("1:mine"), "k", tag)];
    bench.commit(update("2:mine")).expect("the value begins with it");
    assert_conflict(bench.commit(update("2:mine")), 1);
    assert_eq!(bench.get("k").as_deref(), Some(&b"2:mine"[..]), "the first had succeeded");
    assert_conflict(bench.commit(update("2:theirs")), 1);
    assert_eq!(bench.all(), [("beside".into(), "2:mine".into()), ("k".into(), "2:mine".into())]);
}

pub fn commits_that_are_all_issued_twice_take_effect_once(subject: impl Subject) {
    const ROUNDS: usize = 10;
    let bench = Bench::of(&subject);
    bench.put("count", "0;nobody");
    let increment = |writer: usize, round: usize| {
        let bench = Bench::of(&subject);
        loop {
            let read = String::from_utf8(bench.get("count").expect("it is there")).expect("it is text");
            let (count, _) = read.split_once(';').expect("a count and a tag");
            let next = format!("{};{writer}.{round}", 1 + count.parse::<usize>().expect("it is a number"));
            let issue = || bench.commit(vec![put_when(head(&read), "count", &next)]);
            // As one does who was not told the outcome of the first.
            let first = issue();
            assert_conflict(issue(), 0);
            match first {
                Ok(()) => return,
                Err(error) => assert_conflict(Err(error), 0),
            }
        }
    };
    thread::scope(|threads| {
        for writer in 0..WRITERS {
            let increment = &increment;
            threads.spawn(move || (0..ROUNDS).for_each(|round| increment(writer, round)));
        }
    });
    let count = String::from_utf8(bench.get("count").expect("it is there")).expect("it is text");
    assert_eq!(count.split_once(';').map(|(count, _)| count), Some(&*(WRITERS * ROUNDS).to_string()));
}

/// Adds one, again and again until nobody came between.
fn increment(bench: &Bench<'_>) {
    loop {
        let read = String::from_utf8(bench.get("count").expect("it is there")).expect("it is text");
        let next: usize = 1 + read.trim_end_matches(';').parse::<usize>().expect("it is a number");
        match bench.commit(vec![put_when(head(&read), "count", &format!("{next};"))]) {
            Ok(()) => return,
            Err(EngineError::Conflict(0)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

pub fn of_those_who_claim_a_key_at_once_one_wins(subject: impl Subject) {
    for round in 0..10 {
        let key = format!("claim{round}");
        let claim = |name: usize| {
            let bench = Bench::of(&subject);
            bench.commit(vec![put_when(Precondition::Absent, &key, &name.to_string())]).is_ok()
        };
        let won: Vec<usize> = thread::scope(|threads| {
            let claims: Vec<_> = (0..WRITERS).map(|name| (name, threads.spawn(move || claim(name)))).collect();
            let won =
                claims.into_iter().filter_map(|(name, claim)| claim.join().expect("it ends well").then_some(name));
            won.collect()
        });
        assert_eq!(won.len(), 1);
        assert_eq!(Bench::of(&subject).get(&key), Some(won[0].to_string().into_bytes()), "the winner's value stands");
    }
}

pub fn a_batch_never_sees_half_a_commit(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["here"]);
    thread::scope(|threads| {
        let mover = threads.spawn(|| {
            let bench = Bench::of(&subject);
            for _ in 0..150 {
                for (from, to) in [("here", "there"), ("there", "here")] {
                    bench.commit(vec![Write::delete(from.into()), put(to, "x")]).expect("a move succeeds");
                }
            }
        });
        while !mover.is_finished() {
            let got = bench.read(&[Read::MultiGet(vec!["here".into(), "there".into()])]);
            let [Got::Values(values)] = &*got else { panic!("one question, one answer") };
            assert_eq!(values.iter().flatten().count(), 1, "it is in one place at any time");
        }
    });
}
