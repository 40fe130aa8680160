//! Hooks and filters from outside.

use serde_json::json;

use crate::tools::{Ask, Expect, Running, endpoint, entry};

#[test]
fn a_hook_is_fired_from_outside_and_each_handler_is_told_of() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    let report = ada.posted("/api/hooks/conversation:end", json!({ "conversationId": "from-outside" })).is(200);
    let analytics = entry(&report["handlers"], "plugin", "analytics-plugin");
    assert_eq!((&analytics["handler"], &analytics["outcome"]), (&json!("count-conversation"), &json!("ok")));
    assert_eq!(ada.got(&endpoint("analytics-plugin", "/stats")).is(200)["conversations"], json!(1));
    ada.posted("/api/hooks/conversation:end&x", json!({ "conversationId": "another" })).refuses(404);
    let last = ada.got(&endpoint("data-plugin", "/last")).is(200);
    assert_eq!(last["conversationId"], json!("from-outside"));
}

#[test]
fn handlers_of_a_disabled_plugin_are_skipped() {
    let server = Running::start();
    assert_eq!(server.admin().posted("/api/plugins/analytics-plugin/disable", json!({})).status, 204);
    let report = server.admin().posted("/api/hooks/conversation:end", json!({ "conversationId": "x" })).is(200);
    assert_eq!(entry(&report["handlers"], "plugin", "analytics-plugin")["outcome"], json!("skipped"));
    assert_eq!(entry(&report["handlers"], "plugin", "data-plugin")["outcome"], json!("ok"));
}

#[test]
fn a_filter_is_applied_from_outside() {
    let server = Running::start();
    let value =
        server.admin().posted("/api/filters/message:beforeSend", json!({ "text": "to ada@example.com" })).is(200);
    assert_eq!(value, json!({ "text": "to [e-mail]" }));
}

#[test]
fn points_are_listed_with_their_handlers_in_call_order() {
    let server = Running::start();
    let hooks = server.admin().got("/api/hooks").is(200);
    for name in [
        "app:init",
        "app:request",
        "conversation:beforeMessage",
        "conversation:end",
        "conversation:start",
        "plugin:activate",
        "plugin:deactivate",
        "user:login",
        "user:register",
    ] {
        let hook = entry(&hooks, "name", name);
        assert!(hook["schema"].is_object() && hook["handlers"].is_array(), "{hook}");
    }
    let handlers = entry(&hooks, "name", "conversation:end")["handlers"].as_array().expect("an array");
    let priorities: Vec<_> = handlers.iter().map(|handler| handler["priority"].as_i64().expect("a number")).collect();
    assert!(priorities.is_sorted() && handlers.len() >= 4, "{handlers:?}");
    let filters = server.admin().got("/api/filters").is(200);
    for name in [
        "config:modify",
        "message:afterReceive",
        "message:beforeSend",
        "prompt:modify",
        "response:modify",
        "theme:modify",
    ] {
        assert!(entry(&filters, "name", name)["schema"].is_object());
    }
    let redact = &entry(&filters, "name", "message:beforeSend")["handlers"][0];
    assert_eq!(
        (&redact["plugin"], &redact["item"], &redact["priority"]),
        (&json!("analytics-plugin"), &json!("redact"), &json!(20))
    );
}

#[test]
fn a_payload_that_does_not_fit_is_422_and_a_caller_without_the_scope_403() {
    let server = Running::start();
    server.admin().posted("/api/hooks/conversation:end", json!({ "conversation": 1 })).refuses(422);
    server.admin().posted("/api/filters/message:beforeSend", json!({ "text": 1 })).refuses(422);
    let token = server.admin().posted("/api/tokens", json!({ "name": "t", "scopes": [], "user": "ada" })).is(201);
    let plain = server.anonymous().token(token["token"].as_str().expect("a token"));
    plain.posted("/api/hooks/conversation:end", json!({ "conversationId": "x" })).refuses(403);
    plain.posted("/api/filters/message:beforeSend", json!({ "text": "x" })).refuses(403);
    server.anonymous().posted("/api/hooks/conversation:end", json!({ "conversationId": "x" })).refuses(401);
}

#[test]
fn a_payload_that_lacks_a_field_is_told_which() {
    let server = Running::start();
    for (path, field) in
        [("/api/hooks/conversation:end", "conversationId"), ("/api/filters/message:beforeSend", "text")]
    {
        let problem = server.admin().posted(path, json!({})).refuses(422);
        assert_eq!(problem["errors"][0]["field"], json!(field), "{problem}");
    }
}
