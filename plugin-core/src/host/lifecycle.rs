//! Starting and stopping: of the host, and of each plugin while it runs.

use std::time::Duration;

use futures_util::future::{Either, join, select};

use crate::{
    catalog::Entry,
    context::call::Call,
    dispatch::{
        guard::{Failure, run_item},
        hook::fire,
    },
    error::{Error, Result},
    host::{
        ACTIVATION, DEACTIVATION, Host,
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
            if plugin.life() != Life::Linked || !self.wants(place).await? {
                continue;
            }
            if let Err(reason) = self.activate(place).await {
                tracing::error!(plugin = plugin.id, "the plugin cannot start: {reason}");
                plugin.set_life(Life::Failed(reason));
            }
        }
        let call = Call::of_host(&self.0.shared, AppId::default());
        let _ = fire(&call.scope("start", u32::MAX), &AppInit {}).await;
        self.0.scheduler.start(&self.0.shared).await?;
        Ok(())
    }

    /// Begins no new runs and deliveries. The rest goes on, and what is published waits on disk for the next start.
    pub fn close(&self) {
        self.0.scheduler.close();
        self.0.deliveries.close();
    }

    /// Stops: no new runs and deliveries, those that run may end within `drain`, plugins are deactivated, all is on disk.
    ///
    /// # Errors
    /// If the engine cannot sync.
    pub async fn stop(&self, drain: Duration) -> Result<()> {
        let (scheduler, deliveries, clock) = (&self.0.scheduler, &self.0.deliveries, self.clock());
        join(scheduler.stop(clock, drain), deliveries.stop(clock, drain)).await;
        let _changing = self.0.changing.lock().await;
        for place in (0..self.0.shared.plugins.len()).rev() {
            if self.0.shared.plugins[place].is_on() {
                self.deactivate(place, Life::Linked).await;
            }
        }
        Ok(self.0.shared.engine.sync().await?)
    }

    /// Switches the plugin on, for this and every later start. Repeatable.
    ///
    /// # Errors
    /// 404 if there is no such plugin, 409 if it cannot work.
    pub async fn enable(&self, id: &str) -> Result<()> {
        let place = self.place(id)?;
        let _changing = self.0.changing.lock().await;
        let plugin = &self.0.shared.plugins[place];
        self.switches().delete(id).await?;
        if plugin.is_on() {
            return Ok(());
        }
        if plugin.config.is_none() {
            let Life::Failed(reason) = plugin.life() else { return Ok(()) };
            return Err(Error::conflict(format!("the plugin cannot start: {reason}")));
        }
        if let Err(reason) = self.activate(place).await {
            plugin.set_life(Life::Failed(reason.clone()));
            return Err(Error::conflict(format!("the plugin cannot start: {reason}")));
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
            true => self.deactivate(place, Life::Inactive).await,
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

    async fn activate(&self, place: usize) -> Result<(), String> {
        let plugin = &self.0.shared.plugins[place];
        for (needed, _) in self.0.catalog.plugins()[place].item.meta.requires {
            if let Some((_, needed)) = self.0.shared.plugin_by_id(needed)
                && let Life::Failed(_) = needed.life()
            {
                return Err(format!("it requires `{}`, which failed", needed.id));
            }
        }
        for (entry, item) in self.lifecycle(place, Kind::Activate) {
            if let Err(failure) = self.run(entry, item, ACTIVATION).await {
                self.0.shared.subscriptions.forget(place);
                return Err(format!("`{}` ({}): {failure}", entry.site.name, entry.site));
            }
        }
        plugin.set_life(Life::Active);
        let call = Call::of_host(&self.0.shared, AppId::default());
        let _ = fire(&call.scope("activate", u32::MAX), &PluginActivate { plugin_id: plugin.id.to_owned() }).await;
        Ok(())
    }

    async fn deactivate(&self, place: usize, then: Life) {
        let plugin: &PluginState = &self.0.shared.plugins[place];
        plugin.set_life(then);
        let late = self.0.shared.clock.sleep(DEACTIVATION);
        if let Either::Right(_) = select(Box::pin(plugin.drained()), late).await {
            tracing::warn!(
                plugin = plugin.id,
                "work of the plugin still runs after {DEACTIVATION:?}; it is deactivated all the same"
            );
        }
        for (entry, item) in self.lifecycle(place, Kind::Deactivate) {
            if let Err(failure) = self.run(entry, item, DEACTIVATION).await {
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
        let limit = item.timeout.map_or(limit, |timeout| timeout.min(limit));
        run_item(&call, entry.number, limit, || (item.run)(&scope)).await
    }
}

/// How an admin left a plugin.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Switch {
    Off,
}
