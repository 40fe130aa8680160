//! Firing hooks and applying filters.

pub mod filter;
pub mod guard;
pub mod hook;
