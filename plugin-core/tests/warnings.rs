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

/// What `f` gives, and the fields that were warned of meanwhile.
fn warned<T>(f: impl FnOnce() -> T) -> (T, Vec<String>) {
    let warnings = Warnings::default();
    let given = tracing::subscriber::with_default(warnings.clone(), f);
    let said = warnings.0.lock().expect("nobody panics with it").clone();
    (given, said)
}

/// Stores `count` documents, each with its number.
fn fill(db: &Db, count: usize) {
    let all: Vec<usize> = (0..count).collect();
    for chunk in all.chunks(500) {
        let put = db.txn(|tx| async move {
            chunk.iter().try_for_each(|n| tx.set(&format!("{n:05}"), &json!({ "n": n })))?;
            Ok(())
        });
        block_on(put).expect("they can be stored");
    }
}

#[test]
fn a_field_that_no_document_has_is_named_where_the_budget_ends_the_query() {
    let db = db();
    fill(&db, 10_001);
    let (refused, said) = warned(|| ask(db.find::<Value>(query! { userid: 1, n: 7 }).sort("-at")));
    assert_eq!(said, [r#"["userid", "at"]"#]);
    let text = refused.expect_err("it is over the budget").to_string();
    assert!(text.ends_with("; no document that was looked at has the fields `userid`, `at`"), "{text}");
    let (refused, said) = warned(|| ask(db.count(query! { userid: 1 })));
    assert_eq!(said, [r#"["userid"]"#]);
    let text = refused.expect_err("it is over the budget").to_string();
    assert!(text.ends_with("; no document that was looked at has the field `userid`"), "{text}");
    let (refused, said) = warned(|| ask(db.count(query! { n: 7 })));
    assert!(said.is_empty(), "{said:?}");
    let text = refused.expect_err("it is over the budget").to_string();
    assert!(!text.contains("no document"), "{text}");
}

#[test]
fn going_through_all_warns_once_of_what_none_of_all_pages_has() {
    let db = db();
    for n in 0..6 {
        block_on(db.set(&n.to_string(), &json!({ "n": n }))).expect("it can be stored");
    }
    block_on(db.set("6", &json!({ "late": 1 }))).expect("it can be stored");
    let through = |ends: usize| {
        let mut rows = db.find::<Value>(query! { not { late: 2, wrong: 3 } }).limit(2).iter();
        let mut given = 0;
        while given < ends && block_on(rows.next()).expect("it can be read").is_some() {
            given += 1;
        }
        given
    };
    assert_eq!(warned(|| through(6)), (6, Vec::new()), "the last page is not read");
    assert_eq!(warned(|| through(8)), (7, vec![r#"["wrong"]"#.to_owned()]));
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
