//! A plugin's data as its handlers see it: transactions with their events, what expires, apps apart from one another, and indexes.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use crate::{
    prelude::*,
    store::{
        Access,
        mem::strict::{Fate, Faults, StrictEngine},
    },
    testing::{TestHost, Units},
};

#[plugin(id = "till")]
struct Till;

/// Something was sold.
#[event("till:sold", plugin = Till)]
struct Sold {
    receipt: String,
}

/// What was sold.
#[document(plugin = Till, collection = "receipts")]
#[index(customer, -sold_at)]
#[index(number, unique)]
#[derive(PartialEq)]
struct Receipt {
    #[id]
    id: String,
    number: u32,
    customer: String,
    sold_at: Timestamp,
}

#[plugin(id = "till-ledger", requires("till"))]
struct Ledger;

#[on("till:sold")]
async fn book_sale(ctx: &Context<Ledger>, sold: &Sold) -> Result<()> {
    ctx.db().increment(&sold.receipt, 1).await?;
    Ok(())
}

fn receipt(number: u32, customer: &str) -> Receipt {
    Receipt { id: number.to_string(), number, customer: customer.into(), sold_at: Timestamp::UNIX_EPOCH }
}

/// What the till has in stock, how often the listener was called, and how often it heard of the receipt `1`.
fn seen(host: &mut TestHost) -> (Option<i64>, u64, Option<i64>) {
    host.settle();
    let stock = host.with::<Till, _>(async |ctx| ctx.db().get("stock").await).expect("the store answers");
    let heard = host.with::<Ledger, _>(async |ctx| ctx.db().get("1").await).expect("the store answers");
    (stock, host.calls("book-sale"), heard)
}

#[test]
fn what_a_transaction_publishes_is_heard_once_with_what_it_wrote() {
    let mut host = TestHost::of::<Ledger>().build();
    let sold = host.with::<Till, _>(async |ctx| {
        ctx.txn(|tx| async move {
            tx.set("stock", &9)?;
            tx.emit(&Sold { receipt: "1".into() })
        })
        .await
    });
    sold.expect("it is committed");
    assert_eq!(seen(&mut host), (Some(9), 1, Some(1)));
}

#[test]
fn a_transaction_that_fails_writes_and_publishes_nothing() {
    let mut host = TestHost::of::<Ledger>().build();
    let refused = host.with::<Till, _>(async |ctx| {
        ctx.txn(|tx| async move {
            tx.set("stock", &9)?;
            tx.emit(&Sold { receipt: "1".into() })?;
            Err::<(), _>(Error::new("the drawer is stuck"))
        })
        .await
    });
    assert_eq!(refused.expect_err("it fails").to_string(), "the drawer is stuck");
    assert_eq!(seen(&mut host), (None, 0, None));
}

#[test]
fn a_transaction_that_was_overtaken_publishes_once() {
    let mut host = TestHost::of::<Ledger>().build();
    let tries = AtomicU32::new(0);
    let sold = host.with::<Till, _>(async |ctx| {
        let (outside, tries) = (&ctx, &tries);
        ctx.txn(|tx| async move {
            let stock: i64 = tx.get("stock").await?.unwrap_or(0);
            tx.emit(&Sold { receipt: "1".into() })?;
            if tries.fetch_add(1, Ordering::SeqCst) == 0 {
                outside.db().set("stock", &10).await?;
            }
            Ok(tx.set("stock", &(stock - 1))?)
        })
        .await
    });
    sold.expect("it is committed");
    assert_eq!((tries.into_inner(), seen(&mut host)), (2, (Some(9), 1, Some(1))));
}

#[test]
fn a_commit_whose_outcome_the_engine_does_not_know_publishes_once() {
    for fate in [Fate::DoneInSilence, Fate::LostInSilence] {
        let engine = Arc::new(StrictEngine::new(7, Faults::NONE));
        let mut host = TestHost::of::<Ledger>().engine(engine.clone()).build();
        host.settle();
        let sold = host.with::<Till, _>(async |ctx| {
            engine.decide([fate]);
            ctx.txn(|tx| async move {
                tx.increment("stock", 9).await?;
                tx.emit(&Sold { receipt: "1".into() })
            })
            .await
        });
        sold.expect("it is found out");
        assert_eq!(seen(&mut host), (Some(9), 1, Some(1)), "{fate:?}");
    }
}

#[test]
fn a_typed_document_leaves_with_an_event() {
    let mut host = TestHost::of::<Ledger>().build();
    let sell = async |ctx: OwnedContext<Till>| {
        ctx.txn(|tx| async move {
            tx.docs().insert(&receipt(1, "ada")).await?;
            tx.emit(&Sold { receipt: "1".into() })
        })
        .await
    };
    host.with::<Till, _>(sell).expect("it is sold");
    let again = host.with::<Till, _>(sell).expect_err("it is there already");
    assert!(matches!(again.downcast_ref(), Some(StoreError::Exists { .. })), "{again:?}");
    assert_eq!(seen(&mut host), (None, 1, Some(1)));
}

#[test]
fn a_document_is_gone_when_its_time_has_come() {
    let mut host = TestHost::of::<Till>().build();
    let kept = |host: &mut TestHost| {
        host.with::<Till, _>(async |ctx| {
            let receipts = ctx.docs::<Receipt>();
            let by_customer = receipts.count(query!(Receipt { customer: "ada" })).await?;
            let all = ctx.db().keys("receipts:").await?.len();
            Ok::<_, StoreError>((receipts.get("1").await?.is_some(), by_customer, all))
        })
        .expect("the store answers")
    };
    let put = host.with::<Till, _>(async |ctx| ctx.docs().put_for(&receipt(1, "ada"), 1.hour()).await);
    put.expect("it is stored");
    host.advance(59.minutes());
    assert_eq!(kept(&mut host), (true, 1, 1));
    host.advance(1.minute());
    assert_eq!(kept(&mut host), (false, 0, 0));
    // Its number is free for another.
    let taken =
        host.with::<Till, _>(async |ctx| ctx.docs().insert(&Receipt { id: "other".into(), ..receipt(1, "eve") }).await);
    taken.expect("it is stored");
}

#[test]
fn documents_of_two_apps_are_apart() {
    let mut host = TestHost::of::<Till>().build();
    for (app, customer) in [("one", "ada"), ("two", "eve")] {
        let put = host.app(app).with::<Till, _>(async |ctx| ctx.docs().insert(&receipt(1, customer)).await);
        put.expect("the number is free in this app");
    }
    for (app, customer) in [("one", "ada"), ("two", "eve")] {
        let found = host.app(app).with::<Till, _>(async |ctx| ctx.docs::<Receipt>().find(query!(Receipt {})).await);
        assert_eq!(found.expect("the store answers").into_values(), [receipt(1, customer)]);
    }
}

#[test]
fn indexes_serve_and_bind_under_the_test_host() {
    let mut host = TestHost::of::<Till>().build();
    let (taken, told) = host.with::<Till, _>(async |ctx| {
        let receipts = ctx.docs::<Receipt>();
        receipts.insert(&receipt(1, "ada")).await.expect("it is stored");
        let taken = receipts.insert(&Receipt { id: "other".into(), ..receipt(1, "eve") }).await;
        let found = receipts.find(query!(Receipt { customer: "ada" })).sort(|receipt| receipt.soldAt().descending());
        (taken, found.explain().await)
    });
    assert!(matches!(&taken, Err(StoreError::Duplicate { other, .. }) if other == "receipts:1"), "{taken:?}");
    let told = told.expect("an answer");
    assert_eq!((told.plan, told.documents_read), (Access::IndexInOrder, 1));
}
