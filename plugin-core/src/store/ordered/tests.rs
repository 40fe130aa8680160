use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    clock::Timestamp,
    store::value::{
        MAX_DEPTH,
        tests::{any_value, assert_same},
    },
};

const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

fn direction() -> impl Strategy<Value = Direction> {
    proptest::sample::select(DIRECTIONS.to_vec())
}

/// Numbers that are near one another, and near the places where floats and integers part.
fn number() -> impl Strategy<Value = Value> {
    let corner = proptest::sample::select(vec![
        0.0,
        -0.0,
        0.5,
        9_007_199_254_740_992.0,
        9_223_372_036_854_775_808.0,
        18_446_744_073_709_551_616.0,
        1e300,
        f64::INFINITY,
        f64::NAN,
        f64::MIN_POSITIVE,
    ]);
    let near = (corner, any::<bool>(), -3_i128..4, any::<bool>()).prop_map(|(corner, below, step, whole)| {
        let corner = if below { -corner } else { corner };
        let integer = (corner as i128).saturating_add(step);
        match (whole, u64::try_from(integer), i64::try_from(integer)) {
            (true, Ok(integer), _) => Value::from(integer),
            (true, _, Ok(integer)) => Value::from(integer),
            _ => Value::from(
                (0..step.unsigned_abs()).fold(corner, |at, _| if step < 0 { at.next_down() } else { at.next_up() }),
            ),
        }
    });
    prop_oneof![
        near,
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from)
    ]
}

/// Texts that are near one another: what breaks an encoding is a zero, a prefix, or the byte next to either.
fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof![Just('\0'), Just('\u{1}'), Just('a'), Just('ÿ'), any::<char>()], 0..5)
        .prop_map(String::from_iter)
}

fn value() -> impl Strategy<Value = Option<Value>> {
    let bytes = proptest::collection::vec(prop_oneof![Just(0), Just(1), Just(255), any::<u8>()], 0..4);
    let leaf = prop_oneof![number(), text().prop_map(Value::from), bytes.prop_map(Value::Bytes)];
    let few = proptest::collection::vec(leaf.clone(), 0..3).prop_map(Value::Array);
    let named = proptest::collection::btree_map(text(), leaf.clone(), 0..3).prop_map(Value::Object);
    prop_oneof![1 => Just(None), 4 => leaf.prop_map(Some), 1 => few.prop_map(Some), 1 => named.prop_map(Some), 4 => any_value().prop_map(Some)]
}

fn bytes(value: Option<&Value>, direction: Direction) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(value, direction, &mut bytes, &mut Vec::new());
    bytes
}

proptest! {
    #[test]
    fn the_order_of_bytes_is_the_order_of_values(one in value(), other in value()) {
        let [up, down] = DIRECTIONS.map(|way| bytes(one.as_ref(), way).cmp(&bytes(other.as_ref(), way)));
        prop_assert_eq!(up, one.cmp(&other));
        prop_assert_eq!(down, other.cmp(&one));
    }

    #[test]
    fn numbers_are_in_the_order_of_their_exact_values(one in number(), other in number()) {
        prop_assert_eq!(bytes(Some(&one), Direction::Ascending).cmp(&bytes(Some(&other), Direction::Ascending)), one.cmp(&other));
    }

    #[test]
    fn several_values_are_in_the_order_of_the_first_that_differs(
        rows in proptest::collection::vec((direction(), value(), value(), any::<bool>()), 1..4)
    ) {
        // Where they are to be the same, the second is the first.
        let rows: Vec<_> = rows.iter().map(|(way, one, other, same)| (*way, one, if *same { one } else { other })).collect();
        let one: Vec<u8> = rows.iter().flat_map(|(way, one, _)| bytes(one.as_ref(), *way)).collect();
        let other: Vec<u8> = rows.iter().flat_map(|(way, _, other)| bytes(other.as_ref(), *way)).collect();
        let wanted = rows.iter().map(|(way, one, other)| match way {
            Direction::Ascending => one.cmp(other),
            Direction::Descending => other.cmp(one),
        });
        let wanted = wanted.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
        prop_assert_eq!(one.cmp(&other), wanted);
    }

    #[test]
    fn values_come_back_as_they_were_written(values in proptest::collection::vec((direction(), value()), 1..4)) {
        let (mut key, mut hints) = (Vec::new(), Vec::new());
        values.iter().for_each(|(way, value)| encode(value.as_ref(), *way, &mut key, &mut hints));
        key.push(7);
        let (mut key, mut hints) = (&*key, &*hints);
        for (way, value) in &values {
            let length = skip(key, *way).expect("a value");
            let after = &key[length..];
            match (decode(&mut key, *way, &mut hints).expect("a value"), value) {
                (Some(read), Some(value)) => assert_same(&read, value),
                (read, value) => prop_assert_eq!(&read, value),
            }
            prop_assert_eq!(key, after);
        }
        prop_assert_eq!((key, hints), (&[7][..], &[][..]));
    }

    #[test]
    fn a_relation_holds_for_what_lies_in_its_range(one in value(), operand in value(), way in direction()) {
        let Some(operand) = operand else { return Ok(()) };
        let key = [bytes(one.as_ref(), way), vec![200]].concat();
        let alike = one.as_ref().is_some_and(|one| one.kind() == operand.kind());
        let order = one.as_ref().map(|one| one.cmp(&operand));
        for (relation, wanted) in [
            (Relation::Equal, order.is_some_and(|order| order.is_eq())),
            (Relation::Greater, order.is_some_and(|order| order.is_gt())),
            (Relation::GreaterOrEqual, order.is_some_and(|order| order.is_ge())),
            (Relation::Less, order.is_some_and(|order| order.is_lt())),
            (Relation::LessOrEqual, order.is_some_and(|order| order.is_le())),
        ] {
            prop_assert_eq!(related(relation, &operand, way).contains(&key), alike && wanted, "{:?}", relation);
        }
        prop_assert_eq!(of_type(&operand, way).contains(&key), alike);
    }

    #[test]
    fn the_range_of_a_prefix_holds_the_strings_that_begin_with_it(prefix in text(), other in value(), text in text(), way in direction()) {
        for value in [Some(Value::from(format!("{prefix}{text}"))), Some(Value::from(text)), other] {
            let begins = matches!(&value, Some(Value::String(text)) if text.starts_with(&prefix));
            let key = [bytes(value.as_ref(), way), vec![200]].concat();
            prop_assert_eq!(string_prefix(&prefix, way).contains(&key), begins);
        }
    }

    #[test]
    fn foreign_bytes_are_no_panic(mut bytes: Vec<u8>, tag in proptest::sample::select(vec![8_u8, 32, 48, 64, 80, 96, 112]), hints: Vec<u8>, way in direction()) {
        bytes.insert(0, tag);
        invert(&mut bytes, way);
        let mut left = &*bytes;
        if decode(&mut left, way, &mut &*hints).is_some() {
            prop_assert_eq!(skip(&bytes, way), Some(bytes.len() - left.len()));
        }
    }
}

