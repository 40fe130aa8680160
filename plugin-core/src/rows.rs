//! The rows that the host itself keeps in a plugin's keyspace, beside the plugin's documents: what they are called, and how they
//! are written and walked.

use std::ops::Range;

use serde::{Serialize, de::DeserializeOwned};

use crate::store::{
    codec,
    engine::{Direction, Durability, Engine, EngineError, Got, Keyspace, MAX_SCAN, Read, Scan, Wanted, Write},
    key::{self, Key, Kind, Parts},
};

/// How often a commit of unknown outcome is issued before its outcome stays unknown.
const ATTEMPTS: usize = 5;
/// How many bytes a page of a walk has, about.
const PAGE_BYTES: usize = 1 << 20;

/// All rows that wait, in the order of whom they are for.
pub(crate) fn queues() -> Range<Vec<u8>> {
    Key::of(Kind::Queue).range()
}

/// Whom a row that waits is for, and its number.
pub(crate) fn parse_queue(key: &[u8]) -> Option<(String, u64)> {
    let mut parts = Parts::of(Kind::Queue, key)?;
    Some((parts.text()?, parts.int()?))
}

/// The last occurrence of `job` that was dealt with.
pub(crate) fn claim(job: &str) -> Vec<u8> {
    key::cron_of(job).text("claim").into_bytes()
}

/// The last run of `job`.
pub(crate) fn run(job: &str) -> Vec<u8> {
    key::cron_of(job).text("run").into_bytes()
}

/// The receipts of all webhooks.
pub(crate) fn receipts() -> Range<Vec<u8>> {
    Key::of(Kind::Receipt).range()
}

/// `row` as it is stored.
pub(crate) fn encode<T: Serialize>(row: &T) -> Result<Vec<u8>, EngineError> {
    codec::encode(row).map_err(|error| EngineError::Invalid(error.to_string()))
}

/// A row as it was before it was stored.
pub(crate) fn decode<T: DeserializeOwned>(stored: &[u8]) -> Result<T, EngineError> {
    codec::decode(stored).map_err(|error| EngineError::Corrupt(error.to_string()))
}

/// Does `writes`, again if it is not known whether they were done. A conflict may then be with itself, which the caller has to find
/// out; any other failure leaves the outcome unknown.
pub(crate) async fn commit(
    engine: &dyn Engine,
    keyspace: &Keyspace,
    writes: Vec<Write>,
    durability: Durability,
) -> Result<(), EngineError> {
    let mut unknown = false;
    for _ in 0..ATTEMPTS {
        match engine.commit(keyspace, writes.clone(), durability).await {
            Err(EngineError::UnknownOutcome) => unknown = true,
            Err(error) if unknown && !matches!(error, EngineError::Conflict(_)) => break,
            known => return known,
        }
    }
    Err(EngineError::UnknownOutcome)
}

/// What a conflict is with cannot be read after a [`commit`]. It may be with the commit itself.
pub(crate) fn untold(_: EngineError) -> EngineError {
    EngineError::UnknownOutcome
}

/// Walks a range page by page.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    engine: &'a dyn Engine,
    keyspace: &'a Keyspace,
    /// What is left of the range.
    left: Option<Range<Vec<u8>>>,
    wanted: Wanted,
}

impl<'a> Walk<'a> {
    pub(crate) fn over(engine: &'a dyn Engine, keyspace: &'a Keyspace, range: Range<Vec<u8>>, wanted: Wanted) -> Self {
        Self { engine, keyspace, left: Some(range), wanted }
    }

    /// The next page; nothing after the last.
    pub(crate) async fn page(&mut self) -> Result<Option<Vec<(Vec<u8>, Vec<u8>)>>, EngineError> {
        let Some(range) = self.left.take() else { return Ok(None) };
        let (limit, bytes, direction) = (MAX_SCAN, PAGE_BYTES, Direction::Forward);
        let scan = Scan { range: range.clone(), limit, bytes, direction, wanted: self.wanted };
        let got = self.engine.read(self.keyspace, &[Read::Scan(scan)]).await?;
        let Some(Got::Entries(entries)) = got.into_iter().next() else { return Ok(None) };
        if let Some((last, _)) = entries.last().filter(|_| entries.more) {
            // The smallest key after the last.
            let start = [last, &[0]].concat();
            self.left = Some(start..range.end);
        }
        Ok(Some(entries.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        conformance::block_on,
        engine::Precondition,
        mem::strict::{Fate, Faults, StrictEngine},
    };

    /// What is said of a commit that is issued again until it has had these fates.
    fn said(fates: &[Fate]) -> Result<(), EngineError> {
        let (engine, keyspace) = (StrictEngine::new(1, Faults::NONE), Keyspace::of_plugin("tests"));
        engine.decide(fates.iter().copied());
        let write = Write::put(claim("job"), b"row".to_vec()).when(Precondition::Absent);
        block_on(async {
            engine.open(&keyspace).await?;
            commit(&engine, &keyspace, vec![write], Durability::Synced).await
        })
    }

    #[test]
    fn an_unknown_outcome_stays_unknown_until_the_engine_tells_it() {
        assert!(said(&[]).is_ok() && said(&[Fate::LostInSilence; 4]).is_ok());
        assert!(matches!(said(&[Fate::DoneInSilence]), Err(EngineError::Conflict(0))));
        assert!(matches!(said(&[Fate::Down]), Err(EngineError::Unavailable(_))));
        for fates in [[Fate::DoneInSilence, Fate::Down], [Fate::LostInSilence, Fate::Down]] {
            assert!(matches!(said(&fates), Err(EngineError::UnknownOutcome)), "{fates:?}");
        }
        assert!(matches!(said(&[Fate::LostInSilence; ATTEMPTS]), Err(EngineError::UnknownOutcome)));
    }
}
