//! The host by hand: two plugins, four points, a manual clock.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{self, Poll},
    time::Duration,
};

use futures_util::future::Future;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::{
    clock::{Clock, ManualClock, Timestamp},
    context::{
        call::{Call, LentScope},
        shared::{BoxFuture, ItemInfo, Outbox, Places, Shared},
        subscriptions::Subscriptions,
        table::PointTable,
    },
    dispatch::{
        filter::{FilterEntry, FilterPointItem},
        hook::{HookEntry, HookPointItem},
    },
    error::Result,
    id::AppId,
    plugin::state::{Life, PluginState},
    point::{FILTERS, FilterPoint, HOOKS, HookPoint, HookPolicy, Ix, OnError, PLUGINS, Plugin},
    registration::Item,
    site::Site,
    stats::{Snapshot, Stats, Timing},
    store::{engine::Durability, mem::MemEngine},
};

macro_rules! plugin {
    ($name:ident, $id:literal) => {
        pub(super) struct $name;

        impl Plugin for $name {
            type Config = ();
            const ID: &'static str = $id;

            fn ix() -> &'static Ix {
                static IX: Ix = Ix::of(&PLUGINS);
                &IX
            }
        }
    };
}

plugin!(Near, "near");
plugin!(Far, "far");

macro_rules! hook_point {
    ($name:ident, $text:literal, $policy:ident) => {
        #[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub(super) struct $name {
            pub(super) number: u32,
        }

        impl HookPoint for $name {
            const NAME: &'static str = $text;
            const POLICY: HookPolicy = HookPolicy::$policy;

            fn ix() -> &'static Ix {
                static IX: Ix = Ix::of(&HOOKS);
                &IX
            }
        }
    };
}

hook_point!(Told, "test:told", Isolate);
hook_point!(Asked, "test:asked", Veto);

macro_rules! filter_point {
    ($name:ident, $text:literal, $on_error:ident, |$value:ident| $keep:expr) => {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub(super) struct $name {
            pub(super) text: String,
        }

        impl FilterPoint for $name {
            const NAME: &'static str = $text;
            const ON_ERROR: OnError = OnError::$on_error;

            fn ix() -> &'static Ix {
                static IX: Ix = Ix::of(&FILTERS);
                &IX
            }

            fn keep(&self) -> Option<Self> {
                let $value = self;
                $keep
            }

            fn check(&self) -> Result<(), String> {
                assert!(self.text != "spoilt", "spoilt");
                if self.text.len() > 20 { Err(format!("{} bytes are too many", self.text.len())) } else { Ok(()) }
            }
        }
    };
}

filter_point!(Open, "test:open", Keep, |value| Some(value.clone()));
filter_point!(Closed, "test:closed", Fail, |_value| None);

struct NoOutbox;

impl Outbox for NoOutbox {
    fn emit<'a>(&'a self, _: &'a Call, _: usize, _: &'static str, _: serde_json::Value) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

pub(super) struct Bed {
    pub(super) call: Call,
    pub(super) clock: ManualClock,
}

fn schema(_: &mut SchemaGenerator) -> schemars::Schema {
    schemars::Schema::default()
}

static POINTS: (&[HookPointItem], &[FilterPointItem]) = (
    &[HookPointItem::of::<Told>(schema), HookPointItem::of::<Asked>(schema)],
    &[FilterPointItem::of::<Open>(schema), FilterPointItem::of::<Closed>(schema)],
);

impl Bed {
    /// A host with these handlers, called in this order.
    pub(super) fn new(handlers: &'static [(Item, Site)]) -> Self {
        Self::timed(handlers, Timing::All)
    }

