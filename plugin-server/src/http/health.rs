//! Whether the server lives, and whether it should be sent requests.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::Data,
};
use plugin_core::{endpoint::problem::Problem, store::engine::EngineError};
use serde_json::json;

use super::{Answer, Server};

/// 200 as long as the process answers at all. Touches nothing.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({ "status": "ok" }))
}

/// 200 after the start and before the end and while the store takes writes, else 503. Plugins that failed are named by number only: who they are is for admins.
pub(super) async fn ready(server: Data<Server>) -> Answer {
    if !server.is_ready() {
        let detail = "the server is starting or stopping";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", detail).into());
    }
    match server.standing.refusal() {
        None => {}
        Some(EngineError::Corrupt(_)) => {
            let detail = "the store is damaged and takes no writes";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store-damaged", detail).into());
        }
        Some(_) => return Err(Problem::store_unavailable().into()),
    }
    let failed = server.host.failed().len();
    let body = json!({ "status": "ready", "failedPlugins": failed });
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body))
}
