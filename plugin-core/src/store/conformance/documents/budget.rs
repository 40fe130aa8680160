//! What is promised of how much a question looks at: a budget for what it does not give, and pages that end where memory would.

use std::future::IntoFuture;

use serde_json::{Value as Json, json};

use super::{Store, ask, block_on, fill, of_declared, set};
use crate::{
    query,
    store::{
        Access, Cursor, Db, Explain, Filter, StoreError,
        engine::MAX_SCAN,
        index::{IndexField, IndexMeta},
        query::Find,
    },
};

/// All in the order of keys, in another one, and one of more documents.
static INDEXES: [IndexMeta; 3] = [
    IndexMeta::of("c:", &[IndexField::ascending("a")]),
    IndexMeta::of("d:", &[IndexField::ascending("a"), IndexField::ascending("b")]),
    IndexMeta::of("", &[IndexField::ascending("n")]),
];

/// As many as a question looks at.
const BUDGET: usize = 10_000;
/// The size of a large document, about.
const LARGE: usize = (1 << 20) - 100;

#[track_caller]
fn exceeded<T: std::fmt::Debug>(result: Result<T, StoreError>, wanted: &str) {
    let error = result.expect_err("it is over the budget");
    assert!(matches!(error, StoreError::BudgetExceeded { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains(wanted), "{said}");
}

fn answer<T>(question: impl IntoFuture<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    block_on(question.into_future())
}

fn explain(find: Find<Json>) -> Explain {
    block_on(find.explain()).expect("it can be asked")
}

/// How many documents are on each page, and whether each comes once.
fn pages(find: impl Fn() -> Find<Json>) -> Vec<usize> {
    let (mut pages, mut keys, mut cursor) = (Vec::new(), Vec::new(), None::<Cursor>);
    loop {
        let page = ask(find().after(cursor));
        pages.push(page.len());
        keys.extend(page.items.into_iter().map(|entry| entry.key));
        cursor = page.next;
        if cursor.is_none() {
            let all = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), all, "each comes once");
            return pages;
        }
    }
}

pub fn a_query_looks_at_10000_documents_and_no_more(store: impl Store) {
    let db = of_declared(&store, &[]);
    fill(&db, (0..10_000).map(|n| (format!("{n:06}"), json!({ "n": n }))));
    let first = |find: Find<Json>| ask(find.limit(1)).items.remove(0).key;
    assert_eq!(ask(db.count(query! {})), 10_000);
    assert_eq!(ask(db.count(query! { n: { lt: 7 } })), 7);
    assert_eq!(first(db.find(query! {}).sort("-n")), "009999");

    set(&db, "one more", json!({}));
    exceeded(answer(db.count(query! { n: { lt: 7 } })), "it needs an index on (n), or a key prefix to look under");
    assert_eq!(ask(db.count(query! {})), 10_001, "keys alone are read");
    let find = || db.find::<Json>(query! { n: { gt: 1 }, user: "ada" });
    exceeded(answer(find().sort("-at")), "it needs an index on (user, -at)");
    exceeded(answer(db.find::<Json>(query! { n: { ne: 1 }, or [{ user: "ada" }] })), "no index would serve it");
    exceeded(answer(find()), "looked at 10000 documents");
    assert_eq!(first(db.find(query! { n: { gt: 9_990 } })), "009991");
    assert_eq!(first(db.find(query! {}).sort("-n").under("00000")), "000009");
}

pub fn a_query_looks_at_16_mib_and_no_more(store: impl Store) {
    let db = of_declared(&store, &[]);
    (0..18).for_each(|n| set(&db, &format!("{n:02}"), json!("x".repeat(LARGE))));
    exceeded(answer(db.find::<Json>(query! { n: 1 })), "an index on (n)");
    assert_eq!(ask(db.count(query! { n: 1 }).under("0")), 0);
    assert_eq!(ask(db.count(query! {})), 18, "keys alone are small");
}

pub fn what_a_page_has_is_not_held_against_the_budget(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    // So many match that the page is full before as many as the budget has do not.
    let others = 900..BUDGET + 890;
    fill(&db, (0..BUDGET + 990).map(|n| (format!("e:{n:05}"), json!({ "is": !others.contains(&n) }))));
    let find = |limit| db.find::<Json>(query! { is: true }).under("e:").limit(limit);
    assert_eq!(ask(find(1_000)).len(), 1_000);
    assert_eq!(explain(find(1_000)).documents_read, BUDGET + 990);
}

