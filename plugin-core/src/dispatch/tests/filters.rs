//! Filters: each sees what the one before made; what a failure means is the point's to say.

use std::{future, time::Duration};

use serde_json::json;

use super::bed::{Bed, Closed, Far, Near, Open, handler, once};
use crate::{
    Context, Dynamic, Error, Result,
    dispatch::filter::{self, FilterPointItem},
    plugin::state::Life,
    registration::Item,
    site::Site,
};

fn open(text: &str) -> Open {
    Open { text: text.into() }
}

fn closed(text: &str) -> Closed {
    Closed { text: text.into() }
}

fn upper(_: &Context<Near>, value: Open) -> Open {
    open(&value.text.to_uppercase())
}

async fn exclaims(_: &Context<Far>, value: Open) -> Result<Open> {
    once().await;
    Ok(Open { text: value.text + "!" })
}

fn refuses(value: Open) -> Result<Open> {
    if value.text.contains("PANIC") { panic!("consumed {}", value.text) } else { Err(Error::new("no")) }
}

async fn hangs(value: Open) -> Open {
    let _consumed = value;
    future::pending().await
}

fn json_renames(mut value: Dynamic) -> Dynamic {
    if let Some(text) = value.json_mut().get_mut("text") {
        *text = json!(format!("<{}>", text.as_str().unwrap_or_default()));
    }
    value
}

async fn json_spoils(_: &Context<Near>, _: Dynamic) -> Result<Dynamic> {
    once().await;
    Ok(Dynamic::new(json!({ "text": 7 })))
}

static OPEN: [(Item, Site); 6] = [
    handler!(filter sync_context::<Context<Near>, Open>(upper)),
    handler!(filter sync_bare::<Far, Open>(refuses)),
    handler!(filter async_context::<Context<Far>, Open>(exclaims)),
    handler!(filter async_bare::<Near, Open>(hangs)),
    handler!(filter sync_bare::<Near, Dynamic>(json_renames), point = "test:open"),
    handler!(filter async_context::<Context<Near>, Dynamic>(json_spoils), point = "test:open"),
];

#[test]
fn later_filters_see_the_earlier_change_and_failures_keep_the_last_good_value() {
    let bed = Bed::new(&OPEN);
    let apply = |text| bed.run(filter::apply(&bed.scope(), open(text)));
    assert_eq!(apply("hi").expect("it is kept"), open("<HI!>"));
    assert_eq!(bed.elapsed(), filter::LIMIT);
    assert_eq!(apply("panic").expect("it is kept"), open("<PANIC!>"));
    assert_eq!(bed.calls(), [2; 6]);
    let failures = |item| {
        let stats = bed.stats(item);
        (stats.errors, stats.panics, stats.timeouts)
    };
    assert_eq!([failures(1), failures(3), failures(5)], [(1, 1, 0), (0, 0, 2), (2, 0, 0)]);
}

#[test]
fn filters_of_a_plugin_that_is_off_are_skipped() {
    let bed = Bed::new(&OPEN);
    bed.set("near", Life::Inactive);
    assert_eq!(bed.run(filter::apply(&bed.scope(), open("hi"))).expect("it is kept"), open("hi!"));
    assert_eq!(bed.calls(), [0, 1, 1, 0, 0, 0]);
}

#[test]
fn the_final_value_must_pass_the_points_check() {
    let bed = Bed::new(&OPEN);
    let error = bed.run(filter::apply(&bed.scope(), open("nineteen bytes here"))).expect_err("it has become too long");
    assert_eq!(error.code(), "filter-failed");
    assert!(format!("{error:?}").contains("22 bytes are too many"), "{error:?}");
}

fn redacts(_: &Context<Near>, value: Closed) -> Result<Closed> {
    match value.text.as_str() {
        "secret" => Err(Error::conflict("cannot read it")),
        _ => Ok(value),
    }
}

async fn slow(_: &Context<Far>, value: Closed) -> Closed {
    if value.text == "slow" { future::pending().await } else { value }
}

static CLOSED: [(Item, Site); 2] = [
    handler!(filter sync_context::<Context<Near>, Closed>(redacts)),
    handler!(filter async_context::<Context<Far>, Closed>(slow), timeout = Duration::from_secs(1)),
];

#[test]
fn a_filter_that_fails_closed_gives_no_value_and_tells_only_the_log_why() {
    let bed = Bed::new(&CLOSED);
    let apply = |text| bed.run(filter::apply(&bed.scope(), closed(text)));
    assert_eq!(apply("fine").expect("it passes"), closed("fine"));
    for (text, who) in [("secret", "near, redacts: cannot read it"), ("slow", "far, slow: did not end within 1s")] {
        let error = apply(text).expect_err("it is stopped");
        assert_eq!((error.status().as_u16(), error.code()), (500, "filter-failed"));
        assert!(!error.detail().unwrap_or_default().contains(who));
        assert!(format!("{error:?}").contains(who), "{error:?}");
    }
    assert_eq!(bed.calls(), [3, 2], "what comes after a failure is not called");
}

#[test]
fn values_come_from_outside_as_json() {
    let bed = Bed::new(&CLOSED);
    let point = FilterPointItem::of::<Closed>(|_| schemars::Schema::default());
    let apply = |json| bed.run((point.apply_json)(&bed.scope(), json));
    assert_eq!(apply(json!({ "text": "fine" })).expect("it passes"), json!({ "text": "fine" }));
    assert_eq!(apply(json!({ "text": "secret" })).expect_err("it is stopped").code(), "filter-failed");
    let error = apply(json!({ "text": ["a"] })).expect_err("that is no text");
    assert_eq!((error.status().as_u16(), error.fields()[0].field.as_str()), (422, "text"));
}

#[test]
fn a_check_that_panics_refuses_the_value() {
    let bed = Bed::new(&CLOSED);
    let error = bed.run(filter::apply(&bed.scope(), closed("spoilt"))).expect_err("it is refused");
    assert_eq!(error.code(), "filter-failed");
    assert!(format!("{error:?}").contains("its check panicked: spoilt"), "{error:?}");
}
