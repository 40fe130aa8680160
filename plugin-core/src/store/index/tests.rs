//! Indexes as their users see them: the same is found with them and without, and they hold what the documents hold.

use std::{collections::BTreeMap, future::IntoFuture, sync::Arc};

use futures_util::FutureExt;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    AppId, query,
    store::{
        Access, Cursor, Db, Entry as Found, Filter, MemEngine, Page, Schema, Space, StoreError, StrictEngine, Value,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
        filter::field,
        mem::strict::{Fate, Faults},
        ordered,
        value::{Number, tests::any_value},
    },
};

static INDEXES: [IndexMeta; 7] = [
    IndexMeta::of("c:", &[IndexField::ascending("a")]),
    IndexMeta::of("c:", &[IndexField::ascending("a"), IndexField::descending("b")]),
    IndexMeta::of("c:", &[IndexField::ascending("b"), IndexField::ascending("o.x"), IndexField::ascending("a")]),
    IndexMeta::of("", &[IndexField::descending("o.x")]),
    IndexMeta::of("c:", &[IndexField::ascending("o.y")]).sparse(),
    IndexMeta::of("u:", &[IndexField::ascending("a")]).unique(),
    IndexMeta::of("u:", &[IndexField::ascending("a"), IndexField::descending("b")]).unique().sparse(),
];

fn engine() -> Arc<dyn Engine> {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    block_on(engine.open(&Keyspace::of_plugin("tests"))).expect("a keyspace opens");
    engine
}

fn open(engine: &Arc<dyn Engine>, indexes: &'static [IndexMeta]) -> Arc<Space> {
    let space = Space::new(Arc::clone(engine), Keyspace::of_plugin("tests"), Durability::Relaxed);
    let space = space.with_schema(Schema::new([], [], [], indexes));
    block_on(space.prepare()).expect("indexes are brought in line");
    Arc::new(space)
}

fn db(space: &Arc<Space>) -> Db {
    Db::over(Arc::clone(space), AppId::default())
}

fn build(space: &Arc<Space>) {
    block_on(space.build_indexes(|| true)).expect("indexes are built");
}

fn set(db: &Db, key: &str, value: Json) {
    block_on(db.set(key, &value)).expect("it can be stored");
}

fn ask<Q: IntoFuture>(question: Q) -> Q::Output {
    block_on(question.into_future())
}

/// A store with the indexes, ready.
fn indexed() -> Db {
    let space = open(&engine(), &INDEXES);
    assert!(space.indexes.all().iter().all(|index| index.is_ready()), "there is nothing to build them of");
    db(&space)
}

#[test]
fn no_more_documents_are_read_than_a_page_wants_and_one_to_know_of_the_next() {
    let db = indexed();
    for n in 0..50 {
        set(&db, &format!("c:{n:02}"), json!({ "a": n % 5, "b": n }));
    }
    let told = block_on(db.find::<Json>(query! { a: 3 }).under("c:").sort("-b").limit(5).explain());
    let told = told.expect("it can be asked");
    assert_eq!((told.plan, told.found, told.documents_read), (Access::IndexInOrder, 5, 6));
}

#[test]
fn more_values_than_a_plan_has_ranges_are_found_all_the_same() {
    let db = indexed();
    (0..600).for_each(|n| set(&db, &format!("c:{n:03}"), json!({ "a": n })));
    let every_other: Vec<i32> = (0..600).step_by(2).collect();
    let asked = || query! { a: { in: every_other.clone() } };
    assert_eq!(ask(db.count(asked()).under("c:")).expect("a count"), 300);
    assert_eq!(ask(db.find::<Json>(asked()).under("c:").sort("a").limit(1000)).expect("a page").len(), 300);
}

