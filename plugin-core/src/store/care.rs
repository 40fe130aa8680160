//! Whose turn it is with a keyspace as a whole: the upkeep's, which may be asked to make room, or a person's, who exports, imports,
//! or drops all of it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::space::Space;

/// Who waits, and who has the turn.
#[derive(Debug, Default)]
pub(super) struct Care {
    turn: Arc<Mutex<()>>,
    asked: AtomicU32,
    /// How often all of the keyspace was dropped or imported anew.
    renewals: AtomicU64,
}

/// The turn of whoever holds it: no upkeep until it is dropped.
pub(crate) struct Turn {
    _turn: OwnedMutexGuard<()>,
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

/// Counts one who waits, however the waiting ends.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Space {
    /// The turn of the upkeep, when nobody else has it.
    pub(crate) async fn upkeep(&self) -> Turn {
        Turn { _turn: Arc::clone(&self.care.turn).lock_owned().await }
    }

    /// The turn of somebody who has the keyspace to himself; the upkeep makes room.
    pub(super) async fn to_myself(&self) -> Turn {
        self.care.asked.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.care.asked);
        self.upkeep().await
    }

    /// Told by whoever drops or imports all of the keyspace, before the first of it changes.
    pub(super) fn renewed(&self) {
        self.care.renewals.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was told: a number that changes tells whoever reads all of it piece by piece that the pieces do not fit.
    pub(super) fn renewals(&self) -> u64 {
        self.care.renewals.load(Ordering::Relaxed)
    }

    /// Whether somebody waits for the upkeep to make room.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.care.asked.load(Ordering::Relaxed) > 0
    }
}
