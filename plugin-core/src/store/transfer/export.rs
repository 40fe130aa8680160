//! A keyspace as lines, a chunk at a time.

use std::{collections::VecDeque, ops::Range, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::value::to_raw_value;

use super::{Document, FORMAT, First, Last, MAX_LINE, Raw, Stillness, VERSION, check_of, check_of_document};
use crate::{
    clock::Timestamp,
    store::{
        care::Turn,
        codec::Envelope,
        engine::{Direction, MAX_SCAN, Scan, Wanted},
        error::StoreError,
        key::{self, Key, Kind},
        record::Record,
        space::Space,
        value::{Value, ValueError},
        walk::after_key,
    },
};

/// The bytes of a chunk, as they are stored, about.
const CHUNK_BYTES: usize = 1 << 20;

/// An export under way.
#[derive(Debug)]
pub struct Export {
    space: Arc<Space>,
    first: Option<String>,
    ranges: VecDeque<Range<Vec<u8>>>,
    rows: u64,
    is_done: bool,
    /// What the keyspace's [`renewals`](Space::renewals) were when this began.
    renewals: u64,
    _turn: Option<Turn>,
}

impl Space {
    /// Begins to export everything, as the data of `plugin`. Nothing is kept in memory but the chunk at hand.
    pub async fn export(self: &Arc<Self>, plugin: &str, stillness: Stillness) -> Result<Export, StoreError> {
        let turn = match stillness {
            Stillness::Still => Some(self.to_myself().await),
            Stillness::Live => None,
        };
        let live = stillness == Stillness::Live;
        let first = First { format: FORMAT, version: VERSION, plugin, at: self.now(), live };
        // What the store keeps about itself comes first: the importer has to know of indexes before their documents come.
        let meta = Key::of(Kind::Meta).range();
        // What follows from documents is made of them anew, wherever they come.
        let (follows, after) = (vec![Kind::Index as u8], Key::of(Kind::Expiry).range().end);
        let ranges = [meta.clone(), vec![0]..follows, after..meta.start, meta.end..vec![0xff]].into();
        let (space, first, renewals) = (Arc::clone(self), Some(line(&first)?), self.renewals());
        Ok(Export { space, first, ranges, rows: 0, is_done: false, renewals, _turn: turn })
    }
}

impl Export {
    /// The next lines, each with its end; none after the last.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails; [`StoreError::Renewed`] if all of it was dropped or imported anew since this began.
    pub async fn next(&mut self) -> Result<Option<String>, StoreError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        loop {
            let Some(range) = self.ranges.front().cloned() else {
                if self.is_done {
                    return Ok(None);
                }
                self.check_renewals()?;
                self.is_done = true;
                return Ok(Some(line(&Last { end: self.rows })?));
            };
            let (limit, bytes, direction) = (MAX_SCAN, CHUNK_BYTES, Direction::Forward);
            let found = self.space.scan(Scan { range, limit, bytes, direction, wanted: Wanted::Entries }).await?;
            match (found.more, found.last(), self.ranges.front_mut()) {
                (true, Some((last, _)), Some(range)) => range.start = after_key(last),
                _ => drop(self.ranges.pop_front()),
            }
            self.check_renewals()?;
            if found.is_empty() {
                continue;
            }
            self.rows += found.len() as u64;
            let mut text = String::with_capacity(found.size() * 2);
            for (key, value) in found.iter() {
                text.push_str(&self.row(key, value)?);
            }
            return Ok(Some(text));
        }
    }

    fn check_renewals(&self) -> Result<(), StoreError> {
        if self.space.renewals() == self.renewals { Ok(()) } else { Err(StoreError::Renewed) }
    }

    fn row(&self, place: &[u8], bytes: &[u8]) -> Result<String, StoreError> {
        let stored = BASE64_STANDARD.encode(bytes);
        let Some((app, key)) = key::parse_document(place) else {
            return line(&Raw { row: BASE64_STANDARD.encode(place), stored, check: check_of(&[place, bytes]) });
        };
        let expiry = Envelope::of(bytes).ok().and_then(|envelope| envelope.expiry);
        let expires_at = expiry.and_then(instant);
        let shown = |value: &Value, unreadable| {
            let value = to_raw_value(value).map_err(unwritable)?;
            let check = check_of_document(&app, key, bytes) + "-" + &check_of(&[value.get().as_bytes()]);
            line(&Document { app: &app, key, value: &value, expires_at, unreadable, stored: &stored, check })
        };
        let text = match Record::of(&self.space.schema, key, bytes).and_then(|record| record.value()) {
            Ok(value) => shown(&value, None)?,
            Err(problem) => shown(&Value::Null, Some(problem.to_string()))?,
        };
        if text.len() <= MAX_LINE {
            return Ok(text);
        }
        shown(&Value::Null, Some("it is too long to be shown as JSON".to_owned()))
    }
}

/// Milliseconds since the Unix epoch as an instant, where there is one.
pub(in crate::store) fn instant(millis: u64) -> Option<Timestamp> {
    Timestamp::from_nanosecond(i128::from(millis) * 1_000_000)
}

fn line(row: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(row).map_err(unwritable)? + "\n")
}

fn unwritable(problem: serde_json::Error) -> StoreError {
    StoreError::codec("export", ValueError::Mismatch(problem.to_string()).into())
}
