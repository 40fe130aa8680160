//! Documents declared with the attributes, as an author does it.

use std::collections::BTreeMap;

use crate::{
    document::Standing,
    prelude::*,
    registration::{Item, Registration},
    site::Kind,
    store::{
        index::{Direction, Sparse, Unique},
        typed::{Content, Document, DocumentVersion, Shape, Stored, decode, encode, to_value},
        value::Value,
    },
};

#[plugin(id = "document-tests", index("loose:", userId, -"meta.language"), index("", r#type, unique, sparse))]
struct Archive;

/// A conversation.
#[document(plugin = Archive, collection = "conversations", version = 2)]
#[index(user_id, -ended_at)]
#[index("meta.language", r#type, unique, sparse)]
#[derive(PartialEq)]
struct Conversation {
    #[id]
    id: String,
    user_id: Option<String>,
    ended_at: Option<Timestamp>,
    r#type: String,
    #[serde(rename = "lang-meta", alias = "language")]
    #[serde(default)]
    tags: Vec<String>,
    meta: Meta,
    outcome: Outcome,
}

#[model(stored)]
#[derive(PartialEq)]
struct Meta {
    language: String,
    pair: Pair,
    wrapped: Wrapped,
    nothing: Nothing,
}

#[model(stored)]
#[derive(PartialEq)]
struct Pair(u32, bool);

#[model(stored)]
#[derive(PartialEq)]
struct Wrapped(u64);

#[model(stored)]
#[derive(PartialEq)]
struct Nothing;

#[model(stored)]
#[derive(PartialEq)]
enum Outcome {
    HandedOver,
    Rated(u8),
    Moved(String, u8),
    Closed {
        closed_by: String,
        #[serde(rename = "why")]
        reason: Option<String>,
    },
    #[serde(rename = "LOST", rename_all = "kebab-case")]
    Lost {
        last_seen: String,
    },
}

#[document(plugin = Archive, collection = "conversations", version = 1, retired)]
struct ConversationV1 {
    #[id]
    id: String,
    user: String,
}

#[migrate(from = 1)]
fn with_outcome(old: ConversationV1) -> Result<Conversation> {
    if old.user.is_empty() {
        return Err(Error::new("nobody"));
    }
    Ok(Conversation { user_id: Some(old.user), ..conversation(&old.id, Outcome::HandedOver) })
}

fn conversation(id: &str, outcome: Outcome) -> Conversation {
    let meta = Meta { language: "en".into(), pair: Pair(7, true), wrapped: Wrapped(9), nothing: Nothing };
    let (id, tags) = (id.to_owned(), vec!["a".to_owned()]);
    Conversation { id, user_id: None, ended_at: None, r#type: "chat".into(), tags, meta, outcome }
}

fn outcomes() -> Vec<Outcome> {
    let (closed_by, last_seen) = ("ada".to_owned(), "here".to_owned());
    vec![
        Outcome::HandedOver,
        Outcome::Rated(5),
        Outcome::Moved("x".into(), 300_u16.to_le_bytes()[0]),
        Outcome::Closed { closed_by, reason: None },
        Outcome::Lost { last_seen },
    ]
}

/// The fields of an object by name, and what each holds, as the shape tells it.
fn names(shape: &Shape) -> Vec<&'static str> {
    match shape {
        Shape::Struct(fields) => fields.iter().map(|field| field.name).collect(),
        Shape::Enum(variants) => variants.iter().map(|variant| variant.name).collect(),
        _ => Vec::new(),
    }
}

