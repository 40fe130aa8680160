//! The servers under load: one handler body, behind our router and behind actix-web's.

use std::{net::SocketAddr, sync::Arc, sync::mpsc, time::Duration};

use actix_web::{
    App, HttpRequest, HttpServer,
    web::{self, Path, ServiceConfig},
};
use plugin_core::{
    __rt::{Access, Durability, EndpointMeta, Item, endpoint},
    Clock, Context, Json, Plugin, Query, Result,
    context::{
        call::Call,
        shared::{BoxFuture, ItemInfo, Outbox, Places, Shared},
        subscriptions::Subscriptions,
        table::PointTable,
    },
    endpoint::{EndpointItem, router::Router},
    plugin,
    plugin::state::{Life, PluginState},
    site::{Kind, Site},
    stats::{Stats, Timing},
    store::mem::MemEngine,
};
use serde::{Deserialize, Serialize};

/// A server on its own thread, with one worker.
pub(crate) struct Server {
    whose: Whose,
    endpoints: usize,
    address: SocketAddr,
}

#[derive(Clone, Copy, PartialEq)]
enum Whose {
    Ours,
    Bare,
}

const BASE: &str = "/api/plugins/bench-http/endpoints";

impl Server {
    /// Ours, with all its guards.
    pub(crate) fn ours(endpoints: usize) -> Self {
        let router = router(endpoints);
        Self::start(Whose::Ours, endpoints, move |config| {
            config.service(router.clone());
        })
    }

    /// actix-web with a flat route for each endpoint.
    pub(crate) fn bare(endpoints: usize) -> Self {
        Self::start(Whose::Bare, endpoints, move |config| {
            for number in 0..endpoints {
                config.route(&format!("{BASE}/r{number}/{{app}}"), web::get().to(bare));
            }
        })
    }

    fn start(whose: Whose, endpoints: usize, configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let server = HttpServer::new(move || App::new().configure(configure.clone()))
                .workers(1)
                .disable_signals()
                .bind(("127.0.0.1", 0))
                .expect("a free port");
            tell.send(server.addrs()[0]).expect("the program waits for it");
            actix_web::rt::System::new().block_on(server.run())
        });
        let address = told.recv_timeout(Duration::from_secs(10)).expect("the server starts");
        Self { whose, endpoints, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The path of the endpoint in the middle.
    pub(crate) fn path(&self) -> String {
        format!("{BASE}/r{}/shop?user=ada&limit=10", self.endpoints / 2)
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.whose == Whose::Ours
    }

    pub(crate) fn name(&self) -> String {
        let whose = if self.is_ours() { "plugin-core" } else { "actix-web" };
        match self.endpoints {
            1 => format!("{whose}, 1 route"),
            many => format!("{whose}, {many} endpoints"),
        }
    }
}

#[derive(Debug, Deserialize, schemars::JsonSchema)]
struct Asked {
    user: String,
    limit: u32,
}

#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Told {
    app: String,
    user: String,
    limit: u32,
    tag: usize,
}

/// What both do: read a header, the query and the path, and answer with JSON.
fn tell(request: &HttpRequest, app: String, asked: Asked) -> Told {
    let tag = request.headers().get("x-tag").map_or(0, |tag| tag.len());
    Told { app, user: asked.user, limit: asked.limit, tag }
}

async fn bare(request: HttpRequest, app: Path<String>, asked: web::Query<Asked>) -> web::Json<Told> {
    web::Json(tell(&request, app.into_inner(), asked.into_inner()))
}

#[plugin(id = "bench-http")]
struct Bench;

async fn ours(_: &Context<Bench>, request: HttpRequest, app: Path<String>, asked: Query<Asked>) -> Result<Json<Told>> {
    Ok(Json(tell(&request, app.into_inner(), asked.into_inner())))
}

struct NoOutbox;

impl Outbox for NoOutbox {
    fn emit<'a>(
        &'a self,
        _: &'a Call,
        _: usize,
        _: &'static str,
        _: plugin_core::__rt::serde_json::Value,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}

/// A router of one plugin with so many endpoints. They live as long as the program, as registrations do.
fn router(endpoints: usize) -> Router {
    static SITE: Site =
        Site { name: "ours", ident: "ours", doc: "", file: file!(), line: line!(), module: "", package: "" };
    let plugin = PluginState::new(Bench::ID, Durability::Relaxed, Some(Box::new(())));
    plugin.set_life(Life::Active);
    let item = ItemInfo { plugin: Bench::ID, kind: Kind::Endpoint, site: &SITE };
    let shared = Arc::new(Shared {
        clock: Clock::system(),
        spawn: Arc::new(()),
        engine: Arc::new(MemEngine::new()),
        plugins: [plugin].into(),
        hooks: PointTable::default(),
        filters: PointTable::default(),
        items: vec![item; endpoints].into(),
        stats: Stats::new(endpoints, [], Timing::Sampled),
        outbox: Box::new(NoOutbox),
        subscriptions: Subscriptions::default(),
        places: Places::new([Bench::ix()]),
    });
    let mut builder = Router::builder(shared);
    for number in 0..endpoints {
        let number = u32::try_from(number).expect("few endpoints");
        builder = builder.endpoint(Box::leak(Box::new(endpoint_at(number))), &SITE, number);
    }
    builder.build().expect("all paths differ")
}

fn endpoint_at(number: u32) -> EndpointItem {
    let meta = EndpointMeta {
        method: "GET",
        path: Box::leak(format!("/r{number}/{{app}}").into_boxed_str()),
        access: Access::Public,
        rate: None,
        body: None,
        timeout: None,
    };
    let item =
        endpoint::async_context::<Context<Bench>, (HttpRequest, Path<String>, Query<Asked>), _, _>(ours, meta, |_| {});
    match item {
        Item::Endpoint(item) => item,
        other => unreachable!("{other:?} is no endpoint"),
    }
}
