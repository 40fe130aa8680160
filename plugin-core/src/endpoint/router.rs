//! Finding what answers a request: one tree a method over the full path, below one prefix that actix-web knows.
//!
//! actix-web's own routing tries one route after the other. Here a request passes one of them, the prefix, and is found by
//! [`matchit`] from there. What actix-web's extractors and middleware see is the same: parameters of the path, and the
//! pattern that matched.

use std::{borrow::Cow, fmt, rc::Rc, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    dev::{
        AppService, Extensions, HttpServiceFactory, Payload, ResourceDef, ResourceMap, ServiceRequest, ServiceResponse,
        fn_service,
    },
    http::{
        Method, StatusCode,
        header::{ALLOW, HeaderValue},
    },
    web::{FormConfig, JsonConfig, PathConfig, PayloadConfig},
};
use futures_util::future::LocalBoxFuture;

use crate::{
    context::{caller::Caller, shared::Shared},
    endpoint::{
        EndpointItem,
        handler::Pool,
        path,
        problem::{self, Problem},
        rate::Limit,
        serve::{OnRequest, Served, Setting},
    },
    site::Site,
};

/// Below what all routes lie.
pub const PREFIX: &str = "/api/plugins";

/// The methods that routes may have.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What answers requests below [`PREFIX`]: endpoints, and routes of the host's own. Cheap to clone; each worker has one.
///
/// It is a service of actix-web: `App::new().service(router)`.
#[derive(Clone)]
pub struct Router(Arc<Inner>);

struct Inner {
    setting: Setting,
    trees: [matchit::Router<usize>; METHODS.len()],
    routes: Vec<Route>,
}

struct Route {
    pattern: String,
    names: Vec<Cow<'static, str>>,
    target: Target,
}

enum Target {
    Endpoint(Served),
    Host(Answerer),
}

/// What answers on a route of the host's own. Extraction, limits and guards are its own affair.
pub type Answerer = Arc<dyn Fn(HttpRequest, Payload) -> LocalBoxFuture<'static, HttpResponse> + Send + Sync>;

/// Two routes that match the same requests, or a path that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{method} {path}`: {why}")]
pub struct Conflict {
    /// The method of the second route.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// Which route was there before, or what is wrong with the path.
    pub why: String,
}

/// A [`Router`] that is still being put together.
#[derive(Debug)]
pub struct Builder {
    inner: Inner,
    conflicts: Vec<Conflict>,
}

impl Builder {
    /// Adds the endpoint `item`, numbered `number` in the catalog. It is left out if the host has no such plugin.
    #[must_use]
    pub fn endpoint(mut self, item: &'static EndpointItem, site: &'static Site, number: u32) -> Self {
        let shared = &self.inner.setting.shared;
        let Some(plugin) = shared.places.get((item.owner.ix)()) else { return self };
        let limit = item.meta.rate.and_then(|(calls, period)| Limit::new(calls, period, shared.clock.clone()));
        let names = path::names(item.meta.path).map(Cow::Borrowed).collect();
        let target = Target::Endpoint(Served { item, site, number, plugin, limit });
        match Method::from_bytes(item.meta.method.as_bytes()) {
            Ok(method) => self.add(method, Route { pattern: item.full_path(), names, target }),
            Err(error) => self.refuse(Method::GET, item.full_path(), error.to_string()),
        }
        self
    }

    /// Adds a route of the host's own, a path from the root with `{name}` and `{*rest}`.
    #[must_use]
    pub fn route(mut self, method: Method, path: &str, answerer: Answerer) -> Self {
        let names = path::names(path).map(|name| Cow::Owned(name.to_owned())).collect();
        self.add(method, Route { pattern: path.to_owned(), names, target: Target::Host(answerer) });
        self
    }

    /// Has `told` told of each request before its endpoint runs.
    #[must_use]
    pub fn on_request(mut self, told: OnRequest) -> Self {
        self.inner.setting.on_request = Some(told);
        self
    }

    /// Runs endpoints that are a `fn` in `pool`; actix-web's threads where this is not said.
    #[must_use]
    pub fn pool(mut self, pool: Pool) -> Self {
        self.inner.setting.pool = pool;
        self
    }

    /// The router.
    ///
    /// # Errors
    /// All routes that match the same requests as one before, and all paths that are none.
    pub fn build(self) -> Result<Router, Vec<Conflict>> {
        if self.conflicts.is_empty() { Ok(Router(Arc::new(self.inner))) } else { Err(self.conflicts) }
    }

    fn add(&mut self, method: Method, route: Route) {
        let below = route.pattern.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let Some(at) = METHODS.iter().position(|known| *known == method).filter(|_| below) else {
            let why = format!("routes lie below `{PREFIX}` and have one of the methods {METHODS:?}");
            return self.refuse(method, route.pattern, why);
        };
        match self.inner.trees[at].insert(&route.pattern, self.inner.routes.len()) {
            Ok(()) => self.inner.routes.push(route),
            Err(matchit::InsertError::Conflict { with }) => {
                self.refuse(method, route.pattern, format!("`{with}` matches the same requests"));
            }
            Err(error) => self.refuse(method, route.pattern, error.to_string()),
        }
    }

