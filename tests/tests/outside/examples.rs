//! What the example plugins answer.

use serde_json::json;
use tests::check;

use crate::tools::{Ask, Expect, Running, assert_instant, converse, endpoint, eventually};

#[test]
fn analytics_counts_each_app_for_itself() {
    let server = Running::start();
    for (app, user, id) in [("one", "ada", "a"), ("one", "ada", "b"), ("one", "eve", "c"), ("two", "ada", "a")] {
        converse(&server.speaking(app, user), id, &["hello", "bye"]);
    }
    let stats = |app| server.admin().app(app).got(&endpoint("analytics-plugin", "/stats")).is(200);
    assert_eq!(stats("one"), json!({ "conversations": 3, "messages": 6, "users": 2 }));
    assert_eq!(stats("two"), json!({ "conversations": 1, "messages": 2, "users": 1 }));
    assert_eq!(stats("three"), json!({ "conversations": 0, "messages": 0, "users": 0 }));
}

#[test]
fn track_takes_any_object_from_anybody() {
    let server = Running::start();
    let path = endpoint("analytics-plugin", "/track");
    assert_eq!(
        server.anonymous().posted(&path, json!({ "a": [1, { "b": null }] })).is(201),
        json!({ "tracked": true })
    );
}

#[test]
fn data_plugin_answers_from_its_own_store() {
    let server = Running::start();
    let client = server.speaking("shop", "ada");
    assert_eq!(client.got(&endpoint("data-plugin", "/last")).is(200), json!({ "conversationId": null }));
    for number in 0..12 {
        converse(&client, &format!("a{number:02}"), &[]);
    }
    converse(&server.speaking("shop", "eve"), "e00", &[]);
    assert_eq!(client.got(&endpoint("data-plugin", "/last")).is(200), json!({ "conversationId": "e00" }));
    assert_eq!(client.got(&endpoint("data-plugin", "/count?userId=ada")).is(200), json!({ "count": 12 }));
    let recent = client.got(&endpoint("data-plugin", "/recent?userId=ada")).is(200);
    let recent = recent.as_array().expect("an array");
    let ids: Vec<_> = recent.iter().map(|row| row["conversationId"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["a11", "a10", "a09", "a08", "a07", "a06", "a05", "a04", "a03", "a02"]);
    assert!(recent.iter().all(|row| row["userId"] == "ada"));
    assert_instant(&recent[0]["endedAt"]);
    let keys = client.got(&endpoint("data-plugin", "/keys?prefix=conversations:a1")).is(200);
    assert_eq!(keys, json!({ "keys": ["conversations:a10", "conversations:a11"], "cursor": null }));
    let all = client.got(&endpoint("data-plugin", "/keys")).is(200);
    assert!(!all.to_string().contains("temporary-key"), "{all}");
}

#[test]
fn data_consumer_hears_every_app() {
    let server = Running::start();
    for (app, id) in [("one", "a"), ("one", "b"), ("two", "a")] {
        converse(&server.speaking(app, "ada"), id, &[]);
    }
    let seen = || server.admin().got(&endpoint("data-consumer", "/seen")).is(200);
    eventually(seen, |seen| *seen == json!({ "apps": { "one": 2, "two": 1 } }));
    let elsewhere = server.admin().app("two").got(&endpoint("data-consumer", "/seen")).is(200);
    assert_eq!(elsewhere, seen());
}

#[test]
fn cleanup_deletes_what_is_older_than_its_setting() {
    let server = Running::with(|launch| launch.env("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__KEEP_DAYS", "0"));
    for (app, id) in [("one", "a"), ("one", "b"), ("two", "a")] {
        converse(&server.speaking(app, "ada"), id, &[]);
    }
    let run =
        |job: &str| server.admin().posted(&format!("/api/plugins/cleanup-plugin/cron/{job}/run"), json!({})).is(202);
    let cleaned = || server.admin().got(&endpoint("cleanup-plugin", "/cleaned")).is(200);
    assert_eq!(cleaned(), json!({ "daily": 0, "hourly": 0 }));
    run("hourly-sync");
    eventually(cleaned, |cleaned| *cleaned == json!({ "daily": 0, "hourly": 3 }));
    run("daily-cleanup");
    eventually(cleaned, |cleaned| *cleaned == json!({ "daily": 3, "hourly": 3 }));
    run("hourly-sync");
    eventually(cleaned, |cleaned| *cleaned == json!({ "daily": 3, "hourly": 0 }));
}

#[test]
fn what_is_counted_outlives_a_kill() {
    let mut server = Running::start();
    converse(&server.speaking("shop", "ada"), "a", &["hello"]);
    server.kill().expect("killed");
    server.restart().expect("it starts again");
    let counted = check::stats(&server.admin(), "shop").expect("stats");
    assert_eq!((counted.conversations, counted.messages, counted.users), (1, 1, 1));
    eventually(
        || check::seen(&server.admin()).expect("seen"),
        |seen| seen.get("shop").is_some_and(|&heard| heard >= 1),
    );
}
