//! What preconditions promise in commits of several writes: each counts, wherever it stands, and one that fails undoes all.

use std::thread;

use super::{Bench, Subject, commits::assert_conflict, head, put, put_when};
use crate::store::engine::{Change, EngineError, Precondition, Write};

/// How many writes the commits of the cases have.
const WRITES: usize = 5;
const ACCOUNTS: usize = 6;
const THREADS: usize = 4;

fn changes() -> [Change; 3] {
    [Change::Keep, Change::Put(b"new".to_vec()), Change::Delete]
}

/// Writes of which those at `failing` ask for what is not so, with the row `there` and without the row `gone` of each place.
fn writes(failing: &[usize], which: usize) -> Vec<Write> {
    let write = |place: usize| {
        let fails = failing.contains(&place);
        let (there, gone) = (format!("{place}:there"), format!("{place}:gone"));
        let (key, precondition) = match (place + which) % 3 {
            0 => (if fails { there } else { gone }, Precondition::Absent),
            1 => (if fails { gone } else { there }, Precondition::Present),
            _ => (there, head(if fails { "2;" } else { "1;" })),
        };
        let change = changes()[(place + which / 3) % 3].clone();
        Write { key: key.into(), precondition, change }
    };
    (0..WRITES).map(write).collect()
}

fn filled(subject: &impl Subject) -> Bench<'_> {
    let bench = Bench::of(subject);
    bench.commit((0..WRITES).map(|place| put(&format!("{place}:there"), "1;old")).collect()).expect("puts succeed");
    bench
}

pub fn a_precondition_counts_at_every_place(subject: impl Subject) {
    let bench = filled(&subject);
    let before = bench.all();
    for which in 0..9 {
        for place in 0..WRITES {
            assert_conflict(bench.commit(writes(&[place], which)), place);
            assert_eq!(bench.all(), before, "nothing of it is there");
        }
    }
}

pub fn of_several_that_fail_the_first_is_named(subject: impl Subject) {
    let bench = filled(&subject);
    let before = bench.all();
    for which in 0..9 {
        for first in 0..WRITES {
            let failing: Vec<usize> = (first..WRITES).collect();
            assert_conflict(bench.commit(writes(&failing, which)), first);
            assert_conflict(bench.commit(writes(&[first, WRITES - 1], which)), first);
        }
    }
    assert_eq!(bench.all(), before, "nothing of them is there");
}

pub fn a_commit_whose_preconditions_all_hold_changes_what_it_says(subject: impl Subject) {
    for which in 0..9 {
        let bench = filled(&subject);
        let gone = (0..WRITES).map(|place| Write::delete(format!("{place}:gone").into()));
        bench.commit(gone.collect()).expect("deletes succeed");
        let mut expected = bench.all();
        let writes = writes(&[], which);
        for Write { key, change, .. } in &writes {
            let key = String::from_utf8(key.clone()).expect("the cases store text");
            match change {
                Change::Keep => continue,
                Change::Put(_) => {
                    expected.retain(|(there, _)| *there != key);
                    expected.push((key, "new".into()));
                }
                Change::Delete => expected.retain(|(there, _)| *there != key),
            }
        }
        expected.sort();
        bench.commit(writes).expect("all of them hold");
        assert_eq!(bench.all(), expected);
    }
}

pub fn a_commit_that_keeps_everything_is_a_check(subject: impl Subject) {
    let bench = filled(&subject);
    let before = bench.all();
    let keep = |key: &str, precondition| Write { key: key.into(), precondition, change: Change::Keep };
    let holds = [("0:there", Precondition::Present), ("0:gone", Precondition::Absent), ("0:none", Precondition::Any)];
    bench.commit(holds.map(|(key, precondition)| keep(key, precondition)).to_vec()).expect("all of them hold");
    for (key, precondition) in
        [("0:there", Precondition::Absent), ("0:gone", Precondition::Present), ("1:there", head("x"))]
    {
        assert_conflict(bench.commit(vec![keep("2:there", Precondition::Any), keep(key, precondition)]), 1);
    }
    assert_eq!(bench.all(), before);
}

/// Takes one from an account and gives it to another, again and again until nobody came between.
fn transfer(bench: &Bench<'_>, from: usize, to: usize) {
    let name = |account: usize| format!("account{account}");
    let read = |account| {
        let value = String::from_utf8(bench.get(&name(account)).expect("it is there")).expect("it is text");
        let (balance, turn) =
            value.split_once(';').map(|(balance, turn)| (balance.parse(), turn.parse())).expect("two");
        let numbers: (i64, u64) = (balance.expect("a number"), turn.expect("a number"));
        (value, numbers)
    };
    loop {
        let writes = [(from, -1), (to, 1)].map(|(account, by)| {
            let (value, (balance, turn)) = read(account);
            put_when(head(&value), &name(account), &format!("{};{}", balance + by, turn + 1))
        });
        match bench.commit(writes.to_vec()) {
            Ok(()) => return,
            Err(EngineError::Conflict(0 | 1)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

pub fn commits_over_several_keys_at_once_lose_nothing_between_them(subject: impl Subject) {
    const ROUNDS: usize = 30;
    let bench = Bench::of(&subject);
    bench.commit((0..ACCOUNTS).map(|n| put(&format!("account{n}"), "100;0")).collect()).expect("puts succeed");
    let balances = |bench: &Bench<'_>| -> (i64, u64) {
        let rows = bench.all().into_iter().map(|(_, value)| {
            let (balance, turn) = value.split_once(';').expect("two");
            (balance.parse::<i64>().expect("a number"), turn.parse::<u64>().expect("a number"))
        });
        rows.fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1))
    };
    thread::scope(|threads| {
        let transfers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let subject = &subject;
                threads.spawn(move || {
                    let bench = Bench::of(subject);
                    for round in 0..ROUNDS {
                        let from = (thread + round) % ACCOUNTS;
                        transfer(&bench, from, (from + 1 + round % (ACCOUNTS - 1)) % ACCOUNTS);
                    }
                })
            })
            .collect();
        while !transfers.iter().all(thread::ScopedJoinHandle::is_finished) {
            assert_eq!(balances(&bench).0, 100 * ACCOUNTS as i64, "a transfer is seen whole");
        }
    });
    assert_eq!(balances(&bench), (100 * ACCOUNTS as i64, 2 * (THREADS * ROUNDS) as u64));
}
