//! Whatever bytes lie in the store or come from outside, reading them neither panics nor allocates out of proportion.
#![expect(unsafe_code, reason = "an allocator cannot be written without it")]

mod memory;
mod mutation;

use std::collections::BTreeMap;

use plugin_core::{
    Timestamp,
    store::{
        Cursor, Filter, Value,
        codec::{self, CodecError, Content, Envelope, Head},
        hostile::{at, check, matches, ordered, unordered},
        index::Direction,
        typed::{self, Stored},
        value::ValueError,
    },
};
use serde_json::json;

use crate::{memory::peak, mutation::hostile};

/// What a reader may hold at once for an input of so many bytes. Densest is an object of one field without a name in such an object:
/// three bytes a level, for which the map of the standard library takes more than six hundred, and where it becomes JSON another one
/// as many.
fn in_proportion(length: usize) -> usize {
    512 * length + 64 * 1024
}

/// For what compares, and so holds more than a reader.
fn any_amount(_: usize) -> usize {
    usize::MAX
}

fn value(json: serde_json::Value) -> Value {
    let Value::Object(mut fields) = Value::from(json) else { return Value::Null };
    fields.insert("at".into(), Value::Time(Timestamp::UNIX_EPOCH));
    fields.insert("body".into(), Value::Bytes(vec![0, 255, 7]));
    Value::Object(fields)
}

fn values() -> Vec<Value> {
    let deep = (0..100)
        .fold(json!({ "a": 1 }), |inner, place| if place % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) });
    vec![
        value(
            json!({ "user": { "id": "ada", "type": 1 }, "count": 7, "ratio": -7.5, "tags": ["a", "b\u{0}"], "open": true }),
        ),
        value(
            json!({ "a": [[], [[]], {}, null, { "": null }], "b": { "c": { "d": [1, -1, 1e300, u64::MAX, i64::MIN] } } }),
        ),
        value(json!({ "a": vec![json!({ "": null }); 50], "b": vec![json!([]); 50] })),
        Value::from(deep),
    ]
}

fn sealed() -> Vec<Vec<u8>> {
    let head = Head { revision: 7, tag: u64::MAX };
    let dynamic = values().into_iter().enumerate().map(|(place, value)| {
        codec::seal(head, (place % 2 == 0).then_some(1_700_000_000_000), &value).expect("it can be sealed")
    });
    let typed = documents()
        .into_iter()
        .map(|payload| codec::seal_typed(head, Some(1), Doc::shape().fingerprint(), 3, &payload));
    dynamic.chain(typed).collect()
}

fn payloads() -> Vec<Vec<u8>> {
    let sealed =
        values().into_iter().map(|value| codec::seal(Head::default(), None, &value).expect("it can be sealed"));
    sealed
        .map(|bytes| match Envelope::of(&bytes).expect("it was sealed").content {
            Content::Dynamic(payload) => payload.to_vec(),
            other => unreachable!("{other:?}"),
        })
        .collect()
}

type Doc =
    (String, Option<u64>, Vec<(i16, Option<String>, char)>, BTreeMap<String, [f64; 2]>, serde_json::Value, Timestamp);

fn documents() -> Vec<Vec<u8>> {
    let doc = |many: usize| -> Doc {
        let items = (0..many).map(|at| (at as i16 - 2, (at % 2 == 0).then(|| "x".repeat(at)), 'ß')).collect();
        let places = (0..many).map(|at| (format!("{at:03}"), [0.5, at as f64])).collect();
        ("ada".into(), Some(u64::MAX), items, places, json!({ "a": [{}, { "": null }] }), Timestamp::UNIX_EPOCH)
    };
    [0, 1, 5, 60].map(|many| typed::encode(&doc(many)).expect("it can be stored")).into()
}

#[test]
fn damaged_documents_are_no_panic() {
    hostile(&sealed(), in_proportion, |bytes| {
        let Ok(envelope) = Envelope::of(bytes) else { return };
        match envelope.content {
            Content::Dynamic(_) => drop(codec::open(bytes)),
            Content::Typed { payload, .. } => drop(typed::to_value(Doc::shape(), payload)),
        }
    });
}

#[test]
fn damaged_payloads_are_no_panic() {
    hostile(&payloads(), in_proportion, |payload| {
        let sealed = codec::seal_typed(Head::default(), None, 0, 0, &[]);
        let head = [&sealed[..18], &[1], &sealed[19..27]].concat();
        if let Ok(value) = codec::open(&[&head, payload].concat()) {
            codec::seal(Head::default(), None, &value).expect("what opens can be sealed");
        }
    });
}

#[test]
fn damaged_typed_documents_are_no_panic() {
    hostile(&documents(), in_proportion, |payload| {
        drop(typed::to_value(Doc::shape(), payload));
        drop(typed::decode::<Doc>(payload));
    });
}

