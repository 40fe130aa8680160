//! The running thing: the catalog's plugins over an engine, a clock and somebody's threads. The same in a server and in a test.

mod boot;
mod fire;
mod lifecycle;
mod orphans;
pub mod points;
mod routes;
pub mod store;
mod upkeep;
mod watch;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use uuid::Uuid;

use self::{orphans::Orphans, upkeep::Upkeep};
use crate::{
    catalog::{Catalog, PluginEntry},
    clock::Clock,
    context::{
        call::{Call, Origin},
        caller::Caller,
        shared::Shared,
    },
    delivery::Deliveries,
    error::{Error, Result},
    id::AppId,
    plugin::state::{Life, PluginState},
    schedule::scheduler::{JobInfo, Scheduler},
    spawn::Spawn,
    stats::Snapshot,
    store::{
        db::Db,
        engine::{Durability, Engine, Keyspace},
    },
};

pub use boot::Builder;

/// The keyspace of what the host itself keeps.
const SYSTEM: &str = "system";

/// A running set of plugins. Cheap to clone; all clones are the same host.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    catalog: Arc<Catalog>,
    shared: Arc<Shared>,
    deliveries: Deliveries,
    scheduler: Scheduler,
    upkeep: Upkeep,
    spawn: Arc<dyn Spawn>,
    orphans: Orphans,
    /// For each plugin whether it is to be started.
    wanted: Vec<bool>,
    /// Held while a plugin changes its state, so that changes come one after the other.
    changing: tokio::sync::Mutex<()>,
}

impl Host {
    /// Begins a host of the plugins of `catalog` over `engine`.
    pub fn builder(catalog: Catalog, engine: Arc<dyn Engine>, clock: Clock, spawn: Arc<dyn Spawn>) -> Builder {
        Builder::new(catalog, engine, clock, spawn)
    }

    /// What the linker gathered.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// What every call shares.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// The jobs of the plugin `id`, by name.
    ///
    /// # Errors
    /// 404 if there is no such plugin.
    pub fn jobs(&self, id: &str) -> Result<Vec<JobInfo>> {
        self.plugin(id).map(|(plugin, _)| self.0.scheduler.list(&self.0.shared, plugin.id()))
    }

    /// Runs a job now, whatever its schedule says. Returns the run's id when the run is on disk, and does not wait for its end.
    ///
    /// # Errors
    /// 404 if there is no such plugin or job, 409 if it runs already, 503 if its plugin takes no work.
    pub async fn run_job(&self, id: &str, job: &str) -> Result<Uuid> {
        self.plugin(id)?;
        self.0.scheduler.run_now(&self.0.shared, id, job).await
    }

    /// What the item numbered `item` did, in numbers.
    pub fn figures(&self, item: u32) -> Snapshot {
        self.0.shared.stats.snapshot(item)
    }

    /// The deliveries of events and webhooks.
    pub fn deliveries(&self) -> &Deliveries {
        &self.0.deliveries
    }

    /// What time it is.
    pub fn clock(&self) -> &Clock {
        &self.0.shared.clock
    }

    /// Runs `task` beside the caller, on the host's threads.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn.spawn(Box::pin(task));
    }

    /// The rows of the host's embedder, such as tokens: a collection of their own, apart from every plugin's.
    pub fn system(&self, collection: &str) -> Db {
        system(&self.0.shared.engine, collection)
    }

    /// A call on behalf of `caller`.
    pub fn call(&self, caller: &Caller) -> Call {
        let shared = &self.0.shared;
        Call {
            app: caller.app.clone(),
            user: caller.user.clone(),
            origin: Origin::Request(caller.request),
            ..Call::of_host(shared, AppId::default())
        }
    }

    /// The plugin `id`: what was linked and where it stands.
    ///
    /// # Errors
    /// 404 if there is none.
    pub fn plugin(&self, id: &str) -> Result<(&PluginEntry, &PluginState)> {
        let (place, entry) = self.0.catalog.plugin(id).ok_or_else(|| Error::not_found("there is no such plugin"))?;
        let state = self.0.shared.plugins.get(place).expect("the host has every plugin of its catalog");
        Ok((entry, state))
    }

    /// The plugins that cannot work, with their reasons.
    pub fn failed(&self) -> BTreeMap<&'static str, String> {
        let reason = |plugin: &PluginState| match plugin.life() {
            Life::Failed(reason) => Some((plugin.id, reason)),
            _ => None,
        };
        self.0.shared.plugins.iter().filter_map(reason).collect()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("shared", &self.0.shared).finish_non_exhaustive()
    }
}

fn system(engine: &Arc<dyn Engine>, collection: &str) -> Db {
    let app = AppId::new(collection).expect("collections are named in the code, within the alphabet of ids");
    Db::new(Arc::clone(engine), Keyspace::of_host(SYSTEM), app, Durability::Synced)
}

/// How long a plugin's `#[activate]` may take, unless it says so itself.
const ACTIVATION: Duration = Duration::from_secs(30);
/// How long a plugin's `#[deactivate]` may take at most, and the work before it to end.
const DEACTIVATION: Duration = plugin_syntax::STOPPING;
/// How long all plugins may take together when the host stops.
const DEACTIVATIONS: Duration = Duration::from_secs(12);
