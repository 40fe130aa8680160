//! The engine in memory that is as hard on its callers as any engine may be: it does everything that the seam allows and that a
//! database across a network does sooner or later. What it does is drawn from a seed, so that a run can be repeated.

mod calls;
mod faults;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

pub use self::{
    calls::Calls,
    faults::{Fate, Faults},
};
use super::MemEngine;
use crate::{
    random::Random,
    store::engine::{
        Durability, Engine, EngineError, EngineFuture, Got, Keyspace, Read, Write, check_commit, check_reads,
    },
};

/// An [`Engine`] in memory that uses all the freedom that the seam gives an engine, and that counts what is asked of it.
///
/// With one seed and calls in one order, the same happens every time. What breaks a rule of the seam is refused, whatever the faults.
///
/// ```
/// use plugin_core::store::conformance::block_on;
/// use plugin_core::store::engine::{Durability, Engine, EngineError, Keyspace, Write};
/// use plugin_core::store::mem::strict::{Fate, Faults, StrictEngine};
///
/// let engine = StrictEngine::new(7, Faults::NONE);
/// let keyspace = Keyspace::of_plugin("notes");
/// block_on(engine.open(&keyspace)).unwrap();
/// engine.decide([Fate::DoneInSilence]);
///
/// let write = vec![Write::put(b"k".to_vec(), b"v".to_vec())];
/// let committed = block_on(engine.commit(&keyspace, write, Durability::Synced));
/// assert!(matches!(committed, Err(EngineError::UnknownOutcome)));
/// assert_eq!(engine.calls().commits, 1);
/// ```
pub struct StrictEngine {
    inner: MemEngine,
    /// What somebody else writes the first, the second … time.
    others: fn(u64) -> Vec<u8>,
    state: Mutex<State>,
}

struct State {
    random: Random,
    faults: Faults,
    /// What becomes of the next commits, the last of them first.
    decided: Vec<Fate>,
    /// How often somebody else wrote.
    others: u64,
    blind: bool,
    calls: Calls,
}

impl StrictEngine {
    /// An engine that holds nothing, with faults drawn from `seed`.
    pub fn new(seed: u64, faults: Faults) -> Self {
        let (random, calls) = (Random::of(seed), Calls::default());
        let state = State { random, faults, decided: Vec::new(), others: 0, blind: false, calls };
        Self { inner: MemEngine::new(), others: |time| time.to_be_bytes().into(), state: Mutex::new(state) }
    }

    /// The same, where somebody else writes what `value` gives, the first time of 0, where it is [decided](Self::decide) that he does.
    #[must_use]
    pub fn with_others(mut self, value: fn(u64) -> Vec<u8>) -> Self {
        self.others = value;
        self
    }

    /// From now on it has these faults.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Decides what becomes of the next commits, one after another. Those after them are left to the odds.
    pub fn decide(&self, fates: impl IntoIterator<Item = Fate>) {
        self.state().decided = fates.into_iter().collect::<Vec<_>>().into_iter().rev().collect();
    }

    /// What was asked of it since it was made, or since [`reset_calls`](Self::reset_calls).
    pub fn calls(&self) -> Calls {
        self.state().calls
    }

    /// Counts from nothing again.
    pub fn reset_calls(&self) {
        self.state().calls = Calls::default();
    }

    /// Nothing panics while it holds the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets others go on, a number of times that is drawn.
    async fn pause(&self) {
        let times = {
            let State { random, faults, .. } = &mut *self.state();
            random.below(faults.yields.saturating_add(1))
        };
        for _ in 0..times {
            tokio::task::yield_now().await;
        }
    }

    async fn read_later(&self, keyspace: &Keyspace, reads: &[Read]) -> Result<Vec<Got>, EngineError> {
        self.pause().await;
        self.state().calls.reads += 1;
        check_reads(reads)?;
        // Fails if the keyspace does not exist: what breaks a rule is refused before anything is drawn.
        self.inner.read(keyspace, &[]).await?;
        let reads = self.state().read_fate(reads)?;
        let got = self.inner.read(keyspace, &reads).await?;
        self.state().calls.answered(&got);
        self.pause().await;
        Ok(got)
    }

