//! From what follows from documents to the documents that it must follow from.

use super::{CHUNK, CHUNK_BYTES, Fault, Look, documents::document, is_kept_up};
use crate::{
    id::AppId,
    store::{
        codec::CodecError,
        engine::{Direction, Got, Read, Scan, Wanted, pointer},
        error::StoreError,
        index,
        key::{self, Key, Kind, Parts},
        record::Record,
        walk::after_key,
    },
};

impl Look<'_> {
    pub(super) async fn at_entries(&mut self) -> Result<(), StoreError> {
        for kind in [Kind::Index, Kind::Unique] {
            let mut range = Key::of(kind).range();
            loop {
                let (direction, wanted) = (Direction::Forward, Wanted::Entries);
                let scan = Scan { range: range.clone(), limit: CHUNK, bytes: CHUNK_BYTES, direction, wanted };
                // An entry and its document come from one moment, so that nothing needs to be looked at again.
                let found = self.space.lookup(scan).await?;
                for (key, value, bytes) in found.iter() {
                    self.verified.entries += 1;
                    self.entry(kind, (key, value), bytes);
                }
                match found.entries.last().filter(|_| found.entries.more) {
                    Some((last, _)) => range.start = after_key(last),
                    None => break,
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    fn entry(&mut self, kind: Kind, row: (&[u8], &[u8]), bytes: Option<&[u8]>) {
        let named = Parts::of(kind, row.0).and_then(|mut parts| Some((parts.text()?, parts.int()?)));
        let pointed = pointer(row.1).and_then(|(place, _)| document(place));
        let (Some((app, number)), Some((owner, key))) = (named, pointed) else {
            self.tell("", &hex::encode(row.0), None, Fault::Malformed);
            return;
        };
        let at = |index: &index::Index| index.number == number && index.definition.unique == (kind == Kind::Unique);
        let Some(place) = self.indexes.iter().position(at) else {
            self.tell(&app, key, None, Fault::NoIndex { number });
            return;
        };
        let follows = self.indexes.get(place).filter(|index| is_kept_up(index)).map(|index| {
            app == owner.as_str() && bytes.is_some_and(|bytes| self.is_entry_of(index, &owner, key, bytes, row))
        });
        if follows == Some(false) {
            self.tell(&app, key, Some(place), Fault::Surplus);
        }
    }

    /// Whether a document leaves this entry. Of one that cannot be read it was told already.
    fn is_entry_of(&self, of: &index::Index, app: &AppId, key: &str, bytes: &[u8], row: (&[u8], &[u8])) -> bool {
        let record = Record::of(&self.space.schema, key, bytes);
        let value = record.as_ref().map_err(CodecError::clone).and_then(|record| record.value());
        let (Ok(record), Ok(value)) = (record, value) else { return true };
        let is_of = key.starts_with(&*of.definition.prefix);
        let entry = index::entry(of, app, key, &value, record.expiry());
        // A value that is not as it ought to be was told of with its document.
        is_of && entry.is_ok_and(|entry| entry.is_some_and(|entry| entry.key == row.0))
    }

    pub(super) async fn at_expiry(&mut self) -> Result<(), StoreError> {
        let mut next = Some(Key::of(Kind::Expiry).range());
        while let Some(range) = next.take() {
            let end = range.end.clone();
            let (direction, wanted) = (Direction::Forward, Wanted::Keys);
            let (found, after) = self.rows(Scan { range, limit: CHUNK, bytes: CHUNK_BYTES, direction, wanted }).await?;
            next = after.map(|start| start..end);
            let mut told = Vec::new();
            for (row, _) in found.iter() {
                let parsed = key::parse_expiry(row).and_then(|(at, app, key)| Some((at, AppId::new(app).ok()?, key)));
                match parsed {
                    None => self.tell("", &hex::encode(row), None, Fault::Malformed),
                    Some((at, app, key)) => {
                        let place = key::document(&app, key).into_bytes();
                        told.push((row.to_vec(), at, app, key.to_owned(), place));
                    }
                }
            }
            let documents = self.space.get_all(told.iter().map(|it| it.4.clone()).collect()).await?;
            for ((row, at, app, key, place), bytes) in told.into_iter().zip(documents) {
                if expires_at(bytes.as_deref(), at) {
                    continue;
                }
                let got = self.space.ask_all(&[Read::Get(row), Read::Get(place)]).await?;
                if let [Got::Value(Some(_)), Got::Value(now)] = &*got
                    && !expires_at(now.as_deref(), at)
                {
                    self.tell(app.as_str(), &key, None, Fault::OtherExpiry);
                }
            }
        }
        Ok(())
    }
}

/// Whether the document expires then. Of one that cannot be read it was told already.
fn expires_at(bytes: Option<&[u8]>, at: u64) -> bool {
    use crate::store::codec::Envelope;
    bytes.is_some_and(|bytes| Envelope::of(bytes).map_or(true, |envelope| envelope.expiry == Some(at)))
}
