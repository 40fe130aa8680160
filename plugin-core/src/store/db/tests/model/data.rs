//! What the documents of the model hold, with an order of its own that is as plain as can be.

use std::{cmp::Ordering, collections::BTreeMap};

use proptest::{prelude::*, sample::select};

use crate::store::{
    Value,
    value::{Number, Written},
};

/// The instants there are, in order.
pub(super) const INSTANTS: [&str; 3] =
    ["1969-07-20T20:17:40.000Z", "2026-07-01T12:00:00.000Z", "2026-07-01T12:00:00.000000001Z"];

/// A value. The order of the kinds is that of the variants.
///
/// Equal are two that are written the same; in the order, as in filters, 1 and 1.0 are one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Datum {
    Null,
    Bool(bool),
    Number(Halves),
    Text(String),
    Bytes(Vec<u8>),
    /// A place among [`INSTANTS`].
    Time(usize),
    List(Vec<Datum>),
    Object(BTreeMap<String, Datum>),
}

/// A number, as twice what it is: no fraction is left. Infinite is what 128 bits do not hold; what is no number is zero here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Halves {
    halves: i128,
    form: Form,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Integer,
    Float,
    NegativeZero,
    /// The bits of one that is none.
    NaN(u64),
}

impl Ord for Halves {
    /// What is no number comes before all numbers, and is one with any other such.
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |it: &Self| (!matches!(it.form, Form::NaN(_)), it.halves);
        place(self).cmp(&place(other))
    }
}

impl PartialOrd for Halves {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<i64> for Datum {
    fn from(integer: i64) -> Self {
        Self::Number(Halves::integer(integer.into()))
    }
}

impl Halves {
    fn integer(integer: i128) -> Self {
        Self { halves: 2 * integer, form: Form::Integer }
    }

    fn float(float: f64) -> Self {
        let form = match float {
            _ if float.is_nan() => Form::NaN(float.to_bits()),
            _ if float == 0.0 && float.is_sign_negative() => Form::NegativeZero,
            _ => Form::Float,
        };
        Self { halves: (2.0 * float) as i128, form }
    }

    fn number(self) -> Number {
        match (self.form, self.halves) {
            (Form::Integer, halves) => match i64::try_from(halves / 2) {
                Ok(integer) => integer.into(),
                Err(_) => u64::try_from(halves / 2).expect("integers of 64 bits are drawn").into(),
            },
            (Form::Float, i128::MAX) => f64::INFINITY.into(),
            (Form::Float, i128::MIN) => f64::NEG_INFINITY.into(),
            (Form::Float, halves) => (halves as f64 / 2.0).into(),
            (Form::NegativeZero, _) => (-0.0).into(),
            (Form::NaN(bits), _) => f64::from_bits(bits).into(),
        }
    }

    /// Whether JSON has it.
    fn is_finite(self) -> bool {
        !matches!((self.form, self.halves), (Form::NaN(_), _) | (Form::Float, i128::MAX | i128::MIN))
    }
}

impl Datum {
    /// As it is stored.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.number()),
            Self::Text(text) => Value::String(text.clone()),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Self::Time(place) => Value::Time(INSTANTS[*place].parse().expect("an instant")),
            Self::List(items) => Value::Array(items.iter().map(Self::value).collect()),
            Self::Object(fields) => {
                Value::Object(fields.iter().map(|(name, field)| (name.clone(), field.value())).collect())
            }
        }
    }

    /// What was stored, as it was before.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(match number.written() {
                Written::Unsigned(number) => Halves::integer(number.into()),
                Written::Negative(number) => Halves::integer(number.into()),
                Written::Float(number) => Halves::float(number),
            }),
            Value::String(text) => Self::Text(text.clone()),
            Value::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Value::Time(time) => {
                let place = INSTANTS.iter().position(|instant| *instant == time.to_string());
                Self::Time(place.expect("no other instant was stored"))
            }
            Value::Array(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(name, field)| (name.clone(), Self::of(field))).collect())
            }
        }
    }

    /// What lies at a path.
    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        let found = match self {
            Self::Object(fields) => fields.get(step)?,
            Self::List(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
        rest.map_or(Some(found), |rest| found.at(rest))
    }

    /// The integer, where it is one of 64 bits.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(Halves { halves, form: Form::Integer }) => i64::try_from(halves / 2).ok(),
            _ => None,
        }
    }

    /// As JSON has it; nothing where JSON has no such value.
    pub(super) fn json(&self) -> Option<serde_json::Value> {
        match self {
            Self::Bytes(_) | Self::Time(_) => None,
            Self::Number(number) if !number.is_finite() => None,
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Object(fields) => fields.iter().map(|(name, field)| Some((name.clone(), field.json()?))).collect(),
            plain => Some(plain.value().into()),
        }
    }
}

