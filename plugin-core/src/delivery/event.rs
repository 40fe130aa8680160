//! What the attributes of events and listeners leave.

use std::{any::Any, time::Duration};

use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::{
    context::{call::Scope, shared::BoxFuture},
    error::Result,
    shape::Owner,
};

/// What `#[event]` leaves.
#[derive(Debug)]
pub struct EventItem {
    /// The plugin that publishes it.
    pub owner: Owner,
    /// Its name on the wire.
    pub name: &'static str,
    /// Its JSON Schema.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads JSON as the event's type and gives it back as that type writes it.
    pub read: fn(Value) -> Result<Value>,
}

/// What `#[on]` leaves.
#[derive(Debug)]
pub struct ListenerItem {
    /// Whose listener it is.
    pub owner: Owner,
    /// The event it hears.
    pub event: &'static str,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Reads an event's JSON as the type that the listener takes.
    pub decode: fn(&Value) -> Result<Box<dyn Any + Send + Sync>>,
    /// Runs it on what `decode` made.
    pub run: for<'a> fn(&'a Scope, &'a (dyn Any + Send + Sync)) -> BoxFuture<'a, Result<()>>,
}
