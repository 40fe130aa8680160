//! What reads promise: order, limits, and one snapshot a batch.

use super::{Bench, Subject, block_on, put};
use crate::store::engine::{Direction, Entries, Got, MAX_SCAN, Read, Scan, Wanted, Write};

/// A scan of everything from `start` up to `end`.
pub(super) fn over(start: &str, end: &str) -> Scan {
    Scan {
        range: start.into()..end.into(),
        limit: MAX_SCAN,
        bytes: usize::MAX,
        direction: Direction::Forward,
        wanted: Wanted::Entries,
    }
}

fn keys(entries: &Entries) -> Vec<&str> {
    entries.iter().map(|(key, _)| std::str::from_utf8(key).expect("the cases store text")).collect()
}

pub fn a_scan_gives_entries_in_ascending_order(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["c", "a", "b"]);
    bench.put_all(&["aa"]);
    assert_eq!(keys(&bench.scan(over("a", "z"))), ["a", "aa", "b", "c"]);
}

pub fn a_reverse_scan_gives_entries_in_descending_order(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["c", "a", "b", "aa"]);
    let found = bench.scan(Scan { direction: Direction::Reverse, ..over("a", "c") });
    assert_eq!(keys(&found), ["b", "aa", "a"], "the end stays out in reverse too");
    let cut = bench.scan(Scan { direction: Direction::Reverse, limit: 2, ..over("a", "z") });
    assert_eq!(keys(&cut), ["c", "b"]);
    assert!(cut.more);
}

pub fn a_scan_holds_its_start_and_not_its_end(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a", "b", "c", "d"]);
    assert_eq!(keys(&bench.scan(over("b", "d"))), ["b", "c"]);
    assert_eq!(keys(&bench.scan(over("bb", "cc"))), ["c"], "neither need exist");
}

pub fn keys_are_ordered_by_their_bytes(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let ordered: [&[u8]; 6] = [b"\x00", b"\x00\x00", b"\x00\xff", b"\x7f", b"\x80", b"\xff\xff"];
    bench.commit(ordered.iter().rev().map(|key| Write::put(key.to_vec(), Vec::new())).collect()).expect("puts succeed");
    let found = bench.scan(Scan { range: vec![]..vec![0xff; 3], ..over("", "") });
    assert_eq!(found.iter().map(|(key, _)| key).collect::<Vec<_>>(), ordered);
}

pub fn an_empty_or_backward_range_holds_nothing(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a", "b", "c"]);
    for direction in [Direction::Forward, Direction::Reverse] {
        for (start, end) in [("b", "b"), ("c", "a"), ("x", "z")] {
            assert_eq!(bench.scan(Scan { direction, ..over(start, end) }), Entries::default(), "{start}..{end}");
        }
    }
}

pub fn a_scan_stops_at_its_limit_and_says_whether_there_is_more(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a", "b", "c", "x"]);
    for (limit, count, more) in [(2, 2, true), (3, 3, false), (4, 3, false)] {
        let found = bench.scan(Scan { limit, ..over("a", "d") });
        assert_eq!((found.len(), found.more), (count, more), "limit {limit}; what lies beyond the range is not more");
    }
}

pub fn a_scan_stops_at_its_bytes_but_gives_at_least_one_entry(subject: impl Subject) {
    let bench = Bench::of(&subject);
    for key in ["a", "b", "c"] {
        bench.put(key, &"v".repeat(99));
    }
    for (bytes, count) in [(0, 1), (50, 1), (150, 2), (250, 3), (1000, 3)] {
        let found = bench.scan(Scan { bytes, ..over("a", "z") });
        assert_eq!((found.len(), found.more), (count, count < 3), "entries are of 100 bytes, {bytes} were asked");
    }
}

pub fn a_reverse_scan_stops_at_its_bytes_but_gives_at_least_one_entry(subject: impl Subject) {
    let bench = Bench::of(&subject);
    for key in ["a", "b", "c"] {
        bench.put(key, &"v".repeat(99));
    }
    for (bytes, expected) in [(0, &["c"][..]), (100, &["c"]), (101, &["c", "b"]), (250, &["c", "b", "a"])] {
        let found = bench.scan(Scan { direction: Direction::Reverse, bytes, ..over("a", "z") });
        assert_eq!((&*keys(&found), found.more), (expected, expected.len() < 3), "{bytes} were asked");
    }
}

