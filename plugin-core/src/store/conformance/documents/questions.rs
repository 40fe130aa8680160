//! What is promised of questions however they are answered: going through all, some fields alone, what `explain` tells.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{Store, ask, block_on, fill, of_declared, set};
use crate::{
    query,
    store::{
        Access, Cursor, Explain, Filter, Selected,
        index::{IndexField, IndexMeta},
        query::Find,
    },
};

static INDEXES: [IndexMeta; 3] = [
    IndexMeta::of("c:", &[IndexField::ascending("a")]),
    IndexMeta::of("c:", &[IndexField::ascending("a"), IndexField::descending("b")]),
    IndexMeta::of("c:", &[IndexField::ascending("b"), IndexField::ascending("o.x")]),
];

pub fn going_through_all_gives_each_once_in_order_while_others_write(store: impl Store) {
    let db = of_declared(&store, &[]);
    let key = |n: usize| format!("c:{n:03}");
    fill(&db, (0..300).map(|n| (key(n), json!(n))));
    let (mut rows, mut seen) = (db.find::<Json>(query! {}).under("c:").limit(7).iter(), Vec::new());
    while let Some(row) = block_on(rows.next()).expect("it can be read") {
        let n = seen.len();
        seen.push(row.key);
        // Beyond the page that is being given: one goes, one comes, one becomes another. Behind it: one comes.
        if n % 10 == 0 && n < 200 {
            assert!(block_on(db.delete(&key(n + 50))).expect("it can be deleted"));
            set(&db, &format!("{}-new", key(n + 55)), json!("new"));
            set(&db, &key(n + 57), json!("another"));
            set(&db, &format!("c:000-{n}"), json!("behind"));
        }
    }
    assert!(seen.is_sorted_by(|one, next| one < next), "each once, in order");
    let seen: BTreeSet<_> = seen.into_iter().collect();
    let is_gone = |n: usize| block_on(db.get::<Json>(&key(n))).expect("it can be read").is_none();
    let there: BTreeSet<_> = (0..300).filter(|n| !is_gone(*n)).map(key).collect();
    assert!(there.len() < 300 && there.is_subset(&seen), "whatever was there all the time");
    let others: Vec<_> = seen.difference(&there).collect();
    assert!(others.iter().all(|key| key.ends_with("-new")), "what came in time, and nothing that was gone: {others:?}");
    assert!(others.len() >= 10, "{others:?}");
}

pub fn going_through_all_by_an_index_gives_each_once_in_its_order(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    // Many with equal values, more than a page of them, some among which are gone when their turn would come.
    fill(&db, (0..200).map(|n| (format!("c:{n:03}"), json!({ "a": n % 3, "b": n / 60 }))));
    let mut rows = db.find::<Json>(query! { a: 1 }).under("c:").sort("-b").limit(5).iter();
    let (mut seen, mut gone) = (Vec::new(), Vec::new());
    while let Some(row) = block_on(rows.next()).expect("it can be read") {
        if seen.len() == 20 {
            for n in [1, 58, 100] {
                let key = format!("c:{n:03}");
                assert!(block_on(db.delete(&key)).expect("it can be deleted"));
                gone.push(key);
            }
        }
        seen.push((row.value["b"].as_i64(), row.key));
    }
    let in_order = |one: &(Option<i64>, String), next: &(Option<i64>, String)| {
        one.0 > next.0 || (one.0 == next.0 && one.1 < next.1)
    };
    assert!(seen.is_sorted_by(in_order), "{seen:?}");
    let missing = |n: &i64| n % 3 == 1 && !seen.iter().any(|(_, key)| *key == format!("c:{n:03}"));
    let missing: Vec<String> = (0..200).filter(missing).map(|n| format!("c:{n:03}")).collect();
    assert!(missing.iter().all(|key| gone.contains(key)), "{missing:?}");
    assert!(missing.contains(&gone[0]), "what lay far behind was gone before its turn");
}

pub fn a_page_goes_on_at_a_unique_value_that_another_document_took(store: impl Store) {
    static UNIQUE: [IndexMeta; 2] = [
        IndexMeta::of("c:", &[IndexField::ascending("a")]).unique(),
        IndexMeta::of("d:", &[IndexField::descending("a")]).unique(),
    ];
    let db = of_declared(&store, &UNIQUE);
    // The second of two to a page goes, and one of another key takes what it had: null any number may have.
    for (sort, had, after) in [("a", json!(2), "3"), ("-a", json!(5), "4"), ("a", Json::Null, "3")] {
        for (taker, is_next) in [("9", true), ("0", false)] {
            // No index is of the last.
            for under in ["c:", "d:", "e:"] {
                let key = |name: &str| format!("{under}{name}");
                for n in 1..=6 {
                    let value = if had.is_null() && n < 3 { Json::Null } else { json!(n) };
                    set(&db, &key(&n.to_string()), json!({ "a": value }));
                }
                let find = || db.find::<Json>(query! {}).under(under).sort(sort).limit(2);
                let first = ask(find());
                let last = first.items.last().expect("there are two");
                assert_eq!(last.value["a"], had);
                assert!(block_on(db.delete(&last.key)).expect("it can be deleted"));
                set(&db, &key(taker), json!({ "a": had }));
                let next = ask(find().after(first.next)).items.remove(0).key;
                assert_eq!(next, key(if is_next { taker } else { after }), "{sort}, {had}");
                assert!(block_on(db.delete(&key(taker))).expect("it can be deleted"));
            }
        }
    }
}

