//! What a plugin author depends on: attributes, types, and the host that runs plugins.
//!
//! A module uses only what stands above it in this list.

pub mod clock;
pub mod id;

pub mod store;

pub use clock::{Clock, ManualClock, Timestamp};
pub use id::{AppId, UserId};
