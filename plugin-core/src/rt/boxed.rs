//! Constructors for handlers whose future is boxed: those that run seldom enough for it not to matter.

use std::{any::Any, time::Duration};

use futures_util::{FutureExt, future};

use crate::{
    admin::{Admin, AdminPageItem},
    bare::item::item,
    context::{call::Scope, shared::BoxFuture},
    delivery::{
        event::ListenerItem,
        webhook::{Verify, WebhookDelivery, WebhookItem},
    },
    error::Result,
    plugin::{lifecycle::LifecycleItem, secret::Secret},
    point::{EventPayload, Plugin},
    registration::Item,
    schedule::run::{CatchUp, CronItem, CronRun},
    shape::{AsyncBare, AsyncHandler, ContextArg, HookReturn, Owner, PageReturn, SyncBare, SyncHandler, same_name},
};

/// Runs a `fn`, which may hold its thread for long, so that what else waits for the thread goes on.
fn in_place<T>(scope: &Scope, work: impl FnOnce() -> T) -> T {
    let (mut work, mut made) = (Some(work), None);
    scope.lent().shared.spawn.in_place(&mut || made = work.take().map(|work| work()));
    made.expect("whoever starts tasks runs what it is given in place")
}

/// The four constructors of a kind of item: `async fn` or `fn`, with a context or without.
///
/// `[generics] lifetime args, returns` are the function's shape; `meta` is what the attribute says; `|inputs| given` is how the
/// function's arguments come out of what the host hands over; `finish` makes the item.
macro_rules! constructors {
    (
        [$($T:ident: $Bound:path)?] $a:lifetime $args:ty, $Return:ident, $meta:ident: $Meta:ty,
        |$scope:ident $(, $input:ident: $Input:ty)?| $given:expr,
        |$owner:ident, $run:ident| $finish:expr
    ) => {
        /// For an `async fn` with a context.
        #[track_caller]
        pub const fn async_context<C: ContextArg, $($T: $Bound,)? R: $Return + 'static, F>(_: F, $meta: $Meta) -> Item
        where
            F: for<$a> AsyncHandler<$a, C, $args, Out = R>,
        {
            let $owner = Owner::of::<C::Plugin>();
            let $run: for<$a> fn(&$a Scope $(, $Input)?) -> BoxFuture<$a, Result<_>> = |$scope $(, $input)?| {
                item::<F>().call(C::view($scope), $given).map($Return::into_result).boxed()
            };
            $finish
        }

        /// For a `fn` with a context.
        #[track_caller]
        pub const fn sync_context<C: ContextArg, $($T: $Bound,)? R: $Return + 'static, F>(_: F, $meta: $Meta) -> Item
        where
            F: for<$a> SyncHandler<$a, C, $args, Out = R>,
        {
            let $owner = Owner::of::<C::Plugin>();
            let $run: for<$a> fn(&$a Scope $(, $Input)?) -> BoxFuture<$a, Result<_>> = |$scope $(, $input)?| {
                future::lazy(move |_| in_place($scope, || item::<F>().call(C::view($scope), $given).into_result())).boxed()
            };
            $finish
        }

        /// For an `async fn` of the plugin `O` without a context.
        #[track_caller]
        pub const fn async_bare<O: Plugin, $($T: $Bound,)? R: $Return + 'static, F>(_: F, $meta: $Meta) -> Item
        where
            F: for<$a> AsyncBare<$a, $args, Out = R>,
        {
            let $owner = Owner::of::<O>();
            let $run: for<$a> fn(&$a Scope $(, $Input)?) -> BoxFuture<$a, Result<_>> = |_ $(, $input)?| {
                item::<F>().call($given).map($Return::into_result).boxed()
            };
            $finish
        }

        /// For a `fn` of the plugin `O` without a context.
        #[track_caller]
        pub const fn sync_bare<O: Plugin, $($T: $Bound,)? R: $Return + 'static, F>(_: F, $meta: $Meta) -> Item
        where
            F: for<$a> SyncBare<$a, $args, Out = R>,
        {
            let $owner = Owner::of::<O>();
            let $run: for<$a> fn(&$a Scope $(, $Input)?) -> BoxFuture<$a, Result<_>> = |scope $(, $input)?| {
                future::lazy(move |_| in_place(scope, || item::<F>().call($given).into_result())).boxed()
            };
            $finish
        }
    };
}

/// What a cron job takes after its context: nothing, or its [`CronRun`].
#[diagnostic::on_unimplemented(
    message = "a cron job cannot take `{Self}`",
    label = "after the context a cron job takes nothing, or a `CronRun`"
)]
pub trait CronArgs: 'static {
    #[doc(hidden)]
    fn take(run: CronRun) -> Self;
}

impl CronArgs for () {
    fn take(_: CronRun) -> Self {}
}

impl CronArgs for (CronRun,) {
    fn take(run: CronRun) -> Self {
        (run,)
    }
}

/// What an admin page takes after its context: nothing, or the [`Admin`] who looks at it.
#[diagnostic::on_unimplemented(
    message = "an admin page cannot take `{Self}`",
    label = "after the context an admin page takes nothing, or an `Admin`"
)]
pub trait PageArgs: 'static {
    #[doc(hidden)]
    fn take(admin: Admin) -> Self;
}

impl PageArgs for () {
    fn take(_: Admin) -> Self {}
}

impl PageArgs for (Admin,) {
    fn take(admin: Admin) -> Self {
        (admin,)
    }
}