fn number() -> impl Strategy<Value = Datum> {
    let [two_to_53, two_to_63, two_to_64] = [53, 63, 64].map(|bits| 1_i128 << bits);
    // Neighbours of which not each is a float, and not each an integer of 64 bits.
    let integers = [
        -two_to_63,
        1 - two_to_63,
        -two_to_53 - 1,
        two_to_53,
        two_to_53 + 1,
        two_to_63 - 1,
        two_to_63,
        two_to_63 + 1,
        two_to_64 - 1,
    ];
    let floats = [two_to_53, two_to_53 + 2, two_to_63, two_to_64, 1 << 100].map(|integer| integer as f64);
    let floats = floats.into_iter().flat_map(|float| [float, -float]);
    let nan = f64::from_bits(f64::NAN.to_bits() | 1);
    let odd = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, nan, -f64::NAN];
    let number = prop_oneof![
        8 => (-2..=2_i128).prop_map(Halves::integer),
        4 => (-4..=4_i128).prop_map(|halves| Halves::float(halves as f64 / 2.0)),
        2 => select(integers.map(Halves::integer).to_vec()),
        1 => select(floats.map(Halves::float).collect::<Vec<_>>()),
        2 => select(odd.map(Halves::float).to_vec()),
    ];
    number.prop_map(Datum::Number)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(vec!["", "a", "ab", "b", "\0", "a\0", "ÿ"]),
        1 => Just(INSTANTS[1]),
    ]
    .prop_map(str::to_owned)
}

// Boxed where strategies meet: what is drawn keeps all that it could have been, and is moved about.

/// A value with nothing in it.
fn leaf() -> BoxedStrategy<Datum> {
    prop_oneof![
        1 => Just(Datum::Null),
        1 => any::<bool>().prop_map(Datum::Bool),
        4 => number(),
        3 => text().prop_map(Datum::Text),
        1 => proptest::collection::vec(0..2_u8, 0..3).prop_map(Datum::Bytes),
        2 => (0..INSTANTS.len()).prop_map(Datum::Time),
    ]
    .boxed()
}

fn list() -> BoxedStrategy<Datum> {
    proptest::collection::vec(leaf(), 0..3).prop_map(Datum::List).boxed()
}

fn object() -> BoxedStrategy<Datum> {
    let fields = (proptest::option::of(leaf()), proptest::option::of(leaf()));
    fields.prop_map(|(x, y)| of_fields([("x", x), ("y", y)])).boxed()
}

pub(super) fn of_fields<const N: usize>(fields: [(&str, Option<Datum>); N]) -> Datum {
    let there = fields.into_iter().filter_map(|(name, field)| Some((name.to_owned(), field?)));
    Datum::Object(there.collect())
}

/// What a filter may compare with.
pub(super) fn operand() -> BoxedStrategy<Datum> {
    prop_oneof![8 => leaf(), 1 => list(), 1 => object()].boxed()
}

/// The paths that are asked for. Not every document has them, and none has the last.
pub(super) fn path() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "c", "c.x", "c.y", "l", "l.0", "l.1", "none"]).prop_map(str::to_owned)
}

/// A document, most often one with fields.
pub(super) fn document() -> BoxedStrategy<Datum> {
    let nested = prop_oneof![3 => object(), 1 => leaf()];
    let fields = (
        proptest::option::weighted(0.8, leaf()),
        proptest::option::weighted(0.6, leaf()),
        proptest::option::of(nested),
        proptest::option::weighted(0.3, list()),
    );
    let usual = fields.prop_map(|(a, b, c, l)| of_fields([("a", a), ("b", b), ("c", c), ("l", l)]));
    prop_oneof![12 => usual.boxed(), 1 => operand()].boxed()
}
