//! The admin area: pages made here, without scripts, under a policy that allows none.

mod icon;
mod shell;
pub(crate) mod sign_in;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{StatusCode, header},
    web::Data,
};
use askama::Template;
use plugin_core::{
    Admin, Error, Html,
    admin::AdminPageItem,
    catalog::Entry,
    context::{call::Call, caller::Caller},
    dispatch::guard::run_item,
    endpoint::problem::Problem,
    registration::Item,
};

use self::shell::Shell;
use crate::{
    http::{
        Answer, Server, Viewer,
        api::{Figures, ItemView, items},
        part,
    },
    views::{self, PluginView},
};

/// How long a page of a plugin may take, unless its attribute says otherwise.
const PAGE_TIME: Duration = Duration::from_secs(30);

/// Pages load our style sheet and nothing else; forms go to this server; nobody may frame them.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("../../templates/style.css");

/// The page of `html`, under the policy of all pages.
fn respond(mut response: HttpResponseBuilder, html: String) -> HttpResponse {
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .content_type("text/html; charset=utf-8")
        .body(html)
}

fn render(status: StatusCode, template: &impl Template) -> Answer {
    Ok(respond(HttpResponse::build(status), template.render().map_err(Error::from)?))
}

fn see(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// `/`: there is nothing to see but the admin area.
pub(crate) async fn front() -> HttpResponse {
    see("/admin")
}

pub(crate) async fn style() -> HttpResponse {
    let cache = (header::CACHE_CONTROL, "no-cache");
    HttpResponse::Ok()
        .insert_header(cache)
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

#[derive(Template)]
#[template(path = "plugins.html")]
struct PluginsPage {
    shell: Shell,
    plugins: Vec<PluginCard>,
    active: usize,
    failed: usize,
    problem: Option<String>,
}

struct PluginCard {
    view: PluginView,
    items: Vec<ItemView>,
    total: Figures,
}

impl PluginsPage {
    fn of(server: &Server, viewer: &Viewer, problem: Option<String>) -> Self {
        let host = &server.host;
        let states = host.shared().plugins.iter();
        let card = |(entry, state): (&_, &plugin_core::plugin::state::PluginState)| {
            let items = items(host, entry);
            let total = items.iter().map(|item| item.figures).sum();
            PluginCard { view: views::plugin(entry, &state.life()), items, total }
        };
        let plugins: Vec<PluginCard> = host.catalog().plugins().iter().zip(states).map(card).collect();
        let in_state = |state: &str| plugins.iter().filter(|plugin| plugin.view.state == state).count();
        let (active, failed) = (in_state("active"), in_state("failed"));
        Self { shell: Shell::of(server, viewer, "/admin"), plugins, active, failed, problem }
    }
}

/// Every plugin with its items, states and figures.
pub(crate) async fn plugins(server: Data<Server>, request: HttpRequest) -> Answer {
    render(StatusCode::OK, &PluginsPage::of(&server, &Viewer::of(&request)?, None))
}

pub(crate) async fn enable(server: Data<Server>, request: HttpRequest) -> Answer {
    let id = part(&request, "id");
    let done = server.enable(&id).await;
    changed(&server, &request, &id, done)
}

pub(crate) async fn disable(server: Data<Server>, request: HttpRequest) -> Answer {
    let id = part(&request, "id");
    let done = server.disable(&id).await;
    changed(&server, &request, &id, done)
}

/// Back to the plugin, or the page with what went wrong.
fn changed(server: &Server, request: &HttpRequest, id: &str, done: plugin_core::Result<()>) -> Answer {
    match done {
        Ok(()) => Ok(see(&format!("/admin#{id}"))),
        Err(error) => match error.detail() {
            Some(problem) => {
                let page = PluginsPage::of(server, &Viewer::of(request)?, Some(problem.to_owned()));
                render(error.status(), &page)
            }
            None => Err(error.into()),
        },
    }
}

#[derive(Template)]
#[template(path = "page.html")]
struct PluginPage {
    shell: Shell,
    page_title: &'static str,
    plugin: &'static str,
    problem: Option<String>,
    body: String,
}

/// A page of a plugin, within the shell.
pub(crate) async fn page(server: Data<Server>, request: HttpRequest) -> Answer {
    let path = format!("/{}", part(&request, "path"));
    let viewer = Viewer::of(&request)?;
    let found = server.host.catalog().entries().iter().find_map(|entry| match entry.item {
        Item::AdminPage(item) if item.listed_path() == path => Some((entry, item)),
        _ => None,
    });
    let Some((entry, item)) = found else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "not-found", "no plugin has this page").into());
    };
    let caller = Caller::of(&request).ok_or_else(|| Problem::of_status(StatusCode::UNAUTHORIZED))?;
    let caller = Caller { user: Some(viewer.user.clone()), ..caller };
    let rendered = content(&server, entry, item, &caller, &viewer).await;
    let (status, problem, body) = match rendered {
        Ok(html) => (StatusCode::OK, None, html.as_str().to_owned()),
        Err(error) => {
            let told = error.detail().unwrap_or("the page could not be made; the log says why");
            (error.status(), Some(told.to_owned()), String::new())
        }
    };
    let shell = Shell::of(&server, &viewer, &format!("/admin/pages{path}"));
    render(status, &PluginPage { shell, page_title: item.title, plugin: item.owner.id, problem, body })
}

/// What the plugin makes of its page, on the host's threads and within its time.
async fn content(
    server: &Server,
    entry: &Entry,
    item: &'static AdminPageItem,
    caller: &Caller,
    viewer: &Viewer,
) -> plugin_core::Result<Html> {
    let call: Call = server.host.call(caller);
    let (name, number, admin) = (entry.site.name, entry.number, Admin { user: viewer.user.clone() });
    let shared = Arc::clone(server.host.shared());
    let work = async move {
        let plugin = shared.plugin_by_id(item.owner.id).map(|(_, plugin)| plugin);
        let Some(_entered) = plugin.and_then(|plugin| plugin.enter()) else {
            let detail = "the plugin of this page is not active";
            return Err(Error::public(StatusCode::SERVICE_UNAVAILABLE, "plugin-inactive", detail));
        };
        let scope = call.scope(name, number);
        let limit = item.timeout.unwrap_or(PAGE_TIME);
        let made = run_item(&call, number, limit, || (item.run)(&scope, admin)).await;
        made.map_err(|failure| failure.into_error())
    };
    server.on_host(work).await
}
