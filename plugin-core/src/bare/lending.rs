//! A frame at a place of its own, and a future that borrows it.

use std::{
    fmt,
    marker::PhantomPinned,
    pin::Pin,
    ptr,
    task::{Context, Poll},
};

use super::{frame::Lent, slot::Slot};

/// Room for a frame and for one future that may borrow it. Neither moves once it is there.
pub struct Lending<'a, T: 'static, D: 'static, R: 'static> {
    // Above the frame, so that what is in it is dropped while the frame still lives.
    slot: Slot<'a, R>,
    frame: Option<Lent<'a, T, D>>,
    _pinned: PhantomPinned,
}

impl<T, D, R> Default for Lending<'_, T, D, R> {
    #[inline]
    fn default() -> Self {
        Self { slot: Slot::default(), frame: None, _pinned: PhantomPinned }
    }
}

impl<'a, T, D, R> Lending<'a, T, D, R> {
    /// Whether a future is here.
    #[inline]
    pub fn is_occupied(&self) -> bool {
        self.slot.is_occupied()
    }

    /// Polls the future that is here. Where there is none, nothing is ever ready.
    #[inline]
    pub fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        // SAFETY: nothing is moved out of it, and a slot may be used unpinned: what it holds is elsewhere.
        let slot = unsafe { &mut self.get_unchecked_mut().slot };
        slot.poll(cx)
    }

    /// Puts `frame` here, in place of what was here before, and lets `work` use it and leave in the slot a future that does.
    #[inline]
    pub fn lend<Q>(
        self: Pin<&mut Self>,
        frame: Lent<'a, T, D>,
        work: impl for<'x> FnOnce(&'x Lent<'a, T, D>, &mut Slot<'x, R>) -> Q,
    ) -> Q {
        // SAFETY: nothing is moved out of it: the slot may be used unpinned, and the frame is replaced when nothing borrows it.
        let this = unsafe { self.get_unchecked_mut() };
        this.slot.clear();
        let frame: *const Lent<'a, T, D> = this.frame.insert(frame);
        let slot = ptr::from_mut(&mut this.slot).cast::<Slot<'_, R>>();
        // SAFETY: `work` has to do with any lifetime `'x`, so what borrows the frame can stay nowhere but in the slot of that lifetime.
        // What is there goes before the frame does: above, and when `self` is dropped, by the order of its fields. Until then the frame
        // stays where it is: `self` is pinned, and not `Unpin`. A slot is the same in memory whatever its lifetime.
        unsafe { work(&*frame, &mut *slot) }
    }
}

impl<T, D, R> fmt::Debug for Lending<'_, T, D, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lending").field("slot", &self.slot).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, task::Waker};

    use super::*;
    use crate::bare::frame::Frame;

    type Here<'a> = Lending<'a, String, u32, usize>;

    fn cx() -> Context<'static> {
        Context::from_waker(Waker::noop())
    }

    #[test]
    fn a_future_borrows_the_frame_beside_it() {
        let text = String::from("lent");
        let mut here = pin!(Here::default());
        for number in [3, 4] {
            let pending = here.as_mut().lend(Frame::lend(&text, number), |frame, slot| {
                let mut polls = 0;
                let read = poll_fn(move |_| {
                    polls += 1;
                    if polls < 2 { Poll::Pending } else { Poll::Ready(frame.lent().len() + *frame.data() as usize) }
                });
                slot.start(|| read, &mut cx())
            });
            assert!(pending.is_pending() && here.is_occupied());
            assert_eq!(here.as_mut().poll(&mut cx()), Poll::Ready(4 + number as usize));
            assert!(!here.is_occupied());
        }
    }

    #[test]
    fn what_borrows_the_frame_goes_before_it() {
        struct Reads<'x>(&'x Frame<String, u32>, &'x std::cell::Cell<u32>);
        // SAFETY: a test in one thread; a slot asks for futures that may be sent.
        unsafe impl Send for Reads<'_> {}
        impl Drop for Reads<'_> {
            fn drop(&mut self) {
                self.1.set(*self.0.data());
            }
        }
        impl Future for Reads<'_> {
            type Output = usize;
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<usize> {
                Poll::Pending
            }
        }
        let seen: &'static std::cell::Cell<u32> = Box::leak(Box::new(std::cell::Cell::new(0)));
        let text = String::from("lent");
        {
            let mut here = pin!(Here::default());
            for number in [1, 2] {
                let polled = here
                    .as_mut()
                    .lend(Frame::lend(&text, number), |frame, slot| slot.start(|| Reads(frame, seen), &mut cx()));
                assert!(polled.is_pending());
            }
            assert_eq!(seen.get(), 1, "the first went when the second frame came");
        }
        assert_eq!(seen.get(), 2);
    }
}
