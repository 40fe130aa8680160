use std::collections::BTreeMap;

use super::*;
use crate::{
    prelude::*,
    store::{Filter, value::Value},
};

#[plugin(id = "query-tests")]
struct Queries;

#[document(plugin = Queries, collection = "talks")]
struct Talk {
    #[id]
    id: String,
    speaker: Option<String>,
    held_at: Option<Timestamp>,
    seats: u32,
    score: f64,
    r#type: String,
    #[serde(rename = "half-way")]
    half_way: bool,
    room: Option<Box<Room>>,
    state: State,
    by_language: BTreeMap<String, u32>,
    rooms: Vec<Room>,
    extra: Dynamic,
    user: UserId,
}

#[model(stored)]
struct Room {
    floor: i8,
    #[serde(rename = "self")]
    myself: String,
}

#[model(stored)]
#[derive(PartialEq)]
enum State {
    Open,
    Closed { by: String },
}

fn talk() -> Talk {
    let room = |floor| Room { floor, myself: "r".into() };
    Talk {
        id: "t1".into(),
        speaker: Some("ada".into()),
        held_at: Some(Timestamp::UNIX_EPOCH),
        seats: 20,
        score: 4.5,
        r#type: "keynote".into(),
        half_way: true,
        room: Some(Box::new(room(2))),
        state: State::Closed { by: "ada".into() },
        by_language: [("en".to_owned(), 7)].into(),
        rooms: vec![room(0), room(1)],
        extra: Dynamic::new(serde_json::json!({ "plan": { "name": "trial" } })),
        user: "u1".parse().unwrap(),
    }
}

/// Whether the talk matches, and does not match the opposite.
#[track_caller]
fn matches(filter: &TypedFilter<Talk>) -> bool {
    let document = Value::of(&talk()).unwrap();
    assert!(filter.problem().is_none(), "{filter:?}");
    let matches = Filter::from(filter.clone()).matches(&document);
    assert_ne!(Filter::from(!filter.clone()).matches(&document), matches, "{filter:?}");
    matches
}

#[test]
fn every_operator_asks_what_it_says() {
    assert!(matches(&query!(Talk { seats: 20 })));
    assert!(!matches(&query!(Talk { seats: { ne: 20 } })));
    assert!(matches(&query!(Talk { seats: { gt: 19, lt: 21 } })));
    assert!(matches(&query!(Talk { seats: { gte: 20, lte: 20 } })));
    assert!(!matches(&query!(Talk { seats: { gt: 20 } })));
    assert!(!matches(&query!(Talk { seats: { lt: 20 } })));
    assert!(matches(&query!(Talk { seats: { in: [10, 20] } })));
    assert!(matches(&query!(Talk { speaker: { prefix: "ad" } })));
    assert!(matches(&query!(Talk { speaker: { exists: true } })));
    assert!(!matches(&query!(Talk { speaker: { exists: false } })));
    assert!(matches(&query!(Talk { score: { gt: 4.4 }, half_way: true })));
}

#[test]
fn an_optional_field_takes_plain_values_and_options() {
    let (text, owned) = ("ada", "ada".to_owned());
    let option: Option<String> = Some(owned.clone());
    assert!(matches(&query!(Talk { speaker: text })));
    assert!(matches(&query!(Talk { speaker: owned })));
    assert!(matches(&query!(Talk { speaker: option })));
    assert!(matches(&query!(Talk { speaker: Some("ada") })));
    assert!(!matches(&query!(Talk { speaker: None })));
    assert!(!matches(&query!(Talk { speaker: None::<String> })));
    assert!(matches(&query!(Talk { heldAt: { lte: Timestamp::UNIX_EPOCH } })));
    assert_eq!(option, Some(owned), "operands are borrowed");
}

#[test]
fn one_of_takes_any_list_and_leaves_it_where_it_is() {
    let owned = vec!["ada".to_owned(), "bob".to_owned()];
    assert!(matches(&query!(Talk { speaker: { in: owned } })));
    let borrowed: &[String] = &owned;
    assert!(matches(&query!(Talk { speaker: { in: borrowed } })));
    let set: std::collections::BTreeSet<u32> = [1, 20].into();
    assert!(matches(&query!(Talk { seats: { in: set } })));
    assert!(matches(&fields::<Talk>().speaker().one_of(["ada", "bob"])));
    assert!(!matches(&query!(Talk { seats: { in: Vec::<u32>::new() } })));
}

#[test]
fn a_type_may_be_named_by_its_path() {
    assert!(matches(&query!(self::Talk { seats: 20 })));
    assert!(matches(&query!(crate::store::typed::query::tests::Talk { seats: 20 })));
}

#[test]
fn conditions_are_combined_as_without_a_type() {
    assert!(matches(&query!(Talk {})));
    assert!(matches(&query!(Talk { or [{ seats: 1 }, { seats: 20, r#type: "keynote" }] })));
    assert!(!matches(&query!(Talk { and [{ seats: 1 }, { seats: 20 }], seats: 20 })));
    assert!(matches(&query!(Talk { not { seats: 1 }, user: "u1", })));
    assert!(!matches(&query!(Talk { or [] })));
    let more = query!(Talk { seats: 20 }).and(query!(Talk { r#type: "keynote" })).or(TypedFilter::all());
    assert!(matches(&more));
}

#[test]
fn fields_are_followed_through_options_boxes_lists_maps_and_values() {
    assert!(matches(&query!(Talk { room.floor: 2 })));
    assert!(matches(&query!(Talk { room.self_: "r" })));
    assert!(matches(&query!(Talk { rooms."1".floor: { gte: 1 } })));
    assert!(matches(&query!(Talk { byLanguage."en": { gt: 6 } })));
    assert!(matches(&query!(Talk { extra."plan.name": "trial" })));
    assert!(matches(&query!(Talk { extra."plan"."name": { in: ["trial", "paid"] } })));
    assert!(matches(&query!(Talk { state: State::Closed { by: "ada".into() } })));
    assert!(!matches(&query!(Talk { state: State::Open })));
}

#[test]
fn sort_keys_have_the_paths_of_documents() {
    assert_eq!(fields::<Talk>().heldAt().descending().into_inner(), "-heldAt");
    assert_eq!(fields::<Talk>().room().within().floor().ascending().into_inner(), "room.floor");
    assert_eq!(fields::<Talk>().half_way().ascending().into_inner(), "half-way");
}

#[test]
fn the_form_without_a_type_is_as_it_was() {
    let document = Value::of(&talk()).unwrap();
    let filter = query! { not { seats: 1 }, or [{ meta.language: "en" }, { type: "keynote" }], "room.floor": 2 };
    assert!(filter.matches(&document));
    assert!(query! { not { seats: 1 } }.matches(&document));
}
