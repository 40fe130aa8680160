//! A handler as its list calls it: typed, without `self`, and without a box for its future.

use std::task;

use crate::{bare::slot::Slot, context::call::Scope, error::Result, point::Dynamic};

/// Where a handler's future runs, if it has one.
pub type Room<'r, 'a, T> = &'r mut Slot<'a, Result<T>>;

/// A handler of a hook with the payload `H`.
#[derive(Debug)]
#[expect(clippy::type_complexity, reason = "the pointer says what the handler is given; a name for it would hide that")]
pub enum HookCall<H: 'static> {
    /// A `fn`.
    Sync(fn(&Scope, &H) -> Result<()>),
    /// An `async fn`: makes its future in the slot and polls it once.
    Async(for<'a> fn(&'a Scope, &'a H, Room<'_, 'a, ()>, &mut task::Context<'_>) -> task::Poll<Result<()>>),
}

/// A filter of the value `T`.
#[derive(Debug)]
#[expect(clippy::type_complexity, reason = "the pointer says what the handler is given; a name for it would hide that")]
pub enum FilterCall<T: 'static> {
    /// A `fn`.
    Sync(fn(&Scope, T) -> Result<T>),
    /// An `async fn`: makes its future in the slot and polls it once.
    Async(for<'a> fn(&'a Scope, T, Room<'_, 'a, T>, &mut task::Context<'_>) -> task::Poll<Result<T>>),
}

impl<H> Clone for HookCall<H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H> Copy for HookCall<H> {}

impl<T> Clone for FilterCall<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for FilterCall<T> {}

/// A handler in the list of a point: of the point's own type, or of JSON.
#[derive(Debug)]
pub(crate) enum Either<Typed, Json> {
    Typed(Typed),
    Json(Json),
}

/// A handler in the list of a hook point.
pub(crate) type AnyHook<H> = Either<HookCall<H>, HookCall<Dynamic>>;
/// A handler in the list of a filter point.
pub(crate) type AnyFilter<T> = Either<FilterCall<T>, FilterCall<Dynamic>>;
