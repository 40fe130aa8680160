use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    clock::Timestamp,
    query,
    store::{
        codec::payload,
        typed::{Stored, encode, tests::all},
        value::tests::any_value,
    },
};

fn document() -> Value {
    let fields = json!({
        "user": { "id": "ada", "type": 1 }, "count": 7, "ratio": 7.0, "nothing": null, "tags": ["a", "b"], "open": true,
    });
    let Value::Object(mut fields) = Value::from(fields) else { panic!("an object") };
    fields.insert("at".into(), Value::Time("2026-07-01T12:00:00Z".parse().expect("an instant")));
    Value::Object(fields)
}

#[track_caller]
fn matching(filters: &[Filter]) {
    for filter in filters {
        assert!(filter.matches(&document()), "{filter:?}");
        assert!(!(!filter.clone()).matches(&document()), "not {filter:?}");
    }
}

#[track_caller]
fn missing(filters: &[Filter]) {
    matching(&filters.iter().map(|filter| !filter.clone()).collect::<Vec<_>>());
}

#[test]
fn each_operator_does_what_its_name_says() {
    matching(&[
        query! {},
        query! { count: 7 },
        query! { count: { eq: 7 } },
        query! { count: { ne: 8 } },
        query! { count: { gt: 6, lt: 8 } },
        query! { count: { gte: 7, lte: 7 } },
        query! { user.id: { in: ["grace", "ada"] } },
        query! { user.id: { prefix: "a" } },
        query! { user: { exists: true } },
        query! { users: { exists: false } },
        query! { tags: ["a", "b"] },
        query! { "tags.1": "b" },
        query! { tags: { gt: ["a"] } },
        query! { user: json!({ "id": "ada", "type": 1 }) },
    ]);
    missing(&[
        query! { count: 8 },
        query! { count: { ne: 7 } },
        query! { count: { gt: 7 } },
        query! { count: { lt: 7 } },
        query! { count: { gte: 6, lte: 6 } },
        query! { user.id: { in: [] as [&str; 0] } },
        query! { user.id: { prefix: "ada " } },
        query! { user: { exists: false } },
        query! { tags: "a" },
        query! { count: 7, open: false },
    ]);
}

#[test]
fn conditions_combine() {
    matching(&[
        query! { or [{ count: 8 }, { open: true }], not { count: 8 } },
        query! { and [{ count: 7 }, { or [{ open: false }, { open: true }] }], open: true, },
        query! { count: 7 }.and(query! { open: true }),
        query! { count: 8 }.or(query! { open: true }),
    ]);
    missing(&[
        query! { or [] },
        query! { or [{ count: 8 }, { open: false }] },
        query! { not {} },
        query! { open: true, not { count: 7 } },
    ]);
}

#[test]
fn numbers_of_all_types_are_equal_by_value() {
    matching(&[
        query! { count: 7.0 },
        query! { ratio: 7_u8 },
        query! { ratio: { in: [7] } },
        query! { count: { gt: 6.5 } },
    ]);
}

#[test]
fn other_types_neither_equal_nor_precede_nor_follow() {
    for operand in [json!(null), json!("7"), json!(true), json!([7]), json!({})] {
        missing(&[
            field("count").eq(&operand),
            field("count").gt(&operand),
            field("count").gte(&operand),
            field("count").lt(&operand),
            field("count").lte(&operand),
            field("count").one_of([&operand]),
        ]);
        matching(&[field("count").ne(&operand)]);
    }
}

#[test]
fn missing_is_not_null() {
    let none: Option<u8> = None;
    matching(&[query! { nothing: none }, query! { nothing: { exists: true } }, query! { nowhere: { ne: none } }]);
    missing(&[query! { nowhere: none }, query! { nowhere: { lte: none } }, query! { nowhere: { in: [none] } }]);
}

#[test]
fn a_time_meets_a_string_that_names_one() {
    let noon: Timestamp = "2026-07-01T12:00:00Z".parse().expect("an instant");
    matching(&[
        query! { at: noon },
        query! { at: "2026-07-01T14:00:00+02:00" },
        query! { at: { gt: "2026-07-01T11:59:59.999Z", lte: noon } },
        query! { at: { in: ["2026-07-01T12:00:00Z"] } },
    ]);
    missing(&[query! { at: "noon" }, query! { at: { gt: "" } }, query! { user.id: noon }]);
}

