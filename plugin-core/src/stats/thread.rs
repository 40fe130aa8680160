//! The threads of the process by a small number each, so that a thread has counters of its own, and says on a mark of its own
//! which handler it runs.

use std::{
    cell::Cell,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
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
        mine.place().set(Mark::NONE);
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

/// Where one thread says what it runs; a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Place {
    mark: AtomicU64,
    calls: AtomicU64,
}

static MARKS: [Place; THREADS] = [const { Place { mark: AtomicU64::new(0), calls: AtomicU64::new(0) } }; THREADS];

impl Place {
    /// What it says.
    #[inline]
    pub(crate) fn get(&self) -> Mark {
        Mark(self.mark.load(Relaxed))
    }

    /// Says `mark`.
    #[inline]
    pub(crate) fn set(&self, mark: Mark) {
        self.mark.store(mark.0, Relaxed);
    }

    /// A number for a call, for marks to be told apart by.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        let next = self.calls.load(Relaxed).wrapping_add(1);
        self.calls.store(next, Relaxed);
        next
    }
}

/// Which call a thread is in: host, item and the low bits of a count of runs, so that two calls of one item differ. Zero for none.
///
/// From the high bits to the low ones: 11 for the host, 1 that is set, 20 for the run, 32 for the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64);

impl Mark {
    const NONE: Self = Self(0);

    /// The mark of a run, without an item.
    #[inline]
    pub(crate) fn new(host: u16, run: u64) -> Self {
        Self((u64::from(host) << 53) | (1 << 52) | ((run & 0xF_FFFF) << 32))
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
}

/// The marks of all threads that can be watched, each with its thread's number.
pub(crate) fn marks() -> impl Iterator<Item = (usize, Mark)> {
    MARKS.iter().map(Place::get).enumerate().take(usize::from(LAST.0))
}

/// Says what the current thread runs until this is dropped; then what it said before.
#[derive(Debug)]
pub(crate) struct Marked {
    place: &'static Place,
    mark: Mark,
    before: Mark,
}

impl Marked {
    /// Begins a call of items of `host` in the current thread. Which one runs is said with [`at`](Self::at).
    #[inline]
    pub(crate) fn new(host: u16) -> Self {
        let place = Thread::current().place();
        Self { place, mark: Mark::new(host, place.next()), before: place.get() }
    }

    /// Says that `item` runs from now on.
    #[inline]
    pub(crate) fn at(&self, item: u32) {
        self.writer().at(item);
    }

    /// The same as a value, for a loop to keep in registers.
    #[inline]
    pub(crate) fn writer(&self) -> Writer {
        Writer { place: self.place, mark: self.mark }
    }
}

/// Says what runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Writer {
    place: &'static Place,
    mark: Mark,
}

impl Writer {
    /// Says that `item` runs from now on.
    #[inline]
    pub(crate) fn at(self, item: u32) {
        self.place.set(self.mark.at(item));
    }
}

impl Drop for Marked {
    #[inline]
    fn drop(&mut self) {
        self.place.set(self.before);
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
}
