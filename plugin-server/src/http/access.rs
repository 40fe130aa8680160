//! Who may call which of the server's own routes: checked before the handler sees the request.

use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::Next,
    web::{Bytes, Data},
};
use futures_util::StreamExt;
use plugin_core::{UserId, context::caller::Caller, endpoint::problem::Problem};

use super::Server;
use crate::auth::{admin_user, browser, session::Session, token::ADMIN};

/// The largest body of the server's own routes, in bytes.
const BODY: usize = 1 << 20;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);

/// A route's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Public,
    /// A token with this scope.
    Scope(&'static str),
    /// A token with this scope. The handler reads the body itself, as it comes: it may be of any size.
    Stream(&'static str),
    /// A token with one of these scopes.
    Either(&'static str, &'static str),
    /// A page of the admin area: a session, or a token with scope `admin`.
    Page,
    /// A form of the admin area: a session, its CSRF token, and a browser that says that our own page sent it.
    Form,
}

impl Access {
    /// The rule in words, as the list of routes has it.
    #[cfg(test)]
    pub(crate) fn words(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Scope(scope) => format!("scope {scope}"),
            Self::Stream(scope) => format!("scope {scope}, body of any size"),
            Self::Either(one, other) => format!("scope {one} or {other}"),
            Self::Page => "session or scope admin".to_owned(),
            Self::Form => "session, form token, same origin".to_owned(),
        }
    }
}

/// Who looks at the admin area.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    pub(crate) user: UserId,
    /// The session, unless a token was shown.
    pub(crate) session: Option<Session>,
}

impl Viewer {
    /// Who looks at the page that `request` asks for; only behind [`Access::Page`] and [`Access::Form`].
    ///
    /// # Errors
    /// 401 if nobody was found to look.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        request.extensions().get::<Self>().cloned().ok_or_else(unauthorized)
    }
}

/// Lets `request` through to `next` if `access` allows it, with its body read.
///
/// # Errors
/// What `next` fails with.
pub(crate) async fn guarded<B: MessageBody + 'static>(
    access: Access,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match admitted(access, &mut request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) if asks_to_sign_in(access, &problem, &request) => Ok(to_sign_in(request)),
        Err(problem) => {
            let response = problem.respond(request.request());
            Ok(request.into_response(response))
        }
    }
}

/// Whether `request` may go on. Its body is read when it is known who sends it, so that nobody else is waited for.
async fn admitted(access: Access, request: &mut ServiceRequest) -> Result<(), Problem> {
    let session = match access {
        Access::Public => None,
        Access::Scope(scope) => may(request, &[scope]).map(|()| None)?,
        Access::Stream(scope) => return may(request, &[scope]),
        Access::Either(one, other) => may(request, &[one, other]).map(|()| None)?,
        Access::Page => view(request).await.map(|()| None)?,
        Access::Form => Some(session(request).await?.ok_or_else(unauthorized)?),
    };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let body = read_body(request.take_payload(), request.headers().get(header::CONTENT_LENGTH)).await?;
    if let Some(session) = session {
        form(request, session, &body)?;
    }
    request.set_payload(Payload::from(body));
    Ok(())
}

/// Whether a browser is better led to the sign-in page than told of `problem`.
fn asks_to_sign_in(access: Access, problem: &Problem, request: &ServiceRequest) -> bool {
    access == Access::Page && problem.status() == StatusCode::UNAUTHORIZED && wants_html(request)
}

fn to_sign_in(request: ServiceRequest) -> ServiceResponse<BoxBody> {
    let response = HttpResponse::SeeOther().insert_header((header::LOCATION, "/admin/sign-in")).finish();
    request.into_response(response)
}

/// Whether a browser navigates, rather than a program that asks.
fn wants_html(request: &ServiceRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).map(|accept| accept.as_bytes().to_vec()).unwrap_or_default();
    accept.windows(9).any(|part| part == b"text/html")
}

fn may(request: &ServiceRequest, any_of: &[&'static str]) -> Result<(), Problem> {
    let extensions = request.extensions();
    let Some(caller) = extensions.get::<Caller>().filter(|caller| caller.token.is_some()) else {
        return Err(unauthorized());
    };
    match any_of.iter().any(|scope| caller.scopes.has(scope)) {
        true => Ok(()),
        false => Err(forbidden(format!("this needs a token with the scope `{}`", any_of.join("` or `")))),
    }
}

/// Notes who looks, by session or token.
async fn view(request: &ServiceRequest) -> Result<(), Problem> {
    let session = session(request).await?;
    let viewer = match session {
        Some(session) => Viewer { user: session.user.clone(), session: Some(session) },
        None => {
            may(request, &[ADMIN])?;
            let user = request.extensions().get::<Caller>().and_then(|caller| caller.user.clone());
            Viewer { user: user.unwrap_or_else(admin_user), session: None }
        }
    };
    request.extensions_mut().insert(viewer);
    Ok(())
}

async fn session(request: &ServiceRequest) -> Result<Option<Session>, Problem> {
    let Some(secret) = browser::value(browser::Kind::Session, request.request()) else { return Ok(None) };
    let server = request.app_data::<Data<Server>>().expect("every route is mounted with the server's state");
    server.auth.sessions.find(&secret).await.map_err(|error| {
        tracing::error!("a session cannot be looked up: {error:?}");
        Problem::from(&error)
    })
}

/// Lets a form through that a page of `session` sent.
fn form(request: &ServiceRequest, session: Session, body: &[u8]) -> Result<(), Problem> {
    if !browser::is_same_origin(request.request()) {
        return Err(forbidden("the browser does not say that a page of this server sent the form"));
    }
    if !session.allows(&super::form_field(body, "csrf").unwrap_or_default()) {
        return Err(forbidden("the form is out of date: load the page again"));
    }
    let viewer = Viewer { user: session.user.clone(), session: Some(session) };
    request.extensions_mut().insert(viewer);
    Ok(())
}

fn unauthorized() -> Problem {
    let challenge = header::HeaderValue::from_static("Bearer");
    Problem::of_status(StatusCode::UNAUTHORIZED).with_header(header::WWW_AUTHENTICATE, challenge)
}

fn forbidden(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
}

/// The whole body, within the limits of size and time.
async fn read_body(mut payload: Payload, length: Option<&header::HeaderValue>) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body is larger than {BODY} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail).closing()
    };
    let announced = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|announced| announced > BODY) {
        return Err(too_large());
    }
    let read = async {
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk
                .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad-request", "the body ended early").closing())?;
            if body.len() + chunk.len() > BODY {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Bytes::from(body))
    };
    tokio::time::timeout(BODY_TIME, read).await.unwrap_or_else(|_| {
        let detail = "the body did not arrive in time";
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "request-timeout", detail).closing())
    })
}
