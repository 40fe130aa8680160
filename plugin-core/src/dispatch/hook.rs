//! What the attributes of hooks leave.

use std::{any::Any, time::Duration};

use schemars::{Schema, SchemaGenerator};

use crate::{
    point::{HookPolicy, Ix},
    shape::Owner,
};

/// What `#[hook_point]` leaves.
#[derive(Debug)]
pub struct HookPointItem {
    /// Its name on the wire.
    pub name: &'static str,
    /// What a failing handler means.
    pub policy: HookPolicy,
    /// Its number.
    pub ix: fn() -> &'static Ix,
    /// The JSON Schema of its payload.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// What `#[hook]` leaves.
#[derive(Debug)]
pub struct HookItem {
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
