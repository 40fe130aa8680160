//! What a handler is given: its plugin's view of the call it works in.

pub mod call;
pub mod caller;
pub mod cancelled;
pub mod log;
pub mod shared;
pub mod subscriptions;
pub mod table;
pub mod transaction;

use std::{fmt, marker::PhantomData, ops::Deref, sync::Arc};

use futures_util::{
    FutureExt,
    future::{self, Future},
};
use ref_cast::{RefCastCustom, ref_cast_custom};

use crate::{
    bare::frame::Frame,
    clock::Timestamp,
    context::{
        call::{Call, Kept, OwnedScope, Scope, chain},
        cancelled::Cancelled,
        log::Log,
        shared::BoxFuture,
    },
    document::DocumentOf,
    error::Result,
    id::{AppId, InvalidId, UserId},
    plugin::state::PluginState,
    point::{Dynamic, EventOf, HookPoint, Plugin},
    shape::HookReturn,
    store::{Docs, db::Db},
};

/// What a handler of the plugin `P` is given: its data, its settings, and the call it works in.
///
/// It is a typed view of the call, so handing it on costs nothing.
// That `P` is a plugin is asked for where it is used: were it asked here, rustc would say of an `async fn` twice that it is none,
// of its signature and of its future.
#[derive(RefCastCustom)]
#[repr(transparent)]
pub struct Context<P> {
    plugin: PhantomData<fn() -> P>,
    scope: Scope,
}

impl<P: Plugin> Context<P> {
    /// The view of `scope` that handlers of `P` have.
    #[doc(hidden)]
    #[inline]
    #[ref_cast_custom]
    pub fn view(scope: &Scope) -> &Self;

    /// What the host knows of this call. Not for authors: it leads to the engine, and so to what other plugins store.
    #[inline]
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    fn call(&self) -> &Call {
        self.scope.lent()
    }

    fn state(&self) -> &PluginState {
        self.call().shared.plugin::<P>()
    }

    /// The plugin's data in the app of this call.
    pub fn db(&self) -> Db {
        let (call, state) = (self.call(), self.state());
        let space = state.space(&call.shared.engine, &call.shared.clock);
        Db::over(Arc::clone(space), call.app.clone())
    }

    /// The plugin's documents of the type `T` in the app of this call.
    pub fn docs<T: DocumentOf<P>>(&self) -> Docs<T> {
        self.db().docs()
    }

    /// The plugin's settings.
    ///
    /// # Panics
    /// Never in a handler that the host runs: a plugin whose settings are wrong is not started.
    pub fn config(&self) -> &P::Config {
        let config = self.state().config.as_deref().and_then(|config| config.downcast_ref());
        config.expect("a plugin runs only with settings of its type")
    }

