//! Firing hooks and applying filters.

pub mod call;
mod chain;
pub mod filter;
pub mod guard;
pub mod hook;
pub mod outcome;
pub mod watchdog;
pub(crate) mod wire;

#[cfg(test)]
mod tests;
