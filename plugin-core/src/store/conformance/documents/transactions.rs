//! What is promised of transactions.

use std::{
    sync::atomic::{AtomicU32, Ordering::SeqCst},
    thread,
};

use serde_json::{Value as Json, json};

use super::{Store, ask, block_on, get, indexes, manual, of_default, set, space};
use crate::{
    error::Error,
    query,
    store::{
        Db, StoreError, Versioned,
        engine::EngineError,
        index::{IndexField, IndexMeta},
    },
};

static INDEXES: [IndexMeta; 1] = [IndexMeta::of("u:", &[IndexField::ascending("email")]).unique()];

/// Pauses between attempts want a runtime, on any clock but one that stands still.
fn db(store: &impl Store) -> Db {
    of_default(&space(store, indexes(&INDEXES), &manual().into()))
}

fn store_error(error: &Error) -> &StoreError {
    error.downcast_ref().expect("it is the store's")
}

pub fn a_transaction_is_there_as_a_whole_or_not_at_all(store: impl Store) {
    let db = db(&store);
    set(&db, "from", json!(3));
    let refused = block_on(db.txn(|tx| async move {
        tx.increment("from", -3).await?;
        tx.increment("to", 3).await?;
        Err::<(), _>(Error::new("on second thought"))
    }));
    assert!(refused.is_err());
    assert_eq!((get(&db, "from"), get(&db, "to")), (Some(json!(3)), None));
    block_on(db.txn(|tx| async move {
        tx.increment("from", -3).await?;
        Ok(tx.increment("to", 3).await?)
    }))
    .expect("nobody is in between");
    assert_eq!((get(&db, "from"), get(&db, "to")), (Some(json!(0)), Some(json!(3))));
}

pub fn transactions_at_once_keep_what_holds_of_all(store: impl Store) {
    let db = db(&store);
    (0..3).for_each(|n| set(&db, &format!("account:{n}"), json!(50)));
    thread::scope(|threads| {
        for worker in 0..3 {
            let db = &db;
            threads.spawn(move || {
                for round in 0..25 {
                    let (from, to) = ((worker + round) % 3, (worker + 2 * round + 1) % 3);
                    let moved = block_on(db.txn(|tx| async move {
                        tx.increment(&format!("account:{from}"), -1).await?;
                        Ok(tx.increment(&format!("account:{to}"), 1).await?)
                    }));
                    let conflict =
                        |error: &Error| matches!(error.downcast_ref(), Some(StoreError::TransactionConflict { .. }));
                    assert!(moved.as_ref().err().is_none_or(conflict), "{moved:?}");
                }
            });
        }
    });
    let sum: i64 =
        (0..3).filter_map(|n| get(&db, &format!("account:{n}"))).filter_map(|balance| balance.as_i64()).sum();
    assert_eq!(sum, 150);
}

