//! Room for one future, in which it is made, polled and dropped without being moved, so that running it allocates nothing.

use std::{
    fmt,
    future::Future,
    marker::{PhantomData, PhantomPinned},
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll},
};

/// How large a future may be to run in a slot itself; a larger one is boxed.
pub const ROOM: usize = 256;

#[repr(align(16))]
struct Bytes(#[expect(dead_code, reason = "it is reached by pointer")] [u8; ROOM]);

/// Room for one future after another, each with the output `T` and borrowing for `'a`.
pub struct Slot<'a, T: 'static> {
    /// What can be done with the future that is here; none if there is none.
    ops: Option<&'static Ops<T>>,
    room: MaybeUninit<Bytes>,
    borrows: PhantomData<&'a ()>,
    /// A future that is here stays here.
    _pinned: PhantomPinned,
}

struct Ops<T> {
    poll: unsafe fn(*mut (), &mut Context<'_>) -> Poll<T>,
    drop: unsafe fn(*mut ()),
}

struct OpsOf<F>(PhantomData<F>);

impl<F: Future<Output: 'static>> OpsOf<F> {
    const OPS: &'static Ops<F::Output> = &Ops {
        // SAFETY: the caller passes the pinned room of a slot in which an `F` lives.
        poll: |room, cx| unsafe { Pin::new_unchecked(&mut *room.cast::<F>()) }.poll(cx),
        // SAFETY: as above, and the caller never uses that `F` again.
        drop: |room| unsafe { room.cast::<F>().drop_in_place() },
    };
}

impl<T> Default for Slot<'_, T> {
    #[inline(always)]
    fn default() -> Self {
        Self { ops: None, room: MaybeUninit::uninit(), borrows: PhantomData, _pinned: PhantomPinned }
    }
}

impl<'a, T> Slot<'a, T> {
    /// Makes a future here and polls it. If that is not enough, it stays, to be polled with [`poll`](Self::poll). One that was here
    /// before is dropped.
    ///
    /// Should the future panic, it stays as well, to be dropped with [`clear`](Self::clear).
    #[inline]
    pub fn start<F: Future<Output = T> + Send + 'a>(
        self: Pin<&mut Self>,
        make: impl FnOnce() -> F,
        cx: &mut Context<'_>,
    ) -> Poll<T> {
        if size_of::<F>() <= ROOM && align_of::<F>() <= align_of::<Bytes>() {
            self.start_here(make, cx)
        } else {
            self.start_here(|| Box::pin(make()), cx)
        }
    }

    #[inline]
    fn start_here<F: Future<Output = T> + Send + 'a>(
        mut self: Pin<&mut Self>,
        make: impl FnOnce() -> F,
        cx: &mut Context<'_>,
    ) -> Poll<T> {
        self.as_mut().clear();
        // SAFETY: the slot is not moved out of, only written.
        let slot = unsafe { self.as_mut().get_unchecked_mut() };
        let future = slot.room.as_mut_ptr().cast::<F>();
        // SAFETY: `start` has seen that an `F` fits the room in size and alignment (a box does), and the room is free.
        unsafe { future.write(make()) };
        slot.ops = Some(OpsOf::<F>::OPS);
        // SAFETY: an `F` lives there, and it is not moved: the slot is pinned, and only `clear` and `Drop` free the room.
        let polled = unsafe { Pin::new_unchecked(&mut *future) }.poll(cx);
        if polled.is_ready() {
            slot.ops = None;
            // SAFETY: it lives there, and with `ops` gone nothing uses it again, even if this panics.
            unsafe { future.drop_in_place() };
        }
        polled
    }

    /// Polls the future that is here. Where there is none, nothing is ever ready.
    #[inline]
    pub fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(ops) = self.ops else { return Poll::Pending };
        // SAFETY: the slot is not moved out of; `ops` are those of the future that lives in the room, which is pinned with it.
        let polled = unsafe { (ops.poll)(self.as_mut().get_unchecked_mut().room.as_mut_ptr().cast(), cx) };
        if polled.is_ready() {
            self.clear();
        }
        polled
    }

    /// Drops the future that is here, if any. Should its destructor panic, it is gone nevertheless.
    #[inline]
    pub fn clear(self: Pin<&mut Self>) {
        // SAFETY: the slot is not moved out of; the future is dropped where it was pinned.
        let slot = unsafe { self.get_unchecked_mut() };
        if let Some(ops) = slot.ops.take() {
            // SAFETY: `ops` were those of the future that lives in the room; being taken, they are used once.
            unsafe { (ops.drop)(slot.room.as_mut_ptr().cast()) };
        }
    }
}

impl<T> Drop for Slot<'_, T> {
    fn drop(&mut self) {
        // SAFETY: a slot that is dropped is not moved any more, and one that held a future was pinned.
        unsafe { Pin::new_unchecked(self) }.clear();
    }
}

impl<T> fmt::Debug for Slot<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("occupied", &self.ops.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "slot_tests.rs"]
mod tests;
