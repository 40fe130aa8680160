//! What a plugin is, what it is configured with, and how it lives.

pub mod config;
pub mod lifecycle;
pub mod meta;
pub mod secret;
pub mod state;
