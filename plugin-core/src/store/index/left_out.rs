//! Documents that an index was built without, since nobody could read them: their migration refuses them, they are of a newer version,
//! or they are damaged. The others are in it, and it is used. A later process may be able to read them, and looks before it trusts the
//! index.

use serde::{Deserialize, Serialize};

use super::{
    definition::{Definition, Index, Progress},
    entry::entry,
    ledger::Row,
};
use crate::{
    id::AppId,
    store::{error::StoreError, key, record::Record, space::Space, value::bytes},
};

/// How many are known by their keys. Where there are more nobody can tell that none of them can be read, so that such an index is built
/// again at each start.
const KNOWN: usize = 100;

/// Which documents are not in an index.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct LeftOut {
    count: u64,
    /// Where the first of them lie.
    first: Vec<Place>,
}

/// The key of a document's row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Place(#[serde(with = "bytes")] Vec<u8>);

/// Documents that are not in an index, for people and for whoever looks after the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// How many there are. Where there were so many that not all are known by their keys, at most as many.
    pub documents: u64,
    /// The app of the first that is known by its key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app: String,
    /// Its key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
}

/// Tells of them: how many, and the first.
pub(in crate::store) fn told(documents: u64, app: &str, key: &str) -> String {
    match key {
        "" => format!("at most {documents} that could not be read when it was built"),
        _ => format!("{documents} that cannot be read, first `{key}` of the app `{app}`"),
    }
}

/// What is to be thought of one of them by now.
enum Now {
    /// It is not there any more, or was written since, with its entry.
    Settled,
    Unreadable,
    /// It can be read, and its entry is not there.
    Missing,
}

/// What is to be thought of all.
struct Look {
    unreadable: Vec<Place>,
    is_missing: bool,
}

impl LeftOut {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds the document whose row has the key `place`.
    pub(super) fn add(&mut self, place: &[u8]) {
        // It may be there already, where other bytes took its place that cannot be read either.
        if self.first.iter().any(|known| known.0 == place) {
            return;
        }
        self.count += 1;
        if self.first.len() < KNOWN {
            self.first.push(Place(place.to_vec()));
        }
    }

    /// How many are not known by their keys.
    fn more(&self) -> u64 {
        self.count.saturating_sub(self.first.len() as u64)
    }
}

impl Unread {
    /// Those that `left` tells of, if there are any.
    pub(super) fn of(left: &LeftOut) -> Option<Self> {
        let (app, key) = left.first.first().and_then(|Place(place)| key::parse_document(place)).unwrap_or_default();
        (!left.is_empty()).then(|| Self { documents: left.count, app, key: key.to_owned() })
    }
}

impl Space {
    /// What becomes of the row of an index that was built, or is being built, by an earlier process; none if it stays as it is.
    pub(super) async fn look_at_left_out(&self, number: u64, row: &Row) -> Result<Option<Row>, StoreError> {
        if row.left_out.is_empty() {
            return Ok(None);
        }
        let Look { unreadable, is_missing } = self.look(number, &row.definition, &row.left_out).await?;
        if is_missing || row.left_out.more() > 0 {
            // What it binds to one document nobody else may take before that one's is known.
            let is_bound = row.definition.unique && row.progress == Progress::Ready;
            let at_once = row.at_once || is_bound;
            return Ok(Some(Row { at_once, ..row.clone().becomes(Progress::Building) }));
        }
        let left_out = LeftOut { count: unreadable.len() as u64, first: unreadable };
        Ok((left_out != row.left_out).then(|| Row { left_out, ..row.clone() }))
    }

    /// Those that are not in an index, as it is now.
    pub(super) async fn unread(&self, number: u64, row: &Row) -> Result<Option<Unread>, StoreError> {
        if row.left_out.is_empty() {
            return Ok(None);
        }
        let Look { unreadable, .. } = self.look(number, &row.definition, &row.left_out).await?;
        let count = unreadable.len() as u64 + row.left_out.more();
        Ok(Unread::of(&LeftOut { count, first: unreadable }))
    }

    async fn look(&self, number: u64, definition: &Definition, left_out: &LeftOut) -> Result<Look, StoreError> {
        let index = Index::new(number, definition.clone(), Progress::Building);
        let mut look = Look { unreadable: Vec::new(), is_missing: false };
        for place in &left_out.first {
            match self.look_at(&index, &place.0).await? {
                Now::Settled => {}
                Now::Unreadable => look.unreadable.push(place.clone()),
                Now::Missing => look.is_missing = true,
            }
        }
        Ok(look)
    }

    async fn look_at(&self, index: &Index, place: &[u8]) -> Result<Now, StoreError> {
        let Some(bytes) = self.get(place.to_vec()).await? else { return Ok(Now::Settled) };
        let parsed = key::parse_document(place).and_then(|(app, key)| Some((AppId::new(app).ok()?, key)));
        let Some((app, key)) = parsed else { return Ok(Now::Settled) };
        let read = Record::of(&self.schema, key, &bytes).and_then(|record| Ok((record.value()?, record.expiry())));
        let Ok((value, expiry)) = read else { return Ok(Now::Unreadable) };
        let has_it = match entry(index, &app, key, &value, expiry) {
            Ok(None) => true,
            Ok(Some(entry)) => self.get(entry.key).await?.as_ref() == Some(&entry.value),
            // It is too long for the index. Building that ends with it, and says so.
            Err(_) => false,
        };
        Ok(if has_it { Now::Settled } else { Now::Missing })
    }
}
