//! What goes on at once. Each task asserts what it alone can see.

use std::{cell::RefCell, time::Duration};

use serde_json::{Value as Json, json};

use super::{ACCOUNTS, BALANCE, ITEMS, Outcome, PAIRS, TALLIES, Tally, World, outcome, own};
use crate::{
    clock::Timestamp,
    id::AppId,
    query,
    random::Random,
    store::{Db, Entry, Page, StoreError},
};

/// How often a task does its work.
const TIMES: usize = 6;

/// Does `work` until the engine can be reached.
async fn insist<T, E>(mut work: impl AsyncFnMut() -> Result<T, E>, told: impl Fn(E) -> StoreError) -> T {
    loop {
        match work().await.map_err(&told) {
            Ok(done) => return done,
            Err(StoreError::Engine(_) | StoreError::TransactionConflict { .. }) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
}

/// The same for what the store itself gives.
async fn ask<T>(work: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    insist(work, |error| error).await
}

/// A write of which nothing is asked but that the engine alone may have prevented it, or what the store promises.
fn whatever<T>(result: Result<T, StoreError>) {
    outcome(&result);
}

pub(super) async fn transfers(world: &World, mut random: Random) {
    let db = world.db();
    for _ in 0..TIMES {
        let from = random.below(ACCOUNTS);
        let to = (from + 1 + random.below(ACCOUNTS - 1)) % ACCOUNTS;
        let sum = random.below(10) as i64;
        let moved = db.txn(|tx| async move {
            tx.increment(&format!("accounts:{from}"), -sum).await?;
            tx.increment(&format!("accounts:{to}"), sum).await?;
            tx.increment("transfers", 1).await.map_err(Into::into)
        });
        world.add("transfers", 1, &own(moved.await));
    }
}

/// Whoever looks at all accounts at once sees all of the money.
pub(super) async fn audits(world: &World, mut random: Random) {
    let db = world.db();
    for _ in 0..TIMES {
        let writes = random.below(2) == 0;
        let sum = db.txn(|tx| async move {
            let mut sum = 0;
            for account in 0..ACCOUNTS {
                sum += tx.get::<i64>(&format!("accounts:{account}")).await?.unwrap_or(0);
            }
            if writes {
                tx.set("audited", &sum)?;
            }
            Ok(sum)
        });
        let sum = own(sum.await);
        if outcome(&sum) == Outcome::Done {
            assert_eq!(sum.ok(), Some(ACCOUNTS as i64 * BALANCE));
        }
    }
}

pub(super) async fn increments(world: &World, mut random: Random) {
    for _ in 0..TIMES {
        let (key, by) = (format!("counters:{}", random.below(2)), random.below(5) as i64);
        world.add(&key, by, &world.db().increment(&key, by).await);
    }
}

/// Users take addresses that others have, give them up, and exchange them.
pub(super) async fn users(world: &World, mut random: Random) {
    let db = world.db();
    for _ in 0..TIMES {
        let [one, other] = [random.below(3), random.below(3)].map(|user| format!("users:{user}"));
        let email = random.below(4);
        match random.below(6) {
            0 => whatever(db.delete(&one).await),
            1 => {
                let lifetime = Duration::from_secs(random.below(5) as u64);
                whatever(db.set_for(&one, &json!({ "email": email }), lifetime).await);
            }
            2 if one != other => {
                let exchanged = db.txn(|tx| {
                    let (one, other) = (one.clone(), other.clone());
                    async move {
                        let (first, second) = (tx.get::<Json>(&one).await?, tx.get::<Json>(&other).await?);
                        if let (Some(first), Some(second)) = (first, second) {
                            tx.set(&one, &second)?;
                            tx.set(&other, &first)?;
                        }
                        Ok(())
                    }
                });
                whatever(own(exchanged.await));
            }
            _ => whatever(db.set(&one, &json!({ "email": email })).await),
        }
    }
}

pub(super) async fn items(world: &World, mut random: Random) {
    for _ in 0..2 * TIMES {
        let app = ["default", "shop"][random.below(2)];
        let db = Db::over(world.space.clone(), AppId::new(app).expect("an app"));
        let key = format!("items:{}", random.below(ITEMS));
        let mut item = json!({ "n": random.below(4) });
        if random.below(2) == 0 {
            item["by"] = json!(random.below(3));
        }
        match random.below(6) {
            0 => whatever(db.delete(&key).await),
            1 => whatever(db.insert(&key, &item).await),
            2 => whatever(db.set_for(&key, &item, Duration::from_secs(random.below(9) as u64)).await),
            3 => {
                if let Ok(Some(known)) = db.get_versioned::<Json>(&key).await {
                    whatever(db.set_if(&key, &item, Some(known.revision)).await);
                }
            }
            _ => whatever(db.set(&key, &item).await),
        }
    }
}

/// Typed documents are changed while they are brought to their new version.
pub(super) async fn tallies(world: &World, mut random: Random) {
    let docs = world.db().docs::<Tally>();
    for _ in 0..TIMES {
        let id = random.below(TALLIES).to_string();
        let updated = docs.update(&id, |tally| tally.count += 1).await;
        if let Ok(Some(tally)) = &updated {
            assert!(tally.count > 5 && tally.of == "old", "{} of {}", tally.count, tally.of);
        }
        world.add(&format!("tallies:{id}"), 1, &updated);
    }
}

/// What expires is there until then, and not from then on.
pub(super) async fn lives(world: &World, number: usize, mut random: Random) {
    let (db, key) = (world.db(), format!("brief:{number}"));
    for n in 0..TIMES {
        let lifetime = Duration::from_secs(1 + random.below(10) as u64);
        let value = json!({ "by": number, "n": n });
        let began = world.clock.now();
        if outcome(&db.set_for(&key, &value, lifetime).await) != Outcome::Done {
            continue;
        }
        let written = world.clock.now();
        world.clock.sleep(Duration::from_secs(random.below(12) as u64)).await;
        let before = world.clock.now();
        let found: Option<Json> = ask(async || db.get(&key).await).await;
        // Time may have gone on while it was written, and while it was read.
        let (after, ends) = (world.clock.now(), |from: Timestamp| from.saturating_add(lifetime));
        match found {
            Some(found) => assert!(found == value && before < ends(written), "{found} is there at {before}"),
            None => assert!(after >= ends(began), "it is gone at {after}, {lifetime:?} after {began}"),
        }
    }
}

/// Documents around those that a walk is to find.
pub(super) async fn come_and_go(world: &World, mut random: Random) {
    let db = world.db();
    for _ in 0..2 * TIMES {
        let key = format!("walk:{}:{}", ["comes", "stays:3", "zzz"][random.below(3)], random.below(9) + 10);
        match random.below(3) {
            0 => whatever(db.delete(&key).await),
            _ => whatever(db.set(&key, &json!({ "n": random.below(9) })).await),
        }
    }
}

/// Page by page, each document that is there all the time comes once, by key and by what an index may serve.
pub(super) async fn walks(world: &World) {
    let db = world.db();
    for sort in [None, Some("n"), Some("-n")] {
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let page: Page<Entry<Json>> = ask(async || {
                let find = db.find(query! {}).under("walk:").limit(3).after(cursor.clone());
                match sort {
                    Some(sort) => find.sort(sort).await,
                    None => find.await,
                }
            })
            .await;
            seen.extend(page.items.into_iter().map(|entry| entry.key));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        for place in 0..10 {
            let key = format!("walk:stays:{place}");
            assert_eq!(seen.iter().filter(|seen| **seen == key).count(), 1, "{key}, sorted by {sort:?}: {seen:?}");
        }
    }
}

/// Gives each document an address of its own where two have the same.
pub(super) async fn part(world: &World, app: &str) {
    let db = Db::over(world.space.clone(), AppId::new(app).expect("an app"));
    for pair in 0..PAIRS {
        let email = json!({ "email": format!("another {pair}") });
        ask(async || db.set(&format!("twice:other:{pair}"), &email).await).await;
    }
}

pub(super) async fn builds(world: &World) {
    ask(async || world.space.build_indexes(|| true).await).await;
}

pub(super) async fn migrates(world: &World) {
    ask(async || world.space.migrate(|| true).await).await;
}

pub(super) async fn reaps(world: &World) {
    for _ in 0..TIMES {
        ask(async || world.space.reap().await).await;
        world.clock.sleep(Duration::from_secs(4)).await;
    }
}

/// Drops one of the new indexes at some moment.
pub(super) async fn drops(world: &World, mut random: Random, dropped: &RefCell<Option<u64>>) {
    for _ in 0..random.below(60) {
        tokio::task::yield_now().await;
    }
    let states = ask(async || world.space.index_states().await).await;
    let index = states.iter().find(|index| index.definition == "\"items:\", n, by");
    let number = index.expect("it is declared").number;
    ask(async || world.space.drop_index(number).await).await;
    *dropped.borrow_mut() = Some(number);
}