    async fn commit_later(&self, keyspace: &Keyspace, writes: Vec<Write>, how: Durability) -> Result<(), EngineError> {
        self.pause().await;
        self.state().calls.asked(&writes, how);
        check_commit(&writes)?;
        self.inner.commit(keyspace, Vec::new(), how).await?;
        let fate = self.state().commit_fate(&writes);
        let committed = match fate {
            Fate::Happens => self.inner.commit(keyspace, writes, how).await,
            Fate::Refused(place) => Err(EngineError::Conflict(place)),
            Fate::Down => Err(down()),
            Fate::LostInSilence => Err(EngineError::UnknownOutcome),
            Fate::DoneInSilence => match self.inner.commit(keyspace, writes, how).await {
                Ok(()) | Err(EngineError::Conflict(_)) => Err(EngineError::UnknownOutcome),
                broken => broken,
            },
            Fate::Overwritten => {
                let key = first_key(&writes);
                self.inner.commit(keyspace, writes, how).await?;
                self.somebody_else(keyspace, key).await?;
                Err(EngineError::UnknownOutcome)
            }
            Fate::Overtaken => {
                self.somebody_else(keyspace, first_key(&writes)).await?;
                self.inner.commit(keyspace, writes, how).await
            }
            Fate::ThenBlind => {
                self.state().blind = true;
                self.inner.commit(keyspace, writes, how).await
            }
        };
        self.pause().await;
        committed
    }

    async fn somebody_else(&self, keyspace: &Keyspace, key: Vec<u8>) -> Result<(), EngineError> {
        let time = self.state().others;
        self.state().others += 1;
        self.inner.commit(keyspace, vec![Write::put(key, (self.others)(time))], Durability::Relaxed).await
    }
}

impl State {
    /// The questions as they are answered: a walk may be cut short.
    fn read_fate(&mut self, reads: &[Read]) -> Result<Vec<Read>, EngineError> {
        if self.blind || self.random.happens(self.faults.unavailable_reads) {
            self.calls.faults += 1;
            return Err(down());
        }
        let mut reads = reads.to_vec();
        for read in &mut reads {
            let (Read::Scan(scan) | Read::Lookup(scan)) = read else { continue };
            if self.random.happens(self.faults.short_scans) && scan.limit > 1 {
                self.calls.faults += 1;
                scan.limit = 1 + self.random.below(scan.limit - 1);
            }
        }
        Ok(reads)
    }

    fn commit_fate(&mut self, writes: &[Write]) -> Fate {
        let fate = self.decided.pop().unwrap_or_else(|| self.faults.fate(&mut self.random, writes));
        self.calls.faults += u64::from(fate != Fate::Happens);
        fate
    }
}

fn first_key(writes: &[Write]) -> Vec<u8> {
    writes.first().map(|write| write.key.clone()).unwrap_or_default()
}

fn down() -> EngineError {
    EngineError::Unavailable("it is down for a moment, as it was told to be".into())
}

impl Engine for StrictEngine {
    fn open<'a>(&'a self, keyspace: &'a Keyspace) -> EngineFuture<'a, ()> {
        Box::pin(async {
            self.pause().await;
            self.inner.open(keyspace).await
        })
    }

    fn keyspaces(&self) -> EngineFuture<'_, Vec<Keyspace>> {
        Box::pin(async {
            self.pause().await;
            self.inner.keyspaces().await
        })
    }

    fn read<'a>(&'a self, keyspace: &'a Keyspace, reads: &'a [Read]) -> EngineFuture<'a, Vec<Got>> {
        Box::pin(self.read_later(keyspace, reads))
    }

    fn commit<'a>(&'a self, keyspace: &'a Keyspace, writes: Vec<Write>, how: Durability) -> EngineFuture<'a, ()> {
        Box::pin(self.commit_later(keyspace, writes, how))
    }

    fn sync(&self) -> EngineFuture<'_, ()> {
        Box::pin(async {
            self.pause().await;
            self.state().calls.syncs += 1;
            self.inner.sync().await
        })
    }
}

impl fmt::Debug for StrictEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { faults, calls, .. } = &*self.state();
        f.debug_struct("StrictEngine")
            .field("rows", &self.inner)
            .field("faults", faults)
            .field("calls", calls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
