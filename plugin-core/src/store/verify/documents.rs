//! From documents to what must follow from them.

use super::{CHUNK, CHUNK_BYTES, Fault, LOOKS, Look};
use crate::{
    id::AppId,
    store::{
        codec::CodecError,
        engine::{Direction, Got, Read, Scan, Wanted},
        error::StoreError,
        index::{self, Said},
        key::{self, Key, Kind},
        record::Record,
    },
};

/// A row that must be there.
struct Due {
    key: Vec<u8>,
    value: Vec<u8>,
    /// The place of its index; none if it tells when the document expires.
    index: Option<usize>,
    binds: bool,
}

/// What must follow from a document.
enum Follows {
    Rows(Vec<Due>),
    /// Its type is not in this build.
    Opaque,
    Wrong(Option<usize>, Fault),
}

impl Look<'_> {
    pub(super) async fn at_documents(&mut self) -> Result<(), StoreError> {
        let mut next = Some(Key::of(Kind::Document).range());
        while let Some(range) = next.take() {
            let end = range.end.clone();
            let (direction, wanted) = (Direction::Forward, Wanted::Entries);
            let (found, after) = self.rows(Scan { range, limit: CHUNK, bytes: CHUNK_BYTES, direction, wanted }).await?;
            next = after.map(|start| start..end);
            let mut due = Vec::new();
            for (place, bytes) in found.iter() {
                self.verified.documents += 1;
                let Some((app, key)) = document(place) else {
                    self.tell("", &hex::encode(place), None, Fault::Malformed);
                    continue;
                };
                match self.follows(&app, key, bytes) {
                    Follows::Rows(rows) => due.extend(rows.into_iter().map(|row| (place, row))),
                    Follows::Opaque => self.verified.opaque += 1,
                    Follows::Wrong(..) => self.look_again(place).await?,
                }
            }
            let there = self.space.get_all(due.iter().map(|(_, row)| row.key.clone()).collect()).await?;
            let wrong = due.iter().zip(there).filter(|((_, row), there)| there.as_ref() != Some(&row.value));
            let mut places: Vec<&[u8]> = wrong.map(|((place, _), _)| *place).collect();
            places.dedup();
            for place in places {
                self.look_again(place).await?;
            }
        }
        Ok(())
    }

    fn follows(&self, app: &AppId, key: &str, bytes: &[u8]) -> Follows {
        let record = match Record::of(&self.space.schema, key, bytes) {
            Ok(record) => record,
            Err(problem) => return Follows::Wrong(None, Fault::Unreadable(problem)),
        };
        let value = match record.value() {
            Ok(value) => value,
            Err(CodecError::Typed { .. }) => return Follows::Opaque,
            Err(problem) => return Follows::Wrong(None, Fault::Unreadable(problem)),
        };
        if let Err(problem) = record.check_id(&value) {
            return Follows::Wrong(None, Fault::OtherId(problem));
        }
        let mut due = Vec::new();
        if let Some(expiry) = record.expiry() {
            let key = key::expiry(expiry, app, key).into_bytes();
            due.push(Due { key, value: Vec::new(), index: None, binds: false });
        }
        for (place, of) in self.indexes.iter().enumerate() {
            if !of.is_ready() || !key.starts_with(&*of.definition.prefix) {
                continue;
            }
            match index::entry(of, app, key, &value, record.expiry()) {
                Ok(None) => {}
                Ok(Some(it)) => due.push(Due { key: it.key, value: it.value, index: Some(place), binds: it.binds }),
                Err(problem) => return Follows::Wrong(Some(place), Fault::Unfit(problem.to_string())),
            }
        }
        Follows::Rows(due)
    }

    /// Looks at a document and what follows from it at one moment, and tells what is wrong.
    async fn look_again(&mut self, place: &[u8]) -> Result<(), StoreError> {
        let Some((app, key)) = document(place) else { return Ok(()) };
        for _ in 0..LOOKS {
            let Some(bytes) = self.space.get(place.to_vec()).await? else { return Ok(()) };
            let due = match self.follows(&app, key, &bytes) {
                Follows::Rows(due) => due,
                Follows::Opaque => return Ok(()),
                Follows::Wrong(index, fault) => {
                    self.tell(app.as_str(), key, index, fault);
                    return Ok(());
                }
            };
            let keys = due.iter().map(|row| row.key.clone()).collect();
            let mut got = self.space.ask_all(&[Read::Get(place.to_vec()), Read::MultiGet(keys)]).await?.into_iter();
            let (Some(Got::Value(now)), Some(Got::Values(there))) = (got.next(), got.next()) else {
                return Err(crate::store::space::answered_otherwise());
            };
            if now.as_ref() != Some(&bytes) {
                continue;
            }
            for (row, there) in due.into_iter().zip(there) {
                let fault = match (&there, row.index) {
                    (Some(there), _) if *there == row.value => continue,
                    (None, None) => Fault::NoExpiry,
                    (None, Some(_)) => Fault::Missing,
                    (Some(there), _) => match Said::of(there).filter(|said| row.binds && said.key != key) {
                        Some(said) => Fault::Duplicate { other: said.key.to_owned() },
                        None => Fault::Differs,
                    },
                };
                self.tell(app.as_str(), key, row.index, fault);
            }
            return Ok(());
        }
        // Somebody wrote it each time, and whoever writes makes it whole.
        Ok(())
    }
}

/// App and key of a document.
pub(super) fn document(place: &[u8]) -> Option<(AppId, &str)> {
    let (app, key) = key::parse_document(place)?;
    Some((AppId::new(app).ok()?, key))
}
