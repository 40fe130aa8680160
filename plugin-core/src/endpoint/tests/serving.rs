//! Endpoints as requests meet them, below actix-web and without a socket.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse, Responder,
    body::{BoxBody, MessageBody},
    dev::ServiceResponse,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap},
    },
    test::{self, TestRequest},
    web::{self, Bytes, Path},
};
use futures_util::future::{FutureExt, pending};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Admin, Clock, Context, Error, Json, ManualClock, Query, Result, Timestamp, User, UserId,
    context::{
        call::Call,
        caller::{Caller, Scopes},
        shared::{BoxFuture, ItemInfo, Outbox, Places, Shared},
        table::PointTable,
    },
    endpoint,
    endpoint::{
        handler::Pool,
        router::{Answerer, Router},
        serve::Requested,
    },
    plugin,
    plugin::state::{Life, PluginState},
    registration::{Item, Registration},
    stats::{Stats, Timing},
    store::{engine::Durability, mem::MemEngine},
};

#[plugin(id = "desk")]
struct Desk;

#[derive(Debug, Deserialize, schemars::JsonSchema)]
struct Ask {
    count: u32,
}

#[endpoint(GET, "/hello/{name}", public)]
async fn hello(ctx: &Context<Desk>, name: Path<String>, request: HttpRequest) -> String {
    let pattern = request.match_pattern().unwrap_or_default();
    format!("{} of {} at {pattern}", name, ctx.app_id())
}

#[endpoint(GET, "/rest/{first}/{*rest}", public, plugin = Desk)]
async fn rest(path: Path<(u32, String)>) -> String {
    format!("{}|{}", path.0, path.1)
}

#[endpoint(POST, "/ask", public, body = "1KiB")]
async fn ask(_: &Context<Desk>, ask: Json<Ask>) -> Result<(Json<u32>, StatusCode)> {
    Ok((Json(ask.count), StatusCode::CREATED))
}

#[endpoint(PUT, "/ask", public, plugin = Desk)]
async fn put(body: Bytes) -> String {
    body.len().to_string()
}

#[endpoint(GET, "/page", public, plugin = Desk)]
async fn page(page: Query<Ask>) -> String {
    page.count.to_string()
}

#[derive(Debug, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Named {
    user_id: String,
}

#[endpoint(POST, "/web-json", public, plugin = Desk)]
async fn web_json(named: web::Json<Named>) -> String {
    named.into_inner().user_id
}

#[endpoint(POST, "/web-form", public, plugin = Desk)]
async fn web_form(named: web::Form<Named>) -> String {
    named.into_inner().user_id
}

#[endpoint(GET, "/web-query", public, plugin = Desk)]
async fn web_query(named: web::Query<Named>) -> String {
    named.into_inner().user_id
}

#[endpoint(GET, "/me")]
async fn me(_: &Context<Desk>, user: User) -> String {
    user.id.to_string()
}

#[endpoint(GET, "/signed-in")]
async fn signed_in(_: &Context<Desk>) -> &'static str {
    "in"
}

#[endpoint(GET, "/admin", admin)]
async fn admin(_: &Context<Desk>, admin: Admin) -> String {
    admin.user.to_string()
}

#[endpoint(GET, "/panics", public)]
async fn panics(_: &Context<Desk>) -> &'static str {
    panic!("on purpose")
}

#[endpoint(GET, "/private", public)]
async fn private(_: &Context<Desk>) -> Result<String> {
    Err(Error::new("disk 7 is gone"))
}

#[endpoint(GET, "/ended", public)]
async fn ended(_: &Context<Desk>) -> Result<String> {
    Err(Error::conflict("it has ended"))
}

#[endpoint(GET, "/silent", public, timeout = "2s")]
async fn silent(_: &Context<Desk>) -> &'static str {
    pending().await
}

#[endpoint(GET, "/local", public, plugin = Desk)]
async fn local() -> impl Responder {
    let stays = Rc::new(RefCell::new(1));
    async {}.await;
    stays.replace(2);
    format!("{}", stays.borrow())
}

#[endpoint(GET, "/blocking/{panics}", public)]
fn blocking(ctx: &Context<Desk>, panics: Path<bool>) -> String {
    assert!(!*panics, "on a pool");
    ctx.plugin().to_owned()
}

#[endpoint(GET, "/seldom", public, rate = "2/s")]
async fn seldom(_: &Context<Desk>) -> &'static str {
    "now"
}

struct Nowhere;

