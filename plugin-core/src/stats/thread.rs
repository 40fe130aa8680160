//! The threads of the process by a small number each, so that a thread has counters of its own, and says on a mark of its own
//! which handler it runs.

use std::{
    cell::Cell,
    sync::{
        Mutex, PoisonError,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed, Release, SeqCst},
        },
    },
    time::{Duration, Instant},
};

/// How many shards of counters there are. The last one is shared by the threads that have none of their own.
pub(crate) const SHARDS: usize = 16;

/// How many threads can be watched. Those beyond share the last number and are not.
const THREADS: usize = 256;

/// The number of a thread, its own while it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thread(u16);

const NONE: Thread = Thread(u16::MAX);
const LAST: Thread = Thread(THREADS as u16 - 1);

thread_local! {
    // Apart from `OWNER`, because a value without a destructor is read without asking whether it still lives.
    static CURRENT: Cell<Thread> = const { Cell::new(NONE) };
    static OWNER: Owner = const { Owner };
}

/// Numbers that ended threads gave back, and the first that was never given.
static FREE: Mutex<(Vec<u16>, u16)> = Mutex::new((Vec::new(), 0));

struct Owner;

impl Drop for Owner {
    fn drop(&mut self) {
        // Destructors that run after this one count with everybody else.
        let mine = CURRENT.replace(LAST);
        mine.place().clear();
        FREE.lock().unwrap_or_else(PoisonError::into_inner).0.push(mine.0);
    }
}

impl Thread {
    /// The thread that asks.
    #[inline]
    pub(crate) fn current() -> Self {
        let known = CURRENT.get();
        if known.0 == NONE.0 { Self::first_seen() } else { known }
    }

    #[cold]
    fn first_seen() -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let number = free.0.pop().or_else(|| {
            let next = free.1;
            (next < LAST.0).then(|| free.1 += 1).map(|()| next)
        });
        drop(free);
        let current = number.map_or(LAST, Self);
        CURRENT.set(current);
        if number.is_some() {
            OWNER.with(|_| ());
        }
        current
    }

    /// Which shard it counts in.
    #[inline]
    pub(crate) fn shard(self) -> usize {
        usize::from(self.0).min(SHARDS - 1)
    }

    /// Where it says what it runs.
    #[inline]
    pub(crate) fn place(self) -> &'static Place {
        &MARKS[usize::from(self.0) % THREADS]
    }
}

/// How many calls within each other a thread tells of. Those beyond share the last level, so that the innermost is told.
const LEVELS: usize = 23;

/// Where one thread says what it runs, the outermost call first; cache lines of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Place {
    /// From the high bits to the low ones: 48 for how many calls there were, for marks to be told apart by; 16 for how many are
    /// under way, one within the other. One word, because both change with every call.
    calls: AtomicU64,
    levels: [AtomicU64; LEVELS],
    /// The mark that the watchdog named last.
    named: AtomicU64,
}

static MARKS: [Place; THREADS] = [const {
    Place { calls: AtomicU64::new(0), levels: [const { AtomicU64::new(0) }; LEVELS], named: AtomicU64::new(0) }
}; THREADS];

/// The low bits of `calls`.
const DEPTH: u64 = 0xFFFF;
/// One call more, and one more under way.
const BEGUN: u64 = (1 << 16) + 1;

impl Place {
    /// What it says, the innermost first.
    fn all(&self) -> impl Iterator<Item = Mark> {
        let depth = usize::try_from(self.calls.load(Acquire) & DEPTH).unwrap_or(LEVELS);
        self.levels.iter().take(depth).rev().map(|mark| Mark(mark.load(Acquire)))
    }

    /// Says nothing.
    fn clear(&self) {
        self.calls.fetch_and(!DEPTH, Release);
    }
}

/// Which call a thread is in: host, item and the low bits of a count of runs, so that two calls of one item differ. Zero for none.
///
/// From the high bits to the low ones: 11 for the host, 1 that is set, 1 for whether somebody else minds its time, 19 for the run,
/// 32 for the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    const NONE: Self = Self(0);
    const MINDED: u64 = 1 << 51;

    /// The mark of a run, without an item.
    #[inline]
    pub(crate) fn new(host: u16, run: u64) -> Self {
        Self((u64::from(host) << 53) | (1 << 52) | ((run & 0x7_FFFF) << 32))
    }

    /// The same run at `item`.
    #[inline]
    pub(crate) fn at(self, item: u32) -> Self {
        Self(self.0 | u64::from(item))
    }

    /// The item, if the mark is one of `host`.
    pub(crate) fn item_of(self, host: u16) -> Option<u32> {
        let ours = self.0 != 0 && self.0 >> 53 == u64::from(host) & 0x7FF;
        ours.then_some(self.0 as u32)
    }

    /// Whether somebody waits for the call on another thread, and counts it as a timeout when it takes too long.
    pub(crate) fn is_minded(self) -> bool {
        self.0 & Self::MINDED != 0
    }
}