pub fn a_transaction_reads_what_it_wrote_and_nobody_else_does_before_it_ends(store: impl Store) {
    let db = db(&store);
    set(&db, "a", json!(1));
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

pub fn who_is_overtaken_begins_again_on_what_is_there_then(store: impl Store) {
    let db = db(&store);
    set(&db, "n", json!(1));
    let (outside, tries) = (&db, &AtomicU32::new(0));
    let sum = block_on(db.txn(|tx| async move {
        let n: i64 = tx.get("n").await?.unwrap_or(0);
        if tries.fetch_add(1, SeqCst) == 0 {
            outside.set("n", &10).await?;
        }
        tx.set("sum", &(n + 1))?;
        Ok(n + 1)
    }));
    assert_eq!((sum.expect("it is committed"), get(&db, "sum")), (11, Some(json!(11))));
}

pub fn who_is_overtaken_six_times_is_told_so_and_nothing_is_written(store: impl Store) {
    let db = db(&store);
    let (outside, tries) = (&db, &AtomicU32::new(0));
    let refused = block_on(db.txn(|tx| async move {
        let _: Option<i64> = tx.get("n").await?;
        outside.set("n", &tries.fetch_add(1, SeqCst)).await?;
        tx.set("m", &1)?;
        Ok(())
    }));
    let refused = refused.expect_err("it is given up");
    assert!(matches!(store_error(&refused), StoreError::TransactionConflict { attempts: 6 }), "{refused}");
    assert_eq!((get(&db, "n"), get(&db, "m")), (Some(json!(5)), None));
}

pub fn what_a_transaction_only_read_is_held_to_what_it_was(store: impl Store) {
    // Of two doctors on call each may leave while the other stays.
    let db = db(&store);
    ["ada", "eve"].iter().for_each(|doctor| set(&db, doctor, json!(true)));
    let leave = |who: &'static str, other: &'static str, meanwhile: bool| {
        let (outside, tries) = (&db, AtomicU32::new(0));
        block_on(db.txn(|tx| {
            let first = tries.fetch_add(1, SeqCst) == 0;
            async move {
                let stays = tx.get::<bool>(other).await?.unwrap_or_default();
                if meanwhile && first {
                    outside.set(other, &false).await?;
                }
                match stays {
                    true => Ok(tx.set(who, &false)?),
                    false => Err(Error::new("somebody has to stay")),
                }
            }
        }))
    };
    leave("ada", "eve", true).expect_err("the other one has left");
    assert_eq!((get(&db, "ada"), get(&db, "eve")), (Some(json!(true)), Some(json!(false))));
    set(&db, "eve", json!(true));
    leave("ada", "eve", false).expect("the other one stays");
}

pub fn what_a_transaction_did_not_find_is_held_to_be_missing(store: impl Store) {
    let db = db(&store);
    let (outside, tries) = (&db, &AtomicU32::new(0));
    let found = block_on(db.txn(|tx| async move {
        let found: Option<i64> = tx.get("n").await?;
        if tries.fetch_add(1, SeqCst) == 0 {
            outside.set("n", &10).await?;
        }
        tx.set("was-there", &found.is_some())?;
        Ok(found)
    }));
    assert_eq!((found.expect("it is committed"), get(&db, "was-there")), (Some(10), Some(json!(true))));
}

pub fn an_error_that_came_of_reading_two_moments_is_not_the_last_word(store: impl Store) {
    let db = db(&store);
    set(&db, "left", json!(1));
    set(&db, "right", json!(0));
    let (outside, tries) = (&db, &AtomicU32::new(0));
    let done = block_on(db.txn(|tx| async move {
        let left: i64 = tx.get("left").await?.unwrap_or(0);
        if tries.fetch_add(1, SeqCst) == 0 {
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

pub fn a_transaction_inserts_only_what_is_new(store: impl Store) {
    let db = db(&store);
    set(&db, "there", json!(1));
    let refused = block_on(db.txn(|tx| async move { Ok(tx.insert("there", &2).await?) })).expect_err("it is there");
    assert!(matches!(store_error(&refused), StoreError::Exists { key } if key == "there"), "{refused}");
    // Somebody else inserts it between the look and the commit.
    let outside = &db;
    let overtaken = block_on(db.txn(|tx| async move {
        tx.insert("new", &1).await?;
        let _ = outside.insert("new", &2).await;
        Ok(())
    }));
    let overtaken = overtaken.expect_err("it is there the second time");
    assert!(matches!(store_error(&overtaken), StoreError::Exists { .. }), "{overtaken}");
    block_on(db.txn(|tx| async move { Ok(tx.insert("newer", &3).await?) })).expect("nothing is there");
    assert_eq!(["there", "new", "newer"].map(|key| get(&db, key)), [1, 2, 3].map(|n| Some(json!(n))));
}

pub fn a_unique_value_goes_from_one_document_to_another_in_one_transaction(store: impl Store) {
    let db = db(&store);
    set(&db, "u:1", json!({ "email": "ada@example.com" }));
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
    assert_eq!(ask(db.count(query! { email: { exists: true } }).under("u:")), 2);
}

pub fn too_much_for_a_commit_is_a_typed_error(store: impl Store) {
    let db = db(&store);
    let refused = block_on(db.txn(|tx| async move {
        (0..513).try_for_each(|n| tx.set(&format!("k{n}"), &n))?;
        Ok(())
    }));
    let refused = refused.expect_err("it is too much");
    assert!(matches!(store_error(&refused), StoreError::Engine(EngineError::TooLarge { .. })), "{refused}");
    assert_eq!(get(&db, "k0"), None);
}

pub fn a_transaction_tells_the_revision_of_what_was_there_before_it(store: impl Store) {
    let db = db(&store);
    let before = block_on(db.set_if("k", &1, None)).expect("nothing is there");
    let told = block_on(db.txn(|tx| async move {
        let found = |found: Option<Versioned<i64>>| found.map(|found| (found.value, found.revision));
        let read = found(tx.get_versioned("k").await?);
        tx.set("k", &2)?;
        let written = found(tx.get_versioned("k").await?);
        tx.set("new", &3)?;
        let new = found(tx.get_versioned("new").await?).map(|(value, revision)| (value, revision.number()));
        tx.delete("k").await?;
        let deleted = found(tx.get_versioned("k").await?);
        tx.set("k", &4)?;
        Ok((read, written, new, deleted, found(tx.get_versioned("none").await?)))
    }));
    let (read, written, new, deleted, none) = told.expect("nobody is in between");
    assert_eq!((read, written), (Some((1, before)), Some((2, before))));
    assert_eq!((new, deleted, none), (Some((3, 0)), None, None));
    let refused = block_on(db.set_if("k", &5, Some(before)));
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "the commit gave it another: {refused:?}");
}

pub fn a_duplicate_that_came_of_what_was_read_is_not_the_last_word(store: impl Store) {
    // Numbers are drawn one after another, and two draw the same at first.
    let db = db(&store);
    let draw = async |db: &Db, key: &'static str, meanwhile: Option<&Db>| {
        let tries = AtomicU32::new(0);
        let tries = &tries;
        db.txn(|tx| async move {
            let number = tx.increment("last", 1).await?;
            if let (Some(outside), 0) = (meanwhile, tries.fetch_add(1, SeqCst)) {
                outside.set("last", &number).await?;
                outside.set("u:first", &json!({ "email": number })).await?;
            }
            tx.set(key, &json!({ "email": number }))?;
            Ok(number)
        })
        .await
    };
    let number = block_on(draw(&db, "u:second", Some(&db))).expect("it draws again");
    assert_eq!((number, get(&db, "u:second")), (2, Some(json!({ "email": 2 }))));
    // Where nobody was in between it is the last word.
    set(&db, "last", json!(0));
    let refused = block_on(draw(&db, "u:third", None)).expect_err("the first has it");
    assert!(matches!(store_error(&refused), StoreError::Duplicate { .. }), "{refused}");
}