impl Outbox for Nowhere {
    fn emit<'a>(&'a self, _: &'a Call, _: usize, _: &'static str, _: Value) -> BoxFuture<'a, Result<()>> {
        async { Ok(()) }.boxed()
    }
}

fn endpoints() -> Vec<&'static Registration> {
    let ours = Registration::linked().filter(|registration| registration.site.module == module_path!());
    let mut ours: Vec<_> = ours.filter(|registration| matches!(registration.item, Item::Endpoint(_))).collect();
    ours.sort_by_key(|registration| registration.site.line);
    ours
}

/// A host with the plugin above, active.
pub(super) fn shared(clock: Clock) -> Arc<Shared> {
    let plugins = [PluginState::new("desk", Durability::Relaxed, Some(Box::new(())))];
    plugins[0].set_life(Life::Active);
    let items: Box<[ItemInfo]> = endpoints()
        .iter()
        .map(|registration| ItemInfo { plugin: "desk", kind: registration.item.kind(), site: registration.site })
        .collect();
    Arc::new(Shared {
        clock,
        spawn: Arc::new(()),
        engine: Arc::new(MemEngine::new()),
        plugins: plugins.into(),
        hooks: PointTable::default(),
        filters: PointTable::default(),
        stats: Stats::new(items.len(), [], Timing::Sampled),
        items,
        outbox: Box::new(Nowhere),
        subscriptions: Default::default(),
        places: Places::new([<Desk as crate::Plugin>::ix()]),
    })
}

pub(super) fn router(shared: &Arc<Shared>, pool: Pool) -> Router {
    let mut builder = Router::builder(Arc::clone(shared)).pool(pool);
    for (registration, number) in endpoints().into_iter().zip(0..) {
        if let Item::Endpoint(item) = &registration.item {
            builder = builder.endpoint(item, registration.site, number);
        }
    }
    builder.build().expect("no conflicts")
}

fn manual() -> (ManualClock, Clock) {
    let manual = ManualClock::at(Timestamp::UNIX_EPOCH);
    (manual.clone(), manual.into())
}

