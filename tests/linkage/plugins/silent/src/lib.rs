//! Depends on plugin-core and registers nothing.

pub use plugin_core::Error;
