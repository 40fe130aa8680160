//! What limits promise: up to each all goes through, beyond it there is a typed error and nothing written.

use super::{Bench, Subject, block_on, put, reads::over};
use crate::store::engine::{EngineError, MAX_COMMIT, MAX_KEY, MAX_SCAN, MAX_VALUE, MAX_WRITES, Read, Scan, Write};

/// `within` goes through; `beyond` is refused as too large, and so is all that comes with it.
fn assert_limit(subject: &impl Subject, within: Vec<Write>, mut beyond: Vec<Write>) {
    let bench = Bench::of(subject);
    let count = within.len();
    bench.commit(within).expect("up to the limit all goes through");
    let written =
        |bench: &Bench<'_>| bench.scan(Scan { range: vec![]..vec![0xff; MAX_KEY], ..over("", "") }).rows.len();
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
    let of_size = |size: usize| (0..PARTS).map(|n| Write::put(vec![n as u8], vec![0; size / PARTS - 1])).collect();
    assert_limit(&subject, of_size(MAX_COMMIT), of_size(MAX_COMMIT + PARTS));
}

pub fn a_scan_over_the_limit_is_refused(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let reads = [Read::Scan(Scan { limit: MAX_SCAN + 1, ..over("a", "b") })];
    let refused = block_on(bench.engine.read(&bench.keyspace, &reads));
    assert!(matches!(refused, Err(EngineError::TooLarge { limit: MAX_SCAN, .. })), "{refused:?}");
}

pub fn a_key_named_twice_is_refused(subject: impl Subject) {
    let bench = Bench::of(&subject);
    let refused = bench.commit(vec![put("k", "1"), put("other", "1"), Write::delete("k".into())]);
    assert!(matches!(refused, Err(EngineError::Invalid(_))), "{refused:?}");
    assert_eq!(bench.all(), [], "nothing was written");
}
