//! Tokens: made, listed, revoked.

use serde_json::json;

use crate::tools::{Ask, Expect, Running, endpoint, entry, eventually};

#[test]
fn a_token_is_shown_once_and_lives_until_it_is_revoked() {
    let server = Running::start();
    let admin = server.admin();
    let made = admin.posted("/api/tokens", json!({ "name": "bot", "scopes": ["host"], "user": "ada" })).is(201);
    let (id, token) = (made["id"].as_str().expect("an id"), made["token"].as_str().expect("a token"));
    assert!(token.starts_with("plg_"));
    let listed = admin.got("/api/tokens").is(200);
    assert_eq!(entry(&listed, "id", id)["name"], json!("bot"));
    assert!(!listed.to_string().contains(token));

    let bot = server.anonymous().token(token);
    let stats = endpoint("analytics-plugin", "/stats");
    bot.got(&stats).is(200);
    assert_eq!(admin.delete(&format!("/api/tokens/{id}")).expect("an answer").status, 204);
    bot.got(&stats).refuses(401);
    assert_eq!(admin.delete("/api/tokens/none-such").expect("an answer").status, 404);
}

#[test]
fn a_token_ends_when_its_time_is_over() {
    let server = Running::start();
    let made = json!({ "name": "brief", "scopes": [], "user": "ada", "expiresIn": "1s" });
    let made = server.admin().posted("/api/tokens", made).is(201);
    let brief = server.anonymous().token(made["token"].as_str().expect("a token"));
    let stats = endpoint("analytics-plugin", "/stats");
    eventually(|| brief.got(&stats).status, |&status| status == 401);
}

#[test]
fn tokens_outlive_a_kill() {
    let mut server = Running::start();
    let made = server.admin().posted("/api/tokens", json!({ "name": "t", "scopes": [], "user": "ada" })).is(201);
    server.kill().expect("killed");
    server.restart().expect("it starts again");
    let token = made["token"].as_str().expect("a token");
    server.anonymous().token(token).got(&endpoint("analytics-plugin", "/stats")).is(200);
}

#[test]
fn a_wrong_request_for_a_token_is_refused() {
    let server = Running::start();
    for wrong in [
        json!({ "scopes": [] }),
        json!({ "name": "t", "scopes": ["a b"] }),
        json!({ "name": "t", "scopes": [], "app": "a b" }),
    ] {
        server.admin().posted("/api/tokens", wrong).refuses(422);
    }
}
