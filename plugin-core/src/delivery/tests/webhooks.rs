use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::{
    delivery::webhook::{Accepted, MAX_BODY, Refused, Status, sign_github},
    plugin::state::Life,
    store::engine::EngineError,
};

const NOON: &str = "2026-07-01T12:00:00Z";
const SECRET: &str = "shared";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).expect("a value");
    let mut headers = HeaderMap::new();
    for (name, text) in pairs {
        headers.append(HeaderName::from_static(name), value(text));
    }
    headers
}

/// A request as GitHub sends it.
fn github(id: &str, event: &str, body: &[u8]) -> HeaderMap {
    headers(&[
        ("content-type", "application/json"),
        ("x-github-delivery", id),
        ("x-github-event", event),
        ("x-hub-signature-256", &sign_github(SECRET, body)),
    ])
}

fn without(mut headers: HeaderMap, name: &'static str) -> HeaderMap {
    headers.remove(name);
    headers
}

fn with(mut headers: HeaderMap, name: &'static str, value: &str) -> HeaderMap {
    headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
    headers
}

fn begin() -> Running {
    begin_with(&World::at(NOON), &[], Some(Secret::new(SECRET))).started()
}

impl Running {
    fn send(&self, webhook: u32, headers: &HeaderMap, body: &[u8]) -> Result<Accepted, Refused> {
        let answer = self.run(self.deliveries.accept(&self.shared, webhook, headers, body));
        self.settle();
        answer
    }

    fn status(&self, headers: &HeaderMap, body: &[u8]) -> (u16, String) {
        match self.send(SIGNED, headers, body) {
            Ok(accepted) => (accepted.status_code().as_u16(), format!("{:?}", accepted.status)),
            Err(refused) => (refused.status().as_u16(), refused.to_string()),
        }
    }
}

