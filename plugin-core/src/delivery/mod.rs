//! What is handed over durably and later: events to listeners, webhooks to their handlers.
//!
//! What is to be delivered is a row in the keyspace of the plugin that published it, one for each listener, and stays until
//! its handler has ended. A task a listener takes its rows in order. So an event is heard at least once, and exactly once
//! where the process was not killed between the end of a handler and the removal of its row. A handler that fails is
//! counted and logged, and its row is removed: it is not tried again. The same becomes of a row that cannot be read.

pub mod event;
mod nesting;
mod outbox;
mod queue;
mod row;
mod subscribers;
#[cfg(test)]
mod tests;
pub mod webhook;
mod worker;

pub use nesting::TooNested;
pub use outbox::{Deliveries, TooDeep};
