//! Events from outside.

use serde_json::json;

use tests::api::Api;

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

#[test]
fn an_admin_may_publish_for_its_own_app_and_a_token_without_scope_may_not() {
    let server = Running::start();
    let event = json!({ "appId": "shop", "timestamp": "2026-07-01T12:00:00Z" });
    let publish = |scopes: serde_json::Value, change: fn(Api) -> Api| {
        let made =
            server.admin().posted("/api/tokens", json!({ "name": "t", "scopes": scopes, "app": "shop" })).is(201);
        let api = change(server.anonymous().token(made["token"].as_str().expect("a token")));
        api.posted("/api/events/data-source:conversation-ended", event.clone())
    };
    assert_eq!(publish(json!(["admin"]), |api| api).status, 202);
    publish(json!(["admin"]), |api| api.app("other")).refuses(403);
    assert_eq!(publish(json!(["host"]), |api| api.app("other")).status, 202);
    publish(json!([]), |api| api).refuses(403);
}
