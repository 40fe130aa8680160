//! What lookups promise: entries, the rows that they point to, and both of one moment.

use super::{Bench, Subject, put, reads::over};
use crate::store::engine::{Direction, Found, Got, Read, Scan, Write};

/// An entry of an index that points to `row`, and what else its value holds.
pub(super) fn entry(key: &str, row: &str) -> Write {
    let length = u16::try_from(row.len()).expect("the cases have short keys");
    Write::put(key.into(), [&length.to_be_bytes(), row.as_bytes(), b"more"].concat())
}

fn lookup(bench: &Bench<'_>, scan: Scan) -> Found {
    match bench.read(&[Read::Lookup(scan)]).pop() {
        Some(Got::Found(found)) => found,
        other => panic!("a lookup was answered with {other:?}"),
    }
}

/// The keys of entries and the rows that they point to, as text.
fn rows(found: &Found) -> Vec<(String, Option<String>)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the cases store text");
    found.iter().map(|(key, _, row)| (text(key), row.map(text))).collect()
}

pub fn a_lookup_gives_entries_and_the_rows_they_point_to(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a", "b"]);
    bench.commit(vec![entry("i1", "b"), entry("i2", "gone"), entry("i3", "a"), put("i4", "")]).expect("puts succeed");
    let expected = [("i1", Some("b")), ("i2", None), ("i3", Some("a")), ("i4", None)];
    let rows = |scan| {
        let found = lookup(&bench, scan);
        (rows(&found), found.entries.more)
    };
    let mut expected = expected.map(|(key, row)| (key.to_owned(), row.map(str::to_owned))).to_vec();
    assert_eq!(rows(over("i", "j")), (expected.clone(), false));
    assert_eq!(rows(Scan { limit: 2, ..over("i", "j") }), (expected[..2].to_vec(), true));
    expected.reverse();
    assert_eq!(rows(Scan { direction: Direction::Reverse, ..over("i", "j") }), (expected, false));
}

pub fn the_rows_of_a_lookup_count_as_bytes(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("a", &"v".repeat(100));
    bench.commit(vec![entry("i1", "a"), entry("i2", "a"), entry("i3", "a")]).expect("puts succeed");
    for (bytes, count) in [(0, 1), (105, 1), (115, 2), (1000, 3)] {
        let found = lookup(&bench, Scan { bytes, ..over("i", "j") });
        assert_eq!((found.entries.len(), found.entries.more), (count, count < 3), "{bytes} were asked");
    }
}

pub fn a_reverse_lookup_keeps_its_limits(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put("a", &"v".repeat(100));
    let entries: Vec<Write> = (0..5).map(|n| entry(&format!("i{n}"), "a")).collect();
    bench.commit(entries).expect("puts succeed");
    let reverse = || Scan { direction: Direction::Reverse, ..over("i", "j") };
    let keys = |found: &Found| rows(found).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let by_limit = lookup(&bench, Scan { limit: 2, ..reverse() });
    assert_eq!((keys(&by_limit), by_limit.entries.more), (vec!["i4".into(), "i3".into()], true));
    // An entry has a key of 2, a value of 7 and a row of 100.
    for (bytes, count) in [(0, 1), (109, 1), (110, 2), (5 * 109, 5)] {
        let found = lookup(&bench, Scan { bytes, ..reverse() });
        assert_eq!((found.entries.len(), found.entries.more), (count, count < 5), "{bytes} were asked");
        assert_eq!(keys(&found).first().map(|key| &**key), Some("i4"));
    }
}

pub fn an_entry_whose_pointer_is_cut_points_to_nothing(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.put_all(&["a"]);
    let cut = |key: &str, value: &[u8]| Write::put(key.into(), value.to_vec());
    bench.commit(vec![cut("i1", b""), cut("i2", b"\0"), cut("i3", b"\0\x02a"), entry("i4", "a")]).expect("puts");
    let expected = [("i1", None), ("i2", None), ("i3", None), ("i4", Some("a"))];
    let expected = expected.map(|(key, row)| (key.to_owned(), row.map(str::to_owned)));
    assert_eq!(rows(&lookup(&bench, over("i", "j"))), expected);
}

pub fn an_entry_may_point_to_an_empty_row(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.commit(vec![put("empty", ""), entry("i1", "empty"), entry("i2", "gone")]).expect("puts succeed");
    let expected = [("i1".into(), Some(String::new())), ("i2".into(), None)];
    assert_eq!(rows(&lookup(&bench, over("i", "j"))), expected);
}

pub fn a_batch_of_every_kind_sees_one_snapshot(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let round = |round: u32| vec![put("row", &round.to_string()), put("twin", &round.to_string())];
    bench.commit(round(0)).expect("puts succeed");
    bench.commit(vec![entry("i", "row")]).expect("puts succeed");
    let reads = [
        Read::Get("row".into()),
        Read::MultiGet(vec!["twin".into(), "row".into()]),
        Read::Lookup(over("i", "j")),
        Read::Scan(over("r", "u")),
        Read::Scan(Scan { direction: Direction::Reverse, limit: 1, ..over("r", "u") }),
    ];
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let bench = Bench::of(&subject);
            (1..=200).for_each(|n| bench.commit(round(n)).expect("puts succeed"));
        });
        while !writer.is_finished() {
            let got = bench.read(&reads);
            let [Got::Value(Some(row)), Got::Values(both), Got::Found(found), Got::Entries(up), Got::Entries(down)] =
                &*got
            else {
                panic!("each is answered in its kind, not with {got:?}")
            };
            assert_eq!(both, &[Some(row.clone()), Some(row.clone())]);
            assert!(found.iter().map(|(_, _, row)| row).eq([Some(&**row)]));
            assert!(up.iter().eq([(&b"row"[..], &**row), (b"twin", row)]));
            assert!(down.iter().eq([(&b"twin"[..], &**row)]));
        }
    });
}

pub fn an_entry_and_its_row_are_of_one_moment(subject: impl Subject) {
    let bench = Bench::of(&subject);
    bench.commit(vec![put("row", "0"), entry("i0", "row")]).expect("puts succeed");
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let bench = Bench::of(&subject);
            for round in 1..=300 {
                let (from, to) = (format!("i{}", round - 1), format!("i{round}"));
                let writes = vec![put("row", &round.to_string()), Write::delete(from.into()), entry(&to, "row")];
                bench.commit(writes).expect("puts succeed");
            }
        });
        while !writer.is_finished() {
            let found = lookup(&bench, over("i", "j"));
            let rows: Vec<_> = found.iter().map(|(key, _, row)| (&key[1..], row)).collect();
            assert!(matches!(&*rows, [(key, Some(row))] if key == row), "{rows:?}");
        }
    });
}
