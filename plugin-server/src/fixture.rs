//! What tests share: a plugin with an item of each kind, and a server over memory.

use std::{str::FromStr, sync::Arc};

use actix_http::Request;
use actix_web::{
    App,
    body::BoxBody,
    dev::{Service, ServiceResponse},
    http::{Method, header::HeaderMap},
    middleware::from_fn,
    test,
    web::Data,
};
use plugin_core::{
    Clock,
    catalog::Catalog,
    host::{Host, points::UserLogin},
    prelude::*,
    store::mem::MemEngine,
};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::{
    auth::{Auth, token::NewToken},
    http::{Server, configure, identified, problems},
    runtime::Tasks,
};

/// Has an item of each kind.
#[plugin(id = "probe", config = ProbeSettings)]
pub(crate) struct Probe;

/// Its settings.
#[derive(Config)]
pub(crate) struct ProbeSettings {
    /// How loud it is.
    #[config(default = 3)]
    loudness: u32,
    /// What nobody may read.
    #[config(secret, default = "hush".to_owned())]
    word: String,
}

/// Something was probed.
#[hook_point("probe:done")]
pub(crate) struct Done {
    what: String,
}

#[hook]
fn hear(ctx: &Context<Probe>, done: &Done) -> Result<()> {
    match done.what.as_str() {
        "wrong" => {
            Err(Error::new(format!("loudness {} and `{}` do not help", ctx.config().loudness, ctx.config().word)))
        }
        _ => Ok(()),
    }
}

#[hook]
fn welcome(_: &Context<Probe>, _: &UserLogin) {}

/// A text on its way.
#[filter_point("probe:text", on_error = fail)]
pub(crate) struct Text {
    text: String,
}

#[filter]
fn shout(_: &Context<Probe>, mut text: Text) -> Result<Text> {
    if text.text.is_empty() {
        return Err(Error::new("there is nothing to shout"));
    }
    text.text.make_ascii_uppercase();
    Ok(text)
}

/// It was probed, durably.
#[event("probe:probed", plugin = Probe)]
pub(crate) struct Probed {
    what: String,
}

/// Who calls.
#[model]
pub(crate) struct Who {
    app: AppId,
    user: Option<UserId>,
}

/// Says who calls.
#[endpoint(GET, "/who", public)]
async fn who(ctx: &Context<Probe>) -> Json<Who> {
    Json(Who { app: ctx.app_id().clone(), user: ctx.user_id().cloned() })
}

#[cron("1d")]
async fn daily(_: &Context<Probe>) {}

/// What the probe saw.
#[admin_page("/dashboard", title = "Probe", icon = "gauge", group = "insight")]
async fn dashboard(_: &Context<Probe>, admin: Admin) -> Result<Html> {
    Ok(Html::trusted("<p>seen by ").text(admin.user).raw("</p>"))
}

/// A running server over memory, in which `environment-token` is the token of the environment.
pub(crate) async fn server() -> Data<Server> {
    let catalog = Catalog::linked().expect("the plugins of the tests fit together");
    let tasks = Handle::current();
    let spawn = Arc::new(Tasks(tasks.clone()));
    let host = Host::builder(catalog, Arc::new(MemEngine::new()), Clock::system(), spawn);
    let host = host.build().await.expect("memory opens");
    host.start().await.expect("nothing keeps it");
    let auth = Auth::of(&host).with_fixed("environment", "environment-token");
    let server = Server::new(host, auth, "http://127.0.0.1:8080".to_owned(), tasks).expect("no routes conflict");
    server.open();
    Data::new(server)
}

/// A token of `server` with `scopes`, of the user `ada` in the app `shop`.
pub(crate) async fn token(server: &Server, scopes: &[&str]) -> String {
    let new = NewToken {
        name: "test".to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        user: Some(UserId::from_str("ada").expect("an id")),
        app: AppId::from_str("shop").expect("an id"),
        expires_in: None,
    };
    server.auth.tokens.create(new).await.expect("it is made").token
}

/// The application of `server`, as it is mounted.
pub(crate) async fn app(
    server: &Data<Server>,
) -> impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error> + use<> {
    let server = Data::clone(server);
    let app = App::new()
        .configure(move |config| configure(config, &server))
        .wrap(from_fn(identified))
        .wrap(from_fn(problems));
    test::init_service(app).await
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answered {
    pub(crate) fn json(&self) -> Value {
        plugin_core::json::read(self.text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What `app` answers to `request`, which comes from this machine.
pub(crate) async fn ask(
    app: &impl Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
    request: test::TestRequest,
) -> Answered {
    let request = request.peer_addr("127.0.0.1:5".parse().expect("an address")).to_request();
    let response = match app.call(request).await {
        Ok(response) => response.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = actix_web::body::to_bytes(response.into_body()).await.expect("a body");
    Answered { status, headers, text: String::from_utf8(body.to_vec()).expect("text") }
}

/// A request of `path`.
pub(crate) fn request(method: Method, path: &str) -> test::TestRequest {
    test::TestRequest::with_uri(path).method(method).insert_header(("host", "127.0.0.1:8080"))
}

/// A request of `path` with `token`.
pub(crate) fn with_token(method: Method, path: &str, token: &str) -> test::TestRequest {
    request(method, path).insert_header(("authorization", format!("Bearer {token}")))
}
