//! Which indexes there are, on disk: a row for each, with what it is of and how far it is. What is declared is brought in line with it
//! at the start. An index that is no longer declared stays and is kept until it is dropped: another binary may want it. One of another
//! version of its documents than today's goes, declared or not: nobody keeps its entries as that version would have them.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    definition::{Definition, Index, Progress},
    left_out::{LeftOut, Unread},
};
use crate::store::{
    codec::{self, CodecError},
    db::{ATTEMPTS, contended},
    engine::{Direction, MAX_SCAN, Scan, Wanted, Write},
    error::StoreError,
    key::{Key, Kind, Parts},
    space::{Committed, Space},
    value::bytes,
    walk::after_key,
};

/// How many rows are removed at once: half of what a commit may have, so that its limits are never in question.
pub(super) const CHUNK: usize = 256;
const INDEX: &str = "index";
/// A number that no index comes to.
const HIGHEST: u64 = 1 << 40;
/// The row that holds the highest number that an index ever had, so that none gets the entries of another.
const NUMBER: &str = "index-number";

/// What is kept of an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::store) struct Row {
    pub(super) definition: Definition,
    pub(super) progress: Progress,
    /// The last document that was looked at while it is built.
    #[serde(default, with = "bytes")]
    pub(super) after: Vec<u8>,
    /// Why it cannot be built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// Whether its values were unique under another version of the documents already, or bind documents that can be read again, so that
    /// nothing may be written before it knows all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) at_once: bool,
    /// What it was built without.
    #[serde(default, skip_serializing_if = "LeftOut::is_empty")]
    pub(super) left_out: LeftOut,
}

impl Row {
    pub(super) fn of(definition: Definition, progress: Progress) -> Self {
        Self { definition, progress, after: Vec::new(), reason: None, at_once: false, left_out: LeftOut::default() }
    }

    /// The same index at the beginning of `progress`.
    pub(super) fn becomes(self, progress: Progress) -> Self {
        Self::of(self.definition, progress)
    }
}

/// An index, for people and for whoever looks after the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexState {
    /// Its number, by which it is dropped.
    pub number: u64,
    /// As it is declared: prefix, fields, `unique`, `sparse`.
    pub definition: String,
    /// Whether no two documents may have the same values.
    pub unique: bool,
    /// How far it is.
    pub progress: Progress,
    /// Whether a plugin of this binary declares it.
    pub declared: bool,
    /// Why it cannot be built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What is not in it, as it cannot be read. No query finds it by the index, and its values are not held to be unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Unread>,
}

/// Where the row of the index `number` is.
pub(in crate::store) fn place(number: u64) -> Vec<u8> {
    Key::of(Kind::Meta).text(INDEX).int(number).into_bytes()
}

fn highest() -> Vec<u8> {
    Key::of(Kind::Meta).text(NUMBER).into_bytes()
}

/// `row` as it is stored.
pub(super) fn write(number: u64, row: &Row) -> Result<Write, StoreError> {
    Ok(Write::put(place(number), codec::encode(row).map_err(|source| StoreError::codec(INDEX, source))?))
}

/// The row of the index `number`.
pub(super) async fn row(space: &Space, number: u64) -> Result<Option<Row>, StoreError> {
    let bytes = space.get(place(number)).await?;
    bytes.map(|bytes| codec::decode(&bytes)).transpose().map_err(|source| StoreError::codec(INDEX, source))
}

/// All rows, with their numbers.
pub(super) async fn rows(space: &Space) -> Result<Vec<(u64, Row)>, StoreError> {
    let mut range = Key::of(Kind::Meta).text(INDEX).range();
    let mut rows = Vec::new();
    loop {
        let (direction, wanted) = (Direction::Forward, Wanted::Entries);
        let scan = Scan { range: range.clone(), limit: MAX_SCAN, bytes: usize::MAX, direction, wanted };
        let found = space.scan(scan).await?;
        for (key, value) in found.iter() {
            let Some(number) = number_of(key) else { continue };
            rows.push((number, codec::decode(value).map_err(|source| StoreError::codec(INDEX, source))?));
        }
        match found.last() {
            // An engine may give fewer than it was asked for.
            Some((last, _)) if found.more => range.start = after_key(last),
            _ => return Ok(rows),
        }
    }
}

/// Does writes that hang on nothing.
pub(in crate::store) async fn commit(space: &Space, writes: Vec<Write>) -> Result<(), StoreError> {
    if writes.is_empty() {
        return Ok(());
    }
    // An engine that has others to think of may refuse even these for a moment.
    for _ in 0..ATTEMPTS {
        if space.commit_repeatable(writes.clone()).await? == Committed::Done {
            return Ok(());
        }
    }
    Err(contended(INDEX))
}

