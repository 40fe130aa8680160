use actix_web::http::{Method, StatusCode};
use plugin_core::store::engine::EngineError;
use serde_json::json;

use super::*;
use crate::{
    auth::token::HOST,
    fixture::{app, ask, request, server, token, with_token},
};

#[test]
fn every_route_has_the_rule_that_is_listed_here() {
    let list: Vec<String> =
        rules().iter().map(|rule| format!("{} {}: {}", rule.method, rule.path, rule.access.words())).collect();
    let expected = "\
GET /healthz: public
GET /readyz: public
GET /openapi.json: public
GET /metrics: scope admin
GET /api/plugins: scope admin
GET /api/plugins/{id}: scope admin
POST /api/plugins/{id}/enable: scope admin
POST /api/plugins/{id}/disable: scope admin
GET /api/plugins/{id}/cron: scope admin
POST /api/plugins/{id}/cron/{job}/run: scope admin
GET /api/admin-pages: scope admin
GET /api/hooks: scope admin
POST /api/hooks/{name}: scope host
GET /api/filters: scope admin
POST /api/filters/{name}: scope host
POST /api/events/{name}: scope admin or host
GET /api/tokens: scope admin
POST /api/tokens: scope admin
DELETE /api/tokens/{id}: scope admin
POST /api/sign-in-links: scope admin
GET /api/backups: scope admin
POST /api/backups: scope admin
POST /api/checksums: scope admin
GET /api/store: scope admin
GET /api/store/{plugin}: scope admin
DELETE /api/store/{plugin}: scope admin
GET /api/store/{plugin}/documents: scope admin
POST /api/store/{plugin}/find: scope admin
PUT /api/store/{plugin}/documents: scope admin
DELETE /api/store/{plugin}/documents: scope admin
GET /api/store/{plugin}/documents/{key:.*}: scope admin
PUT /api/store/{plugin}/documents/{key:.*}: scope admin
DELETE /api/store/{plugin}/documents/{key:.*}: scope admin
GET /api/store/{plugin}/export: scope admin
POST /api/store/{plugin}/import: scope admin, body of any size
POST /api/store/{plugin}/verify: scope admin
DELETE /api/store/{plugin}/indexes/{number}: scope admin
GET /: public
GET /admin: session or scope admin
GET /admin/pages/{path:.*}: session or scope admin
POST /admin/plugins/{id}/enable: session, form token, same origin
POST /admin/plugins/{id}/disable: session, form token, same origin
GET /admin/sign-in: public
POST /admin/sign-in: public
POST /admin/sign-out: session, form token, same origin
GET /admin/style.css: public";
    assert_eq!(list.join("\n"), expected);
}

#[actix_web::test]
async fn every_route_keeps_its_rule() {
    let server = server().await;
    let app = app(&server).await;
    let (none, host, admin) =
        (token(&server, &[]).await, token(&server, &["host"]).await, token(&server, &["admin"]).await);
    for rule in rules() {
        let parts = ["{path:.*}", "{key:.*}", "{id}", "{job}", "{name}", "{plugin}", "{number}"];
        let path = parts.iter().fold(rule.path.to_owned(), |path, part| path.replace(part, "1"));
        let ask = async |token: Option<&str>| {
            let request = match token {
                Some(token) => with_token(rule.method.clone(), &path, token),
                None => request(rule.method.clone(), &path),
            };
            ask(&app, request).await.status
        };
        let refused = |status: u16| status == 401 || status == 403;
        let (nobody, none, host, admin) =
            (ask(None).await, ask(Some(&none)).await, ask(Some(&host)).await, ask(Some(&admin)).await);
        let name = format!("{} {path}: {nobody} {none} {host} {admin}", rule.method);
        match rule.access {
            Access::Public if rule.path == "/admin/sign-in" => {
                assert!(!refused(nobody) || rule.method == Method::POST, "{name}");
            }
            Access::Public => assert!(![nobody, none, host, admin].into_iter().any(refused), "{name}"),
            Access::Either(..) => assert!(nobody == 401 && none == 403 && !refused(host) && !refused(admin), "{name}"),
            Access::Scope(HOST) => assert!(nobody == 401 && none == 403 && !refused(host) && admin == 403, "{name}"),
            Access::Scope(_) | Access::Stream(_) => {
                assert!(nobody == 401 && none == 403 && host == 403 && !refused(admin), "{name}");
            }
            Access::Page => assert!(nobody == 401 && none == 403 && host == 403 && !refused(admin), "{name}"),
            Access::Form => assert!(nobody == 401 && none == 401 && host == 401 && admin == 401, "{name}"),
        }
    }
}

