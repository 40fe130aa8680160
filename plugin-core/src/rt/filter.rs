//! Constructors for `#[filter]`.

use std::{
    any::Any,
    marker::PhantomData,
    task::{self, Poll},
    time::Duration,
};

use crate::{
    __rt::Converted,
    bare::item::item,
    context::call::Scope,
    dispatch::{
        call::{FilterCall, Room},
        filter::FilterItem,
    },
    error::Result,
    point::{FilterValue, Plugin},
    registration::Item,
    shape::{AsyncBare, AsyncHandler, ContextArg, FilterReturn, Owner, SyncBare, SyncHandler, same_name},
};

/// What `#[filter]` says.
#[derive(Debug)]
pub struct Meta {
    /// The point, as the attribute names it.
    pub point: Option<&'static str>,
    /// When the filter's turn is.
    pub priority: i32,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

#[track_caller]
const fn filter<T: FilterValue>(owner: Owner, meta: Meta, call: &'static (dyn Any + Send + Sync)) -> Item {
    Item::Filter(FilterItem {
        owner,
        point: same_name("filter", T::POINT, meta.point),
        priority: meta.priority,
        timeout: meta.timeout,
        call,
    })
}

/// A filter's call as a constant, which a registration can refer to.
struct Call<C: ?Sized, T, R, F>(PhantomData<fn(&C, T, R, F)>);

impl<C: ContextArg, T: FilterValue, R: FilterReturn<T> + 'static, F> Call<C, T, R, F>
where
    F: for<'a> AsyncHandler<'a, C, (T,), Out = R>,
{
    const ASYNC: &'static FilterCall<T> = &FilterCall::Async(Self::start);

    fn start<'a>(scope: &'a Scope, value: T, room: Room<'_, 'a, T>, cx: &mut task::Context<'_>) -> Poll<Result<T>> {
        room.start(|| Converted::new(item::<F>().call(C::view(scope), (value,)), R::into_result), cx)
    }
}

/// For an `async fn` with a context.
#[track_caller]
pub const fn async_context<C: ContextArg, T: FilterValue, R: FilterReturn<T> + 'static, F>(_: F, meta: Meta) -> Item
where
    F: for<'a> AsyncHandler<'a, C, (T,), Out = R>,
{
    filter::<T>(Owner::of::<C::Plugin>(), meta, Call::<C, T, R, F>::ASYNC)
}

impl<C: ContextArg, T: FilterValue, R: FilterReturn<T> + 'static, F> Call<C, T, R, F>
where
    F: for<'a> SyncHandler<'a, C, (T,), Out = R>,
{
    const SYNC: &'static FilterCall<T> =
        &FilterCall::Sync(|scope, value| item::<F>().call(C::view(scope), (value,)).into_result());
}

/// For a `fn` with a context.
#[track_caller]
pub const fn sync_context<C: ContextArg, T: FilterValue, R: FilterReturn<T> + 'static, F>(_: F, meta: Meta) -> Item
where
    F: for<'a> SyncHandler<'a, C, (T,), Out = R>,
{
    filter::<T>(Owner::of::<C::Plugin>(), meta, Call::<C, T, R, F>::SYNC)
}

impl<O: Plugin, T: FilterValue, R: FilterReturn<T> + 'static, F> Call<O, T, R, F>
where
    F: for<'a> AsyncBare<'a, (T,), Out = R>,
{
    const ASYNC_BARE: &'static FilterCall<T> = &FilterCall::Async(Self::start_bare);

    fn start_bare<'a>(_: &'a Scope, value: T, room: Room<'_, 'a, T>, cx: &mut task::Context<'_>) -> Poll<Result<T>> {
        room.start(|| Converted::new(item::<F>().call((value,)), R::into_result), cx)
    }
}

/// For an `async fn` of the plugin `O` without a context.
#[track_caller]
pub const fn async_bare<O: Plugin, T: FilterValue, R: FilterReturn<T> + 'static, F>(_: F, meta: Meta) -> Item
where
    F: for<'a> AsyncBare<'a, (T,), Out = R>,
{
    filter::<T>(Owner::of::<O>(), meta, Call::<O, T, R, F>::ASYNC_BARE)
}

impl<O: Plugin, T: FilterValue, R: FilterReturn<T> + 'static, F> Call<O, T, R, F>
where
    F: for<'a> SyncBare<'a, (T,), Out = R>,
{
    const SYNC_BARE: &'static FilterCall<T> = &FilterCall::Sync(|_, value| item::<F>().call((value,)).into_result());
}

/// For a `fn` of the plugin `O` without a context.
#[track_caller]
pub const fn sync_bare<O: Plugin, T: FilterValue, R: FilterReturn<T> + 'static, F>(_: F, meta: Meta) -> Item
where
    F: for<'a> SyncBare<'a, (T,), Out = R>,
{
    filter::<T>(Owner::of::<O>(), meta, Call::<O, T, R, F>::SYNC_BARE)
}