/// Every index that is kept or was, as the store has it on disk. One of another version of its documents than today's is none any more,
/// and one that is to be built again is not ready, also where that is not written down yet.
pub(in crate::store) async fn known(space: &Space) -> Result<Vec<Index>, StoreError> {
    let kept = space.indexes.all();
    let index = |(number, row): (u64, Row)| {
        let is_superseded = row.definition.is_outdated(&space.schema);
        let is_anew = kept.iter().any(|it| it.number == number && it.progress() == Progress::Building);
        let progress = match row.progress {
            _ if is_superseded => Progress::Dropping,
            Progress::Ready if is_anew => Progress::Building,
            progress => progress,
        };
        Index::new(number, row.definition, progress)
    };
    Ok(rows(space).await?.into_iter().map(index).collect())
}

/// Looks whether this is a row that a store keeps about its indexes: whether it is about them at all, and whether it can be read.
pub(in crate::store) fn check(key: &[u8], value: &[u8]) -> Option<Result<(), CodecError>> {
    let in_reach = |number: u64| match number {
        0..=HIGHEST => Ok(()),
        _ => Err(CodecError::Damaged(format!("no index has the number {number}"))),
    };
    if key == highest() {
        return Some(codec::decode::<u64>(value).and_then(in_reach));
    }
    number_of(key).map(|number| codec::decode::<Row>(value).and_then(|_| in_reach(number)))
}

/// The number of the index that the row at `key` is of.
fn number_of(key: &[u8]) -> Option<u64> {
    let mut parts = Parts::of(Kind::Meta, key)?;
    let is_index = parts.text()? == INDEX;
    parts.int().filter(|number| is_index && place(*number) == key)
}

/// Puts what another store kept about itself in the place of what this one does, which has no documents, and makes room for what it kept
/// about jobs. Indexes that were ready are, over nothing; the others are to be built when all documents have come. What was checked is
/// `kept`.
pub(in crate::store) async fn adopt(space: &Space, kept: BTreeMap<Vec<u8>, Vec<u8>>) -> Result<(), StoreError> {
    space.indexes.doubt();
    for kind in [Kind::Meta, Kind::Cron] {
        space.clear_range(Key::of(kind).range()).await?;
    }
    let mut writes = Vec::new();
    for (key, value) in kept {
        let Some(number) = number_of(&key) else {
            writes.push(Write::put(key, value));
            continue;
        };
        let row: Row = codec::decode(&value).map_err(|source| StoreError::codec(INDEX, source))?;
        match row.progress {
            // What is left out of it is seen anew as documents come.
            Progress::Ready => writes.push(write(number, &row.becomes(Progress::Ready))?),
            Progress::Building | Progress::Failed => writes.push(write(number, &row.becomes(Progress::Building))?),
            Progress::Dropping => {}
        }
    }
    while !writes.is_empty() {
        let rest = writes.split_off(writes.len().min(CHUNK));
        commit(space, std::mem::replace(&mut writes, rest)).await?;
    }
    space.prepare().await
}

/// Notes that nobody can read the document whose row has the key `place`, so that it is not in `index`: the row in which that is kept.
pub(in crate::store) async fn leave_out(
    space: &Space,
    index: &Index,
    row: &mut Option<Row>,
    place: &[u8],
) -> Result<Option<(Vec<u8>, Vec<u8>)>, StoreError> {
    if row.is_none() {
        *row = self::row(space, index.number).await?;
    }
    let Some(row) = row else { return Ok(None) };
    row.left_out.add(place);
    // Its entry, should it ever be read and written, is not taken for one that is there.
    index.leaves_out();
    let stored = codec::encode(row).map_err(|source| StoreError::codec(INDEX, source))?;
    Ok(Some((self::place(index.number), stored)))
}

/// No query uses `index` any more, until it was built from the beginning.
pub(in crate::store) async fn build_anew(space: &Space, index: &Index) -> Result<(), StoreError> {
    let _turn = index.turn().await;
    let Some(row) = row(space, index.number).await? else { return Ok(()) };
    index.set_progress(Progress::Building);
    commit(space, vec![write(index.number, &row.becomes(Progress::Building))?]).await
}

