//! Documents as people look at them: as JSON, and those that cannot be read with all that is known of them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::Value as Json;

use super::{
    codec::{Content, Envelope, head},
    cursor::Cursor,
    documents::Documents,
    error::StoreError,
    explain::Explain,
    filter::Filter,
    look::Unreadable,
    page::Revision,
    query::page_size,
    record::Record,
    search::{Search, Taken},
    sort::Sort,
    transfer::instant,
};
use crate::clock::Timestamp;

/// A document, for people.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Shown {
    /// Its app.
    pub app: String,
    /// Its key.
    pub key: String,
    /// What it holds; null where that cannot be read.
    pub value: Json,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// Which write of the key it is; none where not even that can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The collection of its `#[document]`, where it has a type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// The version of its `#[document]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u16>,
    /// The fingerprint of its `#[document]`, 16 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Its bytes as it is stored.
    pub size: usize,
    /// The bytes themselves in base64, as an export has them, where they cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<String>,
}

impl Documents {
    /// The document that is stored as `bytes` under `key`.
    pub(super) fn shown(&self, key: &str, bytes: &[u8]) -> Shown {
        let (value, unreadable) = match Record::of(&self.space.schema, key, bytes).and_then(|record| record.value()) {
            Ok(value) => (value.into(), None),
            Err(problem) => (Json::Null, Some(problem.to_string())),
        };
        let envelope = Envelope::of(bytes).ok();
        let typed = envelope.and_then(|envelope| match envelope.content {
            Content::Typed { fingerprint, version, .. } => Some((fingerprint, version)),
            Content::Dynamic(_) => None,
        });
        let collection = typed.and_then(|_| key.split_once(':')).map(|(collection, _)| collection.to_owned());
        let stored = unreadable.is_some().then(|| BASE64_STANDARD.encode(bytes));
        Shown {
            app: self.app.to_string(),
            key: key.to_owned(),
            value,
            unreadable,
            revision: head(bytes).ok().map(Revision),
            expires_at: envelope.and_then(|envelope| envelope.expiry).and_then(instant),
            collection,
            version: typed.map(|(_, version)| version),
            fingerprint: typed.map(|(fingerprint, _)| format!("{fingerprint:016x}")),
            size: bytes.len(),
            stored,
        }
    }
}

/// Some of the documents that were asked for, for people.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Listed {
    /// What was found.
    pub items: Vec<Shown>,
    /// Where the next page begins; null when nothing is left to look at.
    #[schemars(with = "Option<String>")]
    pub next: Option<Cursor>,
    /// How many documents were passed over on the way: they cannot be read, so neither a filter nor an order can be held against them.
    /// Without either they are among the items.
    pub passed_over: u64,
}

/// A question whose answer people look at: [`Find::listed`](super::query::Find::listed). What cannot be read does not end it.
#[derive(Debug)]
pub struct Listing(Search);

/// Looks whether a question is one, whatever it is asked of.
pub(crate) fn check_listing(
    filter: &Filter,
    sort: &[String],
    limit: Option<usize>,
    cursor: Option<Cursor>,
) -> Result<(), StoreError> {
    if let Some(problem) = filter.problem() {
        return Err(problem.clone().into());
    }
    limit.map(page_size).transpose()?;
    Sort::of(sort)?;
    cursor.map(|cursor| cursor.place(sort)).transpose()?;
    Ok(())
}

impl Listing {
    pub(super) fn of(search: Search) -> Self {
        Self(Search { unreadable: Unreadable::PassedOver, ..search })
    }

    /// Asks the question.
    ///
    /// # Errors
    /// As [`Find`](super::query::Find), but for documents that cannot be read.
    pub async fn page(self) -> Result<Listed, StoreError> {
        let Self(search) = self;
        let documents = &search.documents;
        let mut taken = Taken::by(|key, found| Ok(documents.shown(key, found.stored()?)), search.room());
        let (next, report) = search.run(&mut taken).await?;
        Ok(Listed { items: taken.items, next, passed_over: report.passed_over() })
    }