/// What a webhook's handler takes after its context, behind its `&`.
#[diagnostic::on_unimplemented(
    message = "a webhook cannot take `&{Self}`",
    label = "after the context a webhook takes `&WebhookDelivery`"
)]
pub trait WebhookArg: 'static {
    #[doc(hidden)]
    fn take(delivery: &WebhookDelivery) -> &Self;
}

impl WebhookArg for WebhookDelivery {
    fn take(delivery: &WebhookDelivery) -> &Self {
        delivery
    }
}

/// For `#[on]`.
pub mod listener {
    use super::*;

    /// What `#[on]` says.
    #[derive(Debug)]
    pub struct Meta {
        /// The event, as the attribute names it.
        pub event: Option<&'static str>,
        /// How long the listener may take.
        pub timeout: Option<Duration>,
    }

    fn decode<E: EventPayload>(json: &serde_json::Value) -> Result<Box<dyn Any + Send + Sync>> {
        Ok(Box::new(serde_path_to_error::deserialize::<_, E>(json)?))
    }

    constructors! {
        [E: EventPayload] 'a (&'a E,), HookReturn, meta: Meta,
        |scope, event: &'a (dyn Any + Send + Sync)| (event.downcast_ref().expect("the host hands over what `decode` made"),),
        |owner, run| Item::Listener(ListenerItem {
            owner,
            event: same_name("event", E::EVENT, meta.event),
            timeout: meta.timeout,
            decode: decode::<E>,
            run,
        })
    }
}

/// For `#[cron]`.
pub mod cron {
    use super::*;

    /// What `#[cron]` says.
    #[derive(Debug)]
    pub struct Meta {
        /// The schedule as written.
        pub schedule: &'static str,
        /// Its time zone.
        pub timezone: Option<&'static str>,
        /// What becomes of missed occurrences.
        pub catch_up: CatchUp,
        /// How long a run may take.
        pub timeout: Option<Duration>,
    }

    constructors! {
        [A: CronArgs] 'a A, HookReturn, meta: Meta,
        |scope, cron_run: CronRun| A::take(cron_run),
        |owner, run| Item::Cron(CronItem {
            owner,
            schedule: meta.schedule,
            timezone: meta.timezone,
            catch_up: meta.catch_up,
            timeout: meta.timeout,
            run,
        })
    }
}

/// For `#[webhook]`.
pub mod webhook {
    use super::*;

    /// What `#[webhook]` says.
    #[derive(Debug)]
    pub struct Meta {
        /// The events that reach the handler; all, if none are listed.
        pub events: &'static [&'static str],
        /// How it proves where it comes from.
        pub verify: Verify,
        /// How long the handler may take.
        pub timeout: Option<Duration>,
    }

    constructors! {
        [D: WebhookArg] 'a (&'a D,), HookReturn, meta: Meta,
        |scope, delivery: &'a WebhookDelivery| (D::take(delivery),),
        |owner, run| Item::Webhook(WebhookItem {
            owner,
            events: meta.events,
            verify: meta.verify,
            timeout: meta.timeout,
            run,
        })
    }
}

/// For `#[admin_page]`.
pub mod admin_page {
    use super::*;

    /// What `#[admin_page]` says.
    #[derive(Debug)]
    pub struct Meta {
        /// The path below the plugin's own.
        pub path: &'static str,
        /// The title.
        pub title: &'static str,
        /// The icon.
        pub icon: Option<&'static str>,
        /// What programs know it by.
        pub component: &'static str,
        /// Under what it is listed.
        pub group: &'static str,
        /// How long it may take to render.
        pub timeout: Option<Duration>,
    }

    constructors! {
        [A: PageArgs] 'a A, PageReturn, meta: Meta,
        |scope, admin: Admin| A::take(admin),
        |owner, run| Item::AdminPage(AdminPageItem {
            owner,
            path: meta.path,
            title: meta.title,
            icon: meta.icon,
            component: meta.component,
            group: meta.group,
            timeout: meta.timeout,
            run,
        })
    }
}

/// For `#[activate]`.
pub mod activate {
    use super::*;

    constructors! {
        [] 'a (), HookReturn, timeout: Option<Duration>,
        |scope| (),
        |owner, run| Item::Activate(LifecycleItem { owner, timeout, run })
    }
}

/// For `#[deactivate]`.
pub mod deactivate {
    use super::*;

    constructors! {
        [] 'a (), HookReturn, timeout: Option<Duration>,
        |scope| (),
        |owner, run| Item::Deactivate(LifecycleItem { owner, timeout, run })
    }
}

/// For `verify = …` of `#[webhook]`.
pub mod verify {
    use super::*;

    /// `verify = none`
    pub const NONE: Verify = Verify::None;

    /// `verify = github(secret = config.…)`: `field` picks the secret out of the settings of the plugin of the context `C`.
    pub const fn github<C: ContextArg, F>(_field: F) -> Verify
    where
        F: Fn(&<C::Plugin as Plugin>::Config) -> &Secret + Copy + 'static,
    {
        Verify::Github { secret: |config| Some(item::<F>()(config.downcast_ref()?)) }
    }

    /// The same for the plugin `O`, where the handler has no context.
    pub const fn github_bare<O: Plugin, F>(_field: F) -> Verify
    where
        F: Fn(&O::Config) -> &Secret + Copy + 'static,
    {
        Verify::Github { secret: |config| Some(item::<F>()(config.downcast_ref()?)) }
    }
}

#[cfg(test)]
mod tests;
