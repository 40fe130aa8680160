//! `token`, `run` and `emit`: the same whether a server has the data directory or nobody.

use serde_json::{Value, json};

use super::Shell;
use crate::tools::{Ask, Expect, Running, endpoint, entry, eventually};

const EVENT: &str = "data-source:conversation-ended";

#[test]
fn tokens_of_a_running_server_are_made_listed_and_ended() {
    let server = Running::start();
    let shell = Shell::new().on(&server.data_dir());
    let plugins = |token: &str| server.anonymous().token(token).got("/api/plugins").status;
    let token = shell.done(&["token", "create", "ci", "--scope", "admin", "--user", "ada", "--expires-in", "30d"]);
    assert_eq!(plugins(token.trim()), 200);
    let made = shell.json(&["token", "create", "bot", "--scope", "host", "--app", "shop", "--json"]);
    assert_eq!(plugins(made["token"].as_str().expect("a token")), 403);
    let listed = shell.json(&["token", "list", "--json"]);
    assert_eq!(listed, server.admin().got("/api/tokens").is(200));
    assert_eq!(entry(&listed, "name", "ci")["user"], json!("ada"));
    let id = entry(&listed, "name", "ci")["id"].as_str().expect("an id");
    let table = shell.done(&["token", "list"]);
    assert!(table.starts_with("ID") && table.contains(id) && !table.contains(token.trim()), "{table}");
    assert_eq!(shell.done(&["token", "revoke", id]), "");
    assert_eq!(plugins(token.trim()), 401);
    assert!(shell.fails(&["token", "revoke", id], 1).contains("there is no such token"));
    let wrong = shell.fails(&["token", "create", "x", "--scope", "a b"], 1);
    assert!(wrong.contains("scope"), "{wrong}");
}

#[test]
fn tokens_of_a_free_directory_are_made_listed_and_ended() {
    let shell = Shell::new();
    let token = shell.done(&["token", "create", "ci", "--scope", "admin"]);
    let ended = shell.json(&["token", "create", "gone", "--scope", "admin", "--json"]);
    assert_eq!(shell.done(&["token", "revoke", ended["id"].as_str().expect("an id")]), "");
    let listed = shell.json(&["token", "list", "--json"]);
    let server = Running::on(shell.folder);
    assert_eq!(server.anonymous().token(token.trim()).got("/api/tokens").is(200), listed);
    server.anonymous().token(ended["token"].as_str().expect("a token")).got("/api/tokens").refuses(401);
}

#[test]
fn a_link_leads_to_the_sign_in_page_of_the_server_that_runs() {
    let server = Running::start();
    let shell = Shell::new().on(&server.data_dir());
    let url = shell.done(&["token", "link"]);
    let path = url.trim().strip_prefix(server.base()).unwrap_or_else(|| panic!("{url}"));
    let page = server.anonymous().got(path);
    assert!(page.status == 200 && page.text().contains("name=\"link\""), "{}", page.text());
    let free = Shell::new().env("PLUGIN_SERVER_LISTEN", "127.0.0.1:9");
    assert!(free.done(&["token", "link"]).starts_with("http://127.0.0.1:9/admin/sign-in?link="));
}

#[test]
fn a_job_is_run_and_its_end_waited_for() {
    let server = Running::start();
    for shell in [Shell::new().on(&server.data_dir()), Shell::new()] {
        let run = shell.json(&["run", "cleanup-plugin", "daily-cleanup"]);
        assert_eq!(run["outcome"], json!("ok"), "{run}");
        assert!(run["endedAt"].is_string() && run["runId"].is_string(), "{run}");
        for unknown in [["run", "cleanup-plugin", "weekly"], ["run", "nobody", "daily-cleanup"]] {
            assert!(shell.fails(&unknown, 1).contains("no such"), "{unknown:?}");
        }
    }
}

#[test]
fn a_job_that_fails_is_told_of_and_ends_with_1() {
    let said = Shell::misbehaving().run(&["run", "misbehaving", "panicking-job"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let run: Value = serde_json::from_str(&said.out).expect("the run");
    assert_eq!(run["outcome"], json!("panic"), "{said:?}");
    assert!(said.err.contains("`panic`"), "{said:?}");
}

#[test]
fn an_event_is_published_by_the_server_or_waits_for_its_next_start() {
    let running = Running::start();
    let (online, offline) = (Shell::new().on(&running.data_dir()), Shell::new());
    let event = json!({ "appId": "shop", "timestamp": "2026-07-01T12:00:00Z" }).to_string();
    for shell in [&online, &offline] {
        assert_eq!(shell.done(&["emit", EVENT, &event, "--app", "shop"]), "");
        assert!(shell.fails(&["emit", EVENT, "{"], 2).contains("no JSON"));
        assert!(shell.fails(&["emit", "data-source:nothing", &event], 1).contains("no such event"));
        assert!(!shell.fails(&["emit", EVENT, "{}"], 1).is_empty());
    }
    for server in [running, Running::on(offline.folder)] {
        let seen = || server.admin().got(&endpoint("data-consumer", "/seen")).is(200);
        eventually(seen, |seen| *seen == json!({ "apps": { "shop": 1 } }));
    }
}

#[test]
fn what_a_killed_server_left_does_not_lead_to_another() {
    let other = Running::start();
    let shell = Shell::new();
    let stale = json!({ "address": other.base(), "token": "plg_of-a-process-that-is-gone" }).to_string();
    shell.write("data/control.json", &stale);
    shell.done(&["token", "create", "mine", "--scope", "admin"]);
    assert_eq!(other.admin().got("/api/tokens").is(200), json!([]));
    let server = Running::on(shell.folder);
    assert_eq!(server.admin().got("/api/tokens").is(200)[0]["name"], json!("mine"));

    std::fs::write(server.data_dir().join("control.json"), &stale).expect("written");
    let said = Shell::new().on(&server.data_dir()).fails(&["token", "list"], 4);
    assert!(said.contains("in use"), "{said}");
}

#[test]
fn a_server_that_was_killed_leaves_its_directory_to_commands() {
    let mut server = Running::start();
    server.admin().posted("/api/tokens", json!({ "name": "kept", "scopes": [] })).is(201);
    server.kill().expect("killed");
    let shell = Shell::new().on(&server.data_dir());
    assert_eq!(shell.json(&["token", "list", "--json"])[0]["name"], json!("kept"));
}