    fn refuse(&mut self, method: Method, path: String, why: String) {
        self.conflicts.push(Conflict { method, path, why });
    }
}

impl Router {
    /// A router of `shared`'s plugins, without routes yet.
    pub fn builder(shared: Arc<Shared>) -> Builder {
        let setting = Setting { shared, pool: Pool::Threads, on_request: None };
        let inner = Inner { setting, trees: Default::default(), routes: Vec::new() };
        Builder { inner, conflicts: Vec::new() }
    }

    /// The patterns of all routes.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.routes.iter().map(|route| route.pattern.as_str())
    }

    /// Finds the route of `request` and puts the parameters of the path where extractors look for them.
    fn find(&self, request: &mut ServiceRequest) -> Result<usize, Problem> {
        path::check(request.uri().path())?;
        let path = request.match_info().as_str();
        let tree = METHODS.iter().position(|method| method == request.method());
        let Some(found) = tree.and_then(|tree| self.0.trees[tree].at(path).ok()) else {
            return Err(self.no_route(path));
        };
        let route = *found.value;
        if !found.params.is_empty() {
            let values: Vec<String> = found.params.iter().map(|(_, value)| value.to_owned()).collect();
            let into = request.match_info_mut();
            for (name, value) in self.0.routes[route].names.iter().zip(values) {
                into.add_static(name.clone(), value);
            }
        }
        Ok(route)
    }

    /// 404, or 405 where another method would have found something.
    #[cold]
    fn no_route(&self, path: &str) -> Problem {
        let allowed: Vec<&str> = METHODS
            .iter()
            .zip(&self.0.trees)
            .filter(|(_, tree)| tree.at(path).is_ok())
            .map(|(method, _)| method.as_str())
            .collect();
        if allowed.is_empty() {
            return Problem::new(StatusCode::NOT_FOUND, "not-found", "there is nothing at this path");
        }
        let allow = allowed.join(", ");
        let problem = Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            format!("this path answers {allow} alone"),
        );
        match HeaderValue::from_str(&allow) {
            Ok(allow) => problem.with_header(ALLOW, allow),
            Err(_) => problem,
        }
    }

    /// Answers a request, whatever it is.
    pub async fn answer(&self, mut request: ServiceRequest) -> ServiceResponse {
        let found = self.find(&mut request);
        let (request, payload) = request.into_parts();
        let response = match found {
            Err(problem) => problem.respond(&request),
            Ok(route) => match &self.0.routes[route].target {
                Target::Endpoint(served) => served.answer(&self.0.setting, &request, payload).await,
                Target::Host(answerer) => {
                    let response = answerer(request.clone(), payload).await;
                    problem::normalize(request.uri(), Caller::of(&request).map(|caller| caller.request), response)
                }
            },
        };
        ServiceResponse::new(request, response)
    }

    /// What actix-web's middleware needs to know of the patterns.
    fn resource_map(&self, root: ResourceDef) -> ResourceMap {
        let mut map = ResourceMap::new(root);
        let mut patterns: Vec<&str> = self.patterns().filter_map(|pattern| pattern.strip_prefix(PREFIX)).collect();
        // It takes the first that matches: `{` sorts behind all that a static segment begins with.
        patterns.sort_unstable();
        patterns.dedup();
        for pattern in patterns {
            let rest = path::names(pattern).find_map(|name| Some((name, pattern.find(&format!("{{*{name}}}"))?)));
            let pattern = match rest {
                Some((name, at)) => format!("{}{{{name}:.+}}", &pattern[..at]),
                None => pattern.to_owned(),
            };
            map.add(&mut ResourceDef::new(pattern), None);
        }
        map
    }
}

/// What extractors of actix-web are told. Bodies are read, and their size limited, before they see them; theirs would only be smaller.
/// And they say 404 of a path that was found, with a value in it that is wrong.
pub(crate) fn extracting() -> Rc<Extensions> {
    let mut extracting = Extensions::new();
    extracting.insert(PathConfig::default().error_handler(|error, _| error.into()));
    extracting.insert(PayloadConfig::new(usize::MAX));
    extracting.insert(FormConfig::default().limit(usize::MAX));
    extracting.insert(JsonConfig::default().limit(usize::MAX));
    Rc::new(extracting)
}

impl HttpServiceFactory for Router {
    fn register(self, config: &mut AppService) {
        let root = ResourceDef::prefix(PREFIX);
        let map = self.resource_map(root.clone());
        let extracting = extracting();
        let service = fn_service(move |mut request: ServiceRequest| {
            request.add_data_container(Rc::clone(&extracting));
            let router = self.clone();
            async move { Ok(router.answer(request).await) }
        });
        config.register_service(root, None, service, Some(Rc::new(map)));
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Router").field(&self.0).finish()
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.iter().map(|route| &route.pattern)).finish()
    }
}