pub fn a_page_ends_early_where_its_documents_have_16_mib(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    for n in 0..18 {
        let document = json!({ "a": 1, "b": n % 2, "x": "x".repeat(LARGE) });
        // No index is of the last.
        ["c:", "d:", "e:"].iter().for_each(|under| set(&db, &format!("{under}{n:02}"), document.clone()));
    }
    let all = |under: &'static str| db.find::<Json>(query! {}).under(under).limit(1_000);
    let ones = |under: &'static str| db.find::<Json>(query! { a: 1 }).under(under).limit(1_000);
    let by_key: [&dyn Fn() -> Find<Json>; 3] = [&|| all("e:"), &|| ones("e:"), &|| ones("c:")];
    let by_index: [&dyn Fn() -> Find<Json>; 6] = [
        &|| all("c:").sort("a"),
        &|| all("c:").sort("-a"),
        &|| all("d:").sort("a"),
        &|| all("d:").sort("-a"),
        &|| ones("d:").sort("b"),
        &|| ones("d:").sort("-b"),
    ];
    for find in by_key.into_iter().chain(by_index) {
        assert_eq!(pages(find), [17, 1], "{}", explain(find()));
        let mut rows = find().iter();
        let mut count = 0;
        while block_on(rows.next()).expect("it can be read").is_some() {
            count += 1;
        }
        assert_eq!(count, 18);
    }
    // Of what an index has alone, a page has as many as are asked for.
    let told = block_on(all("c:").sort("a").select::<Json>(["a"]).explain()).expect("it can be asked");
    assert_eq!((told.plan, told.found), (Access::CoveringIndexInOrder, 18));
}

pub fn explain_tells_of_a_query_that_the_budget_ended(store: impl Store) {
    let db = of_declared(&store, &[]);
    fill(&db, (0..=BUDGET).map(|n| (format!("{n:06}"), json!({ "n": n }))));
    let is = |told: Result<Explain, StoreError>, plan: Access, wanted: &[&str]| {
        let wanted: Vec<String> = wanted.iter().copied().map(str::to_owned).collect();
        let told = told.expect("what the budget ended can be told of");
        assert!(told.budget_exceeded, "{told}");
        assert_eq!((told.plan, told.index.as_deref(), told.found), (plan, None, 0), "{told}");
        assert_eq!((told.entries_read, told.documents_read), (0, BUDGET), "{told}");
        assert_eq!((&*told.unknown_fields, told.index_wanted), (&["user".to_owned()][..], wanted));
    };
    let find = || db.find::<Json>(query! { user: "ada" });
    is(block_on(find().explain()), Access::Keys, &["user"]);
    is(block_on(find().sort("-n").explain()), Access::Everything, &["user", "-n"]);
    is(block_on(find().select::<Json>(["n"]).explain()), Access::Keys, &["user"]);
    is(block_on(find().listed().explain()), Access::Keys, &["user"]);
    is(block_on(db.count(query! { user: "ada" }).explain()), Access::Keys, &["user"]);
    assert!(!explain(db.find::<Json>(query! {})).budget_exceeded);
    let said = explain(find()).to_string();
    assert!(said.contains("the budget of one call ended it; an index on (user) would serve it"), "{said}");
}

pub fn explain_tells_of_an_index_that_was_given_up(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    fill(&db, (0..10_100).map(|n| (format!("c:{n:05}"), json!({ "a": n }))));
    let told = explain(db.find::<Json>(query! { a: { gte: 0 } }).under("c:").limit(10));
    assert_eq!((told.plan, told.found), (Access::Keys, 10), "in the order of the keys it comes to an end: {told}");
    assert_eq!(told.entries_read, BUDGET, "{told}");
    assert!((10_011..10_200).contains(&told.documents_read), "{told}");
    assert!(told.index_wanted.is_empty(), "it is there: {told}");
}

pub fn the_index_that_an_error_names_serves_the_query(store: impl Store) {
    let plain = of_declared(&store, &[]);
    fill(&plain, (0..10_100).map(|n| (format!("{n:05}"), json!({ "user": n % 200, "at": n, "n": n }))));
    let asked = |db: &Db| db.find::<Json>(query! { user: 7, n: { gt: 100 } }).sort("-at").limit(3);
    let error = answer(asked(&plain)).expect_err("it is beyond the budget");
    let StoreError::BudgetExceeded { wanted, .. } = error else { panic!("{error}") };
    assert_eq!(wanted, ["user", "-at"]);
    let field = |named: String| match named.strip_prefix('-') {
        Some(path) => IndexField::descending(path.to_owned().leak()),
        None => IndexField::ascending(named.leak()),
    };
    let fields: Vec<IndexField> = wanted.into_iter().map(field).collect();
    let named: &'static [IndexMeta] = Box::leak(Box::new([IndexMeta::of("", fields.leak())]));
    let db = of_declared(&store, named);
    block_on(db.0.space.build_indexes(|| true)).expect("it is built");
    assert_eq!(ask(asked(&db)).items[0].key, "10007");
    let told = explain(asked(&db));
    assert_eq!((told.plan, &*told.index_wanted), (Access::IndexInOrder, &[][..]), "none would serve it better");
}

