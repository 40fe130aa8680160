//! Starting and stopping: of the host, and of each plugin while it runs.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, join, join_all, select};
use tokio_util::sync::CancellationToken;

use crate::{
    catalog::{Entry, PluginEntry},
    clock::Moment,
    context::call::Call,
    dispatch::{
        guard::{Failure, run_item},
        hook::fire,
    },
    error::{Error, Result},
    host::{
        ACTIVATION, DEACTIVATION, DEACTIVATIONS, Host,
        points::{AppInit, PluginActivate, PluginDeactivate},
        system,
    },
    id::AppId,
    plugin::{
        lifecycle::LifecycleItem,
        state::{Life, PluginState},
    },
    registration::Item,
    site::Kind,
    store::db::Db,
};

impl Host {
    /// Starts every plugin that was not switched off, each after those it requires; then deliveries, `app:init`, and the schedules.
    ///
    /// A plugin that cannot start is failed, with its reason, and the rest runs.
    ///
    /// # Errors
    /// If the store cannot tell which plugins were switched off.
    pub async fn start(&self) -> Result<()> {
        let _changing = self.0.changing.lock().await;
        self.0.deliveries.start(&self.0.shared).await?;
        for place in 0..self.0.shared.plugins.len() {
            let plugin = &self.0.shared.plugins[place];
            // First: wrong settings of a plugin that was switched off are nobody's concern.
            if !self.wants(place).await? || plugin.is_on() {
                continue;
            }
            if let Err(Unable { reason, told }) = self.activate(place).await {
                tracing::error!(plugin = plugin.id, "the plugin cannot start: {reason}");
                plugin.fail(reason, told);
            }
        }
        let call = Call::of_host(&self.0.shared, AppId::default());
        let _ = fire(&call.scope("start", u32::MAX), &AppInit {}).await;
        self.0.scheduler.start(&self.0.shared).await?;
        self.0.upkeep.start(&self.0.shared);
        Ok(())
    }

    /// Begins no new runs and deliveries. The rest goes on, and what is published waits on disk for the next start.
    pub fn close(&self) {
        self.0.scheduler.close();
        self.0.upkeep.close();
        self.0.deliveries.close();
    }

    /// Stops: no new runs and deliveries, those that run may end within `drain`, plugins are deactivated, all is on disk. The plugins have
    /// 12 seconds for that together; each is deactivated after those that require it, and beside all others.
    ///
    /// # Errors
    /// If the engine cannot sync.
    pub async fn stop(&self, drain: Duration) -> Result<()> {
        self.stop_within(drain, drain + DEACTIVATIONS).await
    }

    /// The same within `whole`: what the drain leaves of that is all that the plugins have. The engine is synced in any case.
    ///
    /// # Errors
    /// As [`stop`](Self::stop).
    pub async fn stop_within(&self, drain: Duration, whole: Duration) -> Result<()> {
        let (scheduler, deliveries, clock) = (&self.0.scheduler, &self.0.deliveries, self.clock());
        let began = clock.moment();
        let upkeep = self.0.upkeep.stop(clock, drain);
        join(upkeep, join(scheduler.stop(clock, drain), deliveries.stop(clock, drain))).await;
        let left = whole.saturating_sub(clock.moment().since(began)).min(DEACTIVATIONS);
        // A little later, so that what is ready at once is still done for those whose turn comes last.
        let late = clock.sleep(left + Duration::from_secs(1));
        let deactivated = async {
            let _changing = self.0.changing.lock().await;
            self.deactivate_all(left).await;
        };
        if let Either::Right(_) = select(pin!(deactivated), late).await {
            tracing::error!("not every plugin was deactivated within {left:?}");
        }
        Ok(self.0.shared.engine.sync().await?)
    }

    async fn deactivate_all(&self, within: Duration) {
        let plugins = self.0.catalog.plugins();
        let until = self.clock().moment().plus(within);
        let done: Vec<CancellationToken> = plugins.iter().map(|_| CancellationToken::new()).collect();
        let one = async |place: usize| {
            let needed = |other: &PluginEntry| {
                other.item.meta.requires.iter().any(|(id, _)| self.0.shared.plugins[place].id == *id)
            };
            for (_, done) in plugins.iter().zip(&done).filter(|(other, _)| needed(other)) {
                done.cancelled().await;
            }
            if self.0.shared.plugins[place].is_on() {
                self.deactivate(place, Life::Linked, Some(until)).await;
            }
            if let Some(done) = done.get(place) {
                done.cancel();
            }
        };
        join_all((0..plugins.len()).rev().map(one)).await;
    }

    /// Switches the plugin on, for this and every later start. Repeatable.
    ///
    /// # Errors
    /// 404 if there is no such plugin, 409 if it cannot work or somebody has its data to himself.
    pub async fn enable(&self, id: &str) -> Result<()> {
        let place = self.place(id)?;
        let _changing = self.0.changing.lock().await;
        let plugin = &self.0.shared.plugins[place];
        let _held = plugin.hold().ok_or_else(|| {
            Error::conflict("its data is being exported, imported or dropped: switch it on when that is done")
        })?;
        self.switches().delete(id).await?;
        if plugin.is_on() {
            return Ok(());
        }
        if let Err(Unable { reason, told }) = self.activate(place).await {
            let error = Error::conflict(format!("the plugin cannot start: {reason}"));
            plugin.fail(reason, told);
            return Err(error);
        }
        Ok(())
    }