#[actix_web::test]
async fn a_call_is_made_for_whom_its_token_and_headers_say() {
    let server = server().await;
    let app = app(&server).await;
    let (plain, host) = (token(&server, &[]).await, token(&server, &["host"]).await);
    let bearer = |token: &str| Some(format!("Bearer {token}"));
    let cases = [
        (None, None, None, Ok(("default", None))),
        (None, Some("a"), None, Err(403)),
        (None, None, Some("u"), Err(403)),
        (bearer(&plain), None, None, Ok(("shop", Some("ada")))),
        (bearer(&plain), Some("a"), None, Err(403)),
        (bearer(&plain), None, Some("u"), Err(403)),
        (bearer(&host), None, None, Ok(("shop", Some("ada")))),
        (bearer(&host), Some("a"), None, Ok(("a", Some("ada")))),
        (bearer(&host), Some("a"), Some("u"), Ok(("a", Some("u")))),
        (bearer(&host), Some("a/b"), None, Err(400)),
        (bearer(&host), None, Some(""), Err(400)),
        (bearer("environment-token"), None, None, Ok(("default", Some("admin")))),
        (bearer("environment-token"), Some("a"), Some("u"), Ok(("a", Some("u")))),
        (bearer("environment-tokem"), None, None, Err(401)),
        (bearer("plg_0123456789abcdef_00"), None, None, Err(401)),
        (bearer(&plain[..plain.len() - 1]), None, None, Err(401)),
        (Some(format!("Basic {plain}")), None, None, Err(401)),
        (Some("Bearer".to_owned()), None, None, Err(401)),
    ];
    for (authorization, app_id, user_id, expected) in cases {
        let mut request = request(Method::GET, "/api/plugins/probe/endpoints/who");
        for (name, value) in [("authorization", authorization.as_deref()), ("x-app-id", app_id), ("x-user-id", user_id)]
        {
            request = match value {
                Some(value) => request.insert_header((name, value)),
                None => request,
            };
        }
        let answer = ask(&app, request).await;
        let case = format!("{authorization:?} {app_id:?} {user_id:?}: {answer:?}");
        match expected {
            Ok((app, user)) => assert_eq!(answer.json(), json!({ "app": app, "user": user }), "{case}"),
            Err(status) => {
                assert_eq!(answer.status, status, "{case}");
                assert_eq!(answer.json()["status"], status, "{case}");
            }
        }
    }
}

