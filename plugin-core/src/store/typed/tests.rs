use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use super::*;
use crate::{
    clock::Timestamp,
    id::{AppId, UserId},
    point::Dynamic,
    store::value::{
        MAX_DEPTH, ValueError,
        tests::{any_value, assert_same},
    },
};

/// What `#[model(stored)]` writes for a struct.
macro_rules! stored {
    ($name:ident { $($field:ident $json:literal: $ty:ty),* $(,)? }) => {
        impl Stored for $name {
            fn shape() -> &'static Shape {
                const { &Shape::Struct(&[$(Field { name: $json, shape: <$ty as Stored>::shape }),*]) }
            }

            fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
                $(<$ty as Stored>::store(&self.$field, into)?;)*
                Ok(())
            }

            fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
                Ok(Self { $($field: <$ty as Stored>::load(from)?),* })
            }
        }
    };
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bincode::Encode)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct All {
    is_open: bool,
    unsigned: (u8, u16, u32, u64, usize),
    signed: (i8, i16, i32, i64, isize),
    floats: (f32, f64),
    letter: char,
    text: String,
    maybe: Option<String>,
    list: Vec<Option<u16>>,
    body: Vec<u8>,
    boxed: Box<Small>,
    three: [i16; 3],
    set: BTreeSet<String>,
    by_name: BTreeMap<String, u8>,
    by_number: BTreeMap<i32, Vec<Kind>>,
    kind: Kind,
    nothing: (),
}

stored!(All {
    is_open "isOpen": bool, unsigned "unsigned": (u8, u16, u32, u64, usize), signed "signed": (i8, i16, i32, i64, isize),
    floats "floats": (f32, f64), letter "letter": char, text "text": String, maybe "maybe": Option<String>,
    list "list": Vec<Option<u16>>, body "body": Vec<u8>, boxed "boxed": Box<Small>, three "three": [i16; 3], set "set": BTreeSet<String>,
    by_name "byName": BTreeMap<String, u8>, by_number "byNumber": BTreeMap<i32, Vec<Kind>>, kind "kind": Kind,
    nothing "nothing": (),
});

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bincode::Encode)]
struct Small {
    b: u8,
    a: String,
}

stored!(Small { b "b": u8, a "a": String });

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bincode::Encode)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Plain,
    One(Option<i64>),
    Two(u8, String),
    Named { z: bool, a: Box<Kind> },
}

impl Stored for Kind {
    fn shape() -> &'static Shape {
        const {
            &Shape::Enum(&[
                Variant { name: "plain", content: Content::Unit },
                Variant { name: "one", content: Content::Newtype(<Option<i64> as Stored>::shape) },
                Variant { name: "two", content: Content::Tuple(&[u8::shape, String::shape]) },
                Variant {
                    name: "named",
                    content: Content::Struct(&[
                        Field { name: "z", shape: bool::shape },
                        Field { name: "a", shape: <Box<Kind> as Stored>::shape },
                    ]),
                },
            ])
        }
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        match self {
            Self::Plain => into.variant(0),
            Self::One(one) => {
                into.variant(1);
                one.store(into)?;
            }
            Self::Two(one, two) => {
                into.variant(2);
                one.store(into)?;
                two.store(into)?;
            }
            Self::Named { z, a } => {
                into.variant(3);
                z.store(into)?;
                a.store(into)?;
            }
        }
        Ok(())
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        Ok(match from.variant()? {
            0 => Self::Plain,
            1 => Self::One(Stored::load(from)?),
            2 => Self::Two(Stored::load(from)?, Stored::load(from)?),
            3 => Self::Named { z: Stored::load(from)?, a: Stored::load(from)? },
            other => return Err(CodecError::Damaged(format!("there is no variant {other}"))),
        })
    }
}

/// What bincode has no words for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Ours {
    at: Timestamp,
    app: AppId,
    user: Option<UserId>,
    any: Value,
    json: serde_json::Value,
    dynamic: Dynamic,
    by_time: BTreeMap<Timestamp, u8>,
    by_app: BTreeMap<AppId, f64>,
}

