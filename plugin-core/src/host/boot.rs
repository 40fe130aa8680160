//! Making a host out of a catalog.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    catalog::{Catalog, Entry, PointEntry, problem::Code},
    clock::Clock,
    context::{
        shared::{ItemInfo, Places, Shared},
        subscriptions::Subscriptions,
        table::PointTable,
    },
    delivery::Deliveries,
    dispatch::{filter::FilterEntry, hook::HookEntry},
    document::Standing,
    error::Result,
    host::{Host, Inner, SYSTEM, orphans::Orphans, upkeep::Upkeep},
    plugin::state::{Life, PluginState},
    registration::Item,
    schedule::scheduler::Scheduler,
    spawn::Spawn,
    stats::{Stats, Timing},
    store::{
        Schema, Space,
        engine::{Engine, Keyspace},
    },
};

/// A host in the making.
#[derive(Debug)]
pub struct Builder {
    catalog: Catalog,
    engine: Arc<dyn Engine>,
    clock: Clock,
    spawn: Arc<dyn Spawn>,
    settings: BTreeMap<String, Map<String, Value>>,
    only: Option<Vec<&'static str>>,
    timing: Timing,
    purpose: Purpose,
}

/// What a host is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    ToWork,
    ToRead,
}

impl Builder {
    pub(super) fn new(catalog: Catalog, engine: Arc<dyn Engine>, clock: Clock, spawn: Arc<dyn Spawn>) -> Self {
        let (settings, only, timing) = (BTreeMap::new(), None, Timing::default());
        Self { catalog, engine, clock, spawn, settings, only, timing, purpose: Purpose::ToWork }
    }

    /// The settings of the plugins, by their ids.
    #[must_use]
    pub fn settings(mut self, settings: BTreeMap<String, Map<String, Value>>) -> Self {
        self.settings = settings;
        self
    }

    /// Starts only these plugins, and what they require.
    #[must_use]
    pub fn only(mut self, plugins: impl IntoIterator<Item = &'static str>) -> Self {
        self.only = Some(plugins.into_iter().collect());
        self
    }

    /// Which calls of handlers are timed.
    #[must_use]
    pub fn timing(mut self, timing: Timing) -> Self {
        self.timing = timing;
        self
    }

    /// Makes a host that is never started and that only looks at what is stored: nothing is brought in line with what the plugins
    /// declare. The engine reads a keyspace that it does not have as an empty one, and may refuse all writes.
    #[must_use]
    pub fn to_read(mut self) -> Self {
        self.purpose = Purpose::ToRead;
        self
    }

    /// Opens what the plugins store and puts everything in its place. Nothing of a plugin runs yet.
    ///
    /// A plugin whose settings are wrong is failed, and says why.
    ///
    /// # Errors
    /// If the engine cannot open a keyspace.
    pub async fn build(mut self) -> Result<Host> {
        self.engine.open(&Keyspace::of_host(SYSTEM)).await?;
        let wanted = self.wanted();
        let plugins = self.plugins(&wanted);
        for (place, plugin) in plugins.iter().enumerate() {
            self.engine.open(&plugin.keyspace).await?;
            let space = Space::new(Arc::clone(&self.engine), plugin.keyspace.clone(), plugin.durability);
            let space = space.with_clock(self.clock.clone()).with_schema(schema(&self.catalog, place));
            let space = Arc::new(space);
            match self.purpose {
                Purpose::ToWork => {
                    space.prepare().await?;
                    space.build_at_once().await?;
                }
                Purpose::ToRead => space.prepare_to_read().await?,
            }
            plugin.set_space(space);
        }
        let catalog = Arc::new(self.catalog);
        let deliveries = Deliveries::new(&catalog.listeners(), &catalog.webhooks(), Arc::clone(&self.spawn));
        let upkeep = Upkeep::new(Arc::clone(&self.spawn));
        let scheduler = Scheduler::new(&catalog.jobs(), Arc::clone(&self.spawn));
        let lists = catalog.hooks().iter().chain(catalog.filters()).map(|point| &*point.handlers);
        let shared = Arc::new(Shared {
            clock: self.clock,
            spawn: Arc::clone(&self.spawn),
            engine: self.engine,
            plugins: plugins.into(),
            hooks: hooks(&catalog),
            filters: filters(&catalog),
            items: items(&catalog),
            stats: Stats::new(catalog.entries().len(), lists, self.timing),
            outbox: Box::new(deliveries.clone()),
            subscriptions: Subscriptions::default(),
            places: Places::new(catalog.plugins().iter().map(|plugin| (plugin.item.owner.ix)())),
        });
        let (spawn, orphans, changing) = (self.spawn, Orphans::default(), tokio::sync::Mutex::new(()));
        let inner = Inner { catalog, shared, deliveries, scheduler, upkeep, spawn, orphans, wanted, changing };
        Ok(Host(Arc::new(inner)))
    }