    pub(super) fn timed(handlers: &'static [(Item, Site)], timing: Timing) -> Self {
        let place = |id: &str| usize::from(id == Far::ID);
        let numbered = || (0..).zip(handlers.iter().map(|(item, _)| item));
        let hooks = |name: &str| -> Vec<_> {
            let entry = |(item, handler): (u32, &'static Item)| match handler {
                Item::Hook(handler) if handler.point == name => {
                    Some(HookEntry { item, plugin: place(handler.owner.id), handler })
                }
                _ => None,
            };
            numbered().filter_map(entry).collect()
        };
        let filters = |name: &str| -> Vec<_> {
            let entry = |(item, filter): (u32, &'static Item)| match filter {
                Item::Filter(filter) if filter.point == name => {
                    Some(FilterEntry { item, plugin: place(filter.owner.id), filter })
                }
                _ => None,
            };
            numbered().filter_map(entry).collect()
        };
        let lists: Vec<Vec<u32>> = POINTS
            .0
            .iter()
            .map(|point| hooks(point.name).iter().map(|entry| entry.item).collect())
            .chain(POINTS.1.iter().map(|point| filters(point.name).iter().map(|entry| entry.item).collect()))
            .collect();
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let plugins = [Near::ID, Far::ID].map(|id| {
            let plugin = PluginState::new(id, Durability::Relaxed, Some(Box::new(())));
            plugin.set_life(Life::Active);
            plugin
        });
        let shared = Shared {
            clock: Clock::from(clock.clone()),
            spawn: Arc::new(()),
            engine: Arc::new(MemEngine::new()),
            plugins: Box::new(plugins),
            hooks: PointTable::new(POINTS.0.iter().map(|point| {
                let handlers = hooks(point.name);
                ((point.ix)(), handlers.len(), (point.build)(handlers))
            })),
            filters: PointTable::new(POINTS.1.iter().map(|point| {
                let filters = filters(point.name);
                ((point.ix)(), filters.len(), (point.build)(filters))
            })),
            items: handlers
                .iter()
                .map(|(item, site)| ItemInfo { plugin: item.owner().unwrap_or("-"), kind: item.kind(), site })
                .collect(),
            stats: Stats::new(handlers.len(), lists.iter().map(Vec::as_slice), timing),
            outbox: Box::new(NoOutbox),
            subscriptions: Subscriptions::default(),
            places: Places::new([Near::ix(), Far::ix()]),
        };
        Self { call: Call::of_host(&Arc::new(shared), AppId::default()), clock }
    }

    pub(super) fn scope(&self) -> LentScope<'_> {
        self.call.scope("test", u32::MAX)
    }

    /// Runs `future`, moving the clock to the next time that is waited for whenever nothing else happens.
    pub(super) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        struct Woken(AtomicBool);
        impl task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Relaxed);
            }
        }
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = task::Waker::from(Arc::clone(&woken));
        loop {
            if let Poll::Ready(done) = future.as_mut().poll(&mut task::Context::from_waker(&waker)) {
                return done;
            }
            if !woken.0.swap(false, Relaxed) {
                self.clock.set(self.clock.next_sleeper().expect("nothing can happen any more"));
            }
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.clock.now().since(Timestamp::UNIX_EPOCH)
    }

    pub(super) fn set(&self, plugin: &str, life: Life) {
        self.call.shared.plugin_by_id(plugin).expect("it is one of the two").1.set_life(life);
    }

    pub(super) fn stats(&self, item: u32) -> Snapshot {
        self.call.shared.stats.snapshot(item)
    }

    pub(super) fn calls(&self) -> Vec<u64> {
        (0..).take(self.call.shared.items.len()).map(|item| self.stats(item).calls).collect()
    }
}

/// What handlers note, in order; a test's own, since tests run beside each other.
pub(super) struct Notes(Mutex<Vec<String>>);

impl Notes {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(super) fn add(&self, note: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note.into());
    }

    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Suspends once.
pub(super) async fn once() {
    let mut asked = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A handler as its attribute would leave it: `handler!(hook async_context::<Context<Near>, Told>(function))`.
macro_rules! handler {
    ($kind:ident $form:ident::<$Owner:ty, $Payload:ty>($function:expr) $(, point = $point:literal)? $(, timeout = $timeout:expr)?) => {
        (
            crate::__rt::$kind::$form::<$Owner, $Payload, _, _>(
                $function,
                #[allow(unused_mut, unused_assignments)]
                {
                    let (mut point, mut timeout) = (None, None);
                    $(point = Some($point);)?
                    $(timeout = Some($timeout);)?
                    crate::__rt::$kind::Meta { point, priority: 10, timeout }
                },
            ),
            crate::site::Site {
                name: stringify!($function), ident: stringify!($function), doc: "", file: file!(), line: line!(),
                module: module_path!(), package: "plugin-core",
            },
        )
    };
}
pub(super) use handler;
