//! What limits promise: up to each all goes through, beyond it there is a typed error and nothing written.

use super::{Bench, Subject, block_on, put, reads::over};
use crate::store::engine::{
    Change, EngineError, Got, MAX_COMMIT, MAX_KEY, MAX_SCAN, MAX_VALUE, MAX_WRITES, Precondition, Read, Scan, Write,
};

/// `within` goes through; `beyond` is refused as too large, and so is all that comes with it.
fn assert_limit(subject: &impl Subject, within: Vec<Write>, mut beyond: Vec<Write>) {
    let bench = Bench::of(subject);
    let count = within.len();
    bench.commit(within).expect("up to the limit all goes through");
    let written = |bench: &Bench<'_>| bench.scan(Scan { range: vec![]..vec![0xff; MAX_KEY], ..over("", "") }).len();
    assert_eq!(written(&bench), count);

    if beyond.len() <= MAX_WRITES {
        beyond.push(put("small", "too"));
    }
    let refused = bench.commit(beyond);
    assert!(matches!(refused, Err(EngineError::TooLarge { size, limit, .. }) if size > limit), "{refused:?}");
    assert_eq!(written(&bench), count, "nothing was written");
}

pub fn a_key_may_be_as_long_as_the_limit_and_no_longer(subject: impl Subject) {
    let with_key = |length| vec![Write::put(vec![b'k'; length], b"v".to_vec())];
    assert_limit(&subject, with_key(MAX_KEY), with_key(MAX_KEY + 1));
}

pub fn a_value_may_be_as_large_as_the_limit_and_no_larger(subject: impl Subject) {
    let with_value = |size| vec![Write::put(b"k".to_vec(), vec![b'v'; size])];
    assert_limit(&subject, with_value(MAX_VALUE), with_value(MAX_VALUE + 1));
}

pub fn a_commit_may_have_as_many_writes_as_the_limit_and_no_more(subject: impl Subject) {
    let with_writes = |count: usize| (0..count).map(|n| put(&format!("k{n}"), "v")).collect();
    assert_limit(&subject, with_writes(MAX_WRITES), with_writes(MAX_WRITES + 1));
}

pub fn a_commit_may_be_as_large_as_the_limit_and_no_larger(subject: impl Subject) {
    const PARTS: usize = 8;
    let of_size = |size: usize| -> Vec<Write> {
        let value = |n: usize| if n == 0 { size - MAX_COMMIT + MAX_COMMIT / PARTS - 1 } else { MAX_COMMIT / PARTS - 1 };
        (0..PARTS).map(|n| Write::put(vec![n as u8], vec![n as u8; value(n)])).collect()
    };
    assert_limit(&subject, of_size(MAX_COMMIT), of_size(MAX_COMMIT + 1));
    let bench = Bench::of(&subject);
    let wanted = (0..PARTS).map(|n| vec![n as u8]).collect();
    let Some(Got::Values(values)) = bench.read(&[Read::MultiGet(wanted)]).pop() else { panic!("values were asked") };
    let whole = |(n, value): (usize, &Option<Vec<u8>>)| {
        value.as_ref().is_some_and(|value| value.len() == MAX_COMMIT / PARTS - 1 && value.iter().all(|b| *b == n as u8))
    };
    assert!(values.iter().enumerate().all(whole), "what was written is read back whole");
}

pub fn keys_count_for_the_size_of_a_commit_whatever_becomes_of_them(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let keep = |key: Vec<u8>| Write { key, precondition: Precondition::Any, change: Change::Keep };
    let count = MAX_COMMIT / MAX_VALUE;
    let mut writes: Vec<Write> = (0..count).map(|n| Write::put(vec![n as u8], vec![0; MAX_VALUE])).collect();
    let left = MAX_COMMIT - count * (1 + MAX_VALUE);
    writes.push(Write::put(b"last".to_vec(), vec![0; left - 4 - 10]));
    writes.extend([Write::delete(b"01234".to_vec()), keep(b"56789".to_vec())]);
    bench.commit(writes.clone()).expect("it is as large as the limit");
    writes.push(keep(b"x".to_vec()));
    let refused = bench.commit(writes);
    assert!(matches!(refused, Err(EngineError::TooLarge { limit: MAX_COMMIT, .. })), "{refused:?}");
}

pub fn the_largest_values_and_the_longest_keys_come_back_as_they_were(subject: impl Subject) {
    let bench = Bench::of(&subject);
    // No two of its bytes in a row are the same, so that a part that got lost or doubled shows.
    let bytes = |length: usize, seed: usize| (0..length).map(|n| ((n * 31 + n / 251 + seed) % 256) as u8).collect();
    let rows: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (bytes(MAX_KEY, 1), bytes(1 << 20, 2)),
        (bytes(MAX_KEY - 1, 1), bytes(MAX_VALUE, 3)),
        (bytes(1, 1), Vec::new()),
    ];
    let writes = rows.iter().map(|(key, value)| Write::put(key.clone(), value.clone()));
    bench.commit(writes.collect()).expect("all is within the limits");
    let subject = subject.reopen();
    let bench = Bench::of(&subject);
    for (key, value) in &rows {
        let Some(Got::Value(Some(found))) = bench.read(&[Read::Get(key.clone())]).pop() else { panic!("it is there") };
        assert!(found == *value, "a value of {} bytes under a key of {}", value.len(), key.len());
    }
    let found = bench.scan(Scan { range: vec![]..vec![0xff; MAX_KEY], ..over("", "") });
    assert!(found.iter().eq(rows.iter().rev().map(|(key, value)| (&**key, &**value))), "a scan has them in order");
}

pub fn a_scan_may_have_as_many_entries_as_the_limit(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let keys: Vec<String> = (0..=MAX_SCAN).map(|n| format!("{n:04}")).collect();
    for keys in keys.chunks(MAX_WRITES) {
        bench.commit(keys.iter().map(|key| put(key, "v")).collect()).expect("puts succeed");
    }
    let found = bench.scan(over("", "z"));
    assert_eq!((found.len(), found.more), (MAX_SCAN, true));
}

pub fn a_scan_over_the_limit_is_refused(subject: impl Subject) {
    let bench = Bench::of(&subject);
    for read in [Read::Scan, Read::Lookup] {
        let reads = [Read::Get("a".into()), read(Scan { limit: MAX_SCAN + 1, ..over("a", "b") })];
        let refused = block_on(bench.engine.read(&bench.keyspace, &reads));
        assert!(matches!(refused, Err(EngineError::TooLarge { limit: MAX_SCAN, .. })), "{refused:?}");
    }
}

pub fn a_key_named_twice_is_refused(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let refused = bench.commit(vec![put("k", "1"), put("other", "1"), Write::delete("k".into())]);
    assert!(matches!(refused, Err(EngineError::Invalid(_))), "{refused:?}");
    assert_eq!(bench.all(), [], "nothing was written");
}
