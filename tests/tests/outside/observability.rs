//! What operators and tools read.

use serde_json::json;

use crate::tools::{Ask, Expect, Running, converse, endpoint};

#[test]
fn health_and_readiness_need_no_token() {
    let server = Running::start();
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.anonymous().got(path).status, 200, "{path}");
    }
}

#[test]
fn figures_carry_plugin_kind_and_item() {
    let server = Running::start();
    converse(&server.speaking("shop", "ada"), "a", &[]);
    let text = server.admin().got("/metrics").text();
    let line = text.lines().find(|line| line.contains("item=\"count-conversation\"") && !line.starts_with('#'));
    let line = line.unwrap_or_else(|| panic!("no line for the item in:\n{text}"));
    assert!(line.contains("plugin=\"analytics-plugin\"") && line.contains("kind=\"hook\""), "{line}");
}

#[test]
fn openapi_tells_of_every_endpoint_from_the_handlers_types() {
    let server = Running::start();
    let api = server.anonymous().got("/openapi.json").is(200);
    assert!(api["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let stats = &api["paths"][endpoint("analytics-plugin", "/stats")]["get"];
    assert!(stats["security"].as_array().is_some_and(|rules| !rules.is_empty()), "{stats}");
    assert!(stats["responses"]["200"]["content"]["application/json"]["schema"].is_object(), "{stats}");
    let say = &api["paths"][endpoint("conversations", "/conversations/{id}/messages")]["post"];
    assert_eq!((&say["parameters"][0]["name"], &say["parameters"][0]["in"]), (&json!("id"), &json!("path")));
    assert!(say["requestBody"]["content"]["application/json"]["schema"].is_object(), "{say}");
    let count = &api["paths"][endpoint("data-plugin", "/count")]["get"];
    assert_eq!((&count["parameters"][0]["name"], &count["parameters"][0]["in"]), (&json!("userId"), &json!("query")));
    let track = &api["paths"][endpoint("analytics-plugin", "/track")]["post"];
    assert_eq!(track["security"].as_array().map_or(0, Vec::len), 0, "{track}");
}

#[test]
fn an_answer_carries_the_id_of_its_request() {
    let server = Running::start();
    let problem = server.admin().got("/nowhere").refuses(404);
    assert!(problem["requestId"].as_str().is_some_and(|id| !id.is_empty()));
}