pub fn an_error_names_no_index_that_is_used(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    let documents = |under: &'static str| {
        (0..BUDGET + 200).map(move |n| (format!("{under}{n:05}"), json!({ "a": 1, "b": 1, "n": 1, "o": n })))
    };
    fill(&db, documents("c:").chain(documents("d:")));
    let nobody = || query! { a: 1, o: { ne: 1 }, or [{ o: 1 }, { x: 1 }] };
    let find = |filter: Filter, under: &str| db.find::<Json>(filter).under(under);
    for sort in [None, Some("a"), Some("-a")] {
        let asked = || sort.into_iter().fold(find(nobody(), "c:"), Find::sort);
        exceeded(answer(asked()), "no index would serve it better");
        let told = explain(asked());
        assert!(told.budget_exceeded && told.index_wanted.is_empty(), "{told}");
    }
    exceeded(answer(db.count(nobody()).under("c:")), "no index would serve it better");
    exceeded(answer(db.count(nobody()).under("d:")), "no index would serve it better");
    exceeded(answer(find(query! { a: { gte: 1 }, o: { ne: 1 }, x: { ne: 1 } }, "c:").sort("b")), "an index on (b)");
    exceeded(answer(find(query! { a: { gte: 1 }, or [{ x: 1 }] }, "c:")), "no index would serve it better");
    exceeded(answer(db.count(query! { a: 1, o: 1, or [{ x: 1 }] }).under("c:")), "it needs an index on (a, o)");
    // Those with the same values lie in the order of another field.
    exceeded(answer(find(query! {}, "d:").sort("a")), "it needs an index on (a)");
}

pub fn an_index_of_more_than_is_looked_under_takes_nothing_of_the_budget_away(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    fill(&db, (0..=BUDGET).map(|n| (format!("a:{n:05}"), json!({ "n": 1 }))));
    fill(&db, (0..3).map(|n| (format!("e:{n}"), json!({ "n": 1, "o": n }))));
    let find = |filter: Filter| db.find::<Json>(filter).under("e:");
    assert_eq!(ask(find(query! { n: 1 })).len(), 3);
    assert_eq!(ask(find(query! { n: 1 }).sort("n")).len(), 3);
    assert_eq!(ask(find(query! { n: { gte: 1 } }).sort("-o")).items[0].key, "e:2");
    assert_eq!(ask(db.count(query! { n: 1, o: { ne: 1 } }).under("e:")), 2);
}

pub fn many_with_the_same_value_are_walked_once_in_either_direction(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    let many = BUDGET + 500;
    fill(&db, (0..many).map(|n| (format!("c:{n:05}"), json!({ "a": 1 }))));
    fill(&db, [("c:0".to_owned(), json!({ "a": 2 })), ("c:1".to_owned(), json!({ "a": 0 }))]);
    for (sort, keys) in [("a", ["c:1", "c:00000"]), ("-a", ["c:0", "c:00000"])] {
        let find = || db.find::<Json>(query! {}).under("c:").sort(sort).limit(MAX_SCAN);
        let (mut cursor, mut seen, mut read) = (None::<Cursor>, Vec::new(), 0);
        loop {
            read += explain(find().after(cursor.clone())).documents_read;
            let page = ask(find().after(cursor));
            seen.extend(page.items.into_iter().map(|entry| entry.key));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((&seen[..2], seen.len()), (&keys.map(String::from)[..], many + 2), "{sort}");
        assert!(seen[1..=many].is_sorted(), "{sort}");
        // Each page reads one more, and looks at some to know that there are many: an engine that answers in pieces reads some besides.
        assert!(read < many + many / 10, "{sort}: {read}");
    }
}

pub fn a_page_that_is_full_is_one_although_nobody_knows_whether_there_is_more(store: impl Store) {
    let db = of_declared(&store, &INDEXES);
    fill(&db, (0..BUDGET + 2).map(|n| (format!("c:{n:06}"), json!({ "a": n, "is": n == 0 }))));
    for sort in [None, Some("a")] {
        let find = || {
            let find = db.find::<Json>(query! { is: true }).under("c:").limit(1);
            sort.into_iter().fold(find, |find, field| find.sort(field))
        };
        let page = ask(find());
        assert_eq!((page.len(), page.next.is_some()), (1, true), "{sort:?}");
        exceeded(answer(find().after(page.next)), "10000 documents");
    }
}

pub fn an_index_that_is_there_is_not_what_an_error_asks_for(store: impl Store) {
    static BOTH: [IndexMeta; 2] = [
        IndexMeta::of("c:", &[IndexField::ascending("a")]),
        IndexMeta::of("c:", &[IndexField::ascending("a"), IndexField::ascending("n")]),
    ];
    let db = of_declared(&store, &BOTH);
    fill(&db, (0..=BUDGET).map(|n| (format!("c:{n:06}"), json!({ "a": n % 2, "n": n }))));
    let find = || db.find::<Json>(query! { a: { in: [0, 1] } }).under("c:").sort("n");
    exceeded(answer(find()), "no index would serve it better");
    assert!(explain(find()).index_wanted.is_empty());
}
