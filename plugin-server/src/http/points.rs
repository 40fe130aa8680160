//! Hooks, filters and events from outside: what there is, and setting one off.

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use plugin_core::{
    Error,
    catalog::PointEntry,
    context::{call::Call, caller::Caller},
    endpoint::{extract::Json, problem::Problem},
};
use serde_json::Value;

use super::{Answer, Server, json, part};
use crate::views;

pub(super) async fn hooks(server: Data<Server>) -> Answer {
    let catalog = server.host.catalog();
    json(&views::points(catalog, catalog.hooks()))
}

pub(super) async fn filters(server: Data<Server>) -> Answer {
    let catalog = server.host.catalog();
    json(&views::points(catalog, catalog.filters()))
}

/// Fires a hook; what each handler did is the answer.
pub(super) async fn fire(server: Data<Server>, request: HttpRequest, payload: Payload) -> Answer {
    let name = known(server.host.catalog().hooks(), "hook", &request)?;
    let (host, call, payload) = (server.host.clone(), call(&server, &request)?, read(&request, payload).await?);
    json(&server.on_host(async move { host.fire_json(&call, name, payload).await }).await?)
}

/// Applies a filter; the value it ends with is the answer.
pub(super) async fn apply(server: Data<Server>, request: HttpRequest, payload: Payload) -> Answer {
    let name = known(server.host.catalog().filters(), "filter", &request)?;
    let (host, call, value) = (server.host.clone(), call(&server, &request)?, read(&request, payload).await?);
    json(&server.on_host(async move { host.apply_json(&call, name, value).await }).await?)
}

/// Publishes an event: accepted when it is on disk.
pub(super) async fn emit(server: Data<Server>, request: HttpRequest, payload: Payload) -> Answer {
    let name = known(server.host.catalog().events(), "event", &request)?;
    let (host, call, event) = (server.host.clone(), call(&server, &request)?, read(&request, payload).await?);
    server.on_host(async move { host.emit_json(&call, name, event).await }).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// The name in the path, if one of `points` has it. Asked before the body is looked at: what is not there is not there, whatever
/// was sent to it.
fn known(points: &[PointEntry], what: &str, request: &HttpRequest) -> Result<&'static str, Error> {
    let name = part(request, "name");
    let found = points.iter().find(|point| point.name == name);
    found.map(|point| point.name).ok_or_else(|| Error::not_found(format!("there is no such {what}")))
}

async fn read(request: &HttpRequest, payload: Payload) -> Result<Value, actix_web::Error> {
    Json::<Value>::from_request(request, &mut payload.into_inner()).await.map(Json::into_inner)
}

fn call(server: &Server, request: &HttpRequest) -> Result<Call, Problem> {
    let caller = Caller::of(request).ok_or_else(|| Problem::of_status(StatusCode::UNAUTHORIZED))?;
    Ok(server.host.call(&caller))
}
