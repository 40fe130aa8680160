//! Constructors for endpoints.

use actix_web::HttpResponse;
use futures_util::future::{FutureExt, LocalBoxFuture};

use crate::{
    bare::item::item,
    context::call::Scope,
    dispatch::guard,
    endpoint::{
        EndpointItem, EndpointMeta, Place, Visit,
        describe::Docs,
        handler::{Answer, Arguments, LocalBare, LocalHandler, Moves, MovingArguments},
    },
    point::{Ix, Plugin},
    registration::Item,
    shape::{ContextArg, Owner, SyncBare, SyncHandler},
};

/// For an `async fn` with a context.
pub const fn async_context<C: ContextArg, A: Arguments, R: Answer, F>(
    _: F,
    meta: EndpointMeta,
    describe: fn(&Docs),
) -> Item
where
    F: for<'a> LocalHandler<'a, C, A, Out = R>,
{
    Item::Endpoint(EndpointItem {
        owner: Owner::of::<C::Plugin>(),
        meta,
        describe,
        place: Place::Worker,
        run: on_worker::<C, A, F>,
    })
}

/// For an `async fn` with a context that returns an `impl Trait`, which may borrow from the context.
pub const fn async_opaque<C: ContextArg, A: Arguments, F>(_: F, meta: EndpointMeta, describe: fn(&Docs)) -> Item
where
    F: for<'a> LocalHandler<'a, C, A, Out: Answer>,
{
    Item::Endpoint(EndpointItem {
        owner: Owner::of::<C::Plugin>(),
        meta,
        describe,
        place: Place::Worker,
        run: on_worker::<C, A, F>,
    })
}

/// Answers with an `async fn` on the thread that took the request.
fn on_worker<C: ContextArg, A: Arguments, F>(visit: Visit<'_>) -> LocalBoxFuture<'_, HttpResponse>
where
    F: for<'a> LocalHandler<'a, C, A, Out: Answer>,
{
    async move {
        let args = match A::extract(visit.request, visit.payload).await {
            Ok(args) => args,
            Err(error) => return HttpResponse::from_error(error),
        };
        let scope = visit.call.scope(visit.name, visit.item);
        item::<F>().call(C::view(&scope), args).await.answer(visit.request)
    }
    .boxed_local()
}

/// For an `async fn` of the plugin `O` without a context.
pub const fn async_bare<O: Plugin, A: Arguments, R: Answer, F>(_: F, meta: EndpointMeta, describe: fn(&Docs)) -> Item
where
    F: LocalBare<A, Out = R>,
{
    Item::Endpoint(EndpointItem {
        owner: Owner::of::<O>(),
        meta,
        describe,
        place: Place::Worker,
        run: |visit| {
            async move {
                match A::extract(visit.request, visit.payload).await {
                    Ok(args) => item::<F>().call(args).await.answer(visit.request),
                    Err(error) => HttpResponse::from_error(error),
                }
            }
            .boxed_local()
        },
    })
}

/// For a `fn` with a context.
pub const fn sync_context<C: ContextArg, A: MovingArguments, R: Answer + Moves, F>(
    _: F,
    meta: EndpointMeta,
    describe: fn(&Docs),
) -> Item
where
    F: for<'a> SyncHandler<'a, C, A, Out = R>,
{
    Item::Endpoint(EndpointItem {
        owner: Owner::of::<C::Plugin>(),
        meta,
        describe,
        place: Place::Pool,
        run: |visit| {
            on_pool(visit, <C::Plugin as Plugin>::ix(), |scope, args: A| item::<F>().call(C::view(scope), args))
        },
    })
}

/// For a `fn` of the plugin `O` without a context.
pub const fn sync_bare<O: Plugin, A: MovingArguments, R: Answer + Moves, F>(
    _: F,
    meta: EndpointMeta,
    describe: fn(&Docs),
) -> Item
where
    F: for<'a> SyncBare<'a, A, Out = R>,
{
    Item::Endpoint(EndpointItem {
        owner: Owner::of::<O>(),
        meta,
        describe,
        place: Place::Pool,
        run: |visit| on_pool(visit, O::ix(), |_, args: A| item::<F>().call(args)),
    })
}

/// Answers with `call` on the pool.
fn on_pool<'a, A: MovingArguments, R: Answer + Moves>(
    visit: Visit<'a>,
    plugin: &'static Ix,
    call: fn(&Scope, A) -> R,
) -> LocalBoxFuture<'a, HttpResponse> {
    async move {
        let args = match A::extract(visit.request, visit.payload).await {
            Ok(args) => args,
            Err(error) => return HttpResponse::from_error(error),
        };
        let (for_whom, name, item) = (visit.call.clone(), visit.name, visit.item);
        let work = move || {
            let shared = &*for_whom.shared;
            let _marked = guard::mark(shared, item);
            // The caller may be gone, or told that it took too long, while this still runs: the plugin is not idle until it ends.
            let _entered = shared.places.get(plugin).map(|place| shared.plugins[place].enter());
            call(&for_whom.scope(name, item), args)
        };
        visit.pool.run(work).await.answer(visit.request)
    }
    .boxed_local()
}
