//! What the attributes of filters leave.

use std::{any::Any, time::Duration};

use schemars::{Schema, SchemaGenerator};

use crate::{
    point::{Ix, OnError},
    shape::Owner,
};

/// What `#[filter_point]` leaves.
#[derive(Debug)]
pub struct FilterPointItem {
    /// Its name on the wire.
    pub name: &'static str,
    /// What a failing handler means.
    pub on_error: OnError,
    /// Its number.
    pub ix: fn() -> &'static Ix,
    /// The JSON Schema of its value.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// What `#[filter]` leaves.
#[derive(Debug)]
pub struct FilterItem {
    /// Whose it is.
    pub owner: Owner,
    /// The point it handles.
    pub point: &'static str,
    /// When its turn is; ascending.
    pub priority: i32,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// The typed call, for the list of its point to downcast.
    pub call: &'static (dyn Any + Send + Sync),
}