stored!(Ours {
    at "at": Timestamp, app "app": AppId, user "user": Option<UserId>, any "any": Value, json "json": serde_json::Value,
    dynamic "dynamic": Dynamic, by_time "by_time": BTreeMap<Timestamp, u8>, by_app "by_app": BTreeMap<AppId, f64>,
});

fn kind() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        Just(Kind::Plain),
        any::<Option<i64>>().prop_map(Kind::One),
        (any::<u8>(), ".{0,3}").prop_map(|(one, two)| Kind::Two(one, two)),
    ];
    leaf.prop_recursive(3, 4, 1, |inner| {
        (any::<bool>(), inner).prop_map(|(z, inner)| Kind::Named { z, a: Box::new(inner) })
    })
}

pub(in crate::store) fn all() -> impl Strategy<Value = All> {
    let numbers = (any::<(u8, u16, u32, u64, usize)>(), any::<(i8, i16, i32, i64, isize)>(), any::<(f32, f64)>());
    let texts = (any::<char>(), ".{0,4}", any::<Option<String>>(), ".{0,3}");
    let kinds = (kind(), proptest::collection::btree_map(any::<i32>(), proptest::collection::vec(kind(), 0..2), 0..3));
    let lists = (
        proptest::collection::vec(any::<Option<u16>>(), 0..3),
        any::<[i16; 3]>(),
        proptest::collection::btree_set(".{0,2}", 0..3),
        proptest::collection::btree_map("[a-c]{0,2}", any::<u8>(), 0..3),
    );
    (numbers, texts, kinds, lists).prop_map(|(numbers, texts, kinds, lists)| All {
        is_open: numbers.0.0 > 7,
        unsigned: numbers.0,
        signed: numbers.1,
        floats: numbers.2,
        letter: texts.0,
        text: texts.1,
        maybe: texts.2,
        list: lists.0,
        body: numbers.0.3.to_le_bytes()[..usize::from(numbers.0.0 % 8)].to_vec(),
        boxed: Box::new(Small { b: numbers.0.0, a: texts.3 }),
        three: lists.1,
        set: lists.2,
        by_name: lists.3,
        by_number: kinds.1,
        kind: kinds.0,
        nothing: (),
    })
}

fn ours() -> impl Strategy<Value = Ours> {
    let instant = (-1_000_000_000_000_i64..4_000_000_000_000)
        .prop_map(|millis| Timestamp::from_nanosecond(i128::from(millis) * 1_000_000).expect("near the epoch"));
    let id = "[a-z]{1,3}";
    (instant, id, proptest::option::of(id), any_value(), any_value(), any::<f64>()).prop_map(
        |(at, app, user, any, json, float)| {
            let json = serde_json::Value::from(json);
            Ours {
                at,
                app: AppId::new(&app).expect("an id"),
                user: user.map(|user| UserId::new(user).expect("an id")),
                any,
                dynamic: Dynamic::new(json.clone()),
                json,
                by_time: [(at, 1), (Timestamp::UNIX_EPOCH, 2)].into(),
                by_app: [(AppId::new(app).expect("an id"), float)].into(),
            }
        },
    )
}

/// The bytes are those of `T` and of the value that serde makes of it.
#[track_caller]
fn comes_back<T: Stored + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) -> Vec<u8> {
    let bytes = encode(value).expect("it can be stored");
    assert_eq!(&decode::<T>(&bytes).expect("it can be read"), value);
    let tree = Value::of(value).expect("serde can write it");
    assert_same(&to_value(T::shape(), &bytes).expect("its shape reads it"), &tree);
    Undecoded::typed(T::shape(), &bytes).check().expect("it is not damaged");
    bytes
}

