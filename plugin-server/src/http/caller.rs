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

use tracing::Instrument;

use super::Server;
use crate::auth::token::HOST;

const APP: HeaderName = HeaderName::from_static("x-app-id");
const USER: HeaderName = HeaderName::from_static("x-user-id");
const REQUEST: HeaderName = HeaderName::from_static("x-request-id");
const TRACE: HeaderName = HeaderName::from_static("traceparent");

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
    let span = tracing::error_span!("request", %id, trace_id = trace_id(request.headers()));
    let answered = async {
        let response = match caller(&server, Caller::nobody(id), &request).await {
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
            tracing::error!(path = response.request().path(), "{error:?}");
        }
        Ok::<_, actix_web::Error>(response)
    };
    let mut response = answered.instrument(span).await?;
    response.headers_mut().insert(REQUEST, header);
    Ok(response)
}

/// The trace that the request is part of, if it says so as [W3C Trace Context](https://www.w3.org/TR/trace-context/) has it.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let parent = one(headers, &TRACE).ok()??;
    let mut parts = parent.splitn(5, '-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // A later version may say more after these four.
    let ends = parts.next().is_none() || version != "00";
    let hex =
        |part: &str, length| part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_something = |part: &str| part.bytes().any(|byte| byte != b'0');
    let formed = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && ends;
    (formed && is_something(trace) && is_something(span)).then_some(trace)
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
            tracing::error!("a token cannot be looked up: {error:?}");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_trace_is_taken_up() {
        const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let taken = |parent: &str| {
            let headers = [(TRACE, HeaderValue::from_str(parent).expect("plain text"))].into_iter().collect();
            trace_id(&headers).map(ToOwned::to_owned)
        };
        for good in ["00-{}-00f067aa0ba902b7-01", "00-{}-00f067aa0ba902b7-00", "01-{}-00f067aa0ba902b7-01-more"] {
            assert_eq!(taken(&good.replace("{}", TRACE_ID)).as_deref(), Some(TRACE_ID), "{good}");
        }
        for bad in [
            "",
            "{}",
            "00-{}-00f067aa0ba902b7",
            "00-{}-00f067aa0ba902b7-01-more",
            "ff-{}-00f067aa0ba902b7-01",
            "0-{}-00f067aa0ba902b7-01",
            "00-{}-0000000000000000-01",
            "00-{}0-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(taken(&bad.replace("{}", TRACE_ID)), None, "{bad}");
        }
    }
}
