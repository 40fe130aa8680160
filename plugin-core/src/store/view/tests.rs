use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::store::{
    codec::payload,
    typed::{Stored, encode, tests::all},
    value::tests::{any_value, assert_same},
};

fn payload_of(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    payload::encode(value, &mut bytes).expect("it can be written");
    bytes
}

/// All paths there are in a value, and some that there are not.
fn paths(value: &Value) -> Vec<String> {
    fn below(value: &Value, before: &str, paths: &mut Vec<String>) {
        let mut go = |step: &str, value: &Value| {
            let path = if before.is_empty() { step.to_owned() } else { format!("{before}.{step}") };
            paths.extend(["", ".x", ".0", "0", "+"].map(|more| format!("{path}{more}")));
            below(value, &path, paths);
        };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| go(name, value)),
            Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| go(&at.to_string(), value)),
            _ => {}
        }
    }
    let mut paths: Vec<String> = ["", ".", "0", "01", "+1", "-0", "a", "zz"].map(String::from).into();
    below(value, "", &mut paths);
    paths
}

#[track_caller]
fn is_seen(undecoded: Undecoded<'_>, value: &Value) {
    for path in paths(value) {
        match (undecoded.at(&path).expect("nothing is damaged"), value.at(&path)) {
            (Some(view), Some(value)) => assert_same(&view.to_value().expect("nothing is damaged"), value),
            (view, value) => assert_eq!(view.is_some(), value.is_some(), "{path}: {view:?} {value:?}"),
        }
    }
}

proptest! {
    #[test]
    fn a_dynamic_payload_is_seen_as_the_value_it_is(value in any_value()) {
        let bytes = payload_of(&value);
        is_seen(Undecoded::dynamic(&bytes), &value);
        prop_assert_eq!(Undecoded::dynamic(&bytes).check(), Ok(()));
    }

    #[test]
    fn a_typed_payload_is_seen_as_the_value_it_is(typed in all()) {
        fn shape_of<T: Stored>(_: &T) -> &'static Shape {
            T::shape()
        }
        let bytes = encode(&typed).expect("it can be stored");
        is_seen(Undecoded::typed(shape_of(&typed), &bytes), &Value::of(&typed).expect("a value"));
    }

    #[test]
    fn a_view_compares_as_its_value(one in any_value(), other in any_value()) {
        let wanted = (one.kind() == other.kind()).then(|| one.cmp(&other));
        prop_assert_eq!(View::from(&one).order_of(&other), Ok(wanted));
        let bytes = payload_of(&Value::Array(vec![one]));
        let view = Undecoded::dynamic(&bytes).at("0").expect("nothing is damaged").expect("an item");
        prop_assert_eq!(view.order_of(&other), Ok(wanted));
    }

    #[test]
    fn damaged_bytes_are_an_error_or_another_value(
        value in any_value(),
        path in "[a-c0]{0,1}(\\.[a-c0]){0,2}",
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = payload_of(&value);
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        let undecoded = Undecoded::dynamic(&bytes);
        let decoded = undecoded.to_value();
        prop_assert_eq!(undecoded.check(), decoded.as_ref().map(drop).map_err(Clone::clone));
        let seen = undecoded.at(&path);
        // A text is looked for without a view, and what is damaged is an error all the same.
        let has = undecoded.has_text(path.split('.'), "a");
        prop_assert_eq!(
            has.map_err(CodecError::from),
            seen.as_ref().map(|seen| matches!(seen, Some(View::String("a")))).map_err(Clone::clone)
        );
        if let Ok(value) = decoded {
            match (seen.expect("what can be decoded can be looked at"), value.at(&path)) {
                (Some(view), Some(value)) => assert_same(&view.to_value().expect("nothing is damaged"), value),
                (view, value) => prop_assert_eq!(view.is_some(), value.is_some()),
            }
        }
    }
}

