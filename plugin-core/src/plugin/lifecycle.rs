//! What runs when a plugin starts and stops.

use std::time::Duration;

use crate::{
    context::{call::Scope, shared::BoxFuture},
    error::Result,
    shape::Owner,
};

/// What `#[activate]` and `#[deactivate]` leave.
#[derive(Debug)]
pub struct LifecycleItem {
    /// Whose it is.
    pub owner: Owner,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Runs it.
    pub run: for<'a> fn(&'a Scope) -> BoxFuture<'a, Result<()>>,
}