#[actix_web::test]
async fn what_is_not_there_is_a_problem_with_the_id_of_the_request() {
    let server = server().await;
    let app = app(&server).await;
    for (method, path, status) in [
        (Method::GET, "/nothing", 404),
        (Method::GET, "/api/nothing", 404),
        (Method::GET, "/api/plugins/probe/nothing", 404),
        (Method::GET, "/api/plugins/probe/endpoints/nothing", 404),
        (Method::POST, "/api/plugins/probe/webhooks/nothing", 404),
        (Method::DELETE, "/api/plugins", 405),
        (Method::POST, "/api/plugins/probe/endpoints/who", 405),
        (Method::GET, "/api/%2e%2e/plugins", 400),
        (Method::GET, "/admin%00", 400),
    ] {
        let answer = ask(&app, request(method.clone(), path)).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(answer.json()["requestId"], answer.header("x-request-id"), "{path}");
        if status == 405 {
            assert!(answer.header("allow").contains("GET"), "{path}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn a_plugin_is_switched_off_and_on_repeatably() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    let ask = async |method, path: &str| ask(&app, with_token(method, path, &admin)).await;
    let state = async || ask(Method::GET, "/api/plugins/probe").await.json()["state"].clone();
    assert_eq!(state().await, "active");
    for (change, expected) in
        [("disable", "inactive"), ("disable", "inactive"), ("enable", "active"), ("enable", "active")]
    {
        assert_eq!(ask(Method::POST, &format!("/api/plugins/probe/{change}")).await.status, 204);
        assert_eq!(state().await, expected);
        let who = ask(Method::GET, "/api/plugins/probe/endpoints/who").await.status;
        assert_eq!(who, if expected == "active" { 200 } else { 503 });
    }
    assert_eq!(ask(Method::POST, "/api/plugins/nobody/enable").await.status, 404);
}

#[actix_web::test]
async fn hooks_filters_and_events_work_from_outside() {
    let server = server().await;
    let app = app(&server).await;
    let (host, admin) = (token(&server, &["host"]).await, token(&server, &["admin"]).await);
    let post = async |path: &str, body: serde_json::Value| {
        ask(&app, with_token(Method::POST, path, &host).set_json(body)).await
    };
    let fired = post("/api/hooks/probe:done", json!({ "what": "wrong" })).await;
    assert_eq!(fired.json()["handlers"][0]["outcome"], "error", "{fired:?}");
    assert_eq!(fired.json()["handlers"][0]["handler"], "hear");
    assert_eq!(post("/api/hooks/probe:done", json!({ "what": "right" })).await.json()["handlers"][0]["outcome"], "ok");
    assert_eq!(post("/api/hooks/probe:done", json!({})).await.status, 422);
    assert_eq!(post("/api/hooks/probe:dome", json!({})).await.status, 404);
    assert_eq!(post("/api/hooks/probe:done&x", json!({ "what": "right" })).await.status, 404);
    assert_eq!(post("/api/hooks/probe%3Adone", json!({ "what": "right" })).await.status, 200);
    assert_eq!(post("/api/filters/probe:text", json!({ "text": "a" })).await.json(), json!({ "text": "A" }));
    let failed = post("/api/filters/probe:text", json!({ "text": "" })).await;
    assert_eq!((failed.status, failed.json()["type"].clone()), (500, json!("/problems/filter-failed")));
    assert_eq!(post("/api/events/probe:probed", json!({ "what": "x" })).await.status, 202);
    assert_eq!(post("/api/events/probe:probed", json!({})).await.status, 422);
    assert_eq!(post("/api/events/probe:nothing", json!({})).await.status, 404);
    for path in ["/api/hooks/x", "/api/filters/x", "/api/events/x"] {
        let answer = ask(&app, with_token(Method::POST, path, &host).set_payload("{")).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    assert_eq!(ask(&app, with_token(Method::POST, "/api/hooks/probe:done", &host).set_payload("{}")).await.status, 415);

    let hooks = ask(&app, with_token(Method::GET, "/api/hooks", &admin)).await.json();
    let done = hooks
        .as_array()
        .expect("a list")
        .iter()
        .find(|hook| hook["name"] == "probe:done")
        .expect("it is listed")
        .clone();
    assert_eq!(
        (done["handlers"][0]["plugin"].clone(), done["handlers"][0]["item"].clone()),
        (json!("probe"), json!("hear"))
    );
    assert!(done["schema"].is_object());

    let probe = ask(&app, with_token(Method::GET, "/api/plugins/probe", &admin)).await.json();
    let item =
        |name: &str| probe["items"].as_array().expect("a list").iter().find(|item| item["name"] == name).cloned();
    let hear = item("hear").expect("it is listed");
    assert_eq!(
        (hear["kind"].clone(), hear["calls"].clone(), hear["errors"].clone()),
        (json!("hook"), json!(3), json!(1))
    );
    assert!(hear["file"].as_str().expect("a path").ends_with("fixture.rs") && hear["line"].is_u64());
    let metrics = ask(&app, with_token(Method::GET, "/metrics", &admin)).await.text;
    assert!(metrics.contains("plugin_calls_total{plugin=\"probe\",kind=\"hook\",item=\"hear\"} 3"), "{metrics}");
    assert!(
        metrics.contains("# TYPE plugin_call_seconds histogram")
            && metrics.contains("# UNIT plugin_call_seconds seconds")
    );
    let of_hear = "plugin=\"probe\",kind=\"hook\",item=\"hear\"";
    let timed = hear["timed"].as_u64().expect("a number");
    assert!(timed > 0 && hear["meanSeconds"].as_f64().is_some_and(|mean| mean > 0.0), "{hear}");
    for line in [
        format!("plugin_call_seconds_count{{{of_hear}}} {timed}"),
        format!("plugin_call_seconds_bucket{{le=\"+Inf\",{of_hear}}} {timed}"),
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line} is not in\n{metrics}");
    }
    let (daily, untimed) =
        (item("daily").expect("it is listed"), "plugin_call_seconds_count{plugin=\"probe\",kind=\"cron\"");
    assert!(daily["meanSeconds"].is_null() && !metrics.contains(untimed), "{daily}\n{metrics}");
    assert!(metrics.contains("plugin_errors_total{plugin=\"probe\",kind=\"hook\",item=\"hear\"} 1"), "{metrics}");
}

#[actix_web::test]
async fn jobs_are_listed_and_run_by_hand() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    let jobs = ask(&app, with_token(Method::GET, "/api/plugins/probe/cron", &admin)).await.json();
    assert_eq!((jobs[0]["name"].clone(), jobs[0]["schedule"].clone()), (json!("daily"), json!("1d")));
    assert_eq!(jobs[0]["next"].as_array().map(Vec::len), Some(5));
    let run = ask(&app, with_token(Method::POST, "/api/plugins/probe/cron/daily/run", &admin)).await;
    assert_eq!(run.status, 202);
    assert!(run.json()["runId"].is_string());
    for path in ["/api/plugins/probe/cron/weekly/run", "/api/plugins/nobody/cron/daily/run"] {
        assert_eq!(ask(&app, with_token(Method::POST, path, &admin)).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn a_token_works_until_it_is_revoked_and_is_never_listed() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    let new = json!({ "name": "ci", "scopes": ["admin"], "user": "eve", "app": "shop", "expiresIn": "30d" });
    let made = ask(&app, with_token(Method::POST, "/api/tokens", &admin).set_json(new)).await;
    assert_eq!(made.status, 201, "{made:?}");
    let (id, token) = (
        made.json()["id"].as_str().expect("an id").to_owned(),
        made.json()["token"].as_str().expect("a token").to_owned(),
    );
    assert!(token.starts_with("plg_"));
    let list = ask(&app, with_token(Method::GET, "/api/tokens", &token)).await;
    assert!(list.text.contains(&id) && !list.text.contains(&token), "{list:?}");
    assert_eq!(ask(&app, with_token(Method::DELETE, &format!("/api/tokens/{id}"), &admin)).await.status, 204);
    assert_eq!(ask(&app, with_token(Method::DELETE, &format!("/api/tokens/{id}"), &admin)).await.status, 404);
    assert_eq!(ask(&app, with_token(Method::GET, "/api/tokens", &token)).await.status, 401);
    for wrong in [
        json!({ "name": "", "scopes": [] }),
        json!({ "name": "x", "scopes": ["a b"] }),
        json!({ "name": "x", "scopes": [], "user": "a/b" }),
        json!({ "name": "x", "scopes": [], "expiresIn": "soon" }),
        json!({ "name": "x", "scopes": [], "scope": "admin" }),
        json!({ "scopes": [] }),
    ] {
        let answer = ask(&app, with_token(Method::POST, "/api/tokens", &admin).set_json(&wrong)).await;
        assert_eq!(answer.status, 422, "{wrong}: {answer:?}");
        assert!(answer.json()["errors"].is_array(), "{wrong}: {answer:?}");
    }
}

#[actix_web::test]
async fn readiness_ends_before_the_server_does_and_health_does_not() {
    let server = server().await;
    let app = app(&server).await;
    let status = async |path: &str| ask(&app, request(Method::GET, path)).await.status;
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 200));
    server.close();
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 503));
}

