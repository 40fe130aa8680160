//! What is on disk of a job: the last occurrence that was dealt with, and the last run. Two rows in its plugin's keyspace.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    rows,
    store::engine::{Durability, Engine, EngineError, Got, Keyspace, Precondition, Read, Write},
};

/// How many bytes are kept of what went wrong in a run.
const LONGEST_ERROR: usize = 4096;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// The job returned `Ok`, or nothing.
    Ok,
    /// The job returned `Err`.
    Error,
    /// The job panicked.
    Panic,
    /// The job took longer than it may, and was stopped.
    Timeout,
    /// The server stopped while the job ran.
    Interrupted,
}

/// A run of a job as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// Its id.
    pub run_id: String,
    /// The occurrence; for a run by hand, the instant it was asked for.
    pub scheduled_for: Timestamp,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; nothing while it runs, or if nobody was left to see it.
    pub ended_at: Option<Timestamp>,
    /// How it ended; nothing while it runs.
    pub outcome: Option<RunOutcome>,
    /// What went wrong, if anything did; its first 4 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl LastRun {
    pub(super) fn begun(id: Uuid, scheduled_for: Timestamp, now: Timestamp) -> Self {
        let run_id = id.to_string();
        Self { run_id, scheduled_for, started_at: now, ended_at: None, outcome: None, error: None }
    }

    pub(super) fn end(&mut self, at: Option<Timestamp>, outcome: RunOutcome, mut error: Option<String>) {
        // What a job says is its own affair; whether the row fits is not.
        if let Some(error) = &mut error {
            error.truncate(error.floor_char_boundary(LONGEST_ERROR));
        }
        (self.ended_at, self.outcome, self.error) = (at, Some(outcome), error);
    }
}

/// The row of the last occurrence that was dealt with, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) at: Timestamp,
    stored: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClaimRow {
    occurrence: Timestamp,
    /// The run that it was claimed for, which also makes this row unlike anybody else's.
    run: Option<String>,
}

/// The rows of one job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ledger<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) keyspace: &'a Keyspace,
    pub(super) job: &'a str,
}

/// What became of an attempt to claim an occurrence.
#[derive(Debug)]
pub(super) enum Claimed {
    /// It is ours.
    Ours(Claim),
    /// Somebody else moved on in the meantime, to here.
    Theirs(Option<Claim>),
}

impl Ledger<'_> {
    /// What is there.
    pub(super) async fn load(&self) -> Result<(Option<Claim>, Option<LastRun>), EngineError> {
        let keys = vec![rows::claim(self.job), rows::run(self.job)];
        let got = self.engine.read(self.keyspace, &[Read::MultiGet(keys)]).await?;
        let mut values =
            got.into_iter().flat_map(|got| if let Got::Values(values) = got { values } else { Vec::new() });
        let claim = values
            .next()
            .flatten()
            .map(|stored| rows::decode::<ClaimRow>(&stored).map(|row| Claim { at: row.occurrence, stored }));
        let run = values.next().flatten().map(|stored| rows::decode::<LastRun>(&stored));
        Ok((claim.transpose()?, run.transpose()?))
    }

    /// Claims `occurrence`, where `known` is still the last that was dealt with, and writes `run` with it.
    pub(super) async fn claim(
        &self,
        known: Option<&Claim>,
        occurrence: Timestamp,
        run: Option<&LastRun>,
    ) -> Result<Claimed, EngineError> {
        let stored = rows::encode(&ClaimRow { occurrence, run: run.map(|run| run.run_id.clone()) })?;
        let unchanged = known.map_or(Precondition::Absent, |claim| Precondition::Head(claim.stored.clone()));
        let mut writes = vec![Write::put(rows::claim(self.job), stored.clone()).when(unchanged)];
        // What merely passes may pass once more after a loss of power.
        let durability = run.map_or(Durability::Relaxed, |_| Durability::Synced);
        if let Some(run) = run {
            writes.push(Write::put(rows::run(self.job), rows::encode(run)?));
        }
        match rows::commit(self.engine, self.keyspace, writes, durability).await {
            Ok(()) => Ok(Claimed::Ours(Claim { at: occurrence, stored })),
            // After an unknown outcome the conflict may be with ourselves.
            Err(EngineError::Conflict(_)) => match self.load().await.map_err(rows::untold)?.0 {
                Some(claim) if claim.stored == stored => Ok(Claimed::Ours(claim)),
                theirs => Ok(Claimed::Theirs(theirs)),
            },
            Err(error) => Err(error),
        }
    }

    /// Writes `run` as the last.
    pub(super) async fn note(&self, run: &LastRun) -> Result<(), EngineError> {
        let write = Write::put(rows::run(self.job), rows::encode(run)?);
        rows::commit(self.engine, self.keyspace, vec![write], Durability::Synced).await
    }
}
