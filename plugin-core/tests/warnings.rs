//! What the log says of queries. A process of its own: whether anybody listens to a line of the log is decided for a whole process.

use std::{
    future::IntoFuture,
    sync::{Arc, Mutex},
};

use plugin_core::{
    AppId, query,
    store::{
        Db, MemEngine, Value,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
    },
};
use serde_json::json;
use tracing::{field, span};

fn ask<Q: IntoFuture>(question: Q) -> Q::Output {
    block_on(question.into_future())
}

fn db() -> Db {
    let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("tests"));
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    Db::new(engine, keyspace, AppId::default(), Durability::Relaxed)
}

/// Gathers the fields that warnings name.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut |field: &field::Field, value: &dyn std::fmt::Debug| {
            if field.name() == "fields" {
                self.0.lock().expect("nobody panics with it").push(format!("{value:?}"));
            }
        });
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[test]
fn fields_that_no_document_has_are_warned_of() {
    let db = db();
    let warnings = Warnings::default();
    tracing::subscriber::with_default(warnings.clone(), || {
        ask(db.find::<Value>(query! { anything: 1 })).expect("a page");
        block_on(db.set("a", &json!({ "userId": 1 }))).expect("it can be stored");
        block_on(db.set("b", &json!({ "endedAt": 1 }))).expect("it can be stored");
        ask(db.find::<Value>(query! { userId: 1, deletedAt: { exists: false } }).sort("endedAt")).expect("a page");
        ask(db.find::<Value>(query! { userid: 1 }).sort("-ended")).expect("a page");
        ask(db.count(query! { or [{ userIdd: 1 }] })).expect("a count");
        ask(db.count(query! { endedat: { exists: true }, userId: { exists: true } })).expect("a count");
        ask(db.count(query! { not { deletedAt: { exists: true } } })).expect("a count");
    });
    let said = warnings.0.lock().expect("nobody panics with it").clone();
    assert_eq!(said, [r#"["userid", "ended"]"#, r#"["userIdd"]"#, r#"["endedat"]"#]);
}
