//! What answers below `/api/plugins`: endpoints, and webhooks. Whoever serves adds its own.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, dev::Payload, http::Method};
use futures_util::FutureExt;

use crate::{
    context::{call::Call, shared::BoxFuture},
    delivery::webhook::MAX_BODY,
    dispatch::hook::fire,
    endpoint::{
        body,
        problem::Problem,
        router::{Builder, PREFIX, Router},
        serve::Requested,
    },
    host::{Host, points::AppRequest},
};

impl Host {
    /// A router with every endpoint and webhook, to which routes can be added.
    pub fn routes(&self) -> Builder {
        let mut router = Router::builder(Arc::clone(self.shared())).on_request(tell);
        for endpoint in self.catalog().endpoints() {
            router = router.endpoint(endpoint.item, endpoint.site, endpoint.number);
        }
        for webhook in self.catalog().webhooks() {
            let path = format!("{PREFIX}/{}/webhooks/{}", webhook.item.owner.id, webhook.site.name);
            let host = self.clone();
            let answer = move |request, payload| host.clone().webhook(webhook.number, request, payload).boxed_local();
            router = router.route(Method::POST, &path, Arc::new(answer));
        }
        router
    }

    async fn webhook(self, webhook: u32, request: HttpRequest, payload: Payload) -> HttpResponse {
        let body = match body::read(&request, payload, MAX_BODY, self.clock()).await {
            Ok(body) => body,
            Err(problem) => return problem.respond(&request),
        };
        match self.deliveries().accept(self.shared(), webhook, request.headers(), &body).await {
            Ok(accepted) => HttpResponse::build(accepted.status_code()).json(accepted),
            Err(refused) => {
                let item = self.catalog().entry(webhook).map_or("-", |entry| entry.site.name);
                tracing::info!(webhook = item, "a webhook's request is refused: {refused}");
                Problem::from(refused.into_error()).respond(&request)
            }
        }
    }
}

/// Fires `app:request`, if anybody listens.
fn tell<'a>(call: &'a Call, requested: Requested<'a>) -> Option<BoxFuture<'a, ()>> {
    if !call.shared.hooks.listens(<AppRequest as crate::HookPoint>::ix()) {
        return None;
    }
    let told = AppRequest {
        request_id: call.origin.to_string(),
        plugin_id: requested.plugin.to_owned(),
        method: requested.method.to_owned(),
        path: requested.path.to_owned(),
    };
    Some(
        async move {
            let _ = fire(&call.scope("request", u32::MAX), &told).await;
        }
        .boxed(),
    )
}
