//! One document as a person has it: shown as JSON, changed on top of what was shown.

use serde_json::Value as Json;

use super::{
    db::{ATTEMPTS, Db, contended},
    documents::{Change, New},
    error::StoreError,
    page::Revision,
    record::of_key,
    shown::Shown,
    space::Committed,
    value::Value,
};
use crate::clock::Timestamp;

impl Db {
    /// The document `key`, for people. What cannot be read is shown as its bytes.
    ///
    /// # Errors
    /// [`StoreError::InvalidKey`] or [`StoreError::Engine`].
    pub async fn show(&self, key: &str) -> Result<Option<Shown>, StoreError> {
        let Some(bytes) = self.0.read(key).await? else { return Ok(None) };
        // What has no envelope says nothing of when it expires.
        let is_there = self.0.live(key, Some(&bytes)).map_or(true, |live| live.is_some());
        Ok(is_there.then(|| self.0.shown(key, &bytes)))
    }

    /// Stores `json` under `key` on top of the write `expected`, as a person changed what was shown. What was left as it was stays what
    /// it is stored as, also where JSON has no word for it. When it expires stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else wrote it; otherwise as [`set`](Self::set).
    pub async fn edit(&self, key: &str, json: &Json, expected: Revision) -> Result<Revision, StoreError> {
        for _ in 0..ATTEMPTS {
            let before = self.0.read(key).await?;
            let Some(record) = self.0.live(key, before.as_deref())?.filter(|it| it.head() == expected.0) else {
                return Err(StoreError::Conflict { key: key.into() });
            };
            let value = match record.value() {
                Ok(old) => changed(old, json),
                Err(_) => Value::from(json.clone()),
            };
            let new = New { expiry: record.expiry(), ..self.0.new_value(key, value)? };
            let change = Change { key, before: before.as_deref(), after: Some(&new) };
            if let (Committed::Done, Some(head)) = self.0.commit(change).await? {
                return Ok(Revision(head));
            }
        }
        Err(contended(key))
    }

    /// Removes the document `key` if it is the write `expected`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else wrote it.
    pub async fn delete_if(&self, key: &str, expected: Revision) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let before = self.0.read(key).await?;
            let is_it = match &before {
                Some(bytes) => of_key(key, super::codec::head(bytes))? == expected.0,
                None => false,
            };
            if !is_it {
                return Err(StoreError::Conflict { key: key.into() });
            }
            let change = Change { key, before: before.as_deref(), after: None };
            if let (Committed::Done, _) = self.0.commit(change).await? {
                return Ok(());
            }
        }
        Err(contended(key))
    }
}

/// `json` in the place of `old`: what is the same in JSON stays the value that it was.
fn changed(old: Value, json: &Json) -> Value {
    match (old, json) {
        (Value::Object(mut old), Json::Object(fields)) => {
            let field = |(name, json): (&String, &Json)| {
                let value = old.remove(name).map_or_else(|| Value::from(json.clone()), |old| changed(old, json));
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(field).collect())
        }
        (Value::Array(old), Json::Array(items)) => {
            let mut old = old.into_iter();
            let item = |json: &Json| old.next().map_or_else(|| Value::from(json.clone()), |old| changed(old, json));
            Value::Array(items.iter().map(item).collect())
        }
        (Value::Time(old), Json::String(text)) => text.parse().map_or_else(
            |_| Value::from(json.clone()),
            // One instant has several spellings.
            |new: Timestamp| Value::Time(if new == old { old } else { new }),
        ),
        (old, json) => {
            if Json::from(old.clone()) == *json {
                old
            } else {
                Value::from(json.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::{
        MemEngine,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
    };

    fn db() -> Db {
        let (engine, keyspace) = (std::sync::Arc::new(MemEngine::new()), Keyspace::of_plugin("tests"));
        block_on(engine.open(&keyspace)).expect("memory opens");
        Db::new(engine, keyspace, Default::default(), Durability::Relaxed)
    }

    #[test]
    fn what_was_left_as_it_was_stays_what_it_is_stored_as() {
        let at: Timestamp = "2026-07-01T12:00:00Z".parse().expect("an instant");
        let old = Value::Object(
            [
                ("at".to_owned(), Value::Time(at)),
                ("raw".to_owned(), Value::Bytes(vec![1, 2])),
                ("none".to_owned(), Value::from(f64::NAN)),
                ("list".to_owned(), Value::Array(vec![Value::Time(at)])),
                ("n".to_owned(), Value::from(1_u64)),
            ]
            .into(),
        );
        let mut json = Json::from(old.clone());
        json["n"] = json!(2);
        let Value::Object(new) = changed(old, &json) else { panic!("it is an object") };
        assert!(matches!(new["at"], Value::Time(it) if it == at));
        assert!(matches!(&new["raw"], Value::Bytes(it) if *it == [1, 2]));
        assert!(matches!(&new["none"], Value::Number(_)));
        assert!(matches!(&new["list"], Value::Array(items) if matches!(items[0], Value::Time(_))));
        assert_eq!(Json::from(new["n"].clone()), json!(2));
    }

    #[test]
    fn an_edit_is_made_on_top_of_what_was_shown_and_nothing_else() {
        let db = db();
        block_on(async {
            db.set("k", &json!({ "n": 1 })).await.expect("stored");
            let shown = db.show("k").await.expect("readable").expect("there");
            let first = shown.revision.expect("it has one");
            let next = db.edit("k", &json!({ "n": 2 }), first).await.expect("nobody else wrote it");
            let late = db.edit("k", &json!({ "n": 3 }), first).await;
            assert!(matches!(late, Err(StoreError::Conflict { .. })), "{late:?}");
            assert!(matches!(db.delete_if("k", first).await, Err(StoreError::Conflict { .. })));
            let shown = db.show("k").await.expect("readable").expect("there");
            assert_eq!((shown.value, shown.revision), (json!({ "n": 2 }), Some(next)));
            db.delete_if("k", next).await.expect("nobody else wrote it");
            assert!(db.show("k").await.expect("readable").is_none());
        });
    }

    #[test]
    fn an_edit_keeps_when_a_document_expires() {
        let db = db();
        block_on(async {
            db.set_for("k", &1, std::time::Duration::from_secs(600)).await.expect("stored");
            let shown = db.show("k").await.expect("readable").expect("there");
            assert!(shown.expires_at.is_some());
            db.edit("k", &json!(2), shown.revision.expect("it has one")).await.expect("nobody else wrote it");
            assert_eq!(db.show("k").await.expect("readable").expect("there").expires_at, shown.expires_at);
        });
    }
}