#[test]
fn an_index_is_built_of_what_was_there_and_is_used_once_it_is_complete() {
    let engine = engine();
    let before = db(&open(&engine, &[]));
    for n in 0..1_000 {
        set(&before, &format!("c:{n:04}"), json!({ "a": n }));
    }
    let elsewhere = Db::over(open(&engine, &[]), AppId::new("other").expect("an id"));
    set(&elsewhere, "c:x", json!({ "a": 5 }));
    let space = open(&engine, &INDEXES);
    let plan = |db: &Db| {
        let told = block_on(db.count(query! { a: 5 }).under("c:").explain()).expect("it can be asked");
        (told.plan, told.found)
    };
    assert_eq!(plan(&db(&space)), (Access::Keys, 1), "it is not complete");
    let looked = std::cell::Cell::new(0);
    let twice = || {
        looked.set(looked.get() + 1);
        looked.get() <= 3
    };
    block_on(space.build_indexes(twice)).expect("it is broken off");
    set(&db(&space), "c:0005", json!({ "a": 6 }));
    set(&db(&space), "c:9999", json!({ "a": 5 }));
    // As after a kill: what was not written is gone, what was is there.
    let space = open(&engine, &INDEXES);
    assert_eq!(plan(&db(&space)), (Access::Keys, 1));
    build(&space);
    assert_eq!(plan(&db(&space)), (Access::IndexKeys, 1));
    assert_eq!(ask(db(&space).count(query! { a: 6 }).under("c:")).expect("a count"), 2);
    assert_eq!(plan(&Db::over(Arc::clone(&space), elsewhere.app().clone())), (Access::IndexKeys, 1));
}

#[test]
fn a_unique_index_of_documents_that_are_not_fails_and_says_which() {
    let engine = engine();
    let before = db(&open(&engine, &[]));
    ["u:1", "u:2"].iter().for_each(|key| set(&before, key, json!({ "a": 1 })));
    let space = open(&engine, &INDEXES);
    build(&space);
    let states = block_on(space.index_states()).expect("they can be read");
    let failed = states.iter().find(|state| state.definition == "\"u:\", a, unique").expect("it is there");
    assert_eq!(failed.progress, Progress::Failed);
    let reason = failed.reason.as_deref().unwrap_or_default();
    assert!(reason.contains("`u:2`") && reason.contains("`u:1`"), "{reason}");
    set(&db(&space), "u:2", json!({ "a": 1, "text": "others may change" }));
    set(&db(&space), "u:2", json!({ "a": 2 }));
    let space = open(&engine, &INDEXES);
    build(&space);
    assert!(space.indexes.all().iter().all(|index| index.is_ready()), "what stood in the way is gone");
}

#[test]
fn an_index_is_dropped_after_the_export_that_has_its_entries() {
    use crate::store::transfer::Stillness;
    let space = open(&engine(), &INDEXES[..1]);
    set(&db(&space), "c:1", json!({ "a": 1 }));
    let number = space.indexes.all()[0].number;
    let exporting = block_on(space.export("tests", Stillness::Still)).expect("it begins");
    let mut dropping = Box::pin(space.drop_index(number));
    assert!((&mut dropping).now_or_never().is_none(), "somebody has the keyspace to himself");
    assert_eq!(left_over(&space), 1);
    drop(exporting);
    assert!(block_on(dropping).expect("it can be dropped"));
    assert_eq!(left_over(&space), 0);
}

/// How many entries of indexes there are.
fn left_over(space: &Space) -> usize {
    use crate::store::{
        engine::{Direction, MAX_SCAN, Scan, Wanted},
        key::{Key, Kind},
    };
    let count = |kind| {
        let (direction, wanted) = (Direction::Forward, Wanted::Keys);
        let scan = Scan { range: Key::of(kind).range(), limit: MAX_SCAN, bytes: usize::MAX, direction, wanted };
        block_on(space.scan(scan)).expect("it can be read").len()
    };
    count(Kind::Index) + count(Kind::Unique)
}

#[test]
fn a_document_that_cannot_be_read_can_be_removed_and_written_over_and_leaves_no_entry() {
    let db = indexed();
    for key in ["c:1", "c:2"] {
        set(&db, key, json!({ "a": 1 }));
        let place = db.0.place(key).expect("a key");
        let damaged = crate::store::engine::Write::put(place, vec![7; 30]);
        block_on(db.0.space.commit_repeatable(vec![damaged])).expect("raw writes");
        assert!(block_on(db.get::<Json>(key)).is_err());
    }
    assert!(block_on(db.delete("c:1")).expect("it can be deleted"), "it was there");
    set(&db, "c:2", json!({ "a": 2 }));
    assert_eq!(ask(db.count(query! { a: 1 }).under("c:")).expect("a count"), 0);
    assert_eq!(ask(db.find::<Json>(query! { a: 2 }).under("c:")).expect("a page").len(), 1);
}

#[test]
fn values_too_long_for_an_index_are_refused() {
    let db = indexed();
    let refused = block_on(db.set("c:1", &json!({ "a": "x".repeat(3000) })));
    assert!(matches!(refused, Err(StoreError::IndexedTooLong { limit: 2048, .. })), "{refused:?}");
    set(&db, "other", json!({ "a": "x".repeat(3000) }));
}

