//! What items did, in numbers: calls, failures and how long they took.
//!
//! Counting a call must cost next to nothing, so what happens often is counted in a part of the figures that one thread owns, and
//! a whole list of handlers is counted by one number: a handler was called as often as its list was run, less the times that
//! it was skipped.

pub mod thread;

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU16, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};

use self::thread::Thread;
use crate::ticks::{self, Ticks};

/// Which calls are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timing {
    /// One in [`SAMPLE`] of a list's runs; every call of what runs seldom.
    #[default]
    Sampled,
    /// Every call.
    All,
}

/// Of how many runs of a list one is timed.
pub const SAMPLE: u64 = 16;

/// How a call of a handler ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// As it should.
    Ok,
    /// With an error.
    Error,
    /// With a panic.
    Panic,
    /// At its time limit.
    Timeout,
    /// Before it began: its plugin is off, or the chain ended earlier.
    Skipped,
}

impl Ended {
    /// As it is written on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The figures of the items of one host.
pub struct Stats {
    timing: Timing,
    host: u16,
    /// The item under which an item's calls are counted: the first of its list, or itself.
    leaders: Box<[u32]>,
    rare: Box<[Rare]>,
    shards: [OnceLock<Shard>; thread::SHARDS],
}

/// What happens seldom enough for all threads to share it.
#[derive(Default)]
struct Rare {
    errors: AtomicU64,
    panics: AtomicU64,
    timeouts: AtomicU64,
    skips: AtomicU64,
}

/// What one thread counts; the last shard is that of all threads which came too late for one of their own.
struct Shard {
    calls: Box<[AtomicU64]>,
    times: Box<[Times]>,
}

#[derive(Default)]
struct Times {
    nanoseconds: AtomicU64,
    /// What was timed by the counter; together it is far cheaper to convert than one by one.
    ticks: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

const BUCKETS: usize = 15;

/// The upper bounds of [`Histogram::buckets`], in nanoseconds, each four times the one before; the last bucket has none.
pub const BOUNDS: [u64; BUCKETS - 1] = {
    let mut bounds = [0; BUCKETS - 1];
    let mut at = 0;
    while at < bounds.len() {
        bounds[at] = 256 << (2 * at);
        at += 1;
    }
    bounds
};

#[inline]
fn bucket(nanoseconds: u64) -> usize {
    let bits = (u64::BITS - (nanoseconds >> 8).leading_zeros()) as usize;
    bits.div_ceil(2).min(BUCKETS - 1)
}

/// How long the timed calls took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Histogram {
    /// All of them together.
    pub sum: Duration,
    /// How many took less than each of [`BOUNDS`] and not less than the bound before; the last: how many took longer than all.
    pub buckets: [u64; BUCKETS],
}

impl Histogram {
    /// How many calls were timed.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// The figures of one item since the host was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// How often it was called.
    pub calls: u64,
    /// How many of the calls ended with an error.
    pub errors: u64,
    /// How many ended with a panic.
    pub panics: u64,
    /// How many ran into their time limit.
    pub timeouts: u64,
    /// How long the timed ones took.
    pub timing: Histogram,
}

impl Stats {
    /// Figures of `items` items. `lists` are the numbers of the handlers of each point, in the order of their calls.
    pub fn new<'a>(items: usize, lists: impl IntoIterator<Item = &'a [u32]>, timing: Timing) -> Self {
        static HOSTS: AtomicU16 = AtomicU16::new(0);
        let mut leaders: Box<[u32]> = (0..).take(items).collect();
        for list in lists {
            for &item in list {
                if let (Some(leader), Some(&first)) = (leaders.get_mut(item as usize), list.first()) {
                    *leader = first;
                }
            }
        }
        ticks::calibrate();
        Self {
            timing,
            host: HOSTS.fetch_add(1, Relaxed),
            leaders,
            rare: (0..items).map(|_| Rare::default()).collect(),
            shards: [const { OnceLock::new() }; thread::SHARDS],
        }
    }

    /// Counts a call of an item that is in no list.
    ///
    /// `took` is what the call took, if it ran.
    pub fn record(&self, item: u32, ended: Ended, took: Duration) {
        let mine = self.mine();
        if ended != Ended::Skipped {
            mine.run(item);
            mine.took(item, u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
            self.failed(item, ended);
        }
    }

    /// Counts how a handler of a list ended; its call is counted with the list.
    pub(crate) fn failed(&self, item: u32, ended: Ended) {
        let Some(rare) = self.rare.get(item as usize) else { return };
        let count = match ended {
            Ended::Ok => return,
            Ended::Error => &rare.errors,
            Ended::Panic => &rare.panics,
            Ended::Timeout => &rare.timeouts,
            Ended::Skipped => &rare.skips,
        };
        count.fetch_add(1, Relaxed);
    }

    /// The figures of `item`; none if there is no such item.
    pub fn snapshot(&self, item: u32) -> Snapshot {
        let Some((rare, &leader)) = self.rare.get(item as usize).zip(self.leaders.get(item as usize)) else {
            return Snapshot::default();
        };
        let mut sum = Snapshot {
            errors: rare.errors.load(Relaxed),
            panics: rare.panics.load(Relaxed),
            timeouts: rare.timeouts.load(Relaxed),
            ..Snapshot::default()
        };
        for shard in self.shards.iter().filter_map(OnceLock::get) {
            sum.calls += shard.calls[leader as usize].load(Relaxed);
            let times = &shard.times[item as usize];
            sum.timing.sum += Duration::from_nanos(times.nanoseconds.load(Relaxed));
            sum.timing.sum += Duration::from_nanos(Ticks::of(times.ticks.load(Relaxed)).all_nanoseconds());
            for (sum, count) in sum.timing.buckets.iter_mut().zip(&times.buckets) {
                *sum += count.load(Relaxed);
            }
        }
        // Skips are counted after the run that they belong to, so there are never more of them, but for two loads racing a run.
        sum.calls = sum.calls.saturating_sub(rare.skips.load(Relaxed));
        sum
    }

    /// The figures as this thread counts them. It holds until the thread suspends the future that asked.
    #[inline]
    pub(crate) fn mine(&self) -> Mine<'_> {
        self.of(Thread::current())
    }

