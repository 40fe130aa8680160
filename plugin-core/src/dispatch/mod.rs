//! Firing hooks and applying filters.

pub mod filter;
pub mod hook;