/// Those whose order or whose bytes are none of the usual.
fn odd_number() -> impl Strategy<Value = Number> {
    let odd = [-0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Number::from);
    let floats = [f64::MIN_POSITIVE, f64::MAX];
    // Floats beside integers that have none of their own.
    let near = [9_007_199_254_740_992.0, 9_223_372_036_854_775_808.0, 18_446_744_073_709_551_616.0];
    let floats = floats.into_iter().chain(near).chain(near.map(|float| -float)).map(Number::from);
    let two_to_53 = 1_i64 << 53;
    let integers = [two_to_53, two_to_53 + 1, -two_to_53 - 1, i64::MAX, i64::MIN].map(Number::from);
    let large = [1 << 63, (1 << 63) + 1, u64::MAX].map(Number::from);
    let others: Vec<Number> = floats.chain(integers).chain(large).collect();
    prop_oneof![2 => proptest::sample::select(odd.to_vec()), 1 => proptest::sample::select(others)]
}

fn any_field() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => (-2..3_i64).prop_map(Value::from),
        1 => (-2..3_i64).prop_map(|n| Value::from(n as f64 / 2.0)),
        3 => odd_number().prop_map(Value::Number),
        1 => "[ab\0]{0,2}".prop_map(Value::from),
        1 => Just(Value::from("2026-07-01T00:00:00Z")),
        1 => Just(Value::Array(vec![Value::from(1_i64)])),
    ]
}

fn any_document() -> impl Strategy<Value = Value> {
    let field = || proptest::option::of(any_field());
    (field(), field(), field(), field()).prop_map(|(a, b, x, y)| {
        let mut document = Value::Object([("o".to_owned(), Value::Object(Default::default()))].into());
        for (path, value) in [("a", a), ("b", b), ("o.x", x), ("o.y", y)] {
            value.into_iter().for_each(|value| document.put_at(path, value));
        }
        document
    })
}

fn any_condition() -> impl Strategy<Value = Filter> {
    let path = || prop_oneof![Just("a"), Just("b"), Just("o.x"), Just("o.y")].prop_map(field);
    let compared = (path(), 0..5, any_field()).prop_map(|(field, operator, value)| match operator {
        0 => field.gt(value),
        1 => field.gte(value),
        2 => field.lt(value),
        3 => field.lte(value),
        _ => field.ne(value),
    });
    prop_oneof![
        4 => (path(), any_field()).prop_map(|(field, value)| field.eq(value)),
        1 => (path(), proptest::collection::vec(any_field(), 0..4)).prop_map(|(field, values)| field.one_of(values)),
        3 => compared,
        1 => (path(), any::<bool>()).prop_map(|(field, there)| if there { field.exists() } else { field.missing() }),
        1 => (path(), "[ab]{0,1}").prop_map(|(field, prefix)| field.prefix(&prefix)),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        4 => proptest::collection::vec(any_condition(), 0..4).prop_map(Filter::every),
        1 => proptest::collection::vec(any_condition(), 1..3).prop_map(Filter::any),
        1 => any_condition().prop_map(|not| !not),
    ]
}

fn any_sort() -> impl Strategy<Value = Vec<String>> {
    let field = prop_oneof![Just("a"), Just("-a"), Just("b"), Just("-b"), Just("o.x"), Just("-o.x"), Just("o.y")];
    proptest::collection::vec(field.prop_map(str::to_owned), 0..3)
}

/// All pages of a search.
fn pages(db: &Db, filter: &Filter, sort: &[String], limit: usize) -> Vec<(String, Value)> {
    let (mut found, mut cursor) = (Vec::new(), None::<Cursor>);
    loop {
        let mut find = db.find::<Value>(filter.clone()).under("c:").limit(limit).after(cursor);
        for field in sort {
            find = find.sort(field);
        }
        let page: Page<Found<Value>> = ask(find).expect("a page");
        assert!(page.len() <= limit);
        found.extend(page.items.into_iter().map(|entry| (entry.key, entry.value)));
        cursor = page.next.map(|cursor| cursor.to_string().parse().expect("a cursor comes back"));
        if cursor.is_none() {
            return found;
        }
    }
}

