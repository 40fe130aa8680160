//! What a slot promises, for futures that fit it and for those that do not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Waker,
};

use std::marker::PhantomPinned;

use super::*;

/// Is ready at its `left`th poll after the first; notes where it was polled and that it was dropped.
struct Probe<'a, const SIZE: usize> {
    left: usize,
    panics: bool,
    seen: &'a Seen,
    at: usize,
    _pinned: PhantomPinned,
    _ballast: [u8; SIZE],
}

#[derive(Default)]
struct Seen {
    polls: AtomicUsize,
    moves: AtomicUsize,
    drops: AtomicUsize,
}

impl Seen {
    fn counts(&self) -> (usize, usize, usize) {
        (self.polls.load(SeqCst), self.moves.load(SeqCst), self.drops.load(SeqCst))
    }
}

fn probe<const SIZE: usize>(seen: &Seen, left: usize) -> Probe<'_, SIZE> {
    Probe { left, panics: false, seen, at: 0, _pinned: PhantomPinned, _ballast: [0; SIZE] }
}

impl<const SIZE: usize> Future for Probe<'_, SIZE> {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
        let here = (&raw const *self).addr();
        // SAFETY: nothing is moved; the fields written to are plain numbers.
        let probe = unsafe { self.get_unchecked_mut() };
        if probe.at != 0 && probe.at != here {
            probe.seen.moves.fetch_add(1, SeqCst);
        }
        probe.at = here;
        probe.seen.polls.fetch_add(1, SeqCst);
        assert!(!probe.panics, "as told");
        match probe.left {
            0 => Poll::Ready(here),
            _ => {
                probe.left -= 1;
                Poll::Pending
            }
        }
    }
}

impl<const SIZE: usize> Drop for Probe<'_, SIZE> {
    fn drop(&mut self) {
        self.seen.drops.fetch_add(1, SeqCst);
    }
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn stays_where_it_is<const SIZE: usize>() {
    let seen = Seen::default();
    let mut slot = Slot::default();
    assert!(slot.start(|| probe::<SIZE>(&seen, 2), &mut cx()).is_pending());
    assert!(slot.poll(&mut cx()).is_pending());
    assert!(slot.poll(&mut cx()).is_ready());
    assert_eq!(seen.counts(), (3, 0, 1));
}

#[test]
fn a_future_is_polled_where_it_was_made_and_dropped_once() {
    stays_where_it_is::<1>();
    stays_where_it_is::<4000>();
}

#[test]
fn rooms_are_used_again_and_what_does_not_fit_is_elsewhere() {
    let seen = Seen::default();
    let at = |left: usize, large: bool| {
        let mut slot = Slot::default();
        let polled = match large {
            false => slot.start(|| probe::<1>(&seen, left), &mut cx()),
            true => slot.start(|| probe::<4000>(&seen, left), &mut cx()),
        };
        let Poll::Ready(at) = polled else { panic!("it is ready") };
        at
    };
    let first = at(0, false);
    assert_eq!(at(0, false), first);
    assert!(at(0, true).abs_diff(first) >= ROOM);
    assert_eq!(seen.counts(), (3, 0, 3));
}

#[test]
fn a_slot_may_be_moved_while_its_future_may_not() {
    let seen = Seen::default();
    let mut slot = Slot::default();
    assert!(slot.start(|| probe::<1>(&seen, 1), &mut cx()).is_pending());
    let mut moved = Some(slot);
    let slot = moved.as_mut().expect("it was moved there");
    assert!(slot.poll(&mut cx()).is_ready());
    let sent = std::thread::scope(|scope| scope.spawn(move || drop(moved)).join());
    assert!(sent.is_ok());
    assert_eq!(seen.counts(), (2, 0, 1));
}

#[test]
fn a_future_that_is_given_up_is_dropped() {
    let seen = Seen::default();
    {
        let mut slot = Slot::default();
        assert!(slot.start(|| probe::<1>(&seen, 9), &mut cx()).is_pending());
    }
    assert_eq!(seen.counts(), (1, 0, 1));
    {
        let mut slot = Slot::default();
        assert!(slot.start(|| probe::<1>(&seen, 9), &mut cx()).is_pending());
        assert!(slot.start(|| probe::<1>(&seen, 9), &mut cx()).is_pending());
        assert_eq!(seen.counts(), (3, 0, 2), "the next future takes the place of the one before");
        slot.clear();
        assert!(slot.poll(&mut cx()).is_pending());
    }
    assert_eq!(seen.counts(), (3, 0, 3));
}

#[test]
fn a_future_that_panicked_is_dropped_once() {
    let seen = Seen::default();
    {
        let mut slot = Slot::default();
        let make = || {
            let mut probe = probe::<1>(&seen, 0);
            probe.panics = true;
            probe
        };
        assert!(catch_unwind(AssertUnwindSafe(|| slot.start(make, &mut cx()))).is_err());
        assert_eq!(seen.counts(), (1, 0, 0));
        slot.clear();
        assert_eq!(seen.counts(), (1, 0, 1));
    }
    assert_eq!(seen.counts(), (1, 0, 1));
}

#[test]
fn a_panic_while_the_future_is_made_leaves_the_slot_empty() {
    let seen = Seen::default();
    let mut slot = Slot::default();
    let make = || -> Probe<'_, 1> { panic!("as told") };
    assert!(catch_unwind(AssertUnwindSafe(|| slot.start(make, &mut cx()))).is_err());
    assert!(slot.start(|| probe::<1>(&seen, 0), &mut cx()).is_ready());
}

#[test]
fn a_destructor_that_panics_runs_once() {
    struct Bomb<'a>(&'a AtomicUsize);
    impl Future for Bomb<'_> {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    impl Drop for Bomb<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
            panic!("as told");
        }
    }
    let drops = AtomicUsize::new(0);
    {
        let mut slot = Slot::default();
        assert!(catch_unwind(AssertUnwindSafe(|| slot.start(|| Bomb(&drops), &mut cx()))).is_err());
    }
    assert_eq!(drops.load(SeqCst), 1);
}