#[test]
fn damaged_typed_documents_are_the_same_as_their_type_and_by_their_shape() {
    hostile(&documents(), any_amount, |payload| {
        let Ok(document) = typed::decode::<Doc>(payload) else { return };
        let value = match typed::to_value(Doc::shape(), payload) {
            // Its JSON may lie as deep as a value may, and the document deeper. Such a one is never written.
            Err(CodecError::Value(ValueError::TooDeep)) => return,
            value => value.expect("what is read as its type is read by its shape"),
        };
        // As JSON: what was JSON has become it again, whatever its bytes say now.
        let read = Value::of(&document).expect("a value");
        assert_eq!(serde_json::Value::from(value), serde_json::Value::from(read));
    });
}

#[test]
fn damaged_bytes_are_looked_into_without_panic() {
    hostile(&[payloads(), documents()].concat(), in_proportion, |payload| {
        for shape in [None, Some(Doc::shape())] {
            for path in ["user.id", "a.2.a.0", "a.0.a.0.a.0.a", "2.1.1", "3.001.0", "4.a.1", "5", ""] {
                drop(at(shape, payload, path));
            }
        }
    });
}

#[test]
fn looking_for_a_match_allocates_nothing() {
    // The filter is made once, or it would be counted.
    thread_local! {
        static FILTER: Filter = plugin_core::query! {
            or [{ user.id: "ada" }, { count: { gt: 3 } }, { "2.1.1": { prefix: "x" } }, { "a.0": json!([1, [2]]) }, { at: { exists: true } }],
            not { "3.001": json!([0.5, 1.0]) },
        };
    }
    // An error says what is damaged, in words.
    hostile(
        &[payloads(), documents()].concat(),
        |_| 256,
        |payload| {
            FILTER.with(|filter| {
                for shape in [None, Some(Doc::shape())] {
                    drop(matches(shape, payload, filter));
                    drop(check(shape, payload));
                }
            });
        },
    );
    for payload in payloads() {
        let (held, found) = peak(|| FILTER.with(|filter| (matches(None, &payload, filter), check(None, &payload))));
        assert!(found.0.is_ok() && found.1.is_ok());
        assert_eq!(held, 0);
    }
}

#[test]
fn damaged_keys_of_indexes_are_no_panic() {
    let corpus = |direction: Direction| {
        let values: Vec<Option<Value>> =
            values().into_iter().map(Some).chain([None, Some(Value::from(f64::NAN))]).collect();
        let (mut key, hints) = ordered(&values, direction);
        let length = u16::try_from(key.len()).expect("it is short").to_be_bytes();
        key.splice(0..0, length);
        [key, hints].concat()
    };
    hostile(&[corpus(Direction::Ascending), corpus(Direction::Descending)], in_proportion, |bytes| {
        let Some((length, rest)) = bytes.split_first_chunk() else { return };
        let (key, hints) = rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()));
        for direction in [Direction::Ascending, Direction::Descending] {
            if let Some((_, length)) = unordered(key, hints, direction) {
                assert_eq!(length, key.len());
            }
        }
    });
}

#[test]
fn damaged_cursors_are_no_panic() {
    // A cursor is a payload in hexadecimal digits, of its key, its sort and its values.
    let place = |value: Value| {
        let place = json!({ "k": "conversations:1", "s": ["-endedAt", "a"] });
        let Value::Object(mut fields) = Value::from(place) else { return Value::Null };
        fields.insert("v".into(), Value::Array(vec![Value::Array(vec![value]), Value::Array(vec![])]));
        Value::Object(fields)
    };
    let payload = |value| codec::seal(Head::default(), None, &place(value)).expect("it can be sealed")[27..].to_vec();
    let corpus: Vec<Vec<u8>> = values().into_iter().take(3).map(payload).collect();
    for payload in &corpus {
        assert!(hex::encode(payload).parse::<Cursor>().is_ok(), "it is a cursor before it is changed");
    }
    hostile(&corpus, in_proportion, |payload| {
        if let Ok(cursor) = hex::encode(payload).parse::<Cursor>() {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        drop(String::from_utf8_lossy(payload).parse::<Cursor>());
    });
}

#[test]
fn damaged_filters_are_no_panic() {
    let filters = [
        json!({ "userId": "ada", "endedAt": { "$gt": "2026-07-01T00:00:00Z", "$lte": "2026-08-01T00:00:00Z" } }),
        json!({ "$or": [{ "a.b": { "$in": [1, "x", null, { "$gt": 1 }] } }, { "$not": { "c": { "$not": { "$prefix": "x" } } } }] }),
        json!({ "$and": [{ "a": { "$exists": true, "$ne": [1e300, {}] } }, {}], "x": { "$eq": null } }),
        (0..30).fold(json!({ "a": 1 }), |inner, _| json!({ "$not": inner })),
    ];
    let corpus: Vec<Vec<u8>> = filters.iter().map(|filter| filter.to_string().into_bytes()).collect();
    for filter in &filters {
        assert!(Filter::from_json(filter).is_ok(), "it is a filter before it is changed");
    }
    hostile(&corpus, in_proportion, |text| {
        let Ok(json) = serde_json::from_slice(text) else { return };
        if let Ok(filter) = Filter::from_json(&json) {
            filter.matches(&Value::Null);
        }
    });
}
