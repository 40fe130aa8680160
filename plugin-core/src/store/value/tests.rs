use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use super::*;

/// Any value, not deeper than a few levels.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let instant = (-100_000_000_000_000_000_000_i128..100_000_000_000_000_000_000)
        .prop_map(|nanos| Value::Time(Timestamp::from_nanosecond(nanos).expect("near the epoch")));
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        proptest::collection::vec(any::<u8>(), 0..6).prop_map(Value::Bytes),
        instant,
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map("[a-c]{0,2}", inner, 0..4).prop_map(Value::Object),
        ]
    })
}

/// Equal, and written the same: 1 and 1.0 are not.
#[track_caller]
pub(crate) fn assert_same(one: &Value, other: &Value) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

#[track_caller]
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, shown: serde_json::Value) {
    let tree = Value::of(&value).expect("it can be written");
    assert_eq!(serde_json::Value::from(tree.clone()), shown);
    assert_eq!(serde_json::to_value(&value).expect("serde_json can write it too"), shown, "as serde_json has it");
    assert_eq!(tree.into_typed::<T>().expect("it can be read"), value);
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Outside {
    Unit,
    One(u8),
    Two(u8, String),
    Named { a: Option<u8> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Inside {
    Unit,
    Named { at: Timestamp },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Beside {
    Unit,
    One(Inside),
    Two(i8, i8),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i32),
    At(Timestamp),
    Text(String),
    Named { a: u8 },
}

#[test]
fn enums_come_back_in_every_representation() {
    comes_back(
        vec![Outside::Unit, Outside::One(1), Outside::Two(2, "x".into()), Outside::Named { a: None }],
        json!(["unit", { "one": 1 }, { "two": [2, "x"] }, { "named": { "a": null } }]),
    );
    let at = Timestamp::UNIX_EPOCH;
    comes_back(
        vec![Inside::Unit, Inside::Named { at }],
        json!([{ "type": "Unit" }, { "type": "Named", "at": "1970-01-01T00:00:00.000Z" }]),
    );
    comes_back(
        vec![Beside::Unit, Beside::One(Inside::Unit), Beside::Two(1, -1)],
        json!([{ "t": "Unit" }, { "t": "One", "c": { "type": "Unit" } }, { "t": "Two", "c": [1, -1] }]),
    );
    comes_back(
        vec![Untagged::Number(-7), Untagged::At(at), Untagged::Text("x".into()), Untagged::Named { a: 1 }],
        json!([-7, "1970-01-01T00:00:00.000Z", "x", { "a": 1 }]),
    );
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    at: Timestamp,
    small: f32,
}

#[test]
fn flattened_fields_and_free_json_come_back() {
    let rest = BTreeMap::from([("more".to_owned(), json!({ "a": [1, -2, 0.5, null, true, "x"] }))]);
    let flat = Flat { id: 1, inner: Inner { at: Timestamp::UNIX_EPOCH, small: 0.5 }, rest };
    assert!(matches!(Value::of(&flat).expect("it can be written").at("at"), Some(Value::Time(_))));
    comes_back(
        flat,
        json!({ "id": 1, "at": "1970-01-01T00:00:00.000Z", "small": 0.5, "more": { "a": [1, -2, 0.5, null, true, "x"] } }),
    );
}

#[test]
fn options_tuples_units_and_chars_come_back() {
    comes_back(
        (Some(1_u8), None::<u8>, 'ß', (), [1.5_f32, -0.5], i64::MIN, u64::MAX),
        json!([1, null, "ß", null, [1.5, -0.5], i64::MIN, u64::MAX]),
    );
}

#[test]
fn keys_of_maps_become_names_and_come_back() {
    comes_back(HashMap::from([(-7_i32, "x".to_owned())]), json!({ "-7": "x" }));
    comes_back(HashMap::from([(true, 1)]), json!({ "true": 1 }));
    comes_back(BTreeMap::from([('c', 1)]), json!({ "c": 1 }));
    comes_back(BTreeMap::from([(Outside::Unit, 1)]), json!({ "unit": 1 }));
    comes_back(BTreeMap::from([(crate::AppId::default(), 1)]), json!({ "default": 1 }));
}

#[test]
fn keys_of_maps_that_are_no_names_are_refused() {
    assert_eq!(Value::of(&BTreeMap::from([((1, 2), 1)])), Err(ValueError::KeyNotText("a tuple")));
    assert_eq!(Value::of(&BTreeMap::from([(None::<u8>, 1)])), Err(ValueError::KeyNotText("nothing")));
    assert_eq!(
        Value::of(&BTreeMap::from([(Outside::One(1), 1)])),
        Err(ValueError::KeyNotText("a variant that holds something"))
    );
}

#[test]
fn integers_of_128_bits_are_kept_where_they_fit_64() {
    comes_back((u128::from(u64::MAX), i128::from(i64::MIN)), json!([u64::MAX, i64::MIN]));
    assert_eq!(Value::of(&(u128::from(u64::MAX) + 1)), Err(ValueError::IntegerTooLarge("18446744073709551616".into())));
    assert!(matches!(Value::of(&i128::MIN), Err(ValueError::IntegerTooLarge(_))));
}

#[test]
fn bytes_stay_bytes_where_they_are_declared() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Body(#[serde(with = "bytes")] Vec<u8>);
    assert_same(&Value::of(&Body(vec![0, 255])).expect("it can be written"), &Value::Bytes(vec![0, 255]));
    comes_back(Body(vec![0, 255]), json!([0, 255]));
    assert_eq!(Value::from(json!([1, 2])).into_typed::<Body>(), Ok(Body(vec![1, 2])));
}

#[test]
fn a_value_reads_and_writes_as_itself_times_and_bytes_too() {
    let value = Value::Array(vec![Value::Time(Timestamp::UNIX_EPOCH), Value::Bytes(vec![1]), Value::Null]);
    assert_same(&Value::of(&value).expect("it can be written"), &value);
    assert_same(&value.clone().into_typed().expect("it can be read"), &value);
    assert_same(
        &serde_json::from_value(json!({ "a": [1, -1, 0.5] })).expect("from JSON"),
        &json!({ "a": [1, -1, 0.5] }).into(),
    );
}

#[test]
fn what_does_not_fit_says_why() {
    let says = |value: serde_json::Value, wanted: &str| {
        let said = Value::from(value).into_typed::<Inner>().expect_err("it does not fit").to_string();
        assert!(said.contains(wanted), "{said}");
    };
    says(json!({ "small": 1 }), "missing field `at`");
    says(json!({ "small": 1, "at": "noon" }), "`noon` is not an instant of RFC 3339");
    says(json!([1, 2, 3]), "invalid type");
    assert!(Value::from(json!([1, 2, 3])).into_typed::<(u8, u8)>().is_err(), "not all of it was read");
}

/// An array in an array, `depth` times.
fn nested(depth: usize) -> serde_json::Value {
    (0..depth).fold(json!(null), |inner, _| json!([inner]))
}

#[test]
fn what_lies_too_deep_is_refused() {
    assert!(Value::of(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(Value::of(&nested(MAX_DEPTH + 1)), Err(ValueError::TooDeep));

    #[derive(Serialize)]
    enum Endless {
        Again(Box<Endless>),
        Done,
    }
    let endless = (0..MAX_DEPTH + 1).fold(Endless::Done, |inner, _| Endless::Again(Box::new(inner)));
    assert_eq!(Value::of(&endless), Err(ValueError::TooDeep));
}

#[test]
fn types_are_ordered_among_one_another() {
    let ascending = [
        Value::Null,
        Value::from(false),
        Value::from(true),
        Value::from(-1_i64),
        Value::from(1e300),
        Value::from(""),
        Value::from("zz"),
        Value::Bytes(vec![]),
        Value::Bytes(vec![255]),
        Value::Time(Timestamp::UNIX_EPOCH),
        Value::from(json!([])),
        Value::from(json!([1])),
        Value::from(json!([1, 0])),
        Value::from(json!([2])),
        Value::from(json!({})),
        Value::from(json!({ "a": 2 })),
        Value::from(json!({ "b": 1 })),
    ];
    for pair in ascending.windows(2) {
        assert!(pair[0] < pair[1], "{pair:?}");
    }
}

#[test]
fn a_path_goes_through_objects_and_arrays() {
    let value = Value::from(json!({ "a": { "b": [10, { "c": 20 }] }, "7": 1 }));
    assert_eq!(value.at("a.b.0"), Some(&Value::from(10_u64)));
    assert_eq!(value.at("a.b.1.c"), Some(&Value::from(20_u64)));
    assert_eq!(value.at("7"), Some(&Value::from(1_u64)));
    for missing in ["a.x", "a.b.2", "a.b.c", "a.b.0.c", "a.", ""] {
        assert_eq!(value.at(missing), None, "{missing}");
    }
}

proptest! {
    #[test]
    fn any_value_reads_and_writes_as_itself(value in any_value()) {
        assert_same(&Value::of(&value).expect("it can be written"), &value);
        assert_same(&value.clone().into_typed().expect("it can be read"), &value);
    }

    #[test]
    fn json_comes_back_as_it_was(value in any_value()) {
        let json = serde_json::Value::from(value);
        prop_assert_eq!(serde_json::Value::from(Value::from(json.clone())), json.clone());
        assert_same(&Value::of(&json).expect("it can be written"), &Value::from(json));
    }

    #[test]
    fn the_order_is_total(one in any_value(), two in any_value(), three in any_value()) {
        prop_assert_eq!(one.cmp(&two), two.cmp(&one).reverse());
        prop_assert_eq!(one == two, one.cmp(&two).is_eq());
        if one <= two && two <= three {
            prop_assert!(one <= three);
        }
    }
}