impl Space {
    /// Brings the indexes in line with what is declared: from now on commits keep all of them. Those that are new wait to be
    /// [built](Self::build_indexes), unless there is nothing to build them of.
    ///
    /// # Errors
    /// [`StoreError`] if what is kept of them cannot be read or written.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        let (known, writes) = self.in_line().await?;
        commit(self, writes).await?;
        self.keep_up(known);
        Ok(())
    }

    /// The same for who writes nothing: queries use the indexes that are ready, and nothing is changed.
    ///
    /// # Errors
    /// [`StoreError`] if what is kept of them cannot be read.
    pub(crate) async fn prepare_to_read(&self) -> Result<(), StoreError> {
        let there = rows(self).await?;
        let (known, _) = self.in_line().await?;
        let is_there = |new: &Definition| {
            there.iter().any(|(_, row)| row.definition == *new && row.progress != Progress::Dropping)
        };
        // Without documents they are ready at once, and those in the place of another version's are built before anybody writes.
        let is_missing =
            |(_, row): &&(u64, Row)| row.progress == Progress::Building && !row.at_once && !is_there(&row.definition);
        let missing = known.iter().filter(is_missing).map(|(_, row)| row.definition.clone()).collect();
        self.keep_up(known);
        self.indexes.miss(missing);
        Ok(())
    }

    /// The indexes in line with what is declared, and what has to be written for that.
    async fn in_line(&self) -> Result<(Vec<(u64, Row)>, Vec<Write>), StoreError> {
        let mut known = rows(self).await?;
        let declared = self.declared();
        let mut writes = Vec::new();
        if known.is_empty() && declared.is_empty() {
            return Ok((known, writes));
        }
        let was_unique = |new: &Definition| {
            let ready = known.iter().filter(|(_, row)| row.progress == Progress::Ready || row.at_once);
            new.unique && ready.into_iter().any(|(_, row)| new.is_other_version_of(&row.definition))
        };
        let at_once: Vec<Definition> = declared.iter().filter(|new| was_unique(new)).cloned().collect();
        for (number, row) in &mut known {
            let superseded = row.definition.is_outdated(&self.schema);
            let changed = match row.progress {
                Progress::Dropping => None,
                _ if superseded => Some(row.clone().becomes(Progress::Dropping)),
                // What stood in the way may be gone.
                Progress::Failed => Some(row.clone().becomes(Progress::Building)),
                Progress::Building | Progress::Ready => self.look_at_left_out(*number, row).await?,
            };
            if let Some(changed) = changed {
                *row = changed;
                writes.push(write(*number, row)?);
            }
        }
        let new: Vec<_> = declared
            .into_iter()
            .filter(|new| !known.iter().any(|(_, row)| row.definition == *new && row.progress != Progress::Dropping))
            .collect();
        if !new.is_empty() {
            let progress = if self.is_empty().await? { Progress::Ready } else { Progress::Building };
            let mut number = self.highest().await?.max(known.iter().map(|(number, _)| *number).max().unwrap_or(0));
            for definition in new {
                let end =
                    || StoreError::codec(NUMBER, CodecError::Damaged("it is the last number there is".to_owned()));
                number = number.checked_add(1).ok_or_else(end)?;
                let at_once = progress == Progress::Building && at_once.contains(&definition);
                let row = Row { at_once, ..Row::of(definition, progress) };
                writes.push(write(number, &row)?);
                known.push((number, row));
            }
            let encoded = codec::encode(&number).map_err(|source| StoreError::codec(NUMBER, source))?;
            writes.push(Write::put(highest(), encoded));
        }
        Ok((known, writes))
    }

    /// From now on commits keep those of `known` that are not being dropped.
    fn keep_up(&self, known: Vec<(u64, Row)>) {
        let kept = known.into_iter().filter(|(_, row)| row.progress != Progress::Dropping);
        let index = |(number, row): (u64, Row)| {
            let index = Index::new(number, row.definition, row.progress);
            if !row.left_out.is_empty() {
                index.leaves_out();
            }
            Arc::new(index)
        };
        self.indexes.set(kept.map(index).collect());
    }

    fn declared(&self) -> Vec<Definition> {
        let mut declared = Vec::new();
        for index in self.schema.indexes().map(|meta| Definition::of(meta, &self.schema)) {
            // A plugin may declare one that a collection of its has as well.
            if !declared.contains(&index) {
                declared.push(index);
            }
        }
        declared
    }

    /// Unique indexes that are declared and are not there all the same: until they are, what they say does not hold.
    pub(in crate::store) fn missing_unique(&self) -> Vec<Definition> {
        let missing = self.indexes.missing.load();
        self.declared().into_iter().filter(|it| it.unique && missing.contains(it)).collect()
    }

    async fn highest(&self) -> Result<u64, StoreError> {
        let bytes = self.get(highest()).await?;
        let number = bytes.map(|bytes| codec::decode(&bytes)).transpose();
        number.map(Option::unwrap_or_default).map_err(|source| StoreError::codec(NUMBER, source))
    }

    /// Whether there is no document.
    async fn is_empty(&self) -> Result<bool, StoreError> {
        let range = Key::of(Kind::Document).range();
        let scan = Scan { range, limit: 1, bytes: 0, direction: Direction::Forward, wanted: Wanted::Keys };
        Ok(self.scan(scan).await?.is_empty())
    }

    /// Every index, whether it is declared or not.
    ///
    /// # Errors
    /// [`StoreError`] if what is kept of them cannot be read.
    pub async fn index_states(&self) -> Result<Vec<IndexState>, StoreError> {
        let declared = self.declared();
        let mut states = Vec::new();
        for (number, row) in rows(self).await? {
            states.push(IndexState {
                number,
                definition: row.definition.to_string(),
                unique: row.definition.unique,
                progress: row.progress,
                declared: declared.contains(&row.definition),
                left_out: self.unread(number, &row).await?,
                reason: row.reason,
            });
        }
        Ok(states)
    }

    /// The indexes that are to be built before anything is written.
    pub(super) async fn wanted_at_once(&self) -> Result<Vec<u64>, StoreError> {
        let wanted = rows(self).await?.into_iter().filter(|(_, row)| row.at_once && row.progress == Progress::Building);
        Ok(wanted.map(|(number, _)| number).collect())
    }
}