#[test]
fn what_is_before_and_behind_a_field_is_not_looked_at() {
    let bytes = payload_of(&Value::from(json!({ "a": "x", "b": 1, "c": 2 })));
    // The text of `a`, and the type of `c`.
    let damaged = |place: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[place] = byte;
        bytes
    };
    for bytes in [damaged(6, 0xff), damaged(bytes.len() - 2, 99)] {
        let undecoded = Undecoded::dynamic(&bytes);
        let seen = undecoded.at("b").expect("it is not damaged").expect("it is there");
        assert_eq!(seen.order_of(&Value::from(1_u64)), Ok(Some(std::cmp::Ordering::Equal)));
        assert!(matches!(undecoded.check(), Err(CodecError::Damaged(_))));
        assert!(matches!(undecoded.to_value(), Err(CodecError::Damaged(_))));
    }
}

#[test]
fn keys_of_maps_are_found_as_they_are_written() {
    let map = BTreeMap::from([(-7_i32, 1_u8), (0, 2), (12, 3)]);
    let bytes = encode(&map).expect("it can be stored");
    let undecoded = Undecoded::typed(<BTreeMap<i32, u8>>::shape(), &bytes);
    let at = |path: &str| undecoded.at(path).expect("nothing is damaged").is_some();
    assert!(["-7", "0", "12"].into_iter().all(at));
    assert!(!["7", "-0", "00", "012", "+12", "", "-07", "12 ", "-"].into_iter().any(at));
}

/// What is read of `value` is what its tree is read as, or it is left to the tree.
#[track_caller]
fn is_read_as<T: serde::de::DeserializeOwned + std::fmt::Debug + PartialEq>(value: &serde_json::Value) {
    let value = Value::of(value).expect("a value");
    let read: Option<T> = Undecoded::dynamic(&payload_of(&value)).read_as();
    let tree = value.into_typed::<T>();
    assert!(read.is_none() || read == tree.ok(), "{read:?} is not what the tree comes to");
}

/// The same, and it is not left to the tree.
#[track_caller]
fn is_read_at_once<T: serde::de::DeserializeOwned + std::fmt::Debug + PartialEq>(value: &serde_json::Value) {
    let value = Value::of(value).expect("a value");
    let read: Option<T> = Undecoded::dynamic(&payload_of(&value)).read_as();
    assert_eq!(read, Some(value.into_typed().expect("it fits")));
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Row {
    name: String,
    size: Option<u64>,
    #[serde(default)]
    kind: Kind,
    tags: Vec<Tag>,
    #[serde(default)]
    counts: BTreeMap<u8, i64>,
}

#[derive(Debug, PartialEq, Default, serde::Deserialize)]
enum Kind {
    #[default]
    None,
    One(u8),
    Some {
        of: Vec<String>,
    },
}

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Tag(String);

#[test]
fn types_are_read_without_a_tree() {
    is_read_at_once::<Row>(&json!({ "name": "a", "size": 7, "tags": [], "more": { "a": [1, { "b": null }] }, "z": 1 }));
    is_read_at_once::<Row>(&json!({ "name": "ä", "size": null, "tags": ["a", "b"], "counts": { "7": -1, "8": 300 } }));
    is_read_at_once::<Row>(&json!({ "name": "", "kind": "None", "tags": [] }));
    is_read_at_once::<Row>(&json!({ "name": "", "kind": { "One": 3 }, "tags": [] }));
    is_read_at_once::<Row>(&json!({ "name": "", "kind": { "Some": { "of": ["x"] } }, "tags": ["t"] }));
    is_read_at_once::<Option<(u8, f64, char, bool)>>(&json!([1, 2.5, "c", true]));
    is_read_at_once::<(Option<u8>, ())>(&json!([null, null]));
    is_read_at_once::<BTreeMap<String, Option<Vec<i8>>>>(&json!({ "a": [1, -1], "b": null }));
    is_read_at_once::<serde_json::Value>(&json!({ "a": [1, -1, 0.5, { "b": null }], "b": "text", "c": false }));
    is_read_at_once::<Value>(&json!({ "a": [1, -1, 0.5, { "b": null }], "b": "text", "c": false }));
}

#[test]
fn what_does_not_fit_is_left_to_the_tree() {
    is_read_as::<Row>(&json!({ "name": 1, "tags": [] }));
    is_read_as::<(u8, u8)>(&json!([1, 2, 3]));
    is_read_as::<(u8, u8)>(&json!([1]));
    is_read_as::<Vec<u8>>(&json!([1, 256]));
}

/// A type that gives up half-way and goes on.
#[derive(Debug, PartialEq, Default)]
struct Lenient(Vec<u8>);

impl<'de> serde::Deserialize<'de> for Lenient {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer).map(Self).unwrap_or_default())
    }
}