#[test]
fn what_is_accepted_is_on_disk_and_then_handled() {
    let running = begin();
    let body = br#"{"a":1}"#;
    let answer = running.run(running.deliveries.accept(&running.shared, SIGNED, &github("d1", "push", body), body));
    let answer = answer.expect("accepted");
    assert_eq!(answer.status_code().as_u16(), 202);
    assert_eq!(serde_json::to_value(&answer).expect("json"), json!({ "deliveryId": "d1", "status": "accepted" }));
    running.settle();
    assert_eq!(logged(), [r#"d1 push {"a":1}"#]);
    assert_eq!(waiting(&running, "sink"), 0);
}

#[test]
fn an_accepted_delivery_outlives_a_kill() {
    let world = World::at(NOON);
    let running = begin_with(&world, &[], Some(Secret::new(SECRET)));
    let answer = running.run(running.deliveries.accept(&running.shared, SIGNED, &github("d1", "push", b"1"), b"1"));
    assert_eq!(answer.expect("accepted").status, Status::Accepted);
    drop(running);
    assert_eq!(logged(), Vec::<String>::new());
    let running = begin_with(&world, &[], Some(Secret::new(SECRET))).started();
    assert_eq!(logged(), ["d1 push 1"]);
    assert_eq!(running.status(&github("d1", "push", b"1"), b"1"), (200, "Duplicate".into()));
}

#[test]
fn a_known_id_is_not_handled_again_and_may_not_bring_another_body() {
    let running = begin();
    assert_eq!(running.status(&github("d1", "push", b"1"), b"1").0, 202);
    assert_eq!(running.status(&github("d1", "push", b"1"), b"1"), (200, "Duplicate".into()));
    assert_eq!(running.status(&github("d1", "push", b"2"), b"2").0, 409);
    assert_eq!(running.status(&github("d2", "push", b"2"), b"2").0, 202);
    assert_eq!(logged(), ["d1 push 1", "d2 push 2"]);
}

#[test]
fn an_id_is_forgotten_after_a_week() {
    let running = begin();
    running.status(&github("d1", "push", b"1"), b"1");
    running.advance(Duration::from_secs(7 * 24 * 3600 - 3600));
    assert_eq!(running.status(&github("d1", "push", b"1"), b"1").0, 200);
    running.advance(Duration::from_secs(3 * 3600));
    assert_eq!(running.status(&github("d1", "push", b"1"), b"1").0, 202);
}

#[test]
fn an_event_that_is_not_listed_is_noted_and_not_handled() {
    let running = begin();
    assert_eq!(running.status(&github("d1", "star", b"1"), b"1"), (202, "Ignored".into()));
    assert_eq!(running.status(&github("d1", "star", b"1"), b"1"), (200, "Duplicate".into()));
    assert_eq!((logged(), waiting(&running, "sink")), (vec![], 0));
}

#[test]
fn a_wrong_and_a_missing_signature_get_one_answer_before_anything_else_is_read() {
    let running = begin();
    let good = github("d1", "push", b"{");
    let refused = "the signature is missing or does not match".to_owned();
    for headers in [
        without(good.clone(), "x-hub-signature-256"),
        with(good.clone(), "x-hub-signature-256", ""),
        with(good.clone(), "x-hub-signature-256", &sign_github("other", b"{")),
        with(good.clone(), "x-hub-signature-256", &sign_github(SECRET, b"{ ")),
        without(without(good.clone(), "x-hub-signature-256"), "x-github-delivery"),
        with(without(good.clone(), "x-hub-signature-256"), "content-type", "text/plain"),
    ] {
        assert_eq!(running.status(&headers, b"{"), (401, refused.clone()));
    }
    let mut twice = good.clone();
    twice.append(HeaderName::from_static("x-hub-signature-256"), HeaderValue::from_static("sha256=00"));
    assert_eq!(running.status(&twice, b"{"), (401, refused));
}

#[test]
fn a_malformed_request_is_told_what_is_wrong() {
    let running = begin();
    let good = github("d1", "push", b"{}");
    for (headers, status) in [
        (without(good.clone(), "x-github-delivery"), 400),
        (without(good.clone(), "x-github-event"), 400),
        (with(good.clone(), "x-github-delivery", "two words"), 400),
        (with(good.clone(), "x-github-delivery", &"x".repeat(201)), 400),
        (with(good.clone(), "content-type", "text/plain"), 415),
        (without(good.clone(), "content-type"), 415),
        (with(good.clone(), "content-type", "Application/JSON; charset=utf-8"), 202),
    ] {
        assert_eq!(running.status(&headers, b"{}").0, status, "{headers:?}");
    }
    for body in [&b"{"[..], b"", b"\xff", b"\"\xff\"", b"{} {}", &b"[".repeat(100_000)] {
        assert_eq!(running.status(&github("d2", "push", body), body).0, 400);
    }
    let long = vec![b' '; MAX_BODY + 1];
    assert_eq!(running.status(&github("d2", "push", &long), &long).0, 413);
}

#[test]
fn the_largest_body_fits_into_its_row() {
    let running = begin();
    let body = format!("\"{}\"", "x".repeat(MAX_BODY - 2)).into_bytes();
    assert_eq!(running.status(&github(&"i".repeat(200), "push", &body), &body).0, 202);
    assert_eq!(logged().len(), 1);
}

#[test]
fn a_form_carries_its_document_in_one_field() {
    let running = begin();
    let form = |body: &[u8]| with(github("d1", "push", body), "content-type", "application/x-www-form-urlencoded");
    let body = b"other=1&payload=%7B%22a%22%3A%22%C3%A4+b%22%7D";
    assert_eq!(running.status(&form(body), body).0, 202);
    assert_eq!(logged(), [r#"d1 push {"a":"ä b"}"#]);
    for body in [&b"payload=%7B"[..], b"payload=1&payload=2", b"other=1", b""] {
        assert_eq!(running.status(&form(body), body).0, 400);
    }
}

#[test]
fn a_form_that_is_not_utf_8_is_refused_and_never_mended() {
    let running = begin();
    let form = |body: &[u8]| with(github("d1", "push", body), "content-type", "application/x-www-form-urlencoded");
    // Mended, the last would have three bytes for one and fit no row.
    let large = [&b"payload=\""[..], &vec![0xff; MAX_BODY - 10], b"\""].concat();
    for body in [&b"payload=\"\xff\""[..], b"payload=%22%FF%22", b"payload=%22%c3%22", b"payload=1&o=%ff", &large] {
        assert_eq!(running.status(&form(body), body), (400, "the body is not UTF-8".into()));
    }
    let body = b"payload=%22100%+%+%zz+%c3%A4\xc3\xa4%22";
    assert_eq!(running.status(&form(body), body).0, 202);
    assert_eq!(logged(), ["d1 push \"100% % %zz ää\""]);
}

#[test]
fn without_a_secret_or_with_the_plugin_off_nothing_is_accepted() {
    let running = begin_with(&World::at(NOON), &[], Some(Secret::default())).started();
    let unset = (503, "webhook secret not configured".to_owned());
    assert_eq!(running.status(&github("d1", "push", b"1"), b"1"), unset);
    let running = begin();
    running.shared.plugins[SINK].set_life(Life::Inactive);
    assert_eq!(running.status(&github("d1", "push", b"1"), b"1").0, 503);
    assert_eq!(Refused::Store(EngineError::Unavailable("full".into())).into_error().status().as_u16(), 503);
}

#[test]
fn both_of_two_live_secrets_are_good() {
    let both: Secret = serde_json::from_value(json!(["new", SECRET])).expect("secrets");
    let running = begin_with(&World::at(NOON), &[], Some(both)).started();
    assert_eq!(running.status(&github("d1", "push", b"1"), b"1").0, 202);
    let new = with(github("d2", "push", b"1"), "x-hub-signature-256", &sign_github("new", b"1"));
    assert_eq!(running.status(&new, b"1").0, 202);
}

#[test]
fn a_webhook_that_verifies_nothing_takes_ids_and_events_where_there_are_some() {
    let running = begin();
    let json = ("content-type", "application/json");
    let answer = running.send(OPEN, &headers(&[json]), b"1").expect("accepted");
    let standard = headers(&[json, ("webhook-id", "w1"), ("webhook-event", "paid")]);
    assert_eq!(running.send(OPEN, &standard, b"2").expect("accepted").delivery_id, "w1");
    assert_eq!(running.send(OPEN, &standard, b"2").expect("accepted").status, Status::Duplicate);
    assert_eq!(logged(), [format!("{} message 1", answer.delivery_id), "w1 paid 2".into()]);
}

#[test]
fn there_is_no_webhook_of_another_number() {
    let running = begin();
    assert_eq!(running.send(0, &HeaderMap::new(), b"").expect_err("unknown").status().as_u16(), 404);
}
