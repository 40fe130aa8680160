//! Plugins on and off, and the server's own beginning and end.

use serde_json::json;
use tests::server::Launch;

use crate::tools::{Ask, Expect, Running, converse, endpoint, entry, eventually};

#[test]
fn plugins_are_listed_with_their_items() {
    let server = Running::start();
    let listed = server.admin().got("/api/plugins").is(200);
    let analytics = entry(&listed, "id", "analytics-plugin");
    assert_eq!(analytics["state"], json!("active"));
    assert!(analytics["version"].is_string() && analytics["description"].as_str().is_some_and(|text| !text.is_empty()));
    converse(&server.speaking("shop", "ada"), "a", &[]);
    let shown = server.admin().got("/api/plugins/analytics-plugin").is(200);
    let item = entry(&shown["items"], "name", "count-conversation");
    assert_eq!((&item["kind"], &item["calls"]), (&json!("hook"), &json!(1)));
    assert!(item["file"].as_str().is_some_and(|file| file.ends_with("analytics.rs")) && item["line"].is_u64());
    for count in ["errors", "panics", "timeouts"] {
        assert_eq!(item[count], json!(0));
    }
}

#[test]
fn a_disabled_plugin_does_nothing_until_it_is_enabled_again() {
    let mut server = Running::start();
    let turn = |server: &Running, what: &str| {
        let answer = server.admin().posted(&format!("/api/plugins/analytics-plugin/{what}"), json!({}));
        assert_eq!(answer.status, 204, "{}", answer.text());
    };
    let stats = endpoint("analytics-plugin", "/stats");
    let state = |server: &Running| server.admin().got("/api/plugins/analytics-plugin").is(200)["state"].clone();
    turn(&server, "disable");
    turn(&server, "disable");
    server.admin().got(&stats).refuses(503);
    converse(&server.speaking("default", "ada"), "unseen", &["mail ada@example.com"]);
    server.kill().expect("killed");
    server.restart().expect("it starts again");
    assert_eq!(state(&server), json!("inactive"));
    server.admin().got(&stats).refuses(503);
    turn(&server, "enable");
    turn(&server, "enable");
    assert_eq!(state(&server), json!("active"));
    assert_eq!(server.admin().got(&stats).is(200)["conversations"], json!(0));
    server.restart().expect_err("the data is still in use");
}

#[test]
fn a_listener_that_was_off_hears_afterwards() {
    let server = Running::start();
    let turn = |what: &str| {
        let answer = server.admin().posted(&format!("/api/plugins/data-consumer/{what}"), json!({}));
        assert_eq!(answer.status, 204, "{}", answer.text());
    };
    turn("disable");
    converse(&server.speaking("shop", "ada"), "a", &[]);
    turn("enable");
    let seen = || server.admin().got(&endpoint("data-consumer", "/seen")).is(200);
    eventually(seen, |seen| *seen == json!({ "apps": { "shop": 1 } }));
}

#[test]
fn sigterm_ends_it_with_success_and_nothing_is_lost() {
    let mut server = Running::start();
    converse(&server.speaking("shop", "ada"), "a", &["hello"]);
    let status = server.stop().expect("it stops");
    assert_eq!(status.code(), Some(0), "{}", server.stderr());
    server.restart().expect("it starts again");
    let stats = server.speaking("shop", "ada").got(&endpoint("analytics-plugin", "/stats")).is(200);
    assert_eq!(stats, json!({ "conversations": 1, "messages": 1, "users": 1 }));
}

#[test]
fn a_data_directory_that_is_in_use_is_refused() {
    let server = Running::start();
    let said =
        Launch::plugin_server(&server.data_dir()).expect("it was built").start().expect_err("in use").to_string();
    assert!(said.contains("exit status: 4"), "{said}");
}

#[test]
fn settings_come_from_the_file_and_the_environment_wins() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    std::fs::write(&file, "[plugins.conversations]\nprompt = \"From the file.\"\nmodel = \"file-1\"\n")
        .expect("written");
    let server = Running::with(|launch| {
        launch.arg("--config").arg(&file).env("PLUGIN_SERVER__PLUGINS__CONVERSATIONS__MODEL", "environment-1")
    });
    let ada = server.speaking("shop", "ada");
    assert_eq!(ada.got(&endpoint("conversations", "/config")).is(200)["model"], json!("environment-1"));
    converse(&ada, "a", &[]);
    let shown = ada.got(&endpoint("conversations", "/conversations/a")).is(200);
    assert_eq!(shown["prompt"], json!("From the file."));
}

#[test]
fn an_unknown_setting_is_an_error_that_names_the_nearest() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:0\"\n").expect("written");
    let launch = Launch::plugin_server(&folder.path().join("data")).expect("it was built").arg("--config").arg(&file);
    let said = launch.start().expect_err("a typo").to_string();
    assert!(said.contains("exit status: 2") && said.contains("lisen") && said.contains("`listen`"), "{said}");
}
