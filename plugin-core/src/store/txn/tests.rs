use std::{cell::Cell, future::IntoFuture, sync::Arc, thread};

use serde_json::{Value as Json, json};

use super::*;
use crate::{
    AppId, Error,
    clock::{Clock, ManualClock},
    query,
    store::{
        MemEngine, Schema, Space,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
        index::{IndexField, IndexMeta},
    },
};

static INDEXES: [IndexMeta; 1] = [IndexMeta::of("u:", &[IndexField::ascending("email")]).unique()];

fn db() -> Db {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let keyspace = Keyspace::of_plugin("tests");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    // Pauses on the machine's clock want a runtime.
    let clock = Clock::from(ManualClock::at("2026-07-01T00:00:00Z".parse().expect("an instant")));
    let space = Space::new(engine, keyspace, Durability::Relaxed).with_clock(clock);
    let space = space.with_schema(Schema::new([], [], [], &INDEXES));
    block_on(space.prepare()).expect("indexes are brought in line");
    Db::over(Arc::new(space), AppId::default())
}

fn get(db: &Db, key: &str) -> Option<Json> {
    block_on(db.get(key)).expect("it can be read")
}

fn store_error(error: &Error) -> &StoreError {
    error.downcast_ref().expect("it is the store's")
}

#[test]
fn a_transaction_reads_what_it_wrote_and_nobody_else_does_before_it_ends() {
    let db = db();
    block_on(db.set("a", &1)).expect("it can be stored");
    let outside = &db;
    block_on(db.txn(|tx| async move {
        tx.set("b", &json!({ "n": 2 }))?;
        assert!(tx.delete("a").await?, "it was there");
        assert_eq!((tx.get::<Json>("a").await?, tx.get("b").await?), (None, Some(json!({ "n": 2 }))));
        assert_eq!((get(outside, "a"), get(outside, "b")), (Some(json!(1)), None));
        Ok(())
    }))
    .expect("it is committed");
    assert_eq!((get(&db, "a"), get(&db, "b")), (None, Some(json!({ "n": 2 }))));
}

#[test]
fn who_only_reads_is_held_to_one_moment_without_a_commit() {
    let engine = Arc::new(crate::store::mem::strict::StrictEngine::new(1, crate::store::mem::strict::Faults::NONE));
    let keyspace = Keyspace::of_plugin("tests");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let db = Db::new(
        Arc::<crate::store::mem::strict::StrictEngine>::clone(&engine),
        keyspace,
        AppId::default(),
        Durability::Synced,
    );
    block_on(db.set("a", &1)).expect("it can be stored");
    let before = engine.calls().commits;
    let read = block_on(db.txn(|tx| async move { Ok((tx.get::<i64>("a").await?, tx.get::<i64>("b").await?)) }));
    assert_eq!(read.expect("nobody is in between"), (Some(1), None));
    assert_eq!(engine.calls().commits, before);
}

#[test]
fn an_error_gives_everything_up() {
    let db = db();
    let refused = block_on(db.txn(|tx| async move {
        tx.set("a", &1)?;
        Err::<(), _>(Error::new("enough"))
    }));
    assert_eq!(refused.expect_err("it fails").to_string(), "enough");
    assert_eq!(get(&db, "a"), None);
}

#[test]
fn who_is_overtaken_begins_again_on_what_is_there_then() {
    let db = db();
    block_on(db.set("n", &1)).expect("it can be stored");
    let (outside, tries) = (&db, &std::sync::atomic::AtomicU32::new(0));
    let sum = block_on(db.txn(|tx| async move {
        let n: i64 = tx.get("n").await?.unwrap_or(0);
        if tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            outside.set("n", &10).await?;
        }
        tx.set("sum", &(n + 1))?;
        Ok(n + 1)
    }));
    assert_eq!((sum.expect("it is committed"), get(&db, "sum")), (11, Some(json!(11))));
}

#[test]
fn who_is_overtaken_each_time_is_told_so_and_nothing_is_written() {
    let db = db();
    let (outside, tries) = (&db, &std::sync::atomic::AtomicU32::new(0));
    let refused = block_on(db.txn(|tx| async move {
        let _: Option<i64> = tx.get("n").await?;
        outside.set("n", &tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst)).await?;
        tx.set("m", &1)?;
        Ok(())
    }));
    let refused = refused.expect_err("it is given up");
    assert!(matches!(store_error(&refused), StoreError::TransactionConflict { attempts: 6 }), "{refused}");
    assert_eq!((get(&db, "n"), get(&db, "m")), (Some(json!(5)), None));
}

