//! Indexes and rows of expiry against the documents, both ways.

use std::collections::BTreeMap;

use crate::{
    id::AppId,
    store::{
        Space, StrictEngine,
        conformance::block_on,
        engine::{Direction, Engine, Got, MAX_SCAN, Read, Scan, Wanted},
        index::{Progress, entry},
        key::{self, Kind},
        record::Record,
    },
};

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Every row of the kind.
fn rows(engine: &StrictEngine, space: &Space, kind: Kind) -> Rows {
    let range = key::Key::of(kind).range();
    let (direction, wanted) = (Direction::Forward, Wanted::Entries);
    let scan = Scan { range, limit: MAX_SCAN, bytes: usize::MAX, direction, wanted };
    let got = block_on(engine.read(&space.keyspace, &[Read::Scan(scan)])).expect("memory is read").pop();
    let Some(Got::Entries(entries)) = got else { panic!("a scan is answered by entries") };
    assert!(!entries.more, "a simulation is small");
    entries.iter().map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

/// Every entry is a document's and every document has its entries, in all indexes that are built; and so with expiry.
pub(super) fn check(engine: &StrictEngine, space: &Space) {
    let (mut entries, mut expiry) = (Rows::new(), Rows::new());
    let indexes = space.indexes.all();
    for (place, bytes) in rows(engine, space, Kind::Document) {
        let (app, key) = key::parse_document(&place).expect("a document's key");
        let app = AppId::new(app).expect("an app");
        let record = Record::of(&space.schema, key, &bytes).expect("an envelope");
        let value = record.value().expect("a value");
        if let Some(ends) = record.expiry() {
            expiry.insert(key::expiry(ends, &app, key).into_bytes(), Vec::new());
        }
        let built = indexes.iter().filter(|index| index.progress() == Progress::Ready);
        for index in built.filter(|index| key.starts_with(&*index.definition.prefix)) {
            let Some(entry) = entry(index, &app, key, &value, record.expiry()).expect("short values") else { continue };
            let other = entries.insert(entry.key, entry.value);
            assert!(other.is_none(), "{key} has the values of another in {}", index.definition);
        }
    }
    assert_eq!(rows(engine, space, Kind::Expiry), expiry);
    let mut stored = rows(engine, space, Kind::Index);
    stored.extend(rows(engine, space, Kind::Unique));
    // What cannot be built keeps what it has until it can.
    for index in indexes.iter().filter(|index| index.progress() == Progress::Failed) {
        stored.retain(|key, _| number_of(key) != index.number);
    }
    for (key, value) in &stored {
        assert_eq!(entries.get(key), Some(value), "an entry of index {}: {key:02x?}", number_of(key));
    }
    for (key, value) in &entries {
        assert_eq!(stored.get(key), Some(value), "not an entry of index {}: {key:02x?}", number_of(key));
    }
}

fn number_of(key: &[u8]) -> u64 {
    let end = key.iter().position(|byte| *byte == 0).expect("an app ends with it");
    u64::from_be_bytes(*key[end + 2..].first_chunk().expect("a number"))
}