proptest! {
    #[test]
    fn bytes_are_those_of_bincode(value in all()) {
        let bincode = bincode::encode_to_vec(&value, bincode::config::standard()).expect("bincode can write it");
        prop_assert_eq!(comes_back(&value), bincode);
    }

    #[test]
    fn our_own_types_come_back(value in ours()) {
        comes_back(&value);
    }

    #[test]
    fn changed_bytes_are_an_error_or_another_value_and_never_a_panic(
        value in all(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&value).expect("it can be stored");
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) = byte;
        }
        let tree = to_value(All::shape(), &bytes);
        match (&tree, Undecoded::typed(All::shape(), &bytes).check()) {
            // It is not looked for, and what is wrong behind it is found instead.
            (Err(CodecError::Damaged(said)), _) if said == "two fields of one name" => {}
            (tree, check) => prop_assert_eq!(tree.as_ref().map(drop), check.as_ref().copied()),
        }
        if let Ok(value) = decode::<All>(&bytes) {
            assert_same(&tree.expect("what is read as its type is read by its shape"), &Value::of(&value).expect("a value"));
        }
    }

    #[test]
    fn bytes_cut_short_are_truncated(value in all(), cut: prop::sample::Index) {
        let bytes = encode(&value).expect("it can be stored");
        let cut = &bytes[..cut.index(bytes.len())];
        prop_assert_eq!(decode::<All>(cut), Err(CodecError::Truncated));
        prop_assert_eq!(to_value(All::shape(), cut), Err(CodecError::Truncated));
    }
}

#[test]
fn bytes_behind_the_document_are_refused() {
    let said = CodecError::Damaged("1 bytes follow the value".into());
    assert_eq!(decode::<u8>(&[1, 2]), Err(said.clone()));
    assert_eq!(to_value(u8::shape(), &[1, 2]), Err(said));
}

#[test]
fn a_length_is_not_believed() {
    let mut bytes = vec![253];
    bytes.extend((1_u64 << 40).to_le_bytes());
    assert_eq!(decode::<Vec<[u64; 1000]>>(&bytes), Err(CodecError::Truncated));
    assert_eq!(decode::<String>(&bytes), Err(CodecError::Truncated));
    assert_eq!(decode::<Vec<()>>(&bytes), Err(CodecError::Truncated));
    assert_eq!(decode::<BTreeMap<u8, ()>>(&bytes), Err(CodecError::Truncated));
    assert_eq!(to_value(<Vec<()>>::shape(), &bytes), Err(CodecError::Truncated));
}

#[test]
fn things_that_take_no_bytes_are_not_stored_in_lists() {
    assert_eq!(encode(&vec![(); 0]).expect("there are none"), [0]);
    let said = encode(&vec![(), ()]).expect_err("nothing would stand for them").to_string();
    assert_eq!(said, "a list of things that take no bytes cannot be stored");
}

#[test]
fn keys_of_maps_that_are_no_names_are_not_stored() {
    let refused = |found| Err(ValueError::KeyNotText(found).into());
    assert_eq!(encode(&BTreeMap::from([((1_u8, 2_u8), 1_u8)])), refused("a tuple"));
    assert_eq!(encode(&BTreeMap::from([(None::<u8>, 1_u8)])), refused("nothing"));
}

#[test]
fn keys_that_are_not_in_order_are_damaged() {
    for bytes in [[2, 7, 0, 6, 0], [2, 7, 0, 7, 0]] {
        assert!(matches!(decode::<BTreeMap<u8, u8>>(&bytes), Err(CodecError::Damaged(_))), "{bytes:?}");
    }
    assert!(matches!(decode::<BTreeSet<u8>>(&[2, 7, 7]), Err(CodecError::Damaged(_))));
    assert!(matches!(to_value(<BTreeMap<u8, u8>>::shape(), &[2, 7, 0, 7, 0]), Err(CodecError::Damaged(_))));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

stored!(Chain { next "next": Option<Box<Chain>> });

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Links {
    links: (Vec<Links>,),
}

stored!(Links { links "links": (Vec<Links>,) });

#[test]
fn what_lies_too_deep_is_neither_stored_nor_read() {
    let chain = |length: usize| (1..length).fold(Chain { next: None }, |next, _| Chain { next: Some(Box::new(next)) });
    comes_back(&chain(MAX_DEPTH));
    assert_eq!(encode(&chain(MAX_DEPTH + 1)), Err(ValueError::TooDeep.into()));
    let bytes = [1].repeat(100_000);
    assert_eq!(decode::<Chain>(&bytes), Err(ValueError::TooDeep.into()));
    assert_eq!(to_value(Chain::shape(), &bytes), Err(ValueError::TooDeep.into()));

    // As a value each of these is three deep.
    let links =
        |length: usize| (1..length).fold(Links { links: (vec![],) }, |inner, _| Links { links: (vec![inner],) });
    comes_back(&links(MAX_DEPTH / 3));
    assert_eq!(encode(&links(MAX_DEPTH / 3 + 1)), Err(ValueError::TooDeep.into()));
    let any = (0..MAX_DEPTH).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
    assert!(encode(&any).is_ok());
    assert_eq!(encode(&(any,)), Err(ValueError::TooDeep.into()));
}

/// In itself through nothing but options.
#[derive(Debug, PartialEq)]
struct Endless(Option<Box<Endless>>);

impl Stored for Endless {
    fn shape() -> &'static Shape {
        <Option<Box<Endless>>>::shape()
    }

    fn store(&self, into: &mut Outgoing) -> Result<(), CodecError> {
        self.0.store(into)
    }

    fn load(from: &mut Incoming<'_>) -> Result<Self, CodecError> {
        Stored::load(from).map(Self)
    }
}