/// The fields on all pages.
fn selected(find: impl Fn() -> Find<Json>, fields: &[&str]) -> Vec<Selected<Json>> {
    let (mut found, mut cursor) = (Vec::new(), None::<Cursor>);
    loop {
        let page = ask(find().limit(7).select::<Json>(fields.iter().copied()).after(cursor));
        assert!(page.len() <= 7);
        found.extend(page.items);
        cursor = page.next.map(|cursor| cursor.to_string().parse().expect("a cursor comes back"));
        if cursor.is_none() {
            return found;
        }
    }
}

pub fn what_is_selected_is_the_same_whether_an_index_has_it_or_not(store: impl Store) {
    // Numbers that are written in two ways, and fields that are missing or null.
    let document = |n: usize| {
        let mut document = json!({ "a": n % 5, "text": "long" });
        match n % 4 {
            0 => document["b"] = json!(n),
            1 => document["b"] = json!(n as f64),
            2 => document["b"] = Json::Null,
            _ => {}
        }
        document
    };
    let db = of_declared(&store, &INDEXES);
    // The same twice, and no index is of the second.
    let both = (0..100).flat_map(|n| ["c", "d"].map(|prefix| (format!("{prefix}:{n:03}"), document(n))));
    fill(&db, both);
    let find = |under| db.find::<Json>(query! { a: { in: [1, 3] } }).under(under).sort("a").sort("-b");
    let selected = |under, fields| -> Vec<(String, Json)> {
        let found = selected(|| find(under), fields).into_iter();
        found.map(|Selected { key, value }| (key["c:".len()..].to_owned(), value)).collect()
    };
    for (fields, covered) in [(&["a", "b"][..], true), (&["b"], true), (&["a", "text"], false), (&["b", "none"], false)]
    {
        let told =
            |under| block_on(find(under).select::<Json>(fields.iter().copied()).explain()).expect("it can be asked");
        let (with, without) = (told("c:"), told("d:"));
        assert_eq!(with.plan == Access::CoveringIndexInOrder, covered, "{fields:?}: {with}");
        assert_eq!((with.documents_read == 0, without.documents_read), (covered, 100), "{fields:?}");
        let expected = selected("d:", fields);
        assert_eq!(expected.len(), 40);
        assert_eq!(selected("c:", fields), expected, "{fields:?}");
        for (key, value) in &expected {
            let whole = document(key.parse().expect("a number"));
            for field in fields {
                assert_eq!(value.get(field), whole.get(field), "{key}");
            }
        }
    }
}

pub fn explain_names_the_index_and_what_was_read(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    fill(&db, (0..50).map(|n| (format!("c:{n:02}"), json!({ "a": n % 5, "b": n, "o": { "x": n % 2 } }))));
    let find = |filter: Filter| db.find::<Json>(filter).under("c:");
    let explain = |find: Find<Json>| block_on(find.explain()).expect("it can be asked");
    let is = |told: Explain, plan: Access, index: Option<&str>, (found, entries, documents): (u64, usize, usize)| {
        assert_eq!((told.plan, told.index.as_deref()), (plan, index), "{told}");
        assert_eq!((told.found, told.entries_read, told.documents_read), (found, entries, documents), "{told}");
        assert_eq!(told.bytes_read > 0, entries + documents > 0, "{told}");
    };
    const A: Option<&str> = Some("\"c:\", a");
    const AB: Option<&str> = Some("\"c:\", a, -b");
    is(explain(find(query! { a: 3 })), Access::IndexInOrder, A, (10, 10, 10));
    is(explain(find(query! { a: 3 }).sort("-b")), Access::IndexInOrder, AB, (10, 10, 10));
    is(explain(find(query! { a: { gte: 3 } })), Access::IndexSorted, A, (20, 20, 20));
    is(explain(find(query! { a: 3, b: { gt: 20, lte: 40 } }).sort("b")), Access::IndexInOrder, AB, (4, 4, 4));
    is(explain(find(query! { a: 3, b: 1000 })), Access::IndexInOrder, AB, (0, 0, 0));
    let counted = |filter: Filter| block_on(db.count(filter).under("c:").explain()).expect("it can be asked");
    is(counted(query! { a: { in: [1, 3] } }), Access::IndexKeys, A, (20, 20, 0));
    is(counted(query! { o.x: 1 }), Access::Keys, None, (25, 0, 50));
    let brief = block_on(find(query! { a: 3 }).sort("-b").select::<Json>(["a", "b"]).explain());
    is(brief.expect("it can be asked"), Access::CoveringIndexInOrder, AB, (10, 10, 0));

    // What was asked besides no index could spare; one of the other direction would be walked as this one is.
    for sort in ["b", "-b"] {
        let told = explain(find(query! { a: 3, n: { ne: 7 } }).sort(sort));
        assert_eq!(
            (told.plan, told.index.as_deref(), &*told.index_wanted),
            (Access::IndexInOrder, AB, &[][..]),
            "{sort}"
        );
    }

    let told = explain(find(query! { n: 3 }));
    assert_eq!((&told.index_wanted, &told.unknown_fields), (&vec!["n".into()], &vec!["n".into()]));
    is(told, Access::Keys, None, (0, 0, 50));
    is(explain(find(query! { n: 3 }).sort("o.x")), Access::Everything, None, (0, 0, 50));
    let everywhere = explain(db.find::<Json>(query! { a: 3 }));
    is(everywhere, Access::Keys, None, (10, 0, 50));

    // One more than the page tells of the next; an engine that answers in pieces is asked for more than that.
    let told = explain(find(query! { a: 3 }).sort("-b").limit(5));
    assert_eq!((told.plan, told.index.as_deref(), told.found), (Access::IndexInOrder, AB, 5));
    assert!((6..=10).contains(&told.documents_read) && told.entries_read == told.documents_read, "{told}");
}