    /// For each plugin whether it is to be started.
    fn wanted(&self) -> Vec<bool> {
        let plugins = self.catalog.plugins();
        let Some(only) = &self.only else { return vec![true; plugins.len()] };
        let mut wanted: Vec<bool> = plugins.iter().map(|plugin| only.contains(&plugin.id())).collect();
        // Requirements stand before those who require them, so one walk from the end finds them all.
        for place in (0..plugins.len()).rev().filter(|place| wanted[*place]).collect::<Vec<_>>() {
            self.want_requirements(place, &mut wanted);
        }
        wanted
    }

    fn want_requirements(&self, place: usize, wanted: &mut [bool]) {
        for (needed, _) in self.catalog.plugins()[place].item.meta.requires {
            if let Some((needed, _)) = self.catalog.plugin(needed)
                && !std::mem::replace(&mut wanted[needed], true)
            {
                self.want_requirements(needed, wanted);
            }
        }
    }

    fn plugins(&mut self, wanted: &[bool]) -> Vec<PluginState> {
        let plugins = self.catalog.plugins().iter().zip(wanted);
        plugins
            .map(|(entry, wanted)| {
                let given = self.settings.remove(entry.id()).unwrap_or_default();
                let (config, problem) = match (entry.item.config.read)(given) {
                    Ok(config) => (Some(config), None),
                    Err(problems) => {
                        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
                        (None, Some(format!("its settings are wrong: {}", all.join("; "))))
                    }
                };
                let mut state = PluginState::new(entry.id(), entry.item.meta.durability, config);
                state.problem = problem;
                if let Some(problem) = state.problem.as_ref().filter(|_| *wanted) {
                    tracing::error!(plugin = entry.id(), code = %Code::WrongSetting, at = %entry.site, "{problem}");
                    state.set_life(Life::Failed(problem.clone()));
                }
                state
            })
            .collect()
    }
}

/// What the items of the plugin at `place` declare for its data.
fn schema(catalog: &Catalog, place: usize) -> Schema {
    let (documents, migrations) = (catalog.documents(), catalog.migrations());
    let of = |standing| {
        let mine = documents.iter().filter(move |it| it.plugin == place && it.item.standing == standing);
        mine.map(|it| &it.item.meta)
    };
    let migrations = migrations.iter().filter(|it| it.plugin == place).map(|it| &it.item.meta);
    let indexes = catalog.plugins().get(place).map_or(&[][..], |plugin| plugin.item.meta.indexes);
    Schema::new(of(Standing::Current), of(Standing::Retired), migrations, indexes)
}

fn items(catalog: &Catalog) -> Box<[ItemInfo]> {
    let info =
        |entry: &Entry| ItemInfo { plugin: entry.item.owner().unwrap_or("-"), kind: entry.kind, site: entry.site };
    catalog.entries().iter().map(info).collect()
}

fn hooks(catalog: &Catalog) -> PointTable {
    let lists = catalog.hooks().iter().filter_map(|point| {
        let Item::HookPoint(item) = point.item else { return None };
        let handlers = handlers(catalog, point, |entry, plugin| match entry.item {
            Item::Hook(handler) => Some(HookEntry { item: entry.number, plugin, handler }),
            _ => None,
        });
        Some(((item.ix)(), handlers.len(), (item.build)(handlers)))
    });
    PointTable::new(lists)
}

fn filters(catalog: &Catalog) -> PointTable {
    let lists = catalog.filters().iter().filter_map(|point| {
        let Item::FilterPoint(item) = point.item else { return None };
        let handlers = handlers(catalog, point, |entry, plugin| match entry.item {
            Item::Filter(filter) => Some(FilterEntry { item: entry.number, plugin, filter }),
            _ => None,
        });
        Some(((item.ix)(), handlers.len(), (item.build)(handlers)))
    });
    PointTable::new(lists)
}

/// The handlers of `point` in the order of their calls, each as `pick` makes it of its entry and its plugin's place.
fn handlers<T>(catalog: &Catalog, point: &PointEntry, pick: impl Fn(&Entry, usize) -> Option<T>) -> Vec<T> {
    let entries = point.handlers.iter().filter_map(|number| catalog.entry(*number));
    entries.filter_map(|entry| pick(entry, entry.plugin?)).collect()
}
