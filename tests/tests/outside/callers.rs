//! Who calls, and for whom.

use serde_json::json;

use crate::tools::{Ask, Expect, Running, converse, endpoint};

#[test]
fn the_admin_token_is_user_admin_in_the_default_app() {
    let server = Running::start();
    converse(&server.admin(), "c", &[]);
    let shown = server.admin().got(&endpoint("conversations", "/conversations/c")).is(200);
    assert_eq!((&shown["appId"], &shown["userId"]), (&json!("default"), &json!("admin")));
}

#[test]
fn headers_say_for_whom_only_where_the_scope_allows() {
    let server = Running::start();
    let path = endpoint("conversations", "/conversations");
    let token = |scopes| {
        let token = json!({ "name": "t", "scopes": scopes, "user": "ada", "app": "shop" });
        server.admin().posted("/api/tokens", token).is(201)["token"].as_str().expect("a token").to_owned()
    };
    let plain = server.anonymous().token(&token(json!([])));
    plain.posted(&path, json!({ "id": "mine" })).is(201);
    let shown = plain.got(&format!("{path}/mine")).is(200);
    assert_eq!((&shown["appId"], &shown["userId"]), (&json!("shop"), &json!("ada")));
    plain.clone().app("other").got(&format!("{path}/mine")).refuses(403);
    plain.clone().user("other").got(&format!("{path}/mine")).refuses(403);

    let host = server.anonymous().token(&token(json!(["host"])));
    host.clone().app("other").got(&format!("{path}/mine")).refuses(404);
    converse(&host.clone().app("other").user("eve"), "hers", &[]);
    assert_eq!(host.app("other").got(&format!("{path}/hers")).is(200)["userId"], json!("eve"));
}

#[test]
fn a_call_without_a_token_is_nobodys() {
    let server = Running::start();
    let nobody = server.anonymous();
    let stats = endpoint("analytics-plugin", "/stats");
    nobody.got(&stats).refuses(401);
    nobody.posted(&endpoint("analytics-plugin", "/track"), json!({ "any": 1 })).is(201);
    for (name, value) in [("X-App-Id", "shop"), ("X-User-Id", "ada")] {
        nobody.clone().header(name, value).posted(&endpoint("analytics-plugin", "/track"), json!({})).refuses(403);
    }
    for wrong in ["Bearer nonsense", "Bearer ", "Bearer plg_nonsense"] {
        nobody.clone().header("Authorization", wrong).got(&stats).refuses(401);
    }
}

#[test]
fn malformed_ids_are_400() {
    let server = Running::start();
    for (name, value) in
        [("X-App-Id", "two words"), ("X-User-Id", "a/b"), ("X-App-Id", &"x".repeat(129)), ("X-User-Id", "")]
    {
        server.admin().header(name, value).got(&endpoint("analytics-plugin", "/stats")).refuses(400);
    }
}

#[test]
fn everything_that_is_no_endpoint_needs_the_scope_admin() {
    let server = Running::start();
    let token = json!({ "name": "t", "scopes": ["host"], "user": "ada" });
    let token = server.admin().posted("/api/tokens", token).is(201)["token"].as_str().expect("a token").to_owned();
    let host = server.anonymous().token(&token);
    for path in ["/api/plugins", "/api/plugins/data-plugin", "/api/tokens", "/api/admin-pages", "/metrics"] {
        server.anonymous().got(path).refuses(401);
        host.got(path).refuses(403);
        assert_eq!(server.admin().got(path).status, 200, "{path}");
    }
}
