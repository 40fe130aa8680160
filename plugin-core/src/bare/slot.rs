//! Room for one future, in which it is made, polled and dropped without being moved. The room is taken from those that the thread
//! used before, so that running a future allocates nothing, and what holds it stays small.

use std::{
    cell::Cell,
    fmt,
    future::Future,
    marker::PhantomData,
    mem::MaybeUninit,
    pin::Pin,
    ptr::NonNull,
    task::{Context, Poll},
};

/// How large a future may be to run in a room; a larger one gets a box of its own.
pub const ROOM: usize = 1024;

/// How many rooms a thread keeps for later.
const KEPT: usize = 64;

#[repr(align(16))]
struct Room(#[expect(dead_code, reason = "it is reached by pointer")] [MaybeUninit<u8>; ROOM]);

/// A place for one future after another, each with the output `T` and borrowing for `'a`. It may be moved at any time: the future
/// is elsewhere.
pub struct Slot<'a, T: 'static> {
    /// What can be done with the future that is in the room; none if there is none.
    ops: SomeOps<T>,
    /// Owned; taken when the first future comes.
    room: Option<NonNull<Room>>,
    borrows: PhantomData<&'a ()>,
}

// SAFETY: a slot owns its room and the future in it, which `start` demands to be `Send`.
unsafe impl<T> Send for Slot<'_, T> {}
// SAFETY: a shared slot gives access to nothing but whether it is occupied.
unsafe impl<T> Sync for Slot<'_, T> {}

struct Ops<T: 'static> {
    /// Polls the future; drops it when it is ready, after the ops were taken away.
    poll: unsafe fn(NonNull<Room>, &mut SomeOps<T>, &mut Context<'_>) -> Poll<T>,
    drop: unsafe fn(NonNull<Room>),
}

type SomeOps<T> = Option<&'static Ops<T>>;

struct OpsOf<F>(PhantomData<F>);

impl<F: Future<Output: 'static>> OpsOf<F> {
    const OPS: &'static Ops<F::Output> = &Ops {
        poll: |room, ops, cx| {
            let mut future = room.cast::<F>();
            // SAFETY: the caller passes a room in which an `F` lives, which is never moved out of it.
            let polled = unsafe { Pin::new_unchecked(future.as_mut()) }.poll(cx);
            if polled.is_ready() {
                *ops = None;
                // SAFETY: it lives there, and with `ops` gone nothing uses it again, even if this panics.
                unsafe { future.drop_in_place() };
            }
            polled
        },
        // SAFETY: as above, and the caller never uses that `F` again.
        drop: |room| unsafe { room.cast::<F>().drop_in_place() },
    };
}

impl<T> Default for Slot<'_, T> {
    #[inline]
    fn default() -> Self {
        Self { ops: None, room: None, borrows: PhantomData }
    }
}

impl<'a, T> Slot<'a, T> {
    /// Whether a future is here.
    #[inline]
    pub fn is_occupied(&self) -> bool {
        self.ops.is_some()
    }