struct Said {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Said {
    fn of(response: ServiceResponse<BoxBody>) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().try_into_bytes().expect("a body in memory");
        Self { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    fn problem(&self) -> Value {
        assert_eq!(self.headers.get(header::CONTENT_TYPE).expect("a content type"), "application/problem+json");
        let problem: Value = serde_json::from_str(&self.body).expect("JSON");
        assert_eq!(problem["status"], self.status);
        assert!(problem["requestId"].as_str().is_some_and(|id| id.parse::<Uuid>().is_ok()), "{problem}");
        problem
    }

    fn code(&self) -> String {
        let problem = self.problem();
        let kind = problem["type"].as_str().unwrap_or_default();
        kind.strip_prefix("/problems/").expect("a code").to_owned()
    }
}

const BASE: &str = "/api/plugins/desk/endpoints";

async fn send(shared: &Arc<Shared>, request: TestRequest) -> Said {
    send_as(None, shared, request).await
}

async fn send_as(caller: Option<Caller>, shared: &Arc<Shared>, request: TestRequest) -> Said {
    let app = test::init_service(App::new().service(router(shared, Pool::Inline))).await;
    let request = request.to_request();
    if let Some(caller) = caller {
        caller.attach(&request);
    }
    Said::of(test::call_service(&app, request).await)
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(&format!("{BASE}{path}"))
}

fn with(method: Method, path: &str, kind: &str, body: &str) -> TestRequest {
    let request = TestRequest::with_uri(&format!("{BASE}{path}")).method(method);
    request.insert_header((header::CONTENT_TYPE, kind)).set_payload(body.to_owned())
}

fn person(scopes: Scopes) -> Caller {
    Caller { user: UserId::new("ada").ok(), scopes, ..Caller::nobody(Uuid::nil()) }
}

#[actix_web::test]
async fn parameters_and_pattern_of_the_path_reach_the_handler() {
    let shared = shared(Clock::system());
    let hello = send(&shared, get("/hello/a%20b%2Fc")).await;
    assert_eq!(hello.body, "a b/c of default at /api/plugins/desk/endpoints/hello/{name}");
    assert_eq!(send(&shared, get("/rest/7/x/y%20z")).await.body, "7|x/y z");
}

#[actix_web::test]
async fn bodies_and_queries_are_read_and_answers_have_their_status() {
    let shared = shared(Clock::system());
    let created = send(&shared, with(Method::POST, "/ask", "application/json", r#"{"count":7}"#)).await;
    assert_eq!((created.status, created.body.as_str()), (201, "7"));
    let large = "x".repeat(1 << 20);
    assert_eq!(send(&shared, with(Method::PUT, "/ask", "text/plain", &large)).await.body, large.len().to_string());
    assert_eq!(send(&shared, get("/page?count=3")).await.body, "3");
}

#[actix_web::test]
async fn what_is_wrong_with_a_request_is_told_as_a_problem() {
    let shared = shared(Clock::system());
    let json = "application/json";
    for (request, status, code) in [
        (get("/unknown"), 404, "not-found"),
        (get("/hello/a/"), 404, "not-found"),
        (TestRequest::get().uri("/api/plugins/nobody/endpoints/x"), 404, "not-found"),
        (TestRequest::get().uri("/api/plugins"), 404, "not-found"),
        (with(Method::DELETE, "/ask", json, ""), 405, "method-not-allowed"),
        (TestRequest::with_uri(&format!("{BASE}/page")).method(Method::HEAD), 405, "method-not-allowed"),
        (get("/hello/%00"), 400, "bad-request"),
        (get("/hello/%252e%252e"), 400, "bad-request"),
        (get("/hello/%ff"), 400, "bad-request"),
        (get("/hello/../ask"), 400, "bad-request"),
        (get("/rest/x/y"), 400, "bad-request"),
        (get("/page?count=%zz"), 400, "bad-request"),
        (get("/page?count=x"), 422, "invalid-fields"),
        (get("/page"), 422, "invalid-fields"),
        (with(Method::POST, "/ask", json, "{"), 400, "bad-request"),
        (with(Method::POST, "/ask", json, "{}"), 422, "invalid-fields"),
        (with(Method::POST, "/ask", "text/plain", "{}"), 415, "unsupported-media-type"),
        (with(Method::POST, "/ask", json, &"x".repeat(1025)), 413, "too-large"),
        (with(Method::PUT, "/ask", json, &"x".repeat((1 << 20) + 1)), 413, "too-large"),
        (get("/me"), 401, "unauthorized"),
        (get("/signed-in"), 401, "unauthorized"),
        (get("/admin"), 401, "unauthorized"),
        (get("/ended"), 409, "conflict"),
        (get("/private"), 500, "internal"),
        (get("/panics"), 500, "internal"),
        (get("/blocking/true"), 500, "internal"),
    ] {
        let said = send(&shared, request).await;
        assert_eq!((said.status, said.code().as_str()), (status, code), "{}", said.body);
        assert!(!said.body.contains("disk"), "{}", said.body);
    }
}

#[actix_web::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let said = send(&shared(Clock::system()), with(Method::DELETE, "/ask", "text/plain", "")).await;
    assert_eq!(said.headers.get(header::ALLOW).expect("told"), "POST, PUT");
}

#[actix_web::test]
async fn a_field_that_is_wrong_is_named() {
    let shared = shared(Clock::system());
    let said = send(&shared, with(Method::POST, "/ask", "application/json", r#"{"count":-1}"#)).await;
    assert_eq!(said.problem()["errors"][0]["field"], "count");
    assert_eq!(said.problem()["instance"], format!("{BASE}/ask"));
}

#[actix_web::test]
async fn actix_webs_own_extractors_name_the_field_that_their_error_names() {
    let shared = shared(Clock::system());
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (request, field) in [
        (with(Method::POST, "/web-json", json, "{}"), "userId"),
        (with(Method::POST, "/web-json", json, r#"{"userId":"a","user":"b"}"#), "user"),
        (with(Method::POST, "/web-json", json, r#"{"userId":7}"#), ""),
        (with(Method::POST, "/web-form", form, "x=1"), "x"),
        (with(Method::POST, "/web-form", form, ""), "userId"),
        (get("/web-query?userId=a&userId=b"), "userId"),
    ] {
        let said = send(&shared, request).await;
        assert_eq!(said.status, 422, "{}", said.body);
        assert_eq!(said.problem()["errors"][0]["field"], field, "{}", said.body);
    }
}

#[actix_web::test]
async fn why_a_plugin_fails_is_told_to_those_alone_who_may_call() {
    let shared = shared(Clock::system());
    shared.plugins[0].fail("`activate` (desk.rs:7): disk 7 is gone".to_owned(), "the disk is gone".to_owned());
    assert_eq!(send(&shared, get("/signed-in")).await.status, 401);
    let said = send_as(Some(person(Scopes::none())), &shared, get("/signed-in")).await;
    assert_eq!(said.status, 503);
    assert_eq!(said.problem()["detail"], "the plugin `desk` has failed: the disk is gone");
}

#[actix_web::test]
async fn who_may_call_is_asked_first() {
    let shared = shared(Clock::system());
    let admin: Scopes = ["admin"].into_iter().collect();
    let program = Caller { token: Some("t".into()), ..Caller::nobody(Uuid::nil()) };
    for (caller, path, status) in [
        (person(Scopes::none()), "/me", 200),
        (person(Scopes::none()), "/signed-in", 200),
        (person(Scopes::none()), "/admin", 403),
        (person(admin), "/admin", 200),
        (person(Scopes::All), "/admin", 200),
        (program.clone(), "/signed-in", 200),
        (program.clone(), "/me", 403),
        (program, "/admin", 403),
    ] {
        let said = send_as(Some(caller), &shared, get(path)).await;
        assert_eq!(said.status, status, "{path}: {}", said.body);
    }
}

#[actix_web::test]
async fn the_request_has_one_name_everywhere() {
    let id: Uuid = "01890000-0000-7000-8000-000000000001".parse().expect("an id");
    let said = send_as(Some(Caller::nobody(id)), &shared(Clock::system()), get("/me")).await;
    assert_eq!(said.problem()["requestId"], id.to_string());
}

#[actix_web::test]
async fn a_panic_is_the_failure_of_one_request_and_counted() {
    let shared = shared(Clock::system());
    let number = |name: &str| {
        let at = shared.items.iter().position(|item| item.site.name == name).expect("an endpoint");
        u32::try_from(at).expect("few")
    };
    for path in ["/panics", "/private", "/ended", "/panics"] {
        send(&shared, get(path)).await;
    }
    assert_eq!(send(&shared, get("/local")).await.body, "2");
    let (panics, private, ended) = (number("panics"), number("private"), number("ended"));
    let counted = |item| {
        let figures = shared.stats.snapshot(item);
        (figures.calls, figures.errors, figures.panics)
    };
    assert_eq!([counted(panics), counted(private), counted(ended)], [(2, 0, 2), (1, 1, 0), (1, 0, 0)]);
}

#[actix_web::test]
async fn an_endpoint_that_is_silent_is_given_up_at_its_limit() {
    let (manual, clock) = manual();
    let shared = shared(clock);
    let app = test::init_service(App::new().service(router(&shared, Pool::Inline))).await;
    let mut waiting = Box::pin(test::call_service(&app, get("/silent").to_request()));
    assert!(waiting.as_mut().now_or_never().is_none());
    let limit = manual.next_sleeper().expect("a limit is armed");
    assert_eq!(limit.since(Timestamp::UNIX_EPOCH), Duration::from_secs(2));
    manual.set(limit);
    let said = Said::of(waiting.await);
    assert_eq!((said.status, said.code().as_str()), (504, "timeout"));
}

#[actix_web::test]
async fn a_fn_runs_on_threads_that_may_block() {
    let shared = shared(Clock::system());
    let app = test::init_service(App::new().service(router(&shared, Pool::Threads))).await;
    let fine = Said::of(test::call_service(&app, get("/blocking/false").to_request()).await);
    assert_eq!((fine.status, fine.body.as_str()), (200, "desk"));
    let failed = Said::of(test::call_service(&app, get("/blocking/true").to_request()).await);
    assert_eq!(failed.code(), "internal");
}

#[actix_web::test]
async fn a_caller_that_calls_too_often_is_told_when_to_come_back() {
    let (manual, clock) = manual();
    let shared = shared(clock);
    let app = test::init_service(App::new().service(router(&shared, Pool::Inline))).await;
    let call = async |token: &str| {
        let request = get("/seldom").to_request();
        Caller { token: Some(token.into()), ..Caller::nobody(Uuid::nil()) }.attach(&request);
        Said::of(test::call_service(&app, request).await)
    };
    assert_eq!([call("a").await.status, call("a").await.status], [200, 200]);
    let refused = call("a").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "too-many-requests"));
    assert_eq!(refused.headers.get(header::RETRY_AFTER).expect("told"), "1");
    assert_eq!(call("b").await.status, 200);
    manual.set(manual.now().saturating_add(Duration::from_millis(500)));
    assert_eq!([call("a").await.status, call("a").await.status], [200, 429]);
}

#[actix_web::test]
async fn a_plugin_that_takes_no_work_says_why() {
    let shared = shared(Clock::system());
    for (life, why) in [(Life::Inactive, "switched off"), (Life::Failed("no secret".into()), "no secret")] {
        shared.plugins[0].set_life(life);
        let said = send(&shared, get("/hello/x")).await;
        assert_eq!((said.status, said.code().as_str()), (503, "plugin-unavailable"));
        assert!(said.problem()["detail"].as_str().is_some_and(|detail| detail.contains(why)), "{}", said.body);
    }
    assert_eq!(send(&shared, get("/unknown")).await.status, 404);
    shared.plugins[0].drained().await;
}

#[actix_web::test]
async fn each_request_is_told_of_before_its_endpoint_runs() {
    fn told<'a>(call: &'a Call, requested: Requested<'a>) -> Option<BoxFuture<'a, ()>> {
        let seen = format!("{} {} {}", requested.method, requested.path, requested.endpoint);
        let failed = call.shared.plugins[0].life() != Life::Active || requested.plugin != "desk";
        TOLD.with_borrow_mut(|told| told.push((seen, failed)));
        None
    }
    thread_local!(static TOLD: RefCell<Vec<(String, bool)>> = const { RefCell::new(Vec::new()) });
    let shared = shared(Clock::system());
    let mut builder = Router::builder(Arc::clone(&shared)).on_request(told);
    for (registration, number) in endpoints().into_iter().zip(0..) {
        if let Item::Endpoint(item) = &registration.item {
            builder = builder.endpoint(item, registration.site, number);
        }
    }
    let app = test::init_service(App::new().service(builder.build().expect("no conflicts"))).await;
    for path in ["/panics", "/unknown", "/me"] {
        test::call_service(&app, get(path).to_request()).await;
    }
    assert_eq!(TOLD.take(), [(format!("GET {BASE}/panics panics"), false)]);
}

#[actix_web::test]
async fn the_host_has_routes_of_its_own_in_the_same_tree() {
    let shared = shared(Clock::system());
    let answerer: Answerer = Arc::new(|request, _| {
        let id = request.match_info().query("id").to_owned();
        async move { if id == "x" { HttpResponse::NotFound().finish() } else { HttpResponse::Ok().body(id) } }
            .boxed_local()
    });
    let builder = Router::builder(shared).route(Method::GET, "/api/plugins/{id}", answerer);
    let app = test::init_service(App::new().service(builder.build().expect("no conflicts"))).await;
    let call = async |path: &str| Said::of(test::call_service(&app, TestRequest::get().uri(path).to_request()).await);
    assert_eq!(call("/api/plugins/desk").await.body, "desk");
    assert_eq!(call("/api/plugins/x").await.code(), "not-found");
}

#[actix_web::test]
async fn routes_that_match_the_same_requests_are_refused() {
    let answerer: Answerer = Arc::new(|_, _| async { HttpResponse::Ok().finish() }.boxed_local());
    let mut builder = Router::builder(shared(Clock::system()));
    for (method, path) in [
        (Method::GET, "/api/plugins/{id}"),
        (Method::PUT, "/api/plugins/{name}"),
        (Method::GET, "/api/plugins/{name}"),
        (Method::GET, "/elsewhere"),
        (Method::HEAD, "/api/plugins/x"),
        (Method::GET, "/api/plugins/{a}{b}"),
    ] {
        builder = builder.route(method, path, Arc::clone(&answerer));
    }
    let conflicts = builder.build().expect_err("refused");
    let said: Vec<_> = conflicts.iter().map(|conflict| (conflict.path.as_str(), conflict.why.as_str())).collect();
    assert_eq!(said[0], ("/api/plugins/{name}", "`/api/plugins/{id}` matches the same requests"));
    assert_eq!(said.len(), 4);
}

#[actix_web::test]
async fn a_thousand_routes_are_told_apart() {
    let mut builder = Router::builder(shared(Clock::system()));
    for number in 0..1_000 {
        let answerer: Answerer = Arc::new(move |request, _| {
            let user = request.match_info().query("user").to_owned();
            async move { HttpResponse::Ok().body(format!("{number} {user}")) }.boxed_local()
        });
        let path = format!("/api/plugins/p{}/endpoints/r{number}/{{user}}", number % 7);
        builder = builder.route(Method::GET, &path, answerer);
    }
    let app = test::init_service(App::new().service(builder.build().expect("no conflicts"))).await;
    for number in (0..1_000).step_by(37) {
        let path = format!("/api/plugins/p{}/endpoints/r{number}/ada", number % 7);
        let said = Said::of(test::call_service(&app, TestRequest::get().uri(&path).to_request()).await);
        assert_eq!(said.body, format!("{number} ada"));
    }
}
