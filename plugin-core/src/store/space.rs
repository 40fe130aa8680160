//! A keyspace as everything above the engine has it: where it is, when its commits count as done, what time it is, which documents
//! and indexes are declared for it, and how a commit of unknown outcome is seen through.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    ops::Range,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    care::Care,
    codec::{self, Head},
    engine::{
        Direction, Durability, Engine, EngineError, Entries, Found, Got, Keyspace, Precondition, Read, Scan, Shown,
        Visitor, Wanted, Write,
    },
    error::StoreError,
    index::Indexes,
    key::{Key, Kind, Parts},
    schema::Schema,
    walk::after_key,
};
use crate::{
    clock::{Clock, Timestamp},
    id::AppId,
    random,
};

/// How often a commit of unknown outcome is issued before its outcome stays unknown.
const REISSUES: usize = 5;

/// A keyspace, with all that is declared for it.
pub struct Space {
    engine: Arc<dyn Engine>,
    pub(super) keyspace: Keyspace,
    durability: Durability,
    pub(super) clock: Clock,
    pub(super) schema: Schema,
    pub(super) indexes: Indexes,
    pub(super) care: Care,
    /// Whether this process has looked at all documents that may want a migration.
    pub(super) migrated: AtomicBool,
    tags: Tags,
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// All of it is there.
    Done,
    /// The precondition of the write at this place did not hold.
    Conflict(usize),
}

impl Space {
    /// `keyspace`, which must be open in `engine`, with nothing declared for it. Commits return when they are as safe as `durability`
    /// says.
    pub fn new(engine: Arc<dyn Engine>, keyspace: Keyspace, durability: Durability) -> Self {
        let (clock, schema) = (Clock::system(), Schema::default());
        let (indexes, care, tags) = (Indexes::default(), Care::default(), Tags::of_process());
        let migrated = AtomicBool::new(false);
        Self { engine, keyspace, durability, clock, schema, indexes, care, migrated, tags }
    }

    /// The same at the time of `clock`, which decides what has expired.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The same with what is declared for it. [`prepare`](Self::prepare) then brings the indexes in line.
    #[must_use]
    pub fn with_schema(mut self, schema: Schema) -> Self {
        self.schema = schema;
        self
    }

    /// The same with tags and pauses drawn from `seed`, so that a run can be repeated. Two spaces of one keyspace must not have the
    /// same.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.tags = Tags::seeded(seed);
        self
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The answer to one question.
    async fn ask(&self, read: Read) -> Result<Got, StoreError> {
        let got = self.engine.read(&self.keyspace, std::slice::from_ref(&read)).await?;
        got.into_iter().next().ok_or_else(answered_otherwise)
    }

    /// The answers to several questions, of one moment.
    pub(super) async fn ask_all(&self, reads: &[Read]) -> Result<Vec<Got>, StoreError> {
        Ok(self.engine.read(&self.keyspace, reads).await?)
    }

    /// The value of a key.
    pub(super) async fn get(&self, key: Vec<u8>) -> Result<Option<Vec<u8>>, StoreError> {
        let mut value = None;
        self.show(&key, &mut |found| value = found.map(<[u8]>::to_vec)).await?;
        Ok(value)
    }

    /// Shows the value of a key to `show`.
    pub(super) async fn show(&self, key: &[u8], show: &mut Shown<'_>) -> Result<(), StoreError> {
        Ok(self.engine.show(&self.keyspace, key, show).await?)
    }

    /// The values of several keys, of one moment.
    pub(super) async fn get_all(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let asked = keys.len();
        match self.ask(Read::MultiGet(keys)).await? {
            Got::Values(values) if values.len() == asked => Ok(values),
            _ => Err(answered_otherwise()),
        }
    }

    /// The entries of a range.
    pub(super) async fn scan(&self, scan: Scan) -> Result<Entries, StoreError> {
        match self.ask(Read::Scan(scan)).await? {
            Got::Entries(entries) => Ok(entries),
            _ => Err(answered_otherwise()),
        }
    }

    /// The entries of a range of an index, with their documents.
    pub(super) async fn lookup(&self, scan: Scan) -> Result<Found, StoreError> {
        match self.ask(Read::Lookup(scan)).await? {
            Got::Found(found) => Ok(found),
            _ => Err(answered_otherwise()),
        }
    }

    /// Shows the rows of a range to `visit`; gives back what is left of it.
    pub(super) async fn walk(
        &self,
        read: &Read,
        visit: &mut Visitor<'_>,
    ) -> Result<Option<Range<Vec<u8>>>, StoreError> {
        Ok(self.engine.walk(&self.keyspace, read, visit).await?)
    }

    /// Every app that has a document, in the order of their ids: a read for each.
    pub(super) async fn apps(&self) -> Result<Vec<AppId>, StoreError> {
        let mut apps = Vec::new();
        while let Some(app) = self.next_app(Kind::Document, apps.last()).await? {
            apps.push(app);
        }
        Ok(apps)
    }