    /// The figures as `thread` counts them, which is the current one.
    #[inline]
    pub(crate) fn of(&self, thread: Thread) -> Mine<'_> {
        let at = thread.shard();
        let shard = self.shards[at].get_or_init(|| Shard::new(self.leaders.len()));
        Mine { shard, shared: at == thread::SHARDS - 1, all: self.timing == Timing::All }
    }

    /// The items that hold a thread, whether they work or wait there for others. Threads beyond the first few hundred are not seen.
    pub(crate) fn at_work(&self) -> impl Iterator<Item = u32> {
        thread::all_marks().filter_map(|mark| mark.item_of(self.host))
    }

    /// How often the list whose first item is `leader` was run, whether its handlers were skipped or not.
    pub(crate) fn runs(&self, leader: u32) -> u64 {
        let runs = |shard: &Shard| shard.calls.get(leader as usize).map_or(0, |calls| calls.load(Relaxed));
        self.shards.iter().filter_map(OnceLock::get).map(runs).sum()
    }

    /// Which host's items a thread's mark speaks of.
    #[inline]
    pub(crate) fn host(&self) -> u16 {
        self.host
    }
}

impl Shard {
    fn new(items: usize) -> Self {
        Self {
            calls: (0..items).map(|_| AtomicU64::new(0)).collect(),
            times: (0..items).map(|_| Times::default()).collect(),
        }
    }
}

/// The part of [`Stats`] in which the current thread counts.
#[derive(Clone, Copy)]
pub(crate) struct Mine<'a> {
    shard: &'a Shard,
    shared: bool,
    all: bool,
}

impl Mine<'_> {
    /// Counts one run of the list whose first item is `leader`, or one call of an item without a list, and gives the number of runs
    /// before it in this thread.
    #[inline]
    pub(crate) fn run(&self, leader: u32) -> u64 {
        self.shard.calls.get(leader as usize).map_or(0, |calls| self.add(calls, 1))
    }

    /// Whether the run numbered `run` is timed.
    #[inline]
    pub(crate) fn times(&self, run: u64) -> bool {
        self.all || run.is_multiple_of(SAMPLE)
    }

    /// Counts how long a call of `item` took.
    #[inline]
    pub(crate) fn took(&self, item: u32, nanoseconds: u64) {
        if let Some(times) = self.shard.times.get(item as usize) {
            self.add(&times.nanoseconds, nanoseconds);
            self.add(&times.buckets[bucket(nanoseconds)], 1);
        }
    }

    /// Counts how long a call of `item` took that began at `since`, and gives the present.
    #[inline]
    pub(crate) fn took_since(&self, item: u32, since: Ticks) -> Ticks {
        let now = Ticks::now();
        self.took_between(item, since, now);
        now
    }

    /// Counts how long a call of `item` took that began and ended then.
    #[inline]
    pub(crate) fn took_between(&self, item: u32, began: Ticks, ended: Ticks) {
        if let Some(times) = self.shard.times.get(item as usize) {
            let took = ended.since(began);
            self.add(&times.ticks, took.count());
            self.add(&times.buckets[bucket(took.nanoseconds())], 1);
        }
    }

    #[inline]
    fn add(&self, count: &AtomicU64, more: u64) -> u64 {
        if self.shared {
            return count.fetch_add(more, Relaxed);
        }
        // Only this thread writes its shard, so nothing is lost between the two.
        let before = count.load(Relaxed);
        count.store(before.wrapping_add(more), Relaxed);
        before
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stats").field("items", &self.rare.len()).field("timing", &self.timing).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_was_called_as_often_as_its_list_less_its_skips() {
        let stats = Stats::new(4, [&[2_u32, 1][..]], Timing::Sampled);
        for _ in 0..5 {
            stats.mine().run(2);
        }
        stats.failed(1, Ended::Skipped);
        stats.failed(1, Ended::Error);
        stats.record(3, Ended::Panic, Duration::from_micros(3));
        let calls = |item| stats.snapshot(item).calls;
        assert_eq!([calls(0), calls(1), calls(2), calls(3)], [0, 4, 5, 1]);
        assert_eq!((stats.snapshot(1).errors, stats.snapshot(3).panics), (1, 1));
        assert_eq!(stats.snapshot(9), Snapshot::default());
    }

    #[test]
    fn a_duration_is_counted_below_the_first_bound_that_exceeds_it() {
        for (nanoseconds, at) in [(0, 0), (255, 0), (256, 1), (1023, 1), (1024, 2), (u64::MAX, BUCKETS - 1)] {
            assert_eq!(bucket(nanoseconds), at, "{nanoseconds}");
            assert!(BOUNDS.get(at).is_none_or(|&bound| nanoseconds < bound));
        }
    }

    #[test]
    fn threads_lose_no_call() {
        let stats = Stats::new(1, [], Timing::All);
        std::thread::scope(|scope| {
            for _ in 0..2 * thread::SHARDS {
                scope.spawn(|| (0..1000).for_each(|_| stats.record(0, Ended::Ok, Duration::from_nanos(1))));
            }
        });
        let snapshot = stats.snapshot(0);
        assert_eq!(snapshot.calls, 2000 * thread::SHARDS as u64);
        assert_eq!(snapshot.timing.count(), snapshot.calls);
    }
}
