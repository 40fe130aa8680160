//! A plugin that panics, hangs, fails or blocks hurts nobody else.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::tools::{Ask, Expect, Running, converse, endpoint, entry, eventually};

fn outcome(server: &Running, conversation: &str, handler: &str) -> serde_json::Value {
    let payload = json!({ "conversationId": conversation });
    let report = server.admin().posted("/api/hooks/conversation:end", payload).is(200);
    for plugin in ["analytics-plugin", "data-plugin", "data-source", "cleanup-plugin"] {
        assert_eq!(entry(&report["handlers"], "plugin", plugin)["outcome"], json!("ok"), "{report}");
    }
    entry(&report["handlers"], "handler", handler)["outcome"].clone()
}

#[test]
fn a_hook_that_fails_in_any_way_is_counted_and_the_others_still_run() {
    let server = Running::misbehaving();
    assert_eq!(outcome(&server, "panic-1", "panics"), json!("panic"));
    assert_eq!(outcome(&server, "hang-1", "hangs"), json!("timeout"));
    assert_eq!(outcome(&server, "fail-1", "fails"), json!("error"));
    assert_eq!(server.admin().got(&endpoint("data-plugin", "/last")).is(200), json!({ "conversationId": "fail-1" }));
    let shown = server.admin().got("/api/plugins/misbehaving").is(200);
    for (item, counter) in [("panics", "panics"), ("hangs", "timeouts"), ("fails", "errors")] {
        assert_eq!(entry(&shown["items"], "name", item)[counter], json!(1), "{shown}");
    }
    server.logs("the hook panics at panic-1");
}

#[test]
fn ending_a_conversation_succeeds_whatever_a_hook_does() {
    let server = Running::misbehaving();
    for id in ["panic-1", "hang-1", "fail-1"] {
        converse(&server.speaking("shop", "ada"), id, &["hello"]);
    }
    let stats = server.speaking("shop", "ada").got(&endpoint("analytics-plugin", "/stats")).is(200);
    assert_eq!(stats, json!({ "conversations": 3, "messages": 3, "users": 1 }));
}

#[test]
fn a_hook_that_blocks_its_thread_is_named_while_it_does() {
    let server = Running::misbehaving();
    std::thread::scope(|scope| {
        let fired = scope.spawn(|| outcome(&server, "block-1", "blocks"));
        let line = server.wait_for_line(Duration::from_secs(10), |line| {
            line.contains("misbehaving") && line.contains("blocks") && line.contains("misbehaving.rs:")
        });
        line.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(server.anonymous().got("/healthz").status, 200);
        fired.join().expect("no panic");
    });
}

#[test]
fn a_redaction_that_fails_stops_the_message() {
    let server = Running::misbehaving();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    ada.posted(&path, json!({ "id": "c" })).is(201);
    let say = |text: &str| ada.posted(&format!("{path}/c/messages"), json!({ "from": "user", "text": text }));
    for text in ["panic in the filter", "fail in the filter"] {
        let problem = say(text).refuses(500);
        assert!(!problem.to_string().contains("the filter fails"), "{problem}");
        let problem = server.admin().posted("/api/filters/message:beforeSend", json!({ "text": text })).refuses(500);
        assert!(problem["type"].as_str().is_some_and(|kind| kind.contains("filter-failed")), "{problem}");
    }
    say("fine").is(201);
    let shown = ada.got(&format!("{path}/c")).is(200);
    assert_eq!(shown["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(ada.got(&endpoint("analytics-plugin", "/stats")).is(200)["messages"], json!(1));
}

#[test]
fn a_message_that_a_hook_refuses_is_422_and_not_kept() {
    let server = Running::misbehaving();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    ada.posted(&path, json!({ "id": "c" })).is(201);
    let refused =
        ada.posted(&format!("{path}/c/messages"), json!({ "from": "user", "text": "refuse me" })).refuses(422);
    assert!(refused.to_string().contains("this word is not liked here"), "{refused}");
    assert_eq!(ada.got(&format!("{path}/c")).is(200)["messages"], json!([]));
    assert_eq!(ada.got(&endpoint("analytics-plugin", "/stats")).is(200)["messages"], json!(0));
}

#[test]
fn an_endpoint_that_fails_is_a_problem_that_tells_nothing() {
    let server = Running::misbehaving();
    let get = |path: &str| server.anonymous().got(&endpoint("misbehaving", path));
    get("/panic").refuses(500);
    let begun = Instant::now();
    let hung = get("/hang");
    assert!((500..600).contains(&hung.status), "{}", hung.status);
    hung.refuses(hung.status);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let problem = get("/fail").refuses(500);
    assert!(!problem.to_string().contains("hunter2"), "{problem}");
    server.logs("hunter2");
    assert_eq!(
        server.anonymous().posted(&endpoint("misbehaving", "/echo"), json!({ "a": 1 })).is(200),
        json!({ "a": 1 })
    );
}

#[test]
fn a_job_that_panics_is_shown_and_the_server_goes_on() {
    let server = Running::misbehaving();
    let path = "/api/plugins/misbehaving/cron";
    server.admin().posted(&format!("{path}/panicking-job/run"), json!({})).is(202);
    let last = || entry(&server.admin().got(path).is(200), "name", "panicking-job")["lastRun"].clone();
    eventually(last, |last| last.to_string().contains("panic"));
    assert_eq!(server.anonymous().got("/readyz").status, 200);
}
