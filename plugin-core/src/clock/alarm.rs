//! Time limits of work that suspends, for a fraction of what a timer costs. Nearly all of them are armed and never ring: so what is
//! armed is a number at a place that is used again and again, and one thread looks at all places every few milliseconds.

use std::{
    cell::Cell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Mutex, MutexGuard, Once, OnceLock, PoisonError,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Acquire, Relaxed, SeqCst},
        },
    },
    task::{self, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use super::{Clock, Kind as ClockKind, ManualClock, Sleep, Timestamp};

/// How far apart two looks at the places are. An alarm rings at most two of them late; with a limit that is not short, at most one early.
const TICK: Duration = Duration::from_millis(5);

/// After how many looks that found nothing the thread sleeps until it is needed.
const LINGER: u32 = 200;

/// How many places a thread keeps for later.
const KEPT: usize = 64;

/// Limits below this are counted from the exact time, since the last look may be late where the machine has too much to do.
const SHORT: Duration = Duration::from_secs(1);

/// A point in time as the last look saw it; on a manual clock, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Coarse(u64);

impl Coarse {
    /// Later than all that ever is.
    const NEVER: u64 = u64::MAX;

    /// The time `limit` later.
    #[inline]
    pub(crate) fn plus(self, limit: Duration) -> Self {
        let nanoseconds = limit.as_secs().saturating_mul(1_000_000_000).saturating_add(limit.subsec_nanos().into());
        Self(self.0.saturating_add(nanoseconds).min(Self::NEVER - 1))
    }
}

impl Clock {
    /// The time from which a limit of `limit` is counted.
    #[inline]
    pub(crate) fn coarse(&self, limit: Duration) -> Coarse {
        match &self.0 {
            // Whoever sees it awake sees the time that it was roused at, too.
            ClockKind::System if limit >= SHORT && KEEPER.awake.load(Acquire) => Coarse(KEEPER.now.load(Relaxed)),
            ClockKind::System => Coarse(exactly()),
            ClockKind::Manual(clock) => Coarse(u64::try_from(clock.now().as_nanosecond()).unwrap_or(0)),
        }
    }

    /// An alarm that wakes the task of `cx` when `until` has come.
    #[inline]
    pub(crate) fn alarm(&self, until: Coarse, cx: &task::Context<'_>) -> Alarm {
        match &self.0 {
            ClockKind::System => {
                let place = take();
                place.until.store(until.0, SeqCst);
                if !KEEPER.awake.load(SeqCst) {
                    KEEPER.rouse();
                }
                let mut alarm = Alarm(Kind::System { place, waker: None });
                alarm.wakes(cx);
                alarm
            }
            ClockKind::Manual(clock) => {
                let sleep = Box::pin(clock.sleep_until(instant(until)));
                let mut alarm = Alarm(Kind::Manual { clock: clock.clone(), sleep });
                alarm.wakes(cx);
                alarm
            }
        }
    }
}

fn instant(until: Coarse) -> Timestamp {
    Timestamp::from_nanosecond(until.0.into()).unwrap_or(Timestamp(jiff::Timestamp::MAX))
}

/// Wakes a task when its time has come, until it is dropped.
pub(crate) struct Alarm(Kind);

enum Kind {
    System { place: &'static Place, waker: Option<Known> },
    Manual { clock: ManualClock, sleep: Pin<Box<Sleep>> },
}

/// Which waker stands at a place. It stands for one task, because that lives for as long as the waker does.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Known {
    data: usize,
    vtable: usize,
}

impl Known {
    #[inline]
    fn of(waker: &Waker) -> Self {
        Self { data: waker.data().addr(), vtable: std::ptr::from_ref(waker.vtable()).addr() }
    }
}

impl Alarm {
    /// Rings when `until` has come, and no longer at the time that was said before.
    #[inline]
    pub(crate) fn set(&mut self, until: Coarse, cx: &task::Context<'_>) {
        match &mut self.0 {
            Kind::System { place, .. } => place.until.store(until.0, Relaxed),
            Kind::Manual { clock, sleep } => *sleep = Box::pin(clock.sleep_until(instant(until))),
        }
        self.wakes(cx);
    }

    /// Wakes the task of `cx` from now on.
    #[inline]
    pub(crate) fn wakes(&mut self, cx: &task::Context<'_>) {
        match &mut self.0 {
            Kind::System { place, waker } => {
                if *waker != Some(Known::of(cx.waker())) {
                    let new = cx.waker().clone();
                    *waker = Some(Known::of(&new));
                    let old = place.waker().replace(new);
                    // Not while the place is locked: what a waker's end does is its own.
                    drop(old);
                }
            }
            Kind::Manual { sleep, .. } => {
                // Whoever is woken knows from the time itself whether it has come: also if it came before this.
                if sleep.as_mut().poll(&mut task::Context::from_waker(cx.waker())).is_ready() {
                    cx.waker().wake_by_ref();
                }
            }
        }
    }
}

impl Drop for Alarm {
    #[inline]
    fn drop(&mut self) {
        if let Kind::System { place, .. } = self.0 {
            place.until.store(Coarse::NEVER, Relaxed);
            let waker = place.waker().take();
            give(place);
            drop(waker);
        }
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
    }
}

/// Where one alarm after another says when it rings, and for whom; a cache line of its own.
#[repr(align(64))]
struct Place {
    until: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

impl Place {
    #[inline]
    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Places that nobody uses and this thread used before; given to all when it ends.
struct Free(Cell<Vec<&'static Place>>);

thread_local! {
    static FREE: Free = const { Free(Cell::new(Vec::new())) };
}

impl Drop for Free {
    fn drop(&mut self) {
        KEEPER.places().free.append(&mut self.0.take());
    }
}

#[inline]
fn take() -> &'static Place {
    let kept = FREE.try_with(|free| {
        let mut all = free.0.take();
        let place = all.pop();
        free.0.set(all);
        place
    });
    kept.ok().flatten().unwrap_or_else(|| KEEPER.place())
}

#[inline]
fn give(place: &'static Place) {
    let kept = FREE.try_with(|free| {
        let mut all = free.0.take();
        let keeps = all.len() < KEPT;
        if keeps {
            all.push(place);
        }
        free.0.set(all);
        keeps
    });
    // A thread that ends others' work must not hoard what they would use again.
    if kept != Ok(true) {
        KEEPER.places().free.push(place);
    }
}

/// The thread that looks, and what it looks at.
struct Keeper {
    /// When it looked last.
    now: AtomicU64,
    /// Whether it looks; asleep, it must be roused.
    awake: AtomicBool,
    places: Mutex<Places>,
    thread: OnceLock<Thread>,
}

struct Places {
    /// As many as alarms were ever armed at once. They stay for as long as the process.
    all: Vec<&'static Place>,
    free: Vec<&'static Place>,
}

static KEEPER: Keeper = Keeper {
    now: AtomicU64::new(0),
    awake: AtomicBool::new(false),
    places: Mutex::new(Places { all: Vec::new(), free: Vec::new() }),
    thread: OnceLock::new(),
};

/// Nanoseconds since somebody first asked.
fn exactly() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(Coarse::NEVER - 1)
}

impl Keeper {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cold]
    fn place(&self) -> &'static Place {
        let mut places = self.places();
        places.free.pop().unwrap_or_else(|| {
            let place: &'static Place =
                Box::leak(Box::new(Place { until: AtomicU64::new(Coarse::NEVER), waker: Mutex::new(None) }));
            places.all.push(place);
            place
        })
    }

    /// Lets the thread look again; starts it the first time.
    ///
    /// # Panics
    /// If the system has no thread to give: without it no limit would hold.
    #[cold]
    fn rouse(&'static self) {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            let started = thread::Builder::new().name("time limits".into()).spawn(|| self.look());
            let thread = started.expect("the system gives the thread that keeps time limits").thread().clone();
            self.thread.get_or_init(|| thread);
        });
        self.now.store(exactly(), SeqCst);
        if !self.awake.swap(true, SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    fn look(&self) {
        let (mut idle, mut due) = (0, Vec::new());
        loop {
            thread::park_timeout(TICK);
            let now = exactly();
            self.now.store(now, SeqCst);
            idle = if self.ring(now, &mut due) { 0 } else { idle + 1 };
            if idle > LINGER {
                self.awake.store(false, SeqCst);
                // Whoever armed an alarm before that is seen here; whoever does after it sees that nobody looks.
                if self.ring(now, &mut due) {
                    self.awake.store(true, SeqCst);
                }
                while !self.awake.load(SeqCst) {
                    thread::park();
                }
                idle = 0;
            }
        }
    }

    /// Wakes those whose time has come; whether anybody waits. `due` is empty room for their wakers, which run whatever they like and
    /// so must not find anything locked here.
    fn ring(&self, now: u64, due: &mut Vec<Waker>) -> bool {
        let mut armed = false;
        for place in &self.places().all {
            let until = place.until.load(SeqCst);
            armed |= until != Coarse::NEVER;
            if until <= now {
                let waker = catch_unwind(AssertUnwindSafe(|| place.waker().clone()));
                due.extend(waker.ok().flatten());
            }
        }
        for waker in due.drain(..) {
            // Nobody's waker may end the thread that all limits need.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
        armed
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::{Arc, mpsc},
        task::{Poll, Wake},
    };

    use super::*;

    struct Tells(mpsc::Sender<()>);

    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            // Woken once more than it was listened to.
            let _ = self.0.send(());
        }
    }

    #[test]
    fn an_alarm_wakes_its_task_after_its_time_and_not_before() {
        let (clock, limit) = (Clock::system(), Duration::from_millis(30));
        let (tell, told) = mpsc::channel();
        let waker = Waker::from(Arc::new(Tells(tell)));
        let (began, from) = (Instant::now(), clock.coarse(limit));
        let alarm = clock.alarm(from.plus(limit), &task::Context::from_waker(&waker));
        told.recv_timeout(Duration::from_secs(20)).expect("it rings");
        assert!(began.elapsed() >= limit);
        assert!(clock.coarse(limit) >= from.plus(limit));
        drop(alarm);
    }

    #[test]
    fn an_alarm_that_was_set_anew_or_dropped_does_not_ring_at_its_old_time() {
        let clock = Clock::system();
        let (tell, told) = mpsc::channel();
        let waker = Waker::from(Arc::new(Tells(tell)));
        let cx = task::Context::from_waker(&waker);
        let (soon, later) = (Duration::from_millis(30), Duration::from_secs(3600));
        let from = clock.coarse(soon);
        let dropped = clock.alarm(from.plus(soon), &cx);
        let mut anew = clock.alarm(from.plus(soon), &cx);
        anew.set(from.plus(later), &cx);
        drop(dropped);
        assert_eq!(told.recv_timeout(Duration::from_millis(60)), Err(mpsc::RecvTimeoutError::Timeout));
    }

    #[test]
    fn an_alarm_of_a_manual_clock_rings_when_the_clock_is_moved() {
        let manual = ManualClock::at(Timestamp::UNIX_EPOCH);
        let (clock, limit) = (Clock::from(manual.clone()), Duration::from_secs(5));
        let mut alarm = None;
        let until = clock.coarse(limit).plus(limit);
        let mut waits = Box::pin(poll_fn(|cx| {
            alarm.get_or_insert_with(|| clock.alarm(until, cx)).wakes(cx);
            if clock.coarse(limit) >= until { Poll::Ready(()) } else { Poll::Pending }
        }));
        assert!(futures_util::FutureExt::now_or_never(waits.as_mut()).is_none());
        manual.set("1970-01-01T00:00:05Z".parse().expect("an instant"));
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(waits);
    }
}
