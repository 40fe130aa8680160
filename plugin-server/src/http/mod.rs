//! HTTP: the server's own routes, mounted by their rules, and everything around them and the plugins' routes.

mod access;
pub(crate) mod api;
pub(crate) mod backups;
mod caller;
mod exchange;
mod health;
mod metrics;
mod points;
mod routes;
pub(crate) mod server;
mod store;
#[cfg(test)]
mod tests;
pub(crate) mod tokens;
mod wire;

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    guard::{Guard, GuardContext},
    http::{Method, StatusCode, header},
    middleware::{Next, from_fn},
    web::{self, Bytes, Data, PayloadConfig, ServiceConfig},
};
use plugin_core::{
    Result,
    context::caller::Caller,
    endpoint::{
        path,
        problem::{Problem, everywhere, normalize},
        router::{Conflict, Router},
    },
    host::Host,
};
use serde::Serialize;
use tokio::runtime::Handle;
use tracing::Instrument;

pub(crate) use access::{Access, Viewer};
pub(crate) use caller::identified;
pub(crate) use routes::{Rule, rules};

use crate::{auth::Auth, backups::Store, storage::Standing};

/// What a handler of the server's own gives back: an error is a [`Problem`] or plugin-core's own.
pub(crate) type Answer = std::result::Result<HttpResponse, actix_web::Error>;

/// What all requests share.
pub(crate) struct Server {
    pub(crate) host: Host,
    pub(crate) auth: Auth,
    /// `http://ADDR:PORT`, as it is reached from this machine.
    pub(crate) address: String,
    /// The host's threads.
    tasks: Handle,
    /// The endpoints and webhooks; one for all workers, who share its rate limits.
    router: Router,
    /// The OpenAPI document, put together when it is first asked for.
    description: OnceLock<Bytes>,
    ready: AtomicBool,
    pub(crate) standing: Standing,
    /// The store, where it is on a disk, and where its backups are.
    pub(crate) store: Option<Store>,
    pub(crate) backup_dir: PathBuf,
}

impl Server {
    /// A server that is not open yet.
    ///
    /// # Errors
    /// Routes of plugins that match the same requests; a checked catalog has none.
    pub(crate) fn new(
        host: Host,
        auth: Auth,
        address: String,
        tasks: Handle,
    ) -> std::result::Result<Self, Vec<Conflict>> {
        let router = host.routes().build()?;
        Ok(Self {
            host,
            auth,
            address,
            tasks,
            router,
            description: OnceLock::new(),
            ready: AtomicBool::new(false),
            standing: Standing::default(),
            store: None,
            backup_dir: PathBuf::new(),
        })
    }

    /// The same server, ready only while the store of `standing` takes writes.
    pub(crate) fn watching(self, standing: Standing) -> Self {
        Self { standing, ..self }
    }

    /// The same server over `store`, which is backed up into `backup_dir`.
    pub(crate) fn on_disk(self, store: Store, backup_dir: PathBuf) -> Self {
        Self { store: Some(store), backup_dir, ..self }
    }

    /// The OpenAPI document.
    pub(crate) fn description(&self) -> Bytes {
        let make = || crate::openapi::document(self.host.catalog()).to_string().into();
        self.description.get_or_init(make).clone()
    }

