//! One run of a job, and what an attribute leaves of one.

use std::time::Duration;

use uuid::Uuid;

use crate::{
    clock::Timestamp,
    context::{call::Scope, shared::BoxFuture},
    error::Result,
    shape::Owner,
};

/// The run of a cron job that a handler is called for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CronRun {
    /// The run's id.
    pub id: Uuid,
    /// The instant that the schedule asked for; for a run by hand, the instant it was asked for.
    pub scheduled_for: Timestamp,
    /// 1 for the first attempt.
    pub attempt: u32,
}

/// What becomes of occurrences that were missed while the server was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CatchUp {
    /// The latest runs once, if it is at most 24 hours old.
    #[default]
    One,
    /// Nothing.
    None,
}

/// What `#[cron]` leaves.
#[derive(Debug)]
pub struct CronItem {
    /// Whose job it is.
    pub owner: Owner,
    /// The schedule as written, checked by the attribute.
    pub schedule: &'static str,
    /// Its time zone, if one was written.
    pub timezone: Option<&'static str>,
    /// What becomes of missed occurrences.
    pub catch_up: CatchUp,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// Runs it.
    pub run: for<'a> fn(&'a Scope, CronRun) -> BoxFuture<'a, Result<()>>,
}
