//! Bytes that were valid once, changed in ways that a seed decides.

use std::{
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use plugin_core::random::Random;

use crate::memory::peak;

/// How many changed inputs each reader gets where no time is given.
const STEPS: u64 = 10_000;

/// Bytes that mean something to some reader: ends, lengths of lengths, the first and last of a kind.
const TELLING: [u8; 12] = [0, 1, 2, 9, 10, 127, 128, 250, 251, 253, 254, 255];

fn changed(corpus: &[Vec<u8>], draw: &mut Random) -> Vec<u8> {
    let mut bytes = corpus[draw.below(corpus.len())].clone();
    for _ in 0..=draw.below(4) {
        let place = draw.below(bytes.len() + 1);
        let end = (place + draw.below(9)).min(bytes.len());
        match draw.below(7) {
            0 => bytes.truncate(place),
            1 => drop(bytes.drain(place..end)),
            2 => bytes.insert(place, TELLING[draw.below(TELLING.len())]),
            3 => {
                let other = &corpus[draw.below(corpus.len())];
                let from = draw.below(other.len() + 1);
                let to = (from + draw.below(17)).min(other.len());
                bytes.splice(place..end, other[from..to].iter().copied());
            }
            // Some of it again and again: what lies deep, or is long.
            4 => {
                let again = bytes[place..end].repeat(1 + draw.below(200));
                bytes.splice(place..place, again);
            }
            5 if place < bytes.len() => bytes[place] = TELLING[draw.below(TELLING.len())],
            _ if place < bytes.len() => bytes[place] ^= 1 << draw.below(8),
            _ => {}
        }
    }
    bytes
}

/// Hands changed inputs to `read`, which must neither panic nor hold more at once than `bound` allows for an input's length.
///
/// `FUZZ_SECONDS` is how long instead of how many; then each run draws others, unless `FUZZ_SEED` says which.
#[track_caller]
pub(crate) fn hostile(corpus: &[Vec<u8>], bound: fn(usize) -> usize, read: fn(&[u8])) {
    let given = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let until = given("FUZZ_SECONDS").map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let drawn = until.map(|_| RandomState::new().hash_one(0));
    let seed = given("FUZZ_SEED").or(drawn).unwrap_or(7);
    // What a thread sets up once is not the reader's.
    corpus.iter().for_each(|bytes| read(bytes));
    for step in 0.. {
        if until.map_or(step == STEPS, |until| Instant::now() >= until) {
            break;
        }
        let bytes = changed(corpus, &mut Random::of(seed.wrapping_add(step)));
        let (held, done) = peak(|| catch_unwind(AssertUnwindSafe(|| read(&bytes))));
        let input =
            || format!("seed {seed}, step {step}: FUZZ_SEED={}\n{}", seed.wrapping_add(step), hex::encode(&bytes));
        assert!(done.is_ok(), "it panicked: {}", input());
        let bound = bound(bytes.len());
        assert!(held <= bound, "{} bytes hold {held}, more than {bound}: {}", bytes.len(), input());
    }
}
