//! What operators and tools read.

use std::time::Duration;

use serde_json::json;

use crate::tools::{Ask, Expect, Running, converse, endpoint, entry};

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
fn how_long_handlers_took_is_a_histogram_and_a_mean() {
    let server = Running::start();
    server.admin().got(&endpoint("analytics-plugin", "/stats")).is(200);
    let text = server.admin().got("/metrics").text();
    let labels = "plugin=\"analytics-plugin\",kind=\"endpoint\",item=\"stats\"";
    for line in [
        format!("plugin_call_seconds_count{{{labels}}} 1"),
        format!("plugin_call_seconds_bucket{{le=\"+Inf\",{labels}}} 1"),
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
    }
    let shown = server.admin().got("/api/plugins/analytics-plugin").is(200);
    let stats = entry(&shown["items"], "name", "stats");
    assert!(stats["timed"] == json!(1) && stats["meanSeconds"].as_f64().is_some_and(|mean| mean > 0.0), "{stats}");
}

#[test]
fn a_log_line_says_to_which_request_and_trace_it_belongs() {
    let server = Running::misbehaving();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = server.anonymous().header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let problem = traced.got(&endpoint("misbehaving", "/fail")).refuses(500);
    let line = server.wait_for_line(Duration::from_secs(10), |line| line.contains("hunter2")).expect("it is logged");
    let line: serde_json::Value = serde_json::from_str(&line).expect("JSON, as there is no terminal");
    let span = entry(&line["spans"], "name", "request");
    assert_eq!((&span["id"], &span["trace_id"]), (&problem["requestId"], &json!(trace)), "{line}");
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