#[test]
fn an_error_that_came_of_reading_two_moments_is_not_the_last_word() {
    let db = db();
    block_on(db.set("left", &1)).expect("it can be stored");
    block_on(db.set("right", &0)).expect("it can be stored");
    let (outside, tries) = (&db, &std::sync::atomic::AtomicU32::new(0));
    let done = block_on(db.txn(|tx| async move {
        let left: i64 = tx.get("left").await?.unwrap_or(0);
        if tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            outside
                .txn(|tx| async move {
                    tx.set("left", &0)?;
                    Ok(tx.set("right", &1)?)
                })
                .await?;
        }
        let right: i64 = tx.get("right").await?.unwrap_or(0);
        match left + right {
            1 => Ok(()),
            sum => Err(Error::new(format!("{sum} is more than there is"))),
        }
    }));
    done.expect("the second time it sees one moment");
}

#[test]
fn insert_refuses_what_is_there() {
    let db = db();
    assert!(block_on(db.insert("k", &1)).is_ok());
    assert!(matches!(block_on(db.insert("k", &2)), Err(StoreError::Exists { key }) if key == "k"));
    let refused = block_on(db.txn(|tx| async move { Ok(tx.insert("k", &3).await?) })).expect_err("it is there");
    assert!(matches!(store_error(&refused), StoreError::Exists { .. }));
    assert_eq!(get(&db, "k"), Some(json!(1)));
}

#[test]
fn a_unique_value_goes_from_one_document_to_another_in_one_transaction() {
    let db = db();
    block_on(db.set("u:1", &json!({ "email": "ada@example.com" }))).expect("it can be stored");
    let swap = |from: &'static str, to: &'static str| {
        block_on(db.txn(move |tx| async move {
            tx.set(from, &json!({ "email": null }))?;
            Ok(tx.set(to, &json!({ "email": "ada@example.com" }))?)
        }))
    };
    swap("u:1", "u:2").expect("it is left and taken");
    swap("u:2", "u:1").expect("it is left and taken");
    let both = block_on(db.txn(|tx| async move {
        tx.set("u:3", &json!({ "email": "eve@example.com" }))?;
        Ok(tx.set("u:4", &json!({ "email": "eve@example.com" }))?)
    }));
    let both = both.expect_err("two cannot have it");
    assert!(matches!(store_error(&both), StoreError::Duplicate { .. }), "{both}");
    assert_eq!(get(&db, "u:3"), None);
    let count = db.count(query! { email: { exists: true } }).under("u:").into_future();
    assert_eq!(block_on(count).expect("a count"), 2);
}

#[test]
fn too_much_for_a_commit_is_a_typed_error() {
    let db = db();
    let refused = block_on(db.txn(|tx| async move {
        (0..513).try_for_each(|n| tx.set(&format!("k{n}"), &n))?;
        Ok(())
    }));
    let refused = refused.expect_err("it is too much");
    let engine = crate::store::engine::EngineError::TooLarge { what: "", size: 0, limit: 0 };
    assert!(
        matches!(store_error(&refused), StoreError::Engine(error) if std::mem::discriminant(error) == std::mem::discriminant(&engine)),
        "{refused}"
    );
    assert_eq!(get(&db, "k0"), None);
}

#[test]
fn transfers_between_accounts_at_once_keep_the_sum() {
    let db = db();
    for account in 0..4 {
        block_on(db.set(&format!("account:{account}"), &100)).expect("it can be stored");
    }
    let moved = thread::scope(|threads| {
        let transfer = |worker: i64| {
            let moved = Cell::new(0);
            for round in 0..50 {
                let (from, to) = ((worker + round) % 4, (worker + round * 3 + 1) % 4);
                let done = block_on(db.txn(|tx| async move {
                    let (from, to) = (format!("account:{from}"), format!("account:{to}"));
                    tx.increment(&from, -1).await?;
                    Ok(tx.increment(&to, 1).await.map(drop)?)
                }));
                moved.set(moved.get() + i64::from(done.is_ok()));
            }
            moved.get()
        };
        let workers: Vec<_> = (0..4).map(|worker| threads.spawn(move || transfer(worker))).collect();
        workers.into_iter().map(|worker| worker.join().expect("it ends well")).sum::<i64>()
    });
    assert!(moved > 0, "some came through");
    let sum: i64 = (0..4)
        .map(|n| block_on(db.get::<i64>(&format!("account:{n}"))).expect("it can be read").expect("it is there"))
        .sum();
    assert_eq!(sum, 400);
}