pub fn a_scan_for_keys_counts_no_values_as_bytes(subject: impl Subject) {
    let bench = Bench::of(&subject);
    for key in ["a", "b", "c"] {
        bench.put(key, &"v".repeat(99));
    }
    let found = bench.scan(Scan { wanted: Wanted::Keys, bytes: 2, ..over("a", "z") });
    assert_eq!((keys(&found), found.more), (vec!["a", "b"], true), "two keys are two bytes");
}

pub fn whoever_goes_on_after_the_last_entry_gets_every_entry_once(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let all: Vec<String> = (0..100).map(|n| format!("{n:02}")).collect();
    bench.put_all(&all.iter().map(|key| &**key).collect::<Vec<_>>());
    for direction in [Direction::Forward, Direction::Reverse] {
        let (mut scan, mut found) = (Scan { direction, limit: 7, ..over("", "z") }, Vec::new());
        loop {
            let entries = bench.scan(scan.clone());
            found.extend(keys(&entries).into_iter().map(str::to_owned));
            let (Some((last, _)), true) = (entries.last(), entries.more) else { break };
            match direction {
                Direction::Forward => scan.range.start = [last, &[0]].concat(),
                Direction::Reverse => scan.range.end = last.to_vec(),
            }
        }
        if direction == Direction::Reverse {
            found.reverse();
        }
        assert_eq!(found, all, "{direction:?}");
    }
}

pub fn a_scan_for_keys_leaves_values_empty(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a", "b"]);
    let found = bench.scan(Scan { wanted: Wanted::Keys, ..over("a", "z") });
    assert_eq!(found.iter().collect::<Vec<_>>(), [(&b"a"[..], &b""[..]), (b"b", b"")]);
}

pub fn a_batch_is_answered_in_the_order_asked(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a", "b"]);
    let several = ["b", "nothing", "a", "b"].map(Vec::from).to_vec();
    let got = bench.read(&[
        Read::MultiGet(several),
        Read::Get("nothing".into()),
        Read::Scan(over("b", "c")),
        Read::Get("a".into()),
        Read::MultiGet(vec![]),
    ]);
    let [a, b] = ["a", "b"].map(|text| Some(Vec::from(text)));
    let mut scanned = Entries::default();
    scanned.push(b"b", b"b");
    assert_eq!(
        got,
        [
            Got::Values(vec![b.clone(), None, a.clone(), b]),
            Got::Value(None),
            Got::Entries(scanned),
            Got::Value(a),
            Got::Values(vec![]),
        ]
    );
    assert_eq!(bench.read(&[]), []);
}

pub fn a_key_alone_is_answered_as_in_a_batch(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("empty", "");
    bench.put("k", "value");
    for key in ["empty", "k", "absent"] {
        let mut alone = None;
        let mut show = |found: Option<&[u8]>| alone = found.map(<[u8]>::to_vec);
        block_on(bench.engine.show(&bench.keyspace, key.as_bytes(), &mut show)).expect("a read succeeds");
        assert_eq!(alone, bench.get(key), "{key}");
    }
}

pub fn a_batch_sees_one_snapshot(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.commit(vec![put("left", "0"), put("right", "0")]).expect("puts succeed");
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let bench = Bench::of(&subject);
            for round in 1..=300 {
                let round = round.to_string();
                bench.commit(vec![put("left", &round), put("right", &round)]).expect("puts succeed");
            }
        });
        while !writer.is_finished() {
            let mut got =
                bench.read(&[Read::Get("left".into()), Read::Scan(over("l", "s")), Read::Get("right".into())]);
            let (Some(Got::Value(Some(right))), Some(Got::Entries(both)), Some(Got::Value(Some(left)))) =
                (got.pop(), got.pop(), got.pop())
            else {
                panic!("three questions, three answers")
            };
            assert_eq!(left, right);
            assert_eq!(both.iter().collect::<Vec<_>>(), [(&b"left"[..], &*left), (b"right", &*right)]);
        }
    });
}
