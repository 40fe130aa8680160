//! From a write that failed to the next that may be tried. RocksDB takes no writes after one has failed, and has no call that a
//! binding offers to take them again: the database is closed and opened again, as soon as the disk has room.

use std::{
    path::Path,
    sync::{Arc, TryLockError, atomic::Ordering, mpsc::RecvTimeoutError},
    time::{Duration, Instant},
};

use plugin_core::store::engine::EngineError;
use rocksdb::ErrorKind;

use super::{
    open::{self, OpenError},
    place::{Closed, Shared},
    room,
};

/// How often the disk is asked how much room it has.
const LOOK: Duration = Duration::from_millis(500);
/// The first pause between two attempts at opening the database.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long an attempt waits for those who still use the database.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether writes are taken, and what is done so that they are again. Belongs to the thread that writes.
#[derive(Debug)]
pub(super) struct Recovery {
    shared: Arc<Shared>,
    /// Of the database that is or was in its place.
    closed: Closed,
    state: State,
    /// Until the next attempt at opening. Grows from attempt to attempt, and shrinks only when a write has succeeded: a store that
    /// opens and fails again with its first write is not opened four times a second.
    pause: Duration,
}

#[derive(Debug)]
enum State {
    /// Writes are taken.
    Well,
    /// None are taken until the database has been opened again.
    Waiting(Wait),
    /// None are taken any more: what is on disk is damaged, and opening it again would not mend it.
    Damaged,
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    /// When to look whether the database may be opened.
    look: Instant,
    /// Until then it is opened only if the disk has more room than when this wait began or opening failed.
    pause_ends: Instant,
    /// How much room the disk had then.
    free: Option<u64>,
    told: Told,
}

/// What the log has been told of a wait, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Failure,
    ReopeningFails,
}

/// Why the database was not opened again.
enum Failed {
    /// It could not be.
    ToOpen(OpenError),
    /// Others need it as it is for now.
    InUse,
}

impl Recovery {
    pub(super) fn new(shared: Arc<Shared>, closed: Closed) -> Self {
        Self { shared, closed, state: State::Well, pause: FIRST_PAUSE }
    }

    /// Why no write is taken, if none is.
    pub(super) fn refusal(&self) -> Option<EngineError> {
        match self.state {
            State::Well => None,
            State::Waiting(_) | State::Damaged => self.shared.standing.refusal(),
        }
    }

    /// When [`attempt`](Self::attempt) wants to be called.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.state {
            State::Waiting(wait) => Some(wait.look),
            State::Well | State::Damaged => None,
        }
    }

    /// A write has failed: no more are taken.
    pub(super) fn failed(&mut self, error: &rocksdb::Error) {
        if !matches!(self.state, State::Well) {
            return;
        }
        if error.kind() == ErrorKind::Corruption {
            let path = self.shared.path.display();
            let refusal = EngineError::Corrupt(format!(
                "{error}; the store in {path} takes no more writes, and what can be read is still read. Put back a backup"
            ));
            tracing::error!("{refusal}");
            self.shared.standing.refuse(refusal);
            self.state = State::Damaged;
            return;
        }
        self.refuse(error.as_ref(), if is_out_of_room(error) { "the disk has room" } else { "the disk takes them" });
    }

    /// A write had to wait for what does not come. It was not written, and no more are taken; the reason is given back.
    pub(super) fn stuck(&mut self) -> EngineError {
        self.refuse("there is no room for the tables that have to be written first", "the disk has room")
    }

    fn refuse(&mut self, cause: &str, until: &str) -> EngineError {
        if self.shared.wrote.swap(false, Ordering::Relaxed) {
            self.pause = FIRST_PAUSE;
        }
        let refusal = EngineError::Unavailable(format!(
            "writing to {} has failed ({cause}); what is stored is read on, and writes are taken again by themselves once {until}",
            self.shared.path.display()
        ));
        tracing::error!("{refusal}");
        self.shared.standing.refuse(refusal.clone());
        self.state = self.wait(Told::Failure);
        refusal
    }

    /// Opens the database again, if the time for it has come and the disk has room.
    pub(super) fn attempt(&mut self) {
        let State::Waiting(wait) = self.state else { return };
        let now = Instant::now();
        if now < wait.look {
            return;
        }
        if now < wait.pause_ends && !self.has_more_room_than(wait.free)
            || room::check(&self.shared.path, room::TO_GO_ON).is_err()
        {
            let next = if now < wait.pause_ends { wait.pause_ends.min(now + LOOK) } else { now + LOOK };
            self.state = State::Waiting(Wait { look: next, ..wait });
            return;
        }
        self.state = match self.reopen() {
            Ok(()) => {
                self.shared.standing.accept();
                tracing::info!(path = %self.shared.path.display(), "the store was opened again and takes writes");
                State::Well
            }
            Err(Failed::ToOpen(error)) => {
                if wait.told == Told::Failure {
                    tracing::error!("the store takes no writes yet, and opening it again is tried again: {error}");
                }
                self.wait(Told::ReopeningFails)
            }
            Err(Failed::InUse) => self.wait(wait.told),
        };
    }

    /// A wait from now on. The pause of the next one is longer.
    fn wait(&mut self, told: Told) -> State {
        let now = Instant::now();
        let pause_ends = now + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        State::Waiting(Wait { look: pause_ends.min(now + LOOK), pause_ends, free: room::free(&self.shared.path), told })
    }

    fn has_more_room_than(&self, before: Option<u64>) -> bool {
        let now = room::free(&self.shared.path);
        now.zip(before).is_some_and(|(now, before)| now >= before.saturating_add(room::TO_GO_ON))
    }

    /// Closes the database and opens it again; where it cannot be opened for writing, for reading.
    fn reopen(&mut self) -> Result<(), Failed> {
        let Shared { place, tuning, path, backing_up, .. } = &*self.shared;
        let _no_backup = match backing_up.try_lock() {
            Ok(lock) => lock,
            Err(TryLockError::Poisoned(lock)) => lock.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(Failed::InUse),
        };
        let taken = place.clear();
        if self.closed.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            // As long as it cannot be closed others may as well go on reading from it.
            if place.put_back(&taken) {
                return Err(Failed::InUse);
            }
            // Its last user is closing it now. Nothing is ever sent: this ends when it is closed.
            let _ = self.closed.recv();
        }
        let (opened, failed) = match open::database(path, tuning) {
            Ok(opened) => (Some(opened), None),
            Err(error) => (self.for_reading(path), Some(error)),
        };
        match opened {
            Some((db, names)) => self.closed = self.shared.put(db, names),
            None => place.leave_empty(),
        }
        failed.map_or(Ok(()), |error| Err(Failed::ToOpen(error)))
    }

    fn for_reading(&self, path: &Path) -> Option<open::Opened> {
        let opened = open::for_reading(path, &self.shared.tuning);
        opened.inspect_err(|error| tracing::warn!("the store cannot be read either for now: {error}")).ok()
    }
}

/// RocksDB hands the system's own words on.
fn is_out_of_room(error: &rocksdb::Error) -> bool {
    ["No space left", "Disk quota exceeded", "File too large"].iter().any(|words| error.as_ref().contains(words))
}
