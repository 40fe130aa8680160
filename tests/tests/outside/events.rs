//! Events from outside.

use serde_json::json;

use crate::tools::{Ask, Expect, Running, endpoint, eventually};

#[test]
fn an_event_from_outside_reaches_its_listeners() {
    let server = Running::start();
    let event = json!({ "appId": "elsewhere", "timestamp": "2026-07-01T12:00:00Z" });
    let answer = server.admin().posted("/api/events/data-source:conversation-ended", event);
    assert!((200..300).contains(&answer.status), "{} {}", answer.status, answer.text());
    let seen = || server.admin().got(&endpoint("data-consumer", "/seen")).is(200);
    eventually(seen, |seen| *seen == json!({ "apps": { "elsewhere": 1 } }));
    server.admin().posted("/api/events/data-source:conversation-ended", json!({ "appId": 1 })).refuses(422);
}
