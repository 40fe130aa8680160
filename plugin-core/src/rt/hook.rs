//! Constructors for `#[hook]`.

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
        call::{HookCall, Room},
        hook::HookItem,
    },
    error::Result,
    point::{HookPayload, Plugin},
    registration::Item,
    shape::{AsyncBare, AsyncHandler, ContextArg, HookReturn, Owner, SyncBare, SyncHandler, same_name},
};

/// What `#[hook]` says.
#[derive(Debug)]
pub struct Meta {
    /// The point, as the attribute names it.
    pub point: Option<&'static str>,
    /// When the handler's turn is.
    pub priority: i32,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

#[track_caller]
const fn hook<H: HookPayload>(owner: Owner, meta: Meta, call: &'static (dyn Any + Send + Sync)) -> Item {
    Item::Hook(HookItem {
        owner,
        point: same_name("hook", H::POINT, meta.point),
        priority: meta.priority,
        timeout: meta.timeout,
        call,
    })
}

/// A handler's call as a constant, which a registration can refer to.
struct Call<C: ?Sized, H, R, F>(PhantomData<fn(&C, H, R, F)>);

impl<C: ContextArg, H: HookPayload, R: HookReturn + 'static, F> Call<C, H, R, F>
where
    F: for<'a> AsyncHandler<'a, C, (&'a H,), Out = R>,
{
    const ASYNC: &'static HookCall<H> = &HookCall::Async(Self::start);

    fn start<'a>(
        scope: &'a Scope,
        hook: &'a H,
        room: Room<'_, 'a, ()>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Result<()>> {
        room.start(|| Converted::new(item::<F>().call(C::view(scope), (hook,)), R::into_result), cx)
    }
}

/// For an `async fn` with a context.
#[track_caller]
pub const fn async_context<C: ContextArg, H: HookPayload, R: HookReturn + 'static, F>(_: F, meta: Meta) -> Item
where
    F: for<'a> AsyncHandler<'a, C, (&'a H,), Out = R>,
{
    hook::<H>(Owner::of::<C::Plugin>(), meta, Call::<C, H, R, F>::ASYNC)
}

impl<C: ContextArg, H: HookPayload, R: HookReturn + 'static, F> Call<C, H, R, F>
where
    F: for<'a> SyncHandler<'a, C, (&'a H,), Out = R>,
{
    const SYNC: &'static HookCall<H> =
        &HookCall::Sync(|scope, hook| item::<F>().call(C::view(scope), (hook,)).into_result());
}

/// For a `fn` with a context.
#[track_caller]
pub const fn sync_context<C: ContextArg, H: HookPayload, R: HookReturn + 'static, F>(_: F, meta: Meta) -> Item
where
    F: for<'a> SyncHandler<'a, C, (&'a H,), Out = R>,
{
    hook::<H>(Owner::of::<C::Plugin>(), meta, Call::<C, H, R, F>::SYNC)
}

impl<O: Plugin, H: HookPayload, R: HookReturn + 'static, F> Call<O, H, R, F>
where
    F: for<'a> AsyncBare<'a, (&'a H,), Out = R>,
{
    const ASYNC_BARE: &'static HookCall<H> = &HookCall::Async(Self::start_bare);

    fn start_bare<'a>(
        _: &'a Scope,
        hook: &'a H,
        room: Room<'_, 'a, ()>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Result<()>> {
        room.start(|| Converted::new(item::<F>().call((hook,)), R::into_result), cx)
    }
}

/// For an `async fn` of the plugin `O` without a context.
#[track_caller]
pub const fn async_bare<O: Plugin, H: HookPayload, R: HookReturn + 'static, F>(_: F, meta: Meta) -> Item
where
    F: for<'a> AsyncBare<'a, (&'a H,), Out = R>,
{
    hook::<H>(Owner::of::<O>(), meta, Call::<O, H, R, F>::ASYNC_BARE)
}

impl<O: Plugin, H: HookPayload, R: HookReturn + 'static, F> Call<O, H, R, F>
where
    F: for<'a> SyncBare<'a, (&'a H,), Out = R>,
{
    const SYNC_BARE: &'static HookCall<H> = &HookCall::Sync(|_, hook| item::<F>().call((hook,)).into_result());
}

/// For a `fn` of the plugin `O` without a context.
#[track_caller]
pub const fn sync_bare<O: Plugin, H: HookPayload, R: HookReturn + 'static, F>(_: F, meta: Meta) -> Item
where
    F: for<'a> SyncBare<'a, (&'a H,), Out = R>,
{
    hook::<H>(Owner::of::<O>(), meta, Call::<O, H, R, F>::SYNC_BARE)
}