#[test]
fn options_in_options_end_where_the_bytes_do() {
    let bytes = [1].repeat(1_000_000);
    assert_eq!(decode::<Endless>(&bytes), Err(ValueError::TooDeep.into()));
    assert_eq!(to_value(Endless::shape(), &bytes), Err(CodecError::Truncated));
    assert_eq!(Endless::shape().to_string(), "option<^1>");
}

#[test]
fn a_shape_reads_as_it_is_declared() {
    assert_eq!(
        All::shape().to_string(),
        "{isOpen: bool, unsigned: (u8, u16, u32, u64, u64), signed: (i8, i16, i32, i64, i64), floats: (f32, f64), \
         letter: char, text: string, maybe: option<string>, list: [option<u16>], body: [u8], boxed: {b: u8, a: string}, \
         three: (i16, i16, i16), set: [string], byName: map<string, u8>, \
         byNumber: map<i32, [enum<plain, one(option<i64>), two(u8, string), named{z: bool, a: ^1}>]>, \
         kind: enum<plain, one(option<i64>), two(u8, string), named{z: bool, a: ^1}>, nothing: unit}"
    );
    assert_eq!(<(Dynamic,)>::shape().to_string(), "(any,)");
    assert_eq!(Chain::shape().to_string(), "{next: option<^2>}");
    let odd = &Shape::Struct(&[Field { name: "a: u8, b", shape: u8::shape }]);
    assert_eq!(odd.to_string(), r#"{"a: u8, b": u8}"#);
}

/// The same as [`Chain`], beginning with the second.
struct First;

impl Stored for First {
    fn shape() -> &'static Shape {
        const { &Shape::Struct(&[Field { name: "next", shape: <Option<Box<Chain>> as Stored>::shape }]) }
    }

    fn store(&self, _: &mut Outgoing) -> Result<(), CodecError> {
        Ok(())
    }

    fn load(_: &mut Incoming<'_>) -> Result<Self, CodecError> {
        Ok(Self)
    }
}

#[test]
fn a_shape_is_the_same_wherever_its_parts_lie() {
    assert_eq!(First::shape().to_string(), Chain::shape().to_string());
    assert_eq!(First::shape().fingerprint(), Chain::shape().fingerprint());
}

/// Fingerprints are part of the format on disk.
#[test]
fn fingerprints_are_what_they_were() {
    assert_eq!(format!("{:016x}", Small::shape().fingerprint()), "f2be009fa0afa372");
    assert_eq!(format!("{:016x}", Chain::shape().fingerprint()), "bf8869aeecc7dfc8");
}

#[test]
fn a_variant_that_there_is_not_is_damaged() {
    assert!(matches!(to_value(Kind::shape(), &[9]), Err(CodecError::Damaged(_))));
    assert_eq!(to_value(Kind::shape(), &[2, 7, 1, b'x']), Ok(Value::from(json!({ "two": [7, "x"] }))));
}