    /// The app behind `before`, or the first, that has a row of a kind whose keys begin with their app: a read.
    pub(super) async fn next_app(&self, kind: Kind, before: Option<&AppId>) -> Result<Option<AppId>, StoreError> {
        let mut range = Key::of(kind).range();
        if let Some(before) = before {
            range.start = Key::of(kind).text(before.as_str()).range().end;
        }
        loop {
            let (direction, wanted) = (Direction::Forward, Wanted::Keys);
            let scan = Scan { range: range.clone(), limit: 1, bytes: usize::MAX, direction, wanted };
            let found = self.scan(scan).await?;
            let Some((found, _)) = found.at(0) else { return Ok(None) };
            match Parts::of(kind, found).and_then(|mut parts| AppId::new(parts.text()?).ok()) {
                Some(app) => return Ok(Some(app)),
                // Nobody writes such a key. What lies behind it is there all the same.
                None => range.start = after_key(found),
            }
        }
    }

    /// The head of the next write on top of `before`.
    pub(super) fn next(&self, before: Option<Head>) -> Head {
        let revision = before.map_or(0, |head| head.revision).saturating_add(1);
        Head { revision, tag: self.tags.next() }
    }

    /// Commits `writes`. `mine` is a key among them and the head that it has afterwards: where an engine cannot tell the outcome, the
    /// same commit is issued again, and a conflict that carries that head means that it had succeeded. Whatever else goes wrong from
    /// then on, the outcome of the first stays unknown.
    pub(super) async fn commit(
        &self,
        writes: Vec<Write>,
        mine: (&[u8], Option<Head>),
    ) -> Result<Committed, StoreError> {
        let mut unknown = false;
        for _ in 0..REISSUES {
            match self.engine.commit(&self.keyspace, writes.clone(), self.durability).await {
                Ok(()) => return Ok(Committed::Done),
                Err(EngineError::UnknownOutcome) => unknown = true,
                Err(EngineError::Conflict(place)) if !unknown => return Ok(Committed::Conflict(place)),
                Err(EngineError::Conflict(_)) => match self.get(mine.0.to_vec()).await {
                    Ok(Some(now)) if mine.1.is_some() && codec::head(&now).ok() == mine.1 => {
                        return Ok(Committed::Done);
                    }
                    // Somebody wrote after it, or instead of it: which, nobody can tell. Nor can they of a key that is gone.
                    _ => break,
                },
                Err(_) if unknown => break,
                Err(other) => return Err(other.into()),
            }
        }
        Err(EngineError::UnknownOutcome.into())
    }

    /// Commits `writes`, which may be done twice without harm: after an unknown outcome they are issued again, and a conflict may then
    /// be with themselves.
    pub(super) async fn commit_repeatable(&self, writes: Vec<Write>) -> Result<Committed, StoreError> {
        for _ in 0..REISSUES {
            match self.engine.commit(&self.keyspace, writes.clone(), self.durability).await {
                Ok(()) => return Ok(Committed::Done),
                Err(EngineError::Conflict(place)) => return Ok(Committed::Conflict(place)),
                Err(EngineError::UnknownOutcome) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(EngineError::UnknownOutcome.into())
    }

    /// Waits before attempt `attempt`, counted from 1, of something that others got in the way of: up to a time that doubles with each.
    pub(super) async fn pause(&self, attempt: u32) {
        let longest = 500 << attempt.min(10);
        let micros = self.tags.next() % longest;
        match self.clock.is_manual() {
            // It does not move by itself: others have their turn, some more often than others.
            true => {
                for _ in 0..micros % 8 {
                    tokio::task::yield_now().await;
                }
            }
            false => self.clock.sleep(Duration::from_micros(micros)).await,
        }
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("keyspace", &self.keyspace).finish_non_exhaustive()
    }
}

pub(super) fn answered_otherwise() -> StoreError {
    EngineError::answered_otherwise().into()
}

/// What must hold of a key that is written on top of `before`.
pub(super) fn precondition(before: Option<Head>) -> Precondition {
    before.map_or(Precondition::Absent, |head| Precondition::Head(head.to_bytes()))
}

/// Where the tags of writes come from: counted under a keyed hash, unlike any other's, and nothing that is computed depends on them.
struct Tags {
    key: u64,
    count: AtomicU64,
}

impl Tags {
    /// Each of a key of its own.
    fn of_process() -> Self {
        static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self::seeded(KEYS.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    fn seeded(key: u64) -> Self {
        Self { key, count: AtomicU64::new(0) }
    }

    /// A sequence of which several threads take the numbers. None comes twice.
    fn next(&self) -> u64 {
        let count = self.count.fetch_add(random::STEP, Ordering::Relaxed);
        random::mixed(self.key.wrapping_add(count))
    }
}