/// As they are written: 1 is not 1.0 here, and no zero another.
fn written(found: &[(String, Value)]) -> Vec<String> {
    found.iter().map(|(key, value)| format!("{key} {value:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_same_is_found_with_indexes_and_without(
        documents in proptest::collection::vec(("c:[ab]{1,3}", any_document()), 0..25),
        filter in any_filter(),
        sort in any_sort(),
        limit in 1..6_usize,
        drops in proptest::collection::vec("c:[ab]{1,3}", 0..6),
    ) {
        let (plain, indexed) = (db(&open(&engine(), &[])), indexed());
        for db in [&plain, &indexed] {
            for (key, document) in &documents {
                block_on(db.set(key, document)).expect("it can be stored");
            }
            for key in &drops {
                let _ = block_on(db.delete(key)).expect("it can be deleted");
            }
        }
        let expected = pages(&plain, &filter, &sort, limit);
        prop_assert_eq!(written(&expected), written(&pages(&indexed, &filter, &sort, limit)));
        prop_assert_eq!(ask(indexed.count(filter.clone()).under("c:")).expect("a count"), expected.len() as u64);
        let mut select = indexed.find::<Value>(filter).under("c:").limit(1000);
        for field in &sort {
            select = select.sort(field);
        }
        let selected = ask(select.select::<Value>(["a", "b"])).expect("a page");
        let brief = |value: &Value| {
            let field = |name: &str| Some((name.to_owned(), value.at(name)?.clone()));
            Value::Object(["a", "b"].into_iter().filter_map(field).collect())
        };
        let expected: Vec<_> = expected.iter().map(|(key, value)| (key.clone(), brief(value))).collect();
        let selected: Vec<_> = selected.into_iter().map(|found| (found.key, found.value)).collect();
        prop_assert_eq!(written(&selected), written(&expected));
    }
}

#[test]
fn who_gives_up_what_another_has_too_leaves_the_others_entry_while_the_index_is_built() {
    static UNIQUE: [IndexMeta; 1] = [INDEXES[5]];
    let engine = engine();
    let before = db(&open(&engine, &[]));
    // As many as are looked at in one step.
    for n in 0..200 {
        set(&before, &format!("u:{n:03}"), json!({ "a": n }));
    }
    set(&before, "u:last", json!({ "a": 7 }));
    let space = open(&engine, &UNIQUE);
    let asked = std::cell::Cell::new(0);
    block_on(space.build_indexes(|| asked.replace(asked.get() + 1) == 0)).expect("it is broken off");
    assert!(block_on(db(&space).delete("u:last")).expect("it can be deleted"));
    build(&space);
    assert!(space.indexes.all()[0].is_ready());
    let refused = block_on(db(&space).set("u:new", &json!({ "a": 7 })));
    assert!(matches!(&refused, Err(StoreError::Duplicate { other, .. }) if other == "u:007"), "{refused:?}");
}

#[test]
fn an_index_that_cannot_be_dropped_now_is_kept_by_commits() {
    let engine = Arc::new(StrictEngine::new(1, Faults::NONE));
    let shared = Arc::clone(&engine) as Arc<dyn Engine>;
    block_on(engine.open(&Keyspace::of_plugin("tests"))).expect("a keyspace opens");
    let space = open(&shared, &INDEXES);
    engine.decide([Fate::Down]);
    let number = space.indexes.all()[0].number;
    block_on(space.drop_index(number)).expect_err("the engine is down");
    set(&db(&space), "c:1", json!({ "a": 5 }));
    let again = db(&open(&shared, &INDEXES));
    assert_eq!(ask(again.count(query! { a: 5 }).under("c:")).expect("a count"), 1, "it is ready, and whole");
}

/// Some fields of the document `key` as a `T`, or why they are none.
fn read_as<T: serde::de::DeserializeOwned + Send + std::fmt::Debug + 'static>(
    db: &Db,
    key: &str,
    fields: &[&str],
) -> String {
    let select = db.find::<Json>(Filter::all()).under(key).sort("a").select::<T>(fields.iter().copied());
    format!("{:?}", ask(select).map(|page| page.items).map_err(|error| error.to_string()))
}

