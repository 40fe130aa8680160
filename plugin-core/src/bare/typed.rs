//! A value of any type that is asked for by its own type, for less than `dyn Any` asks: the type stands beside it.

use std::{
    any::{Any, TypeId},
    fmt,
    ptr::NonNull,
};

/// A value of some type.
pub struct Typed {
    /// The type of `value`.
    id: TypeId,
    value: NonNull<dyn Any + Send + Sync>,
}

// SAFETY: it owns its value, which is `Send` and `Sync`.
unsafe impl Send for Typed {}
// SAFETY: as above.
unsafe impl Sync for Typed {}

impl Typed {
    /// Holds `value`.
    pub fn new(value: Box<dyn Any + Send + Sync>) -> Self {
        let id = (*value).type_id();
        Self { id, value: NonNull::from(Box::leak(value)) }
    }

    /// The value, if it is a `T`.
    #[inline]
    pub fn get<T: Any>(&self) -> Option<&T> {
        if self.id != TypeId::of::<T>() {
            return None;
        }
        // SAFETY: the value is of the type `id`, which is `T`; it lives as long as this does, and is only ever lent as shared.
        Some(unsafe { self.value.cast::<T>().as_ref() })
    }
}

impl Drop for Typed {
    fn drop(&mut self) {
        // SAFETY: it was a box, which nobody has taken back since.
        drop(unsafe { Box::from_raw(self.value.as_ptr()) });
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Typed").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_value_is_there_for_its_own_type_alone_and_dropped_once() {
        let text = Arc::new(String::from("here"));
        let typed = Typed::new(Box::new(Arc::clone(&text)));
        assert_eq!(typed.get::<Arc<String>>(), Some(&text));
        assert!(typed.get::<String>().is_none() && typed.get::<Box<dyn Any + Send + Sync>>().is_none());
        drop(typed);
        assert_eq!(Arc::strong_count(&text), 1);
    }
}
