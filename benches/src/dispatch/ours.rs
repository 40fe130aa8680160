//! Our side: a host's tables, filled with the handlers that are measured.

use std::sync::Arc;

use plugin_core::{
    __rt::{Durability, Item},
    AppId, Clock, Context, FilterPoint, HookPoint, Plugin, Result,
    context::{
        call::{Call, LentScope, Scope},
        shared::{BoxFuture, ItemInfo, Outbox, Places, Shared},
        subscriptions::Subscriptions,
        table::PointTable,
    },
    dispatch::{
        filter::{FilterEntry, FilterPointItem},
        hook::{HookEntry, HookPointItem},
        outcome::Outcome,
    },
    plugin::state::{Life, PluginState},
    site::{Kind, Site},
    stats::{Stats, Timing},
    store::mem::MemEngine,
};

use super::handlers::{self, Bench, Closed, Fired, Open, Style};

/// A call of a host whose one point has some handlers.
pub(crate) struct Bed(Call);

struct NoOutbox;

impl Outbox for NoOutbox {
    fn emit<'a>(
        &'a self,
        _: &'a Call,
        _: usize,
        _: &'static str,
        _: plugin_core::__rt::serde_json::Value,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

fn hooks(items: &'static [Item]) -> Vec<HookEntry> {
    let hooks = items.iter().filter_map(|item| if let Item::Hook(handler) = item { Some(handler) } else { None });
    (0..).zip(hooks).map(|(item, handler)| HookEntry { item, plugin: 0, handler }).collect()
}

fn filters(items: &'static [Item]) -> Vec<FilterEntry> {
    let filters = items.iter().filter_map(|item| if let Item::Filter(filter) = item { Some(filter) } else { None });
    (0..).zip(filters).map(|(item, filter)| FilterEntry { item, plugin: 0, filter }).collect()
}

impl Bed {
    /// A host with `n` handlers.
    pub(crate) fn new(style: Style, n: usize, timing: Timing) -> Self {
        let of = |items: &'static [Item; 64]| items.get(..n).expect("there are 64 of each");
        let point = HookPointItem::of::<Fired>(|generator| generator.subschema_for::<Fired>());
        let table = |handlers: Vec<HookEntry>| PointTable::new([(Fired::ix(), n, (point.build)(handlers))]);
        let (mut hooks_table, mut filters_table) = (PointTable::default(), PointTable::default());
        match style {
            _ if n == 0 => {}
            Style::Sync => hooks_table = table(hooks(of(&handlers::SYNC))),
            Style::Ready => hooks_table = table(hooks(of(&handlers::READY))),
            Style::Suspends => hooks_table = table(hooks(of(&handlers::SUSPENDS))),
            Style::Filter => {
                let closed = FilterPointItem::of::<Closed>(|generator| generator.subschema_for::<Closed>());
                let open = FilterPointItem::of::<Open>(|generator| generator.subschema_for::<Open>());
                filters_table = PointTable::new([
                    (Closed::ix(), n, (closed.build)(filters(of(&handlers::CLOSED)))),
                    (Open::ix(), n, (open.build)(filters(of(&handlers::OPEN)))),
                ]);
            }
        }
        static SITE: Site =
            Site { name: "handler", ident: "handler", doc: "", file: file!(), line: line!(), module: "", package: "" };
        let numbers: Vec<u32> = (0..).take(n).collect();
        let plugin = PluginState::new(Bench::ID, Durability::Relaxed, Some(Box::new(())));
        plugin.set_life(Life::Active);
        let shared = Shared {
            clock: Clock::system(),
            spawn: Arc::new(()),
            engine: Arc::new(MemEngine::new()),
            plugins: Box::new([plugin]),
            hooks: hooks_table,
            filters: filters_table,
            items: vec![ItemInfo { plugin: Bench::ID, kind: Kind::Hook, site: &SITE }; n].into(),
            stats: Stats::new(n, [&numbers[..]], timing),
            outbox: Box::new(NoOutbox),
            subscriptions: Subscriptions::default(),
            places: Places::new([Bench::ix()]),
        };
        Self(Call::of_host(&Arc::new(shared), AppId::default()))
    }

    /// The scope of a handler that fires and applies.
    pub(crate) fn scope(&self) -> LentScope<'_> {
        self.0.scope("bench", u32::MAX)
    }
}

/// As a handler fires.
#[inline]
pub(crate) fn fire<'a>(scope: &'a Scope, fired: &'a Fired) -> impl Future<Output = Outcome> + 'a {
    Context::<Bench>::view(scope).fire(fired)
}

/// As a handler fires what is dear to make.
#[inline]
pub(crate) fn fire_with<'a>(
    scope: &'a Scope,
    make: impl FnOnce() -> Fired + Send + 'a,
) -> impl Future<Output = Outcome> + 'a {
    Context::<Bench>::view(scope).fire_with(make)
}

/// As a handler applies filters.
#[inline]
pub(crate) fn apply<T: FilterPoint>(scope: &Scope, value: T) -> impl Future<Output = Result<T>> + '_ {
    Context::<Bench>::view(scope).apply(value)
}
