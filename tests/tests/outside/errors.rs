//! Every refusal is a problem document, on every path.

use serde_json::json;

use crate::tools::{Ask, Expect, Running, endpoint};

#[test]
fn unknown_paths_are_problems() {
    let server = Running::start();
    for path in [
        "/nowhere",
        "/api",
        "/api/nowhere",
        "/api/plugins/none-such",
        "/api/plugins/none-such/endpoints/x",
        "/api/plugins/analytics-plugin/endpoints/none-such",
        "/api/plugins/analytics-plugin/endpoints/stats/",
        "/api/plugins/analytics-plugin/endpoints/Stats",
        "/api/plugins/none-such/cron",
        "/admin/pages/none-such/x",
    ] {
        let problem = server.admin().got(path).refuses(404);
        assert_eq!(problem["instance"], json!(path), "{problem}");
    }
    for path in [
        "/api/plugins/none-such/enable",
        "/api/plugins/none-such/cron/x/run",
        "/api/plugins/cleanup-plugin/cron/none-such/run",
        "/api/hooks/none:such",
        "/api/filters/none:such",
        "/api/events/none:such",
    ] {
        server.admin().posted(path, json!({})).refuses(404);
    }
}

#[test]
fn a_method_that_a_path_does_not_have_is_405_with_those_it_has() {
    let server = Running::start();
    let answer = server.admin().delete(&endpoint("analytics-plugin", "/stats")).expect("an answer");
    answer.refuses(405);
    assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{:?}", answer.headers);
    server.admin().posted("/api/plugins", json!({})).refuses(405);
    server.admin().posted("/healthz", json!({})).refuses(405);
}

#[test]
fn bodies_are_read_by_their_type_and_size() {
    let server = Running::start();
    let path = endpoint("analytics-plugin", "/track");
    let send = |kind, body: &[u8]| server.admin().send("POST", &path, Some((kind, body.to_vec()))).expect("an answer");
    send("application/json", b"{").refuses(400);
    send("application/json", b"").refuses(400);
    send("application/json", b"[1]").refuses(422);
    send("text/plain", b"{}").refuses(415);
    send("application/json", &[b' '; 65 * 1024]).refuses(413);
    send("application/json; charset=utf-8", b"{}").is(201);
    server.admin().got(&endpoint("data-plugin", "/recent")).refuses(422);
}

#[test]
fn paths_that_could_be_read_in_two_ways_are_refused() {
    let server = Running::start();
    for path in ["/a%00b", "/a%5Cb", "/..%2f..", "/%2e%2e/x", "/a%252fb"] {
        server.admin().got(&endpoint("conversations", &format!("/conversations{path}"))).refuses(400);
    }
}

#[test]
fn one_caller_may_track_thirty_events_a_second() {
    let server = Running::start();
    let path = endpoint("analytics-plugin", "/track");
    let answers: Vec<_> = (0..200).map(|_| server.admin().posted(&path, json!({}))).collect();
    let refused = answers.iter().find(|answer| answer.status != 201).expect("200 at once are too many");
    refused.refuses(429);
    assert!(refused.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()));
}
