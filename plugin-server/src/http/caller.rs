//! Finds out who makes a request, before anything else looks at it.

use actix_web::{
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use plugin_core::{
    AppId, UserId,
    context::caller::{Caller, request_id},
    endpoint::{path, problem::Problem},
};

use super::Server;
use crate::auth::token::HOST;

const APP: HeaderName = HeaderName::from_static("x-app-id");
const USER: HeaderName = HeaderName::from_static("x-user-id");
const REQUEST: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id and a [`Caller`]; what the headers claim must be true.
///
/// # Errors
/// What `next` fails with.
pub(crate) async fn identified<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let server = request.app_data::<Data<Server>>().expect("the application is made with the server's state").clone();
    let id = request_id(server.host.clock().now());
    // A caller in any case, so that a refusal carries the request's id as well.
    Caller::nobody(id).attach(&request);
    let header = HeaderValue::try_from(id.to_string()).expect("an id is made of hexadecimal digits");
    let mut response = match caller(&server, Caller::nobody(id), &request).await {
        Ok(caller) => {
            caller.attach(&request);
            next.call(request).await?.map_into_boxed_body()
        }
        Err(problem) => {
            let response = problem.respond(request.request());
            request.into_response(response)
        }
    };
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR
        && let Some(error) = response.response().error()
    {
        tracing::error!(request = %id, path = response.request().path(), "{error:?}");
    }
    response.headers_mut().insert(REQUEST, header);
    Ok(response)
}

async fn caller(server: &Server, nobody: Caller, request: &ServiceRequest) -> Result<Caller, Problem> {
    path::check(request.path())?;
    let headers = request.headers();
    let mut caller = nobody;
    // Whether the process lives must not depend on the store.
    if request.path() == "/healthz" {
        return Ok(caller);
    }
    if let Some(token) = bearer(headers)? {
        let found = server.auth.bearer(token).await.map_err(|error| {
            tracing::error!(request = %caller.request, "a token cannot be looked up: {error:?}");
            Problem::from(&error)
        })?;
        let Some(found) = found else {
            return Err(unauthorized("the token is unknown, was revoked, or has ended"));
        };
        caller.app = found.app;
        caller.user = found.user;
        caller.scopes = found.scopes;
        caller.token = Some(found.token);
    }
    let (app, user) = (one(headers, &APP)?, one(headers, &USER)?);
    if (app.is_some() || user.is_some()) && !caller.scopes.has(HOST) {
        let detail = format!("`{APP}` and `{USER}` need a token with the scope `{HOST}`");
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail));
    }
    if let Some(app) = app {
        caller.app = AppId::new(app).map_err(|error| malformed(error.to_string()))?;
    }
    if let Some(user) = user {
        caller.user = Some(UserId::new(user).map_err(|error| malformed(error.to_string()))?);
    }
    Ok(caller)
}

/// The token that `Authorization` shows, if the header is there.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut shown = headers.get_all(header::AUTHORIZATION);
    let Some(first) = shown.next() else { return Ok(None) };
    let credentials = first.to_str().ok().filter(|_| shown.next().is_none());
    let token = credentials.and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    match token.filter(|token| !token.is_empty()) {
        Some(token) => Ok(Some(token)),
        None => Err(unauthorized("`Authorization` must be `Bearer` and one token")),
    }
}

/// The header `name`, which may be there once.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name);
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed(format!("`{name}` is given more than once")));
    }
    let text = first.to_str().map_err(|_| malformed(format!("`{name}` is not plain text")))?;
    Ok(Some(text))
}

fn malformed(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-request", detail)
}

fn unauthorized(detail: &'static str) -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).with_header(header::WWW_AUTHENTICATE, challenge)
}