#[test]
fn equal_numbers_have_equal_bytes_whatever_they_were_written_as() {
    for (one, other) in [(1.0, 1_u64), (9_007_199_254_740_992.0, 1 << 53), (-0.0, 0)] {
        assert_eq!(bytes(Some(&one.into()), DIRECTIONS[0]), bytes(Some(&other.into()), DIRECTIONS[0]));
    }
}

#[test]
fn every_bit_of_nan_comes_back() {
    for nan in [f64::NAN.to_bits(), (-f64::NAN).to_bits(), 0x7ff0_0000_0000_0001] {
        let (mut key, mut hints) = (Vec::new(), Vec::new());
        encode(Some(&f64::from_bits(nan).into()), Direction::Descending, &mut key, &mut hints);
        let read = decode(&mut &*key, Direction::Descending, &mut &*hints);
        let Some(Some(Value::Number(read))) = read else { panic!("a number") };
        assert!(matches!(read.written(), crate::store::value::Written::Float(float) if float.to_bits() == nan));
    }
}

#[test]
fn what_lies_too_deep_is_no_value() {
    let deep = |depth: usize| [vec![ARRAY; depth], vec![END; depth]].concat();
    assert_eq!(skip(&deep(MAX_DEPTH), Direction::Ascending), Some(2 * MAX_DEPTH));
    for way in DIRECTIONS {
        let mut bytes = deep(100_000);
        invert(&mut bytes, way);
        assert_eq!(skip(&bytes, way), None);
        assert_eq!(decode(&mut &*bytes, way, &mut &[][..]), None);
    }
}

/// The format on disk.
#[test]
fn the_format_is_what_it_was() {
    let value = json!({ "a": [null, true, 7, -1, 0.5, 9_007_199_254_740_993_u64], "b": "x\u{0}y" });
    let Value::Object(mut fields) = Value::from(value) else { panic!("an object") };
    fields.insert("c".into(), Value::Bytes(vec![1, 0]));
    fields.insert("d".into(), Value::Time(Timestamp::UNIX_EPOCH));
    let (mut key, mut hints) = (Vec::new(), Vec::new());
    encode(Some(&Value::Object(fields)), Direction::Ascending, &mut key, &mut hints);
    encode(None, Direction::Descending, &mut key, &mut hints);
    encode(Some(&Value::from("x")), Direction::Descending, &mut key, &mut hints);
    let hex_of_key = concat!(
        "70",
        "01610000",
        "60",
        "10",
        "19",
        "20c01c000000000000",
        "20400fffffffffffff",
        "20bfe0000000000000",
        "20c3400000000000000001",
        "00",
        "01620000",
        "307800ff790000",
        "01630000",
        "400100ff0000",
        "01640000",
        "50800000000000000000",
        "00",
        "f7",
        "cf87ffff",
    );
    assert_eq!(hex::encode(key), hex_of_key);
    assert_eq!(hex::encode(hints), "000000");
}