    /// A log whose lines say whose they are.
    pub fn log(&self) -> Log<'_> {
        Log::of(&self.scope)
    }

    /// The host's time.
    pub fn now(&self) -> Timestamp {
        self.call().shared.clock.now()
    }

    /// The app that this call is made for.
    pub fn app_id(&self) -> &AppId {
        &self.call().app
    }

    /// The user on whose behalf this call is made; none for jobs, webhooks and lifecycle functions.
    pub fn user_id(&self) -> Option<&UserId> {
        self.call().user.as_ref()
    }

    /// The plugin's id.
    pub fn plugin(&self) -> &'static str {
        P::ID
    }

    /// Tells when the work should end: the plugin stops, or the caller has gone. Of a context that was kept with
    /// [`to_owned`](Self::to_owned) it is the plugin as it ran then, so a task ends even if the plugin is switched on again.
    ///
    /// ```ignore
    /// let ctx = ctx.to_owned();
    /// tokio::spawn(async move {
    ///     while !ctx.cancelled().is_cancelled() {
    ///         tokio::select! {
    ///             () = ctx.cancelled().cancelled() => {}
    ///             () = look_around(&ctx) => {}
    ///         }
    ///     }
    /// });
    /// ```
    pub fn cancelled(&self) -> Cancelled {
        let call = self.call();
        let (own, keeper) = match &call.kept {
            Some(kept) if Some(kept.plugin) == self.place() => (kept.stop.clone(), None),
            Some(kept) => (self.state().stop(), Some(kept.stop.clone())),
            None => (self.state().stop(), None),
        };
        Cancelled([Some(own), Some(call.cancelled.clone()), keeper])
    }

    /// Where the plugin stands among the host's.
    fn place(&self) -> Option<usize> {
        self.call().shared.places.get(P::ix())
    }

    /// Whether any handler of the hook `H` is linked, for payloads that are dear to make.
    #[inline]
    pub fn listens<H: HookPoint>(&self) -> bool {
        self.call().shared.hooks.listens(H::ix())
    }

    /// The same plugin in another app.
    ///
    /// # Errors
    /// If `app` is no id.
    pub fn for_app(&self, app: impl AsRef<str>) -> Result<OwnedContext<P>, InvalidId> {
        let app = AppId::new(app)?;
        Ok(self.keep(|call| (call.app, call.user) = (app, None)))
    }

    /// The apps in which the plugin has data, in the order of their ids.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn apps(&self) -> Result<Vec<AppId>> {
        Ok(self.db().apps().await?)
    }

    /// The same context, to be kept beyond this call of the handler.
    pub fn to_owned(&self) -> OwnedContext<P> {
        self.keep(|_| ())
    }

    /// A context like this one, of a call with what `change` does to it.
    fn keep(&self, change: impl FnOnce(&mut Call)) -> OwnedContext<P> {
        let plugin = self.place().expect("a handler's plugin is part of the host that runs it");
        let stop = match &self.call().kept {
            Some(kept) if kept.plugin == plugin => kept.stop.clone(),
            _ => self.state().stop(),
        };
        let mut names = chain(&self.scope);
        // The last is the frame's own.
        names.pop();
        let mut call = Call { kept: Some(Kept { names, plugin, stop }), ..self.call().clone() };
        change(&mut call);
        OwnedContext::of(Arc::new(call), &self.scope)
    }

    /// Publishes `event`: one row a listener, on disk when this returns. Listeners run afterwards; what becomes of them is not
    /// the publisher's concern.
    ///
    /// # Errors
    /// If the rows cannot be written, or if the event's arrays and objects lie in one another more than 127 deep: no listener could
    /// read it.
    // No `async fn`: its future would be a type of the event too, and the compiler would say thrice that the event is none.
    pub fn emit<E: EventOf<P>>(&self, event: &E) -> BoxFuture<'_, Result<()>> {
        match serde_json::to_value(event) {
            Ok(body) => self.emit_json(E::NAME, body),
            Err(error) => future::ready(Err(error.into())).boxed(),
        }
    }

    fn emit_json(&self, name: &'static str, body: serde_json::Value) -> BoxFuture<'_, Result<()>> {
        let call = self.call();
        let place = self.place().expect("a handler's plugin is part of the host that runs it");
        call.shared.outbox.emit(call, place, name, body)
    }

    /// Subscriptions made while running.
    pub fn events(&self) -> Events<'_, P> {
        Events(self)
    }
}

impl<P: Plugin> fmt::Debug for Context<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("plugin", &P::ID).field("scope", &self.scope).finish()
    }
}

/// A [`Context`] that can be kept.
pub struct OwnedContext<P: Plugin> {
    plugin: PhantomData<fn() -> P>,
    scope: OwnedScope,
}

impl<P: Plugin> OwnedContext<P> {
    fn of(call: Arc<Call>, scope: &Scope) -> Self {
        Self { plugin: PhantomData, scope: Frame::own(call, scope.data().kept()) }
    }
}

impl<P: Plugin> Clone for OwnedContext<P> {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(self.scope.shared()), &self.scope)
    }
}

impl<P: Plugin> Deref for OwnedContext<P> {
    type Target = Context<P>;

    fn deref(&self) -> &Context<P> {
        Context::view(&self.scope)
    }
}

impl<P: Plugin> fmt::Debug for OwnedContext<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Subscriptions made while running: in memory, best effort, gone when the plugin stops. What must not be lost is an `#[on]`.
#[derive(Debug)]
pub struct Events<'a, P: Plugin>(&'a Context<P>);

/// A subscription, to be ended with [`Events::off`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionId(u64);

impl<P: Plugin> Events<'_, P> {
    /// Runs `handler` for every `event` published from now on, in the app of its publisher.
    pub fn on<F, Fut>(&self, event: &str, handler: F) -> SubscriptionId
    where
        F: Fn(OwnedContext<P>, Arc<Dynamic>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: HookReturn> + Send + 'static,
    {
        let context = self.0;
        let run = move |scope: OwnedScope, event: Arc<Dynamic>| {
            let context = OwnedContext { plugin: PhantomData, scope };
            handler(context, event).map(HookReturn::into_result).boxed()
        };
        let shared = &context.call().shared;
        let place = context.place().expect("a handler's plugin is part of the host that runs it");
        let item = u32::try_from(context.scope.data().current()).unwrap_or(u32::MAX);
        SubscriptionId(shared.subscriptions.add(event, place, item, Arc::new(run)))
    }

    /// Ends a subscription of this plugin; whether there was one.
    pub fn off(&self, subscription: SubscriptionId) -> bool {
        let shared = &self.0.call().shared;
        self.0.place().is_some_and(|place| shared.subscriptions.remove(place, subscription.0))
    }
}

#[cfg(test)]
mod tests;
