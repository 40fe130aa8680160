//! Functions as types.

/// The value of a zero-sized function item, made from its type alone, so that a plain `fn` pointer can call it.
///
/// Only for a type of which a value was handed in, as registrations do: there are types without any, and this would make one up. So it
/// is this crate's alone.
#[inline]
pub(crate) fn item<F: Copy + 'static>() -> F {
    const { assert!(size_of::<F>() == 0, "only function items have no size") };
    // SAFETY: `F` has no size, so nothing is read from the pointer, which is aligned; and it is `Copy`, so a value of it existed
    // (the registration took one) and another needs no permission.
    unsafe { std::ptr::NonNull::<F>::dangling().read() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<F: Fn(i32) -> i32 + Copy + 'static>(_: F) -> fn(i32) -> i32 {
        |x| item::<F>()(x)
    }

    #[test]
    fn a_function_item_is_callable_through_its_type() {
        fn double(x: i32) -> i32 {
            2 * x
        }
        assert_eq!(call(double)(21), 42);
    }
}
