//! The store beside a map: whatever is done to both, both say the same.

use std::{cmp::Reverse, collections::BTreeMap};

use proptest::prelude::*;

use super::*;
use crate::{
    query,
    store::{Cursor, Page},
};

#[derive(Debug, Clone)]
enum Step {
    Set(String, i64),
    Insert(String, i64),
    Replace(String, i64),
    Increment(String, i64),
    Delete(String),
    Get(String),
    Keys(String),
    Count(i64),
    Find { at_least: i64, under: String, page: usize },
}

/// What is stored for a number. Half of the rows lack a field.
#[derive(Debug, Clone, PartialEq, serde::Serialize, Deserialize)]
struct Row {
    n: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    odd: Option<bool>,
}

fn row(n: i64) -> Row {
    Row { n, odd: (n >= 0).then_some(n % 2 == 1) }
}

fn key() -> impl Strategy<Value = String> {
    "[ab\0ÿ]{1,3}"
}

/// Counters have keys of their own.
fn counter() -> impl Strategy<Value = String> {
    "#[ab]"
}

fn step() -> impl Strategy<Value = Step> {
    let number = || -3..3_i64;
    prop_oneof![
        4 => (key(), number()).prop_map(|(key, value)| Step::Set(key, value)),
        2 => (key(), number()).prop_map(|(key, value)| Step::Insert(key, value)),
        2 => (key(), number()).prop_map(|(key, value)| Step::Replace(key, value)),
        2 => (counter(), number()).prop_map(|(key, value)| Step::Increment(key, value)),
        2 => prop_oneof![key(), counter()].prop_map(Step::Delete),
        1 => key().prop_map(Step::Get),
        1 => "[ab#]{0,2}".prop_map(Step::Keys),
        1 => number().prop_map(Step::Count),
        2 => (number(), "[ab#]{0,1}", 1..4_usize).prop_map(|(at_least, under, page)| Step::Find { at_least, under, page }),
    ]
}

/// All pages of a search.
fn pages(mut page: impl FnMut(Option<Cursor>) -> Page<Entry<Row>>) -> Vec<(String, i64)> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let Page { items, next } = page(cursor);
        found.extend(items.into_iter().map(|entry| (entry.key, entry.value.n)));
        // As it would come back over the wire.
        cursor = next.map(|cursor| cursor.to_string().parse().expect("a cursor comes back"));
        if cursor.is_none() {
            return found;
        }
    }
}

fn take(db: &Db, model: &mut BTreeMap<String, i64>, step: &Step) -> Result<(), StoreError> {
    let rows = |model: &BTreeMap<String, i64>, holds: &dyn Fn(&str, i64) -> bool| -> Vec<(String, i64)> {
        let rows = model.iter().filter(|(key, n)| !key.starts_with('#') && holds(key, **n));
        rows.map(|(key, n)| (key.clone(), *n)).collect()
    };
    match step {
        Step::Set(key, n) => {
            block_on(db.set(key, &row(*n)))?;
            model.insert(key.clone(), *n);
        }
        Step::Insert(key, n) => match block_on(db.set_if(key, &row(*n), None)) {
            Ok(_) => assert_eq!(model.insert(key.clone(), *n), None),
            Err(StoreError::Conflict { .. }) => assert!(model.contains_key(key)),
            Err(other) => return Err(other),
        },
        Step::Replace(key, n) => {
            if let Some(found) = block_on(db.get_versioned::<Row>(key))? {
                block_on(db.set_if(key, &row(*n), Some(found.revision)))?;
                assert_eq!(model.insert(key.clone(), *n), Some(found.value.n));
            }
        }
        Step::Increment(key, by) => {
            let sum = model.entry(key.clone()).or_default();
            *sum += by;
            assert_eq!(block_on(db.increment(key, *by))?, *sum);
        }
        Step::Delete(key) => assert_eq!(block_on(db.delete(key))?, model.remove(key).is_some()),
        Step::Get(key) => assert_eq!(block_on(db.get(key))?, model.get(key).copied().map(row)),
        Step::Keys(prefix) => {
            let keys: Vec<&String> = model.keys().filter(|key| key.starts_with(prefix)).collect();
            assert_eq!(block_on(db.keys(prefix).into_future())?.items.iter().collect::<Vec<_>>(), keys);
        }
        Step::Count(limit) => {
            assert_eq!(block_on(db.count(query! {}).into_future())?, model.len() as u64);
            let below = block_on(db.count(query! { n: { lt: limit } }).into_future())?;
            assert_eq!(below, rows(model, &|_, n| n < *limit).len() as u64);
        }
        Step::Find { at_least, under, page } => {
            let mut expected = rows(model, &|key, n| key.starts_with(under) && n >= *at_least);
            let find = |cursor| db.find(query! { n: { gte: at_least } }).under(under).limit(*page).after(cursor);
            assert_eq!(pages(|cursor| block_on(find(cursor).into_future()).expect("a page")), expected);

            expected.sort_by_key(|(key, n)| (row(*n).odd, Reverse(*n), key.clone()));
            let sorted = |cursor| find(cursor).sort("odd").sort("-n");
            assert_eq!(pages(|cursor| block_on(sorted(cursor).into_future()).expect("a page")), expected);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_store_agrees_with_a_map(steps in proptest::collection::vec(step(), 1..50)) {
        let (db, mut model) = (db(), BTreeMap::new());
        for step in &steps {
            take(&db, &mut model, step).expect("nothing fails");
        }
    }
}