    /// Asks the question, and tells how the answer was come by.
    ///
    /// # Errors
    /// As [`page`](Self::page), but for the budget: that it ended the question is told.
    pub async fn explain(self) -> Result<Explain, StoreError> {
        self.0.explain().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{
        Db, MemEngine, Schema, Space, Value,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace, Write},
        index::{IndexField, IndexMeta},
        query::Find,
    };

    #[test]
    fn what_is_damaged_is_passed_over_wherever_it_comes_in_an_order() {
        static BY_N: [IndexMeta; 1] = [IndexMeta::of("", &[IndexField::ascending("n")])];
        for indexes in [&BY_N[..], &[]] {
            let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("tests"));
            block_on(engine.open(&keyspace)).expect("memory opens");
            let space = Space::new(engine, keyspace, Durability::Relaxed).with_schema(Schema::new([], [], [], indexes));
            block_on(space.prepare()).expect("indexes are declared");
            let space = Arc::new(space);
            let db = Db::over(Arc::clone(&space), Default::default());
            for key in ["a", "b", "c", "d"] {
                block_on(db.set(key, &serde_json::json!({ "n": key, "z": 1 }))).expect("stored");
            }
            let mut bytes = block_on(db.0.read("b")).expect("readable").expect("it is there");
            bytes.pop();
            let write = Write::put(db.0.place("b").expect("a key"), bytes);
            block_on(space.commit_repeatable(vec![write])).expect("written");
            for limit in 1..5 {
                let (mut keys, mut passed_over, mut cursor) = (Vec::new(), 0, None);
                loop {
                    let find = db.find::<Value>(Filter::all()).sort("n").limit(limit).after(cursor);
                    let page = block_on(find.listed().page()).expect("it goes on");
                    keys.extend(page.items.into_iter().map(|it| it.key));
                    passed_over += page.passed_over;
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(keys, ["a", "c", "d"], "{limit}, {} indexes", indexes.len());
                assert!(passed_over > 0, "{limit}, {} indexes", indexes.len());
            }
        }
    }

    #[test]
    fn what_is_damaged_is_shown_as_its_bytes_between_its_neighbours() {
        let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("tests"));
        block_on(engine.open(&keyspace)).expect("memory opens");
        let space = Arc::new(Space::new(engine, keyspace, Durability::Relaxed));
        let db = Db::over(Arc::clone(&space), Default::default());
        for key in ["a", "b", "c", "d"] {
            block_on(db.set(key, &serde_json::json!({ "n": key }))).expect("stored");
        }
        let whole = block_on(db.0.read("b")).expect("readable").expect("it is there");
        // One that says nothing of itself, and one of which the head can be read.
        let damaged = [("b", vec![7, 7, 7]), ("c", whole[..whole.len() - 1].to_vec())];
        let writes = damaged.iter().map(|(key, bytes)| Write::put(db.0.place(key).expect("a key"), bytes.clone()));
        block_on(space.commit_repeatable(writes.collect())).expect("written");

        let find = |filter: Filter| db.find::<Value>(filter).listed();
        let all = block_on(find(Filter::all()).page()).expect("it goes on");
        let keys: Vec<&str> = all.items.iter().map(|it| &*it.key).collect();
        assert_eq!((keys, all.passed_over), (vec!["a", "b", "c", "d"], 0));
        for (shown, (_, bytes)) in all.items[1..3].iter().zip(&damaged) {
            assert!(shown.value.is_null() && shown.unreadable.is_some(), "{shown:?}");
            assert_eq!(shown.stored.as_deref(), Some(&*BASE64_STANDARD.encode(bytes)));
            assert_eq!(block_on(db.show(&shown.key)).expect("readable").as_ref(), Some(shown));
        }
        assert_eq!((all.items[1].revision, all.items[2].revision.is_some()), (None, true));

        let matched = block_on(find(crate::query! { n: "d" }).page()).expect("it goes on");
        assert_eq!((matched.items.len(), matched.passed_over), (1, 2));
        let told: Find<Value> = db.find(crate::query! { n: "d" });
        assert!(block_on(told.explain()).is_err(), "whoever is no person is told");
    }
}
