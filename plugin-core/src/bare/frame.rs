//! A chain of stack frames that lend one value to whoever is called below them.

use std::{fmt, marker::PhantomData, ops::Deref, ptr::NonNull, sync::Arc};

/// Lends a `T` and, if it is nested, its parent frame. It is only ever seen by reference: a [`Lent`] owns it, and that
/// cannot outlive what it lends. So types that must be `'static`, such as a handler's context, can be views of it.
pub struct Frame<T: 'static, D: 'static> {
    lent: NonNull<T>,
    parent: Option<NonNull<Frame<T, D>>>,
    data: D,
}

/// A [`Frame`] with the lifetime of what it lends.
pub struct Lent<'a, T: 'static, D: 'static>(Frame<T, D>, PhantomData<&'a (T, Frame<T, D>)>);

/// A [`Frame`] that keeps what it lends alive.
pub struct Owned<T: 'static, D: 'static> {
    frame: Frame<T, D>,
    lent: Arc<T>,
}

// SAFETY: a frame gives out only `&T`, `&Frame<T, D>` and `&D`, so moving it to another thread shares a `T` and a parent's `D`, and moves a `D`.
unsafe impl<T: Sync, D: Send + Sync> Send for Frame<T, D> {}
// SAFETY: as above; sharing a frame shares `T` and `D`.
unsafe impl<T: Sync, D: Sync> Sync for Frame<T, D> {}

impl<T, D> Frame<T, D> {
    /// Lends `value`.
    #[inline]
    pub fn lend(value: &T, data: D) -> Lent<'_, T, D> {
        Lent(Frame { lent: NonNull::from(value), parent: None, data }, PhantomData)
    }

    /// A frame below this one, lending the same value.
    #[inline]
    pub fn nested(&self, data: D) -> Lent<'_, T, D> {
        Lent(Frame { lent: self.lent, parent: Some(NonNull::from(self)), data }, PhantomData)
    }

    /// Lends `value` for as long as the frame lives.
    pub fn own(value: Arc<T>, data: D) -> Owned<T, D> {
        Owned { frame: Frame { lent: NonNull::from(&*value), parent: None, data }, lent: value }
    }

    /// What it lends.
    #[inline]
    pub fn lent(&self) -> &T {
        // SAFETY: made from a reference that the owning `Lent<'a>` borrows for `'a`; `self` is borrowed from that `Lent`, so `'a` is
        // not over. Or made from the `Arc` that the owning `Owned` holds beside it.
        unsafe { self.lent.as_ref() }
    }

    /// The frame above.
    pub fn parent(&self) -> Option<&Self> {
        // SAFETY: as in `lent`: the parent is borrowed for the `'a` of the owning `Lent<'a>`.
        self.parent.map(|parent| unsafe { parent.as_ref() })
    }

    /// What this frame alone knows.
    #[inline]
    pub fn data(&self) -> &D {
        &self.data
    }
}

impl<T, D> Deref for Lent<'_, T, D> {
    type Target = Frame<T, D>;

    #[inline]
    fn deref(&self) -> &Frame<T, D> {
        &self.0
    }
}

impl<T, D> Owned<T, D> {
    /// What it lends, to be kept elsewhere too.
    pub fn shared(&self) -> &Arc<T> {
        &self.lent
    }
}

impl<T, D> Deref for Owned<T, D> {
    type Target = Frame<T, D>;

    fn deref(&self) -> &Frame<T, D> {
        &self.frame
    }
}

impl<T: fmt::Debug, D: fmt::Debug> fmt::Debug for Owned<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.frame, f)
    }
}

impl<T: fmt::Debug, D: fmt::Debug> fmt::Debug for Frame<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").field("lent", self.lent()).field("data", &self.data).finish_non_exhaustive()
    }
}

impl<T: fmt::Debug, D: fmt::Debug> fmt::Debug for Lent<'_, T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_frame_lends_the_same_value_and_knows_its_parents() {
        let value = String::from("lent");
        let root = Frame::lend(&value, 1);
        let middle = root.nested(2);
        let leaf = middle.nested(3);
        assert!(std::ptr::eq(leaf.lent(), &raw const value));
        let chain: Vec<i32> =
            std::iter::successors(Some(&*leaf), |frame| frame.parent()).map(|frame| *frame.data()).collect();
        assert_eq!(chain, [3, 2, 1]);
    }

    #[test]
    fn frames_are_shared_with_other_threads() {
        let value = 7;
        let root = Frame::lend(&value, ());
        std::thread::scope(|scope| {
            let leaf = root.nested(());
            scope.spawn(move || assert_eq!(*leaf.lent(), 7));
        });
    }
}