/// One that does not look at all.
#[derive(Debug, PartialEq)]
struct Blind;

impl<'de> serde::Deserialize<'de> for Blind {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

#[test]
fn a_type_that_leaves_something_unread_disturbs_nothing() {
    is_read_as::<(Lenient, u8)>(&json!([[1, "two", 3], 4]));
    is_read_as::<(Lenient, u8)>(&json!([[[1, 2], 3], 4]));
    is_read_at_once::<(Lenient, u8)>(&json!([[1, 2], 4]));
    is_read_at_once::<(Blind, u8)>(&json!([[1, { "a": 2 }], 4]));
    is_read_at_once::<BTreeMap<String, Blind>>(&json!({ "a": [1], "b": null, "c": "text" }));
}

#[test]
fn times_and_bytes_are_read_as_the_tree_reads_them() {
    let time = Value::Time("2026-07-01T12:00:00.25Z".parse().expect("an instant"));
    let value = Value::Array(vec![time.clone(), Value::Bytes(vec![1, 2]), time]);
    let bytes = payload_of(&value);
    let read: Option<(Timestamp, Value, Value)> = Undecoded::dynamic(&bytes).read_as();
    assert_eq!(read, Some(value.into_typed().expect("it fits")));
}

proptest! {
    #[test]
    fn any_value_is_read_as_the_tree_reads_it(value in any_value()) {
        let bytes = payload_of(&value);
        let read: Value = Undecoded::dynamic(&bytes).read_as().expect("it is one");
        assert_same(&read, &value);
        let json = Undecoded::dynamic(&bytes).read_as::<serde_json::Value>();
        let tree = value.into_typed::<serde_json::Value>();
        prop_assert!(json.is_none() || json == tree.ok());
    }

    #[test]
    fn damaged_bytes_are_read_as_the_tree_reads_them_or_not_at_all(
        value in any_value(),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = payload_of(&value);
        let at = at.index(bytes.len());
        match cut {
            true => bytes.truncate(at),
            false => bytes[at] = byte,
        }
        fn is_no_more<T: serde::de::DeserializeOwned + std::fmt::Debug + PartialEq>(bytes: &[u8]) {
            let Some(read) = Undecoded::dynamic(bytes).read_as::<T>() else { return };
            let tree = Undecoded::dynamic(bytes).to_value().expect("what is read can be decoded");
            // No number is itself but by its bits.
            let same = format!("{:?}", tree.into_typed::<T>().expect("it fits"));
            assert_eq!(format!("{read:?}"), same, "{bytes:?}");
        }
        is_no_more::<Value>(&bytes);
        is_no_more::<Blind>(&bytes);
        is_no_more::<Lenient>(&bytes);
        is_no_more::<Vec<Blind>>(&bytes);
        is_no_more::<BTreeMap<String, Blind>>(&bytes);
        is_no_more::<BTreeMap<String, Option<Lenient>>>(&bytes);
        is_no_more::<Partly>(&bytes);
    }
}

/// Asks for little of an object.
#[derive(Debug, PartialEq, serde::Deserialize)]
struct Partly {
    #[serde(default)]
    a: Option<Lenient>,
}