    /// Switches the plugin off, for this and every later start: no new work, what runs may end, it is deactivated. Repeatable.
    ///
    /// # Errors
    /// 404 if there is no such plugin.
    pub async fn disable(&self, id: &str) -> Result<()> {
        let place = self.place(id)?;
        let _changing = self.0.changing.lock().await;
        self.switches().set(id, &Switch::Off).await?;
        let plugin = &self.0.shared.plugins[place];
        match plugin.is_on() {
            true => self.deactivate(place, Life::Inactive, None).await,
            false => plugin.set_life(Life::Inactive),
        }
        Ok(())
    }

    fn place(&self, id: &str) -> Result<usize> {
        let found = self.0.catalog.plugin(id).ok_or_else(|| Error::not_found("there is no such plugin"))?;
        Ok(found.0)
    }

    /// The plugins that an admin switched off.
    fn switches(&self) -> Db {
        system(&self.0.shared.engine, "switches")
    }

    /// Whether the plugin at `place` is to be started; one that was switched off is marked so.
    async fn wants(&self, place: usize) -> Result<bool> {
        let plugin = &self.0.shared.plugins[place];
        let off = self.switches().get::<Switch>(plugin.id).await?.is_some();
        if off {
            plugin.set_life(Life::Inactive);
        }
        Ok(!off && self.0.wanted[place])
    }

    async fn activate(&self, place: usize) -> Result<(), Unable> {
        let plugin = &self.0.shared.plugins[place];
        if let Some(problem) = &plugin.problem {
            return Err(Unable::for_all_to_read(problem.clone()));
        }
        for (needed, _) in self.0.catalog.plugins()[place].item.meta.requires {
            if let Some((_, needed)) = self.0.shared.plugin_by_id(needed)
                && let Life::Failed(_) = needed.life()
            {
                return Err(Unable::for_all_to_read(format!("it requires `{}`, which failed", needed.id)));
            }
        }
        plugin.begin();
        for (entry, item) in self.lifecycle(place, Kind::Activate) {
            if let Err(failure) = self.run(entry, item, ACTIVATION).await {
                self.0.shared.subscriptions.forget(place);
                return Err(Unable {
                    reason: format!("`{}` ({}): {failure}", entry.site.name, entry.site),
                    told: public(&failure),
                });
            }
        }
        plugin.set_life(Life::Active);
        let call = Call::of_host(&self.0.shared, AppId::default());
        let _ = fire(&call.scope("activate", u32::MAX), &PluginActivate { plugin_id: plugin.id.to_owned() }).await;
        Ok(())
    }

    /// Ends the plugin at `place`, not later than `until`: what is ready at once is done even then.
    async fn deactivate(&self, place: usize, then: Life, until: Option<Moment>) {
        let (plugin, clock): (&PluginState, _) = (&self.0.shared.plugins[place], self.clock());
        let left = || until.map_or(DEACTIVATION, |until| until.since(clock.moment()).min(DEACTIVATION));
        plugin.set_life(then);
        if let Either::Right(_) = select(pin!(self.0.shared.idle(place)), clock.sleep(left())).await {
            tracing::warn!(
                plugin = plugin.id,
                "work of the plugin still runs when its time to end is over; it is deactivated all the same"
            );
        }
        for (entry, item) in self.lifecycle(place, Kind::Deactivate) {
            if let Err(failure) = self.run(entry, item, left()).await {
                let (item, site) = (entry.site.name, entry.site);
                tracing::error!(plugin = plugin.id, item, %site, "deactivation failed: {failure}");
            }
        }
        self.0.shared.subscriptions.forget(place);
        let call = Call::of_host(&self.0.shared, AppId::default());
        let _ = fire(&call.scope("deactivate", u32::MAX), &PluginDeactivate { plugin_id: plugin.id.to_owned() }).await;
    }

    fn lifecycle(&self, place: usize, kind: Kind) -> impl Iterator<Item = (&Entry, &'static LifecycleItem)> {
        self.0.catalog.items_of(place).filter(move |entry| entry.kind == kind).filter_map(|entry| match entry.item {
            Item::Activate(item) | Item::Deactivate(item) => Some((entry, item)),
            _ => None,
        })
    }

    async fn run(&self, entry: &Entry, item: &'static LifecycleItem, limit: Duration) -> Result<(), Failure> {
        let call = Call::of_host(&self.0.shared, AppId::default());
        let scope = call.scope(entry.site.name, entry.number);
        // That no `#[deactivate]` asks for more than its limit is seen to by its attribute.
        run_item(&call, entry.number, item.timeout.unwrap_or(limit), || (item.run)(&scope)).await
    }
}

/// Why a plugin cannot start.
struct Unable {
    /// For the log and for admins.
    reason: String,
    /// For whoever calls its endpoints.
    told: String,
}

impl Unable {
    fn for_all_to_read(reason: String) -> Self {
        Self { told: reason.clone(), reason }
    }
}

/// What callers outside may know of a failed activation.
fn public(failure: &Failure) -> String {
    match failure {
        Failure::Error(error) => error.detail().map(str::to_owned),
        _ => None,
    }
    .unwrap_or_else(|| "its activation failed: the log says why".to_owned())
}

/// How an admin left a plugin.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Switch {
    Off,
}