#[actix_web::test]
async fn a_server_whose_store_takes_no_writes_is_alive_and_not_ready() {
    let server = server().await;
    let app = app(&server).await;
    let unavailable = EngineError::Unavailable("no room on disk 7".to_owned());
    let damaged = EngineError::Corrupt("block checksum mismatch in 000012.sst".to_owned());
    for (why, code) in [(unavailable, "/problems/store-unavailable"), (damaged, "/problems/store-damaged")] {
        server.standing.refuse(why);
        let ready = ask(&app, request(Method::GET, "/readyz")).await;
        assert_eq!((ready.status, &ready.json()["type"]), (503, &json!(code)));
        assert_eq!(ask(&app, request(Method::GET, "/healthz")).await.status, 200);
    }
    server.standing.accept();
    assert_eq!(ask(&app, request(Method::GET, "/readyz")).await.status, 200);
}

#[actix_web::test]
async fn the_description_has_endpoints_and_the_servers_own_routes() {
    let server = server().await;
    let app = app(&server).await;
    let document = ask(&app, request(Method::GET, "/openapi.json")).await.json();
    assert_eq!(document["openapi"], "3.1.0");
    for (path, method) in
        [("/api/plugins/probe/endpoints/who", "get"), ("/api/tokens", "post"), ("/api/hooks/{name}", "post")]
    {
        assert!(document["paths"][path][method]["responses"].is_object(), "{path}");
    }
    assert!(document["components"]["schemas"]["TokenRequest"].is_object());
    assert_eq!(document["paths"]["/api/tokens"]["post"]["security"], json!([{ "bearer": ["admin"] }]));
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    let body = vec![b' '; (1 << 20) + 1];
    let answer = ask(&app, with_token(Method::POST, "/api/tokens", &admin).set_payload(body)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE.as_u16());
}