fn keys(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields.keys().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_document_comes_back_from_its_bytes_as_it_was() {
    for outcome in outcomes() {
        let before = conversation("c1", outcome);
        let after: Conversation = decode(&encode(&before).unwrap()).unwrap();
        assert_eq!(after, before);
    }
}

#[test]
fn the_bytes_are_those_of_a_document_given_as_a_value() {
    for outcome in outcomes() {
        let document = conversation("c1", outcome);
        let edited = (Conversation::meta().from_value)(Value::of(&document).unwrap()).unwrap();
        assert_eq!(edited, encode(&document).unwrap());
    }
}

#[test]
fn the_bytes_and_the_shape_are_read_as_what_serde_writes() {
    for outcome in outcomes() {
        let document = conversation("c1", outcome);
        let read = to_value(Conversation::shape(), &encode(&document).unwrap()).unwrap();
        assert_eq!(read, Value::of(&document).unwrap());
    }
}

#[test]
fn fields_lie_one_after_the_other_without_names() {
    let pair = Pair(7, true);
    assert_eq!(encode(&pair).unwrap(), [7, 1]);
    assert_eq!(encode(&Outcome::Moved("x".into(), 2)).unwrap(), [2, 1, b'x', 2]);
    assert_eq!(encode(&Nothing).unwrap(), [0_u8; 0]);
}

#[test]
fn an_unknown_variant_is_refused() {
    let said = decode::<Outcome>(&[5]).unwrap_err().to_string();
    assert!(said.contains("no variant 5"), "{said}");
}

#[test]
fn a_shape_has_the_names_that_serde_writes() {
    let mut fields = names(Conversation::shape());
    fields.sort_unstable();
    assert_eq!(fields, ["endedAt", "id", "lang-meta", "meta", "outcome", "type", "userId"]);
    assert_eq!(keys(&Value::of(&conversation("c1", Outcome::HandedOver)).unwrap()), fields);

    for (outcome, name) in outcomes().into_iter().zip(names(Outcome::shape())) {
        match Value::of(&outcome).unwrap() {
            Value::String(written) => assert_eq!(written, name),
            written => assert_eq!(keys(&written), [name]),
        }
    }
    let Shape::Enum(variants) = Outcome::shape() else { panic!("an enum has the shape of one") };
    let inner = |at: usize| match &variants[at].content {
        Content::Struct(fields) => fields.iter().map(|field| field.name).collect(),
        _ => Vec::new(),
    };
    assert_eq!((inner(3), inner(4)), (vec!["closedBy", "why"], vec!["last-seen"]));
}

/// Each rule over the same names, beside what serde writes under it.
#[test]
fn every_rule_for_names_is_serdes() {
    macro_rules! under {
        ($($rule:literal)*) => {$({
            #[model(stored)]
            #[serde(rename_all = $rule)]
            struct Fields { ended_at: u8, _id: u8, a2_b: u8, r#type: u8 }
            #[model(stored)]
            #[serde(rename_all = $rule, rename_all_fields = $rule)]
            enum Kinds { HandedOver { ended_at: u8 }, HTTPError }

            let written = keys(&Value::of(&Fields { ended_at: 1, _id: 2, a2_b: 3, r#type: 4 }).unwrap());
            let mut shaped = names(Fields::shape());
            shaped.sort_unstable();
            assert_eq!(shaped, written, $rule);

            let Value::String(written) = Value::of(&Kinds::HTTPError).unwrap() else { panic!("a unit variant is its name") };
            assert_eq!(names(Kinds::shape())[1], written, $rule);
            let over = Value::of(&Kinds::HandedOver { ended_at: 1 }).unwrap();
            assert_eq!(keys(&over), [names(Kinds::shape())[0]], $rule);
            let Shape::Enum([variant, _]) = Kinds::shape() else { panic!("there are two") };
            let Content::Struct([field]) = &variant.content else { panic!("it has one field") };
            assert_eq!(keys(over.at(variant.name).unwrap()), [field.name], $rule);
        })*};
    }
    under! {
        "lowercase" "UPPERCASE" "PascalCase" "camelCase" "snake_case" "SCREAMING_SNAKE_CASE" "kebab-case" "SCREAMING-KEBAB-CASE"
    }
}

#[test]
fn a_newtype_has_the_shape_of_what_is_in_it() {
    assert!(matches!(Wrapped::shape(), Shape::U64));
    assert!(matches!(Pair::shape(), Shape::Tuple([_, _])));
    assert!(matches!(Nothing::shape(), Shape::Unit));
}

#[test]
fn indexes_have_the_paths_of_documents() {
    let [first, second] = Conversation::meta().indexes else { panic!("there are two") };
    assert_eq!(first.to_string(), r#""conversations:", userId, -endedAt"#);
    assert_eq!(second.to_string(), r#""conversations:", meta.language, type, unique, sparse"#);
    assert_eq!((second.unique, second.sparse), (Unique::Yes, Sparse::Yes));
    assert_eq!(first.fields[1].direction, Direction::Descending);
}

#[test]
fn a_plugin_declares_indexes_for_what_has_no_type() {
    let declared = Registration::linked().find_map(|it| match &it.item {
        Item::Plugin(plugin) if plugin.owner.id == "document-tests" => Some(plugin.meta.indexes),
        _ => None,
    });
    let shown: Vec<String> = declared.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(shown, [r#""loose:", userId, -meta.language"#, r#""", type, unique, sparse"#]);
}

#[test]
fn versions_are_items_of_their_plugin() {
    let mine = Registration::linked().filter(|it| it.item.owner() == Some("document-tests"));
    let by_name: BTreeMap<_, _> = mine.map(|it| (it.site.name, (it.item.kind(), &it.item))).collect();
    assert!(
        matches!(by_name["conversations"], (Kind::Document, Item::Document(it)) if it.standing == Standing::Current)
    );
    assert!(
        matches!(by_name["conversations-v1"], (Kind::Document, Item::Document(it)) if it.standing == Standing::Retired)
    );
    assert!(matches!(by_name["with-outcome"], (Kind::Migration, Item::Migration(it)) if it.meta.from == 1));
    assert_eq!((Conversation::COLLECTION, Conversation::VERSION), ("conversations", 2));
    assert_eq!(conversation("c9", Outcome::HandedOver).id(), "c9");
}

#[test]
fn a_migration_makes_of_the_bytes_of_a_version_those_of_the_next() {
    let up = Registration::linked().find_map(|it| match &it.item {
        Item::Migration(migration) if migration.owner.id == "document-tests" => Some(migration.meta.up),
        _ => None,
    });
    let up = up.unwrap();
    let old = |user: &str| encode(&ConversationV1 { id: "c1".into(), user: user.into() }).unwrap();
    let new: Conversation = decode(&up(&old("ada")).unwrap()).unwrap();
    assert_eq!(new, Conversation { user_id: Some("ada".into()), ..conversation("c1", Outcome::HandedOver) });
    assert_eq!(up(&old("")).unwrap_err().to_string(), "nobody");
    assert!(up(&[9]).is_err());
}

#[test]
fn they_look_as_they_did_when_they_were_locked() {
    crate::testing::documents_of_plugin_match_lock::<Archive>("src/document/tests.lock");
}
