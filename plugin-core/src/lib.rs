//! What a plugin author depends on: attributes, types, and the host that runs plugins.
//!
//! A module uses only what stands above it in this list.

#[cfg(panic = "abort")]
compile_error!("a plugin's panic is contained by unwinding: remove `panic = \"abort\"` from the profile");

// Generated code names this crate from outside; it is used inside as well.
extern crate self as plugin_core;

pub mod bare;
pub mod clock;
pub mod error;
pub mod id;
pub mod json;
pub mod linking;
pub mod random;
pub mod site;
pub mod spawn;
pub mod stats;
mod ticks;

pub mod store;

mod background;
#[cfg(test)]
mod rig;
mod rows;

pub mod plugin;
pub mod point;

pub mod context;
pub mod shape;

pub mod admin;
pub mod delivery;
pub mod dispatch;
pub mod document;
pub mod endpoint;
pub mod schedule;

pub mod registration;

mod attributes;
pub mod prelude;

pub mod catalog;

pub mod host;
pub mod testing;

#[doc(hidden)]
#[path = "rt/mod.rs"]
pub mod __rt;

pub use admin::{Admin, Html};
pub use clock::{Clock, ManualClock, Timestamp};
pub use context::{Context, OwnedContext, transaction::Transaction};
pub use delivery::webhook::WebhookDelivery;
pub use endpoint::extract::{Json, Query, User};
pub use error::{Error, FieldError, Result};
pub use id::{AppId, UserId};
pub use plugin::{config::Config, secret::Secret};
pub use point::{Dynamic, Event, FilterPoint, HookPoint, Plugin};
pub use schedule::run::CronRun;

pub use attributes::{
    Config, activate, admin_page, cron, deactivate, document, endpoint, event, filter, filter_point, hook, hook_point,
    migrate, model, on, plugin, webhook,
};
