//! Jobs that run when their time has come.

mod job;
mod ledger;
mod occurrence;
pub mod run;
pub mod scheduler;
#[cfg(test)]
mod tests;
