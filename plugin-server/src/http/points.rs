//! Hooks, filters and events from outside: what there is, and setting one off.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use plugin_core::{
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
pub(super) async fn fire(server: Data<Server>, request: HttpRequest, payload: Json<Value>) -> Answer {
    let call = call(&server, &request)?;
    json(&server.host.fire_json(&call, &part(&request, "name"), payload.0).await?)
}

/// Applies a filter; the value it ends with is the answer.
pub(super) async fn apply(server: Data<Server>, request: HttpRequest, value: Json<Value>) -> Answer {
    let call = call(&server, &request)?;
    json(&server.host.apply_json(&call, &part(&request, "name"), value.0).await?)
}

/// Publishes an event: accepted when it is on disk.
pub(super) async fn emit(server: Data<Server>, request: HttpRequest, event: Json<Value>) -> Answer {
    let call = call(&server, &request)?;
    server.host.emit_json(&call, &part(&request, "name"), event.0).await?;
    Ok(HttpResponse::Accepted().finish())
}

fn call(server: &Server, request: &HttpRequest) -> Result<Call, Problem> {
    let caller = Caller::of(request).ok_or_else(|| Problem::of_status(StatusCode::UNAUTHORIZED))?;
    Ok(server.host.call(&caller))
}
