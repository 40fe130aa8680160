//! Points and events by name, for callers outside that have JSON and no types.

use serde_json::Value;

use crate::{
    context::call::Call,
    dispatch::outcome::Report,
    error::{Error, Result},
    host::Host,
    plugin::state::Life,
    registration::Item,
};

impl Host {
    /// Fires the hook `name` with a payload as JSON.
    ///
    /// # Errors
    /// 404 if there is no such hook, 422 if the payload is not one of its.
    pub async fn fire_json(&self, call: &Call, name: &str, payload: Value) -> Result<Report> {
        let point = self.0.catalog.hooks().iter().find(|point| point.name == name);
        match point.map(|point| point.item) {
            Some(Item::HookPoint(point)) => (point.fire_json)(&call.scope(point.name, u32::MAX), payload).await,
            _ => Err(Error::not_found("there is no such hook")),
        }
    }

    /// Applies the filter `name` to a value as JSON.
    ///
    /// # Errors
    /// 404 if there is no such filter, 422 if the value is not one of its, 500 `filter-failed` if it fails closed.
    pub async fn apply_json(&self, call: &Call, name: &str, value: Value) -> Result<Value> {
        let point = self.0.catalog.filters().iter().find(|point| point.name == name);
        match point.map(|point| point.item) {
            Some(Item::FilterPoint(point)) => (point.apply_json)(&call.scope(point.name, u32::MAX), value).await,
            _ => Err(Error::not_found("there is no such filter")),
        }
    }

    /// Publishes the event `name`, in the name of the plugin that it belongs to.
    ///
    /// # Errors
    /// 404 if there is no such event, 422 if the body is not one of its, 503 if its plugin is off, or what the store says.
    pub async fn emit_json(&self, call: &Call, name: &str, body: Value) -> Result<()> {
        let event = self.0.catalog.events().iter().find(|event| event.name == name);
        let Some(Item::Event(event)) = event.map(|event| event.item) else {
            return Err(Error::not_found("there is no such event"));
        };
        let place = self.0.shared.places.get((event.owner.ix)()).expect("the host has every plugin of its catalog");
        let plugin = &self.0.shared.plugins[place];
        // In a host that was not started, what is published waits for one that is.
        if matches!(plugin.life(), Life::Inactive | Life::Failed(_)) {
            return Err(plugin.unavailable());
        }
        let body = (event.read)(body)?;
        self.0.shared.outbox.emit(call, place, event.name, body).await
    }
}