    /// Makes a future here and polls it. If that is not enough, it stays, to be polled with [`poll`](Self::poll). One that was here
    /// before is dropped.
    ///
    /// Should the future panic, it stays as well, to be dropped with [`clear`](Self::clear).
    #[inline]
    pub fn start<F: Future<Output = T> + Send + 'a>(
        &mut self,
        make: impl FnOnce() -> F,
        cx: &mut Context<'_>,
    ) -> Poll<T> {
        if size_of::<F>() <= ROOM && align_of::<F>() <= align_of::<Room>() {
            self.start_here(make, cx)
        } else {
            self.start_here(|| Box::pin(make()), cx)
        }
    }

    /// Makes a future here, to be polled with [`poll`](Self::poll). One that was here before is dropped.
    #[inline]
    pub fn hold<F: Future<Output = T> + Send + 'a>(&mut self, make: impl FnOnce() -> F) {
        if size_of::<F>() <= ROOM && align_of::<F>() <= align_of::<Room>() {
            self.hold_here(make);
        } else {
            self.hold_here(|| Box::pin(make()));
        }
    }

    /// Puts the future in a room of this slot's, which it must fit.
    #[inline]
    fn hold_here<F: Future<Output = T> + Send + 'a>(&mut self, make: impl FnOnce() -> F) -> NonNull<F> {
        let room = match (self.ops, self.room) {
            (None, Some(room)) => room,
            _ => self.make_room(),
        };
        let future = room.cast::<F>();
        // SAFETY: `start` and `hold` have seen that an `F` fits a room in size and alignment (a box does); this room is ours, and free.
        unsafe { future.write(make()) };
        self.ops = Some(OpsOf::<F>::OPS);
        future
    }

    #[inline]
    fn start_here<F: Future<Output = T> + Send + 'a>(
        &mut self,
        make: impl FnOnce() -> F,
        cx: &mut Context<'_>,
    ) -> Poll<T> {
        let mut future = self.hold_here(make);
        // SAFETY: an `F` lives there, and it is not moved: rooms stay where they are, and only `clear` frees this one.
        let polled = unsafe { Pin::new_unchecked(future.as_mut()) }.poll(cx);
        if polled.is_ready() {
            self.ops = None;
            // SAFETY: it lives there, and with `ops` gone nothing uses it again, even if this panics.
            unsafe { future.drop_in_place() };
        }
        polled
    }

    /// A room of this slot's, free. Apart, so that what every handler's code holds of this file stays small.
    #[inline(never)]
    fn make_room(&mut self) -> NonNull<Room> {
        self.clear();
        *self.room.get_or_insert_with(take)
    }

    /// Polls the future that is here. Where there is none, nothing is ever ready.
    #[inline]
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let (Some(ops), Some(room)) = (self.ops, self.room) else { return Poll::Pending };
        // SAFETY: `ops` are those of the future that lives in the room.
        unsafe { (ops.poll)(room, &mut self.ops, cx) }
    }

    /// Drops the future that is here, if any. Should its destructor panic, it is gone nevertheless.
    #[inline]
    pub fn clear(&mut self) {
        if let (Some(ops), Some(room)) = (self.ops.take(), self.room) {
            // SAFETY: `ops` were those of the future that lives in the room; being taken, they are used once.
            unsafe { (ops.drop)(room) };
        }
    }
}

impl<T> Slot<'_, T> {
    #[inline(never)]
    fn leave(&mut self, room: NonNull<Room>) {
        /// Gives the room back even if the future's destructor panics.
        struct Back(NonNull<Room>);
        impl Drop for Back {
            fn drop(&mut self) {
                give(self.0);
            }
        }
        let _back = Back(room);
        self.clear();
    }
}

impl<T> Drop for Slot<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(room) = self.room {
            self.leave(room);
        }
    }
}

impl<T> fmt::Debug for Slot<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("occupied", &self.is_occupied()).finish_non_exhaustive()
    }
}

/// Rooms that nobody uses, freed with their thread.
struct Free(Cell<Vec<NonNull<Room>>>);

thread_local! {
    static FREE: Free = const { Free(Cell::new(Vec::new())) };
}

impl Drop for Free {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(free);
    }
}

#[inline]
fn take() -> NonNull<Room> {
    let kept = FREE.try_with(|rooms| {
        let mut all = rooms.0.take();
        let room = all.pop();
        rooms.0.set(all);
        room
    });
    // A thread that ends has nothing left to keep rooms in.
    kept.ok().flatten().unwrap_or_else(|| NonNull::from(Box::leak(Box::<Room>::new_uninit())).cast())
}

#[inline]
fn give(room: NonNull<Room>) {
    let kept = FREE.try_with(|rooms| {
        let mut all = rooms.0.take();
        let keeps = all.len() < KEPT;
        if keeps {
            all.push(room);
        }
        rooms.0.set(all);
        keeps
    });
    if kept != Ok(true) {
        free(room);
    }
}

#[cold]
fn free(room: NonNull<Room>) {
    // SAFETY: every room was made by `take` as a box of this layout, and whoever calls this owned it and forgets it.
    drop(unsafe { Box::from_raw(room.cast::<MaybeUninit<Room>>().as_ptr()) });
}

#[cfg(test)]
#[path = "slot_tests.rs"]
mod tests;