/// The innermost marks of all threads that can be watched, each with its thread's number.
pub(crate) fn marks() -> impl Iterator<Item = (usize, Mark)> {
    let innermost = MARKS.iter().map(|place| place.all().next().unwrap_or(Mark::NONE));
    innermost.enumerate().take(usize::from(LAST.0))
}

/// Tells the thread that what its `mark` stands for was named, if it still says so: then the thread sees it when that is over.
pub(crate) fn name_mark(thread: usize, mark: Mark) -> bool {
    let Some(place) = MARKS.get(thread) else { return false };
    place.named.store(mark.0, SeqCst);
    place.all().next() == Some(mark)
}

/// The marks of all threads that can be watched, with those of the calls that wait for another one on their own thread.
pub(crate) fn all_marks() -> impl Iterator<Item = Mark> {
    MARKS.iter().take(usize::from(LAST.0)).flat_map(Place::all)
}

/// Waits until whatever other threads said before is seen by this one: that may take as long as a processor keeps a store to itself,
/// far less than this.
pub(crate) fn let_marks_arrive() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_micros(20) {
        std::hint::spin_loop();
    }
}

/// Says what the current thread runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Marked {
    place: &'static Place,
    level: &'static AtomicU64,
    mark: Mark,
}

impl Marked {
    /// Begins a call of items of `host` in the current thread. Which one runs is said with [`at`](Self::at).
    #[inline]
    pub(crate) fn new(host: u16) -> Self {
        Self::of(Thread::current(), host)
    }

    /// The same in `thread`, which is the current one.
    #[inline]
    pub(crate) fn of(thread: Thread, host: u16) -> Self {
        let place = thread.place();
        let calls = place.calls.load(Relaxed);
        let level = &place.levels[((calls & DEPTH) as usize).min(LEVELS - 1)];
        // What was said at this level before is over.
        level.store(0, Relaxed);
        place.calls.store(calls.wrapping_add(BEGUN), Release);
        Self { place, level, mark: Mark::new(host, calls >> 16) }
    }

    /// The same for a call for which somebody waits on another thread, who counts it when it takes too long.
    pub(crate) fn minded(host: u16) -> Self {
        let mut marked = Self::new(host);
        marked.mark.0 |= Mark::MINDED;
        marked
    }

    /// Says that `item` runs from now on.
    #[inline]
    pub(crate) fn at(&self, item: u32) {
        self.writer().at(item);
    }

    /// Whether the watchdog has named what was said last.
    #[inline]
    pub(crate) fn was_named(&self) -> bool {
        self.place.named.load(Relaxed) == self.level.load(Relaxed)
    }

    /// The same as a value, for a loop to keep in registers.
    #[inline]
    pub(crate) fn writer(&self) -> Writer {
        Writer { level: self.level, mark: self.mark }
    }
}

/// Says what runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    level: &'static AtomicU64,
    mark: Mark,
}

impl Writer {
    /// Says that `item` runs from now on.
    #[inline]
    pub(crate) fn at(self, item: u32) {
        self.level.store(self.mark.at(item).0, Release);
    }
}

impl Drop for Marked {
    #[inline]
    fn drop(&mut self) {
        // Whatever counts the call beyond its thread was said before.
        self.place.calls.store(self.place.calls.load(Relaxed).wrapping_sub(1), Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_thread_gives_its_number_back() {
        // Tests run in threads of their own, so only this much is certain: numbers are far fewer than threads were.
        for _ in 0..4 * THREADS {
            let number = std::thread::spawn(|| Thread::current().0).join().expect("the thread ends");
            assert!(number < LAST.0);
        }
    }

    #[test]
    fn a_mark_knows_host_and_item_and_tells_runs_apart() {
        let mark = Mark::new(2051, 7).at(99);
        assert_eq!(mark.item_of(2051), Some(99));
        assert_eq!(mark.item_of(2050), None);
        assert_ne!(mark, Mark::new(2051, 8).at(99));
        assert_eq!(Mark::NONE.item_of(0), None);
    }

    #[test]
    fn calls_within_each_other_are_all_told_of() {
        const HOST: u16 = 2_000;
        let told = || all_marks().filter_map(|mark| mark.item_of(HOST)).collect::<Vec<_>>();
        let outer = Marked::new(HOST);
        outer.at(1);
        {
            let inner = Marked::new(HOST);
            inner.at(2);
            assert_eq!(told(), [2, 1]);
            assert_eq!(marks().filter_map(|(_, mark)| mark.item_of(HOST)).collect::<Vec<_>>(), [2]);
        }
        assert_eq!(told(), [1]);
        let deep: Vec<Marked> = (0..2 * LEVELS).map(|_| Marked::new(HOST)).collect();
        deep.into_iter().rev().for_each(drop);
        assert_eq!(told(), [1]);
        drop(outer);
        assert!(told().is_empty());
    }
}