#[test]
fn any_type_is_read_from_an_entry_as_it_is_from_the_document() {
    static TYPES: [IndexMeta; 1] = [IndexMeta::of(
        "t:",
        &[
            IndexField::ascending("a"),
            IndexField::descending("b"),
            IndexField::ascending("c"),
            IndexField::descending("d"),
        ],
    )];
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Red,
        Of(u8),
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Name(String);
    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        a: Option<Name>,
        #[serde(default)]
        c: Option<f64>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Whole {
        b: i64,
        d: Option<Kind>,
        a: String,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text { a: String },
        Number { a: f64, b: Option<serde::de::IgnoredAny> },
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Flat {
        d: Option<Json>,
        #[serde(flatten)]
        rest: BTreeMap<String, Json>,
    }
    #[derive(Debug)]
    struct Blind;
    impl<'de> Deserialize<'de> for Blind {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    let documents = [
        json!({ "a": "plain", "b": -7, "c": 0.5, "d": "red" }),
        json!({ "a": "with\u{0}zero", "b": 1.0, "d": { "of": 3 } }),
        json!({ "a": "", "b": u64::MAX, "c": null, "d": [1, "x", { "y": null }] }),
        json!({ "a": 3, "b": "ü", "c": false }),
        json!({ "c": i64::MIN, "d": "2026-01-01T00:00:00Z" }),
    ];
    let (space, plain) = (open(&engine(), &TYPES), db(&open(&engine(), &[])));
    build(&space);
    let covered = db(&space);
    fn compare<T: serde::de::DeserializeOwned + Send + std::fmt::Debug + 'static>(covered: &Db, plain: &Db, key: &str) {
        for fields in [&["a", "b", "c", "d"][..], &["d", "a"], &["b"], &["c", "a"]] {
            let expected = read_as::<T>(plain, key, fields);
            assert_eq!(read_as::<T>(covered, key, fields), expected, "{key}: {fields:?}");
        }
    }
    for (n, document) in documents.iter().enumerate() {
        let key = format!("t:{n}");
        set(&covered, &key, document.clone());
        set(&plain, &key, document.clone());
        let told = covered.find::<Json>(Filter::all()).under(&key).sort("a").select::<Json>(["d", "a"]).explain();
        assert_eq!(block_on(told).expect("it can be asked").documents_read, 0, "the index has them");
        compare::<Json>(&covered, &plain, &key);
        compare::<Value>(&covered, &plain, &key);
        compare::<Row>(&covered, &plain, &key);
        compare::<Whole>(&covered, &plain, &key);
        compare::<Option<Whole>>(&covered, &plain, &key);
        compare::<Either>(&covered, &plain, &key);
        compare::<Flat>(&covered, &plain, &key);
        compare::<Kind>(&covered, &plain, &key);
        compare::<Blind>(&covered, &plain, &key);
        compare::<BTreeMap<String, Blind>>(&covered, &plain, &key);
        compare::<(u8, u8)>(&covered, &plain, &key);
        compare::<String>(&covered, &plain, &key);
    }
}

proptest! {
    #[test]
    fn a_damaged_entry_is_an_error_or_other_values(
        values in proptest::collection::vec(proptest::option::of(any_value()), 2),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let space = open(&engine(), &INDEXES);
        let index = Arc::clone(&space.indexes.all()[1]);
        let directions = index.definition.fields.iter().map(Field::direction);
        let (mut bytes, mut hints) = (Vec::new(), Vec::new());
        for (value, direction) in values.iter().zip(directions.clone()) {
            ordered::encode(value.as_ref(), direction, &mut bytes, &mut hints);
        }
        let at = at.index(bytes.len() + hints.len());
        match at.checked_sub(bytes.len()) {
            Some(at) => hints[at] = byte,
            None => bytes[at] = byte,
        }
        let wanted = ["a".to_owned(), "b".to_owned()];
        let read = Fields::of(Arc::clone(&index), &wanted).read::<BTreeMap<String, Value>>(Kept { values: &bytes, hints: &hints });
        let (mut left, mut told) = (&*bytes, &*hints);
        let mut decode = |direction| ordered::decode(&mut left, direction, &mut told);
        let decoded: Option<Vec<Option<Value>>> = directions.map(&mut decode).collect();
        let expected = decoded.map(|decoded| {
            let named = wanted.iter().cloned().zip(decoded);
            named.filter_map(|(name, value)| Some((name, value?))).collect::<BTreeMap<_, _>>()
        });
        match (read, expected) {
            (Ok(Ok(read)), Some(expected)) => prop_assert_eq!(format!("{read:?}"), format!("{expected:?}")),
            (Err(StoreError::DamagedIndex { .. }), None) => {}
            (read, expected) => prop_assert!(false, "{read:?} where {expected:?} is there"),
        }
    }
}
