use proptest::prelude::*;
use serde::Deserialize;

use super::{envelope::ENVELOPE, *};
use crate::store::{
    engine::MAX_VALUE,
    value::{
        MAX_DEPTH,
        tests::{any_value, assert_same},
    },
};

const HEAD: Head = Head { revision: 7, tag: 0xfedc_ba98_7654_3210 };

fn sealed(value: &Value) -> Vec<u8> {
    seal(HEAD, None, value).expect("it can be sealed")
}

proptest! {
    #[test]
    fn any_value_comes_out_as_it_went_in(value in any_value(), revision: u64, tag: u64) {
        let bytes = seal(Head { revision, tag }, None, &value).expect("it can be sealed");
        prop_assert_eq!(head(&bytes), Ok(Head { revision, tag }));
        let start = Head { revision, tag }.to_bytes();
        prop_assert!(bytes.starts_with(&start));
        assert_same(&open(&bytes).expect("it opens"), &value);
    }

    #[test]
    fn changed_bytes_are_an_error_or_another_value_and_never_a_panic(
        value in any_value(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = sealed(&value);
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        if let Ok(value) = open(&bytes) {
            assert_same(&open(&sealed(&value)).expect("what opens can be sealed and opened"), &value);
        }
    }

    #[test]
    fn bytes_that_nobody_wrote_are_no_panic(payload: Vec<u8>) {
        let mut bytes = sealed(&Value::Null);
        bytes.truncate(ENVELOPE);
        bytes.extend(payload);
        let _: Result<Value, CodecError> = open(&bytes);
    }

    #[test]
    fn bytes_cut_short_are_truncated(value in any_value(), cut: prop::sample::Index) {
        let bytes = sealed(&value);
        prop_assert_eq!(open(&bytes[..cut.index(bytes.len())]).expect_err("it was cut"), CodecError::Truncated);
    }
}

proptest! {
    #[test]
    fn an_envelope_tells_what_was_sealed_without_the_payload(
        revision: u64, tag: u64, expiry: Option<u64>, fingerprint: u64, version: u16, payload: Vec<u8>,
    ) {
        let head = Head { revision, tag };
        let typed = seal_typed(head, expiry, fingerprint, version, &payload);
        let content = Content::Typed { fingerprint, version, payload: &payload };
        prop_assert_eq!(Envelope::of(&typed), Ok(Envelope { head, expiry, content }));
        let dynamic = seal(head, expiry, &Value::from("x")).expect("it can be sealed");
        let content = Content::Dynamic(&[6, 1, b'x']);
        prop_assert_eq!(Envelope::of(&dynamic), Ok(Envelope { head, expiry, content }));
        prop_assert_eq!(open(&dynamic), Ok(Value::from("x")));
    }
}

#[test]
fn an_envelope_that_is_cut_short_is_truncated() {
    let typed = seal_typed(HEAD, Some(7), 8, 9, &[]);
    for length in 0..typed.len() {
        assert_eq!(Envelope::of(&typed[..length]), Err(CodecError::Truncated), "{length} bytes");
    }
}

#[test]
fn a_typed_document_is_not_opened_without_its_type() {
    let typed = seal_typed(HEAD, None, 8, 9, &[0]);
    assert_eq!(open(&typed), Err(CodecError::Typed { version: 9 }));
}

/// The bytes of `null` with one of them changed.
fn with(place: usize, byte: u8) -> Result<Value, CodecError> {
    let mut bytes = sealed(&Value::Null);
    bytes[place] = byte;
    open(&bytes)
}

#[test]
fn each_byte_of_the_envelope_that_is_not_known_has_its_own_error() {
    assert_eq!(with(16, 2), Err(CodecError::NewerVersion { found: 2 }));
    assert_eq!(with(17, 9), Err(CodecError::UnknownCodec { found: 9 }));
    assert_eq!(with(18, 9), Err(CodecError::UnknownKind { found: 9 }));
    assert_eq!(with(18, 0), Err(CodecError::UnknownKind { found: 0 }));
    assert_eq!(with(18, 0x81), Err(CodecError::Truncated), "it says that it expires, and not when");
    assert!(matches!(with(16, 0), Err(CodecError::Damaged(_))));
    assert!(matches!(with(ENVELOPE, 99), Err(CodecError::Damaged(_))));
}

#[test]
fn bytes_after_the_value_are_refused() {
    let mut bytes = sealed(&Value::Null);
    bytes.push(0);
    assert_eq!(open(&bytes), Err(CodecError::Damaged("1 bytes follow the value".into())));
}

#[test]
fn a_forged_length_is_not_believed() {
    for tag in [6, 7, 9, 10] {
        let mut bytes = sealed(&Value::Null);
        bytes[ENVELOPE] = tag;
        // The varint of 2^62.
        bytes.push(253);
        bytes.extend((1_u64 << 62).to_le_bytes());
        assert!(matches!(open(&bytes), Err(CodecError::Truncated | CodecError::Damaged(_))), "type {tag}");
    }
}

#[test]
fn depth_is_bounded_both_ways() {
    let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert_same(&open(&sealed(&nested(MAX_DEPTH))).expect("it opens"), &nested(MAX_DEPTH));
    assert_eq!(seal(HEAD, None, &nested(MAX_DEPTH + 1)), Err(ValueError::TooDeep.into()));

    let mut bytes = sealed(&Value::Null);
    bytes.truncate(ENVELOPE);
    bytes.extend([9, 1].repeat(100_000));
    bytes.push(0);
    assert_eq!(open(&bytes), Err(ValueError::TooDeep.into()));
}

#[test]
fn the_densest_value_of_the_largest_size_opens() {
    let dense = Value::Array(vec![Value::Array(vec![]); (MAX_VALUE - ENVELOPE - 8) / 2]);
    let bytes = sealed(&dense);
    assert!(bytes.len() <= MAX_VALUE);
    assert!(open(&bytes).is_ok());
    let large = sealed(&Value::Bytes(vec![7; MAX_VALUE - ENVELOPE - 8]));
    assert!(open(&large).is_ok());
}

#[test]
fn what_is_no_row_names_the_field() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is only ever refused")]
    struct Row {
        inner: Vec<Inner>,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is only ever refused")]
    struct Inner {
        count: u8,
    }
    let bytes = encode(&serde_json::json!({ "inner": [{ "count": 1 }, { "count": "x" }] })).expect("it can be written");
    let said = decode::<Row>(&bytes).expect_err("it is no row").to_string();
    assert_eq!(said, "`inner[1].count`: invalid type: string \"x\", expected u8");
}

/// The format on disk: bytes that a released build has written must open for ever.
#[test]
fn the_format_is_what_it_was() {
    let value = serde_json::json!({ "a": [null, true, 7, -1, 0.5], "b": "ß" });
    let Value::Object(mut fields) = Value::from(value) else { panic!("an object") };
    fields.insert("c".into(), Value::Bytes(vec![1, 2]));
    fields.insert("d".into(), Value::Time("2026-07-01T12:00:00.5Z".parse().expect("an instant")));
    let value = Value::Object(fields);
    let hex = concat!(
        "0000000000000007",
        "fedcba9876543210",
        "01",
        "01",
        "01",
        "0000000000000000",
        "0a04",
        "0161",
        "0905",
        "00",
        "02",
        "0307",
        "0401",
        "05000000000000e03f",
        "0162",
        "0602c39f",
        "0163",
        "07020102",
        "0164",
        "08fd00ca93224e517c31",
    );
    assert_eq!(hex::encode(sealed(&value)), hex);
    assert_same(&open(&hex::decode(hex).expect("hex")).expect("it opens"), &value);
}

/// The same of what stands before the payload of other kinds.
#[test]
fn the_format_of_envelopes_is_what_it_was() {
    let hex = concat!(
        "0000000000000007",
        "fedcba9876543210",
        "01",
        "01",
        "82",
        "1122334455667788",
        "00000197c4a5b6c7",
        "0102",
        "2a",
    );
    assert_eq!(hex::encode(seal_typed(HEAD, Some(0x197_c4a5_b6c7), 0x1122_3344_5566_7788, 0x102, &[42])), hex);
    let dynamic = seal(HEAD, Some(1), &Value::Null).expect("it can be sealed");
    assert_eq!(hex::encode(&dynamic[16..]), "0101810000000000000000000000000000000100");
}