#[test]
fn names_that_are_words_of_the_language_are_names() {
    matching(&[query! { user.type: 1 }, query! { user.r#type: 1 }, query! { "user.type": { eq: 1 } }]);
    let odd = Value::from(json!({ "user#id": 1, "r#type": 2 }));
    for filter in [query! { "user#id": 1 }, query! { "user#id": { gt: 0 }, "r#type": 2 }] {
        assert!(filter.matches(&odd), "a name in quotes is taken as it is: {filter:?}");
    }
    missing(&[query! { type: 1 }, query! { in: 1 }, query! { or: 1 }, query! { not: { eq: 1 } }]);
}

#[test]
fn operands_are_any_expression_and_are_not_consumed() {
    let name = String::from("ada");
    let ids = vec![name.clone()];
    matching(&[
        query! { user.id: name, count: { let half = 3; half * 2 + 1 } },
        query! { user.id: { in: ids }, open: !name.is_empty() },
        query! { user.id: { name.clone() } },
        query! { count: if ids.is_empty() { 0 } else { 7 } },
    ]);
    assert_eq!(ids, [name]);
}

#[test]
fn an_operand_that_is_no_value_makes_the_whole_invalid() {
    let filter = query! { count: 7, or [{ user.id: u128::MAX }] };
    assert!(!filter.matches(&document()));
    let said = filter.problem().expect("it is invalid").to_string();
    assert!(said.starts_with("`user.id`: the integer 3402"), "{said}");
    let said = query! { user.id: { in: "ada" } }.problem().expect("it is invalid").to_string();
    assert_eq!(said, "`user.id`: in takes an array, not a string");
    assert!((!query! { "a..b": 1 }).problem().is_some(), "not makes it no better");
}

#[test]
fn filters_are_put_together_one_by_one() {
    let numbers = |count: u32| (0..count).map(|n| field("count").ne(n + 8));
    matching(&[
        numbers(1_000).fold(Filter::all(), Filter::and),
        numbers(999).fold(Filter::any([]), |any, one| any.or(!one)).or(query! { open: true }),
    ]);
    assert!(numbers(100_000).fold(Filter::all(), Filter::and).problem().is_some());
}

#[test]
fn filters_that_lie_too_deep_in_one_another_are_invalid() {
    let turns = |count: usize| {
        (0..count).fold(query! { count: 7 }, |inner, _| query! { open: true }.and(query! { count: 8 }.or(inner)))
    };
    matching(&[turns(32)]);
    let nots = |count: usize| (0..count).fold(query! { count: 7 }, |inner, _| !inner);
    matching(&[nots(30)]);
    for deep in [turns(33), nots(33), turns(100_000), turns(33).or(query! {}), !nots(33)] {
        assert_eq!(deep.problem(), Some(&FilterError::TooDeep));
        assert!(!deep.matches(&document()));
    }
    let json = (0..30).fold(
        json!({ "count": { "$not": { "$ne": 7 } } }),
        |inner, _| json!({ "open": true, "$or": [{ "count": 8 }, inner] }),
    );
    matching(&[read(json)]);
}

fn read(json: serde_json::Value) -> Filter {
    Filter::from_json(&json).expect("it is a filter")
}

#[test]
fn filters_are_read_from_json() {
    matching(&[
        read(json!({})),
        read(json!({ "count": 7, "user.id": "ada" })),
        read(json!({ "count": { "$gte": 7, "$lt": 8, "$ne": 0, "$eq": 7.0 } })),
        read(json!({ "at": { "$gt": "2026-07-01T00:00:00Z", "$lte": "2026-07-01T12:00:00Z" } })),
        read(json!({ "$or": [{ "count": 0 }, { "$and": [{ "open": true }, { "$not": { "count": 0 } }] }] })),
        read(json!({ "user.id": { "$in": ["ada"], "$prefix": "a", "$exists": true }, "users": { "$exists": false } })),
        read(json!({ "count": { "$not": { "$gt": 7 } } })),
        read(json!({ "user": { "id": "ada", "type": 1 } })),
    ]);
}

#[test]
fn json_that_is_no_filter_says_what_and_where() {
    for (json, said) in [
        (json!({ "a.b": { "$after": 1 } }), "`a.b`: unknown operator `$after`; the operators are eq, ne, gt"),
        (json!({ "a": { "$gt": 1, "b": 2 } }), "`a`: unknown operator `b`"),
        (json!({ "$or": [{}, { "$nor": [] }] }), "`$or.1`: unknown operator `$nor`"),
        (json!({ "$or": {} }), "`$or`: $or takes an array of filters, not an object"),
        (json!({ "$and": [1] }), "`$and.0`: a filter takes an object, not a number"),
        (json!([]), "the filter: a filter takes an object, not an array"),
        (json!({ "a": { "$in": 1 } }), "`a`: in takes an array, not a number"),
        (json!({ "a": { "$prefix": null } }), "`a`: prefix takes a string, not null"),
        (json!({ "a": { "$exists": 1 } }), "`a`: $exists takes true or false, not a number"),
        (json!({ "a": { "$not": 1 } }), "`a`: $not takes an object of operators, not a number"),
        (json!({ "": 1 }), "an empty text is no path"),
        (
            (0..40).fold(json!({}), |inner, _| json!({ "$not": inner })),
            "conditions lie in one another more than 32 deep",
        ),
    ] {
        let error = Filter::from_json(&json).expect_err("it is no filter").to_string();
        assert!(error.starts_with(said), "{error}");
    }
}

#[test]
fn fields_are_named_once_those_that_equal_first() {
    let filter = query! { b: { gt: 1, lt: 2 }, or [{ a: 1 }, { not { c: { in: [1] } } }], d: { exists: true } };
    assert_eq!(filter.fields(), ["a", "c", "b"]);
    assert!(query! {}.is_all() && !filter.is_all());
}

/// Any filter on fields that any value may have.
fn filter() -> impl Strategy<Value = Filter> {
    filter_on(vec!["a", "b", "0", "a.b", "b.1", "0.a", "c.c.c"])
}

fn filter_of_all() -> impl Strategy<Value = Filter> {
    filter_on(vec![
        "isOpen",
        "letter",
        "list.0",
        "boxed.a",
        "byName.a",
        "byNumber",
        "kind",
        "kind.one",
        "kind.named.a",
        "maybe",
    ])
}

fn filter_on(paths: Vec<&'static str>) -> impl Strategy<Value = Filter> {
    let operand = prop_oneof![any_value(), Just(Value::from("plain")), Just(Value::Null)];
    let condition = (proptest::sample::select(paths), 0..10, operand).prop_map(|(path, operator, operand)| {
        let field = field(path);
        match operator {
            0 => field.eq(operand),
            1 => field.ne(operand),
            2 => field.gt(operand),
            3 => field.gte(operand),
            4 => field.lt(operand),
            5 => field.lte(operand),
            6 => field.one_of([operand, Value::from(1_u64)]),
            7 => field.exists(),
            8 => field.missing(),
            _ => field.prefix("a"),
        }
    });
    condition.prop_recursive(3, 8, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            several.clone().prop_map(Filter::every),
            several.prop_map(Filter::any),
            inner.prop_map(|inner| !inner),
        ]
    })
}

proptest! {
    /// Against the rule as the documentation has it, without the code's shape.
    #[test]
    fn comparisons_agree_with_the_order_within_a_type(stored in any_value(), operand in any_value()) {
        let alike = stored.kind() == operand.kind();
        let coerced = matches!(stored, Value::Time(_)) && operand.kind() == "a string";
        prop_assume!(!coerced);
        let document = Value::Object([("f".to_owned(), stored.clone())].into());
        let holds = |filter: Filter| filter.matches(&document);
        prop_assert_eq!(holds(field("f").eq(&operand)), alike && stored == operand);
        prop_assert_eq!(holds(field("f").ne(&operand)), stored != operand);
        prop_assert_eq!(holds(field("f").gt(&operand)), alike && stored > operand);
        prop_assert_eq!(holds(field("f").gte(&operand)), alike && stored >= operand);
        prop_assert_eq!(holds(field("f").lt(&operand)), alike && stored < operand);
        prop_assert_eq!(holds(field("f").lte(&operand)), alike && stored <= operand);
        prop_assert_eq!(holds(field("f").one_of([&operand])), alike && stored == operand);
    }

    #[test]
    fn what_is_stored_matches_as_the_value_does(value in any_value(), filter in filter()) {
        let mut bytes = Vec::new();
        payload::encode(&value, &mut bytes).expect("it can be written");
        prop_assert_eq!(filter.matches_stored(Undecoded::dynamic(&bytes)), Ok(filter.matches(&value)));
    }

    #[test]
    fn what_is_stored_by_its_type_matches_as_the_value_does(typed in all(), filter in filter_of_all()) {
        fn is_same<T: Stored + serde::Serialize>(typed: &T, filter: &Filter) {
            let (bytes, value) = (encode(typed).expect("it can be stored"), Value::of(typed).expect("a value"));
            assert_eq!(filter.matches_stored(Undecoded::typed(T::shape(), &bytes)), Ok(filter.matches(&value)));
            // One that asks for what is there.
            for path in ["unsigned.1", "boxed", "set", "byNumber", "kind", "three", "floats.0"] {
                let found = value.at(path).expect("it is there");
                for filter in [field(path).eq(found), field(path).lt(found), field(path).one_of([found]).and(filter.clone())] {
                    assert_eq!(filter.matches_stored(Undecoded::typed(T::shape(), &bytes)), Ok(filter.matches(&value)));
                }
            }
        }
        is_same(&typed, &filter);
    }

    #[test]
    fn json_that_nobody_meant_as_a_filter_is_no_panic(json in any_value()) {
        let json = serde_json::Value::from(json);
        let _: Result<Filter, FilterError> = Filter::from_json(&json!({ "a": { "$not": json }, "$or": [json] }));
    }
}

#[test]
fn a_filter_of_more_than_a_call_can_hold_against_documents_is_refused() {
    let any = |count: usize| Filter::any((0..count).map(|n| field("n").eq(n)));
    assert!(any(1_000).problem().is_none() && field("n").one_of((0..10_000).collect::<Vec<_>>()).problem().is_none());
    let many = Filter::from_json(&json!({ "n": { "$in": (0..10_001).collect::<Vec<_>>() } }));
    for refused in [any(1_001).problem().cloned(), (!any(501)).and(any(500)).problem().cloned(), many.err()] {
        let Some(FilterError::TooLarge { conditions, values }) = refused else { panic!("{refused:?}") };
        assert!(conditions == 1_001 || values == 10_001);
    }
}