    /// Runs `work` of plugins on the host's threads, to its end even if the caller goes away.
    ///
    /// # Errors
    /// What `work` fails with; if it panics.
    pub(crate) async fn on_host<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.tasks.spawn(work.in_current_span()).await?
    }

    /// Switches the plugin `id` on.
    ///
    /// # Errors
    /// 404 if there is none, 409 if it cannot work.
    pub(crate) async fn enable(&self, id: &str) -> Result<()> {
        let (host, id) = (self.host.clone(), id.to_owned());
        self.on_host(async move { host.enable(&id).await }).await
    }

    /// Switches the plugin `id` off.
    ///
    /// # Errors
    /// 404 if there is none.
    pub(crate) async fn disable(&self, id: &str) -> Result<()> {
        let (host, id) = (self.host.clone(), id.to_owned());
        self.on_host(async move { host.disable(&id).await }).await
    }

    /// Whether requests are welcome: after the start, before the end.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Says that requests are welcome from now on.
    pub(crate) fn open(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Says that they no longer are; those that come are still answered.
    pub(crate) fn close(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Mounts every route: the server's own, then those of the plugins.
pub(crate) fn configure(config: &mut ServiceConfig, server: &Data<Server>) {
    // Bodies are limited before extractors see them; theirs would only be smaller.
    config.app_data(Data::clone(server)).app_data(PayloadConfig::new(usize::MAX));
    let mut paths: BTreeMap<&'static str, Vec<Rule>> = BTreeMap::new();
    for rule in rules() {
        paths.entry(rule.path).or_default().push(rule);
    }
    // The management of plugins stands in one scope behind one cheap guard, so that requests of endpoints pass it at once.
    let mut management = web::scope("/api/plugins").guard(Management);
    for (path, rules) in paths {
        match path.strip_prefix("/api/plugins") {
            Some(below) => management = management.service(resource(below, rules)),
            None => drop(config.service(resource(path, rules))),
        }
    }
    config.service(management);
    config.service(server.router.clone());
    config.default_service(web::to(unknown));
}

fn resource(path: &str, rules: Vec<Rule>) -> actix_web::Resource {
    let mut methods: Vec<&str> = rules.iter().map(|rule| rule.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    let allow = methods.join(", ");
    let mut resource = web::resource(path);
    for rule in rules {
        let access = rule.access;
        let route = (rule.handler)().guard(Asks(rule.method));
        resource = resource.route(route.wrap(from_fn(move |request, next| access::guarded(access, request, next))));
    }
    resource.default_service(web::to(move || {
        let allow = header::HeaderValue::try_from(&allow).expect("methods are plain text");
        let problem = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).with_header(header::ALLOW, allow);
        async move { Err::<HttpResponse, _>(problem) }
    }))
}

async fn unknown() -> Answer {
    Err(Problem::of_status(StatusCode::NOT_FOUND).into())
}

/// Makes every 4xx and 5xx a problem document, but for the pages that people read in the admin area.
///
/// # Errors
/// None that is not a problem document as well.
pub(crate) async fn problems<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if !request.path().starts_with("/admin") {
        return everywhere(request, next).await;
    }
    let uri = request.uri().clone();
    let (request, response) = next.call(request).await?.into_parts();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let response = match kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        true => response.map_into_boxed_body(),
        false => normalize(&uri, Caller::of(&request).map(|caller| caller.request), response),
    };
    Ok(ServiceResponse::new(request, response))
}

/// Requests with a method; `HEAD` asks what `GET` does.
struct Asks(Method);

impl Guard for Asks {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        let method = &context.head().method;
        *method == self.0 || (*method == Method::HEAD && self.0 == Method::GET)
    }
}

/// Requests about plugins, rather than to their endpoints and webhooks.
struct Management;

impl Guard for Management {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        let mut below = context.head().uri.path().split('/').skip(4);
        !matches!(below.next(), Some("endpoints" | "webhooks"))
    }
}

/// 200 with `value` as JSON.
pub(crate) fn json(value: &impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().json(value))
}

/// The value of the field `name` in the body of a form.
pub(crate) fn form_field(body: &[u8], name: &str) -> Option<String> {
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
    fields.into_iter().find(|(field, _)| field == name).map(|(_, value)| value)
}

/// The part `name` of the path of `request`, decoded.
pub(crate) fn part(request: &HttpRequest, name: &str) -> String {
    let raw = request.match_info().get(name).unwrap_or_default();
    // The whole path was checked before: what cannot be decoded does not come this far.
    path::decode(raw).unwrap_or_else(|_| raw.to_owned())
}
