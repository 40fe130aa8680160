//! What walks promise: that they show what a read gives, where they may end, and where they go on.

use std::ops::{ControlFlow, Range};

use super::{Bench, Subject, block_on, lookups::entry, put, reads::over};
use crate::store::engine::{Direction, EngineError, Got, MAX_SCAN, Read, Row, Scan, Wanted, Write};

/// A key, a value, and the row that they point to.
type Shown = (Vec<u8>, Vec<u8>, Option<Vec<u8>>);
/// The rows of a walk, and what is left of its range.
type Walked = (Vec<Shown>, Option<Range<Vec<u8>>>);

fn owned(row: Row<'_>) -> Shown {
    (row.key.to_vec(), row.value.to_vec(), row.pointed.map(<[u8]>::to_vec))
}

/// The rows that `read` shows to one who ends the walk after `most`, and what is left of the range.
fn walk(bench: &Bench<'_>, read: &Read, most: usize) -> Result<Walked, EngineError> {
    let mut shown = Vec::new();
    let mut visit = |row: Row<'_>| {
        shown.push(owned(row));
        if shown.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let rest = block_on(bench.engine.walk(&bench.keyspace, read, &mut visit))?;
    Ok((shown, rest))
}

fn whole(bench: &Bench<'_>, read: &Read) -> Walked {
    walk(bench, read, usize::MAX).expect("a walk succeeds")
}

/// What a read gives, and whether there is more.
fn read(bench: &Bench<'_>, read: &Read) -> (Vec<Shown>, bool) {
    match bench.read(std::slice::from_ref(read)).pop() {
        Some(Got::Entries(entries)) => {
            let rows = entries.iter().map(|(key, value)| owned(Row { key, value, pointed: None }));
            (rows.collect(), entries.more)
        }
        Some(Got::Found(found)) => {
            let rows = found.iter().map(|(key, value, pointed)| owned(Row { key, value, pointed }));
            (rows.collect(), found.entries.more)
        }
        other => panic!("a range was answered with {other:?}"),
    }
}

/// A hundred rows, and a hundred entries that point to them, the last first, and to one that is not there.
fn filled(bench: &Bench<'_>) {
    bench.commit((0..100).map(|n| put(&format!("r{n:03}"), &"v".repeat(n))).collect()).expect("puts succeed");
    let entries = (0..=100).map(|n| entry(&format!("i{n:03}"), &format!("r{:03}", 100 - n)));
    bench.commit(entries.collect()).expect("puts succeed");
}

/// Scans and lookups of all kinds.
fn reads() -> Vec<Read> {
    let mut reads = Vec::new();
    for direction in [Direction::Forward, Direction::Reverse] {
        for (limit, bytes) in [(MAX_SCAN, usize::MAX), (0, usize::MAX), (1, 0), (40, usize::MAX), (MAX_SCAN, 900)] {
            for wanted in [Wanted::Entries, Wanted::Keys] {
                reads.push(Read::Scan(Scan { limit, bytes, direction, wanted, ..over("i", "s") }));
            }
            reads.push(Read::Lookup(Scan { limit, bytes, direction, ..over("i", "j") }));
        }
    }
    reads.push(Read::Scan(over("s", "i")));
    reads.push(Read::Lookup(over("j", "k")));
    reads
}

pub fn a_walk_shows_what_a_read_gives(subject: impl Subject) {
    let bench = Bench::of(&subject);
    filled(&bench);
    for asked in reads() {
        let (shown, rest) = whole(&bench, &asked);
        assert_eq!((shown, rest.is_some()), read(&bench, &asked), "{asked:?}");
    }
}

pub fn what_is_left_of_a_walk_goes_on_behind_the_last_row(subject: impl Subject) {
    let bench = Bench::of(&subject);
    filled(&bench);
    for direction in [Direction::Forward, Direction::Reverse] {
        for kind in [Read::Scan, Read::Lookup] {
            let scan = || Scan { direction, ..over("i", "j") };
            let (all, _) = whole(&bench, &kind(scan()));
            assert_eq!(all.len(), 101);
            // Ended by a limit, by the bytes, and by who visits.
            for (limit, bytes, most) in [(7, usize::MAX, 1000), (MAX_SCAN, 400, 1000), (50, usize::MAX, 33)] {
                let (mut shown, mut next) = (Vec::new(), Some(scan().range));
                while let Some(range) = next {
                    let (rows, rest) =
                        walk(&bench, &kind(Scan { range, limit, bytes, ..scan() }), most).expect("a walk succeeds");
                    shown.extend(rows);
                    next = rest;
                }
                assert_eq!(shown, all, "{direction:?}, {limit}, {bytes}, {most}");
            }
        }
    }
}

pub fn who_visits_a_walk_may_end_it(subject: impl Subject) {
    let bench = Bench::of(&subject);
    filled(&bench);
    for asked in [Read::Scan(over("i", "s")), Read::Lookup(over("i", "j"))] {
        let (shown, rest) = walk(&bench, &asked, 3).expect("a walk succeeds");
        assert_eq!(shown, whole(&bench, &asked).0[..3]);
        assert!(rest.is_some_and(|rest| rest.contains(&b"i003".to_vec()) && !rest.contains(&b"i002".to_vec())));
    }
}

pub fn a_walk_asks_for_a_range_within_the_limit(subject: impl Subject) {
    let bench = Bench::of(&subject);
    for single in [Read::Get("a".into()), Read::MultiGet(vec!["a".into()])] {
        assert!(matches!(walk(&bench, &single, 1), Err(EngineError::Invalid(_))));
    }
    for kind in [Read::Scan, Read::Lookup] {
        let long = kind(Scan { limit: MAX_SCAN + 1, ..over("a", "z") });
        assert!(matches!(walk(&bench, &long, 1), Err(EngineError::TooLarge { .. })));
    }
}

pub fn the_rows_of_a_walk_are_of_one_moment(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let round = |round: u32| {
        let rows = (0..50).map(move |n| put(&format!("r{n}"), &round.to_string()));
        rows.chain((0..50).map(|n| entry(&format!("i{n}"), &format!("r{n}")))).collect::<Vec<Write>>()
    };
    bench.commit(round(0)).expect("puts succeed");
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let bench = Bench::of(&subject);
            (1..=200).for_each(|n| bench.commit(round(n)).expect("puts succeed"));
        });
        while !writer.is_finished() {
            let (shown, _) = whole(&bench, &Read::Lookup(over("i", "j")));
            assert_eq!(shown.len(), 50);
            assert!(shown.windows(2).all(|pair| pair[0].2 == pair[1].2), "{shown:?}");
        }
    });
}
