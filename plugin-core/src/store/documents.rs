//! The documents of one app in one keyspace as bytes: where they lie, and how they are read and committed.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    codec::{self, Head},
    engine::{Durability, Engine, EngineError, Entries, Got, Keyspace, Precondition, Read, Scan, Write},
    error::StoreError,
    key::{self, MAX_USER_KEY},
};
use crate::id::AppId;

/// How often a commit of unknown outcome is issued before its outcome stays unknown.
const REISSUES: usize = 5;

/// The documents of one app in one keyspace.
#[derive(Debug, Clone)]
pub(super) struct Documents {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) keyspace: Keyspace,
    pub(super) app: AppId,
    pub(super) durability: Durability,
}

/// What became of a commit.
pub(super) enum Committed {
    Done,
    Conflict,
}

impl Documents {
    /// Where the document `key` lies.
    pub(super) fn place(&self, key: &str) -> Result<Vec<u8>, StoreError> {
        match key.len() {
            1..=MAX_USER_KEY => Ok(key::document(&self.app, key).into_bytes()),
            length => Err(StoreError::InvalidKey { length }),
        }
    }

    /// The bytes of a document.
    pub(super) async fn read(&self, place: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        let got = self.engine.read(&self.keyspace, &[Read::Get(place)]).await?;
        match got.into_iter().next() {
            Some(Got::Value(value)) => Ok(value),
            _ => Err(answered_otherwise()),
        }
    }

    /// The entries of a range.
    pub(super) async fn scan(&self, scan: Scan) -> Result<Entries, StoreError> {
        let got = self.engine.read(&self.keyspace, &[Read::Scan(scan)]).await?;
        match got.into_iter().next() {
            Some(Got::Entries(entries)) => Ok(entries),
            _ => Err(answered_otherwise()),
        }
    }

    /// The head of the document `key`, which lies at `place`.
    pub(super) async fn head(&self, key: &str, place: &[u8]) -> Result<Option<Head>, StoreError> {
        let bytes = self.read(place.to_vec()).await?;
        bytes.map(|bytes| codec::head(&bytes)).transpose().map_err(|source| StoreError::codec(key, source))
    }

    /// Commits sealed bytes on top of `before`, under a head of their own.
    pub(super) async fn put(
        &self,
        place: &[u8],
        document: &mut [u8],
        before: Option<Head>,
    ) -> Result<(Committed, Head), StoreError> {
        let head = next(before);
        codec::set_head(document, head);
        let write = Write::put(place.to_vec(), document.to_vec()).when(precondition(before));
        Ok((self.commit(write, Some(head)).await?, head))
    }

    /// Commits one write, after which the key has the head `after`. Where an engine cannot tell the outcome, the same commit
    /// is issued again, and a conflict with one's own tag means that it had succeeded. Whatever else goes wrong from then on, the
    /// outcome of the first stays unknown.
    pub(super) async fn commit(&self, write: Write, after: Option<Head>) -> Result<Committed, StoreError> {
        let mut unknown = false;
        for _ in 0..REISSUES {
            match self.engine.commit(&self.keyspace, vec![write.clone()], self.durability).await {
                Ok(()) => return Ok(Committed::Done),
                Err(EngineError::UnknownOutcome) => unknown = true,
                Err(EngineError::Conflict(_)) if !unknown => return Ok(Committed::Conflict),
                Err(EngineError::Conflict(_)) => match self.read(write.key.clone()).await {
                    Ok(now) if now.as_deref().and_then(|bytes| codec::head(bytes).ok()) == after => {
                        return Ok(Committed::Done);
                    }
                    // Somebody wrote after it, or instead of it: which, nobody can tell.
                    _ => break,
                },
                Err(_) if unknown => break,
                Err(other) => return Err(other.into()),
            }
        }
        Err(EngineError::UnknownOutcome.into())
    }
}

fn answered_otherwise() -> StoreError {
    EngineError::Corrupt("the engine's answer is not one to the question".into()).into()
}

/// What must hold of a key that is written on top of `before`.
fn precondition(before: Option<Head>) -> Precondition {
    before.map_or(Precondition::Absent, |head| Precondition::Head(head.to_bytes()))
}

/// The head of the next write. Its tag is drawn once a process and then counted under a keyed hash: unlike any other's, and
/// nothing that is computed depends on it.
pub(super) fn next(before: Option<Head>) -> Head {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let revision = before.map_or(0, |head| head.revision).saturating_add(1);
    Head { revision, tag: KEY.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)) }
}
