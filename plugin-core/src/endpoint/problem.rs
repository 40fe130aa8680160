//! What a caller outside reads when something is wrong: the problem documents of RFC 9457, for every 4xx and 5xx of every path.

use std::{borrow::Cow, fmt};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode, Uri,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    clock::Clock,
    context::caller::{Caller, request_id},
    endpoint::cause,
    error::{Error, FieldError},
    store::{engine::EngineError, error::engine_error},
};

/// The content type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// When to ask again while the store cannot serve, in seconds: it tries at least that often to be able to.
const STORE_RETRY: HeaderValue = HeaderValue::from_static("10");

/// The largest body of an error response that is read to be put into a problem document, in bytes.
const LARGEST_TEXT: usize = 2_048;

/// What is wrong with a request, or went wrong with it.
///
/// Its `type` is `/problems/{code}`. Programs tell problems apart by the code, people read the detail.
#[derive(Debug, Clone)]
pub struct Problem(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Option<Cow<'static, str>>,
    fields: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    members: Map<String, Value>,
    connection: Connection,
}

/// What becomes of the connection after the problem was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Stays,
    Closes,
}

impl Problem {
    /// A problem with `code` and a `detail` for the caller.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::of_status(status);
        problem.0.code = code.into();
        problem.0.detail = Some(detail.into());
        problem
    }

    /// The problem that `status` stands for, where no more is known.
    pub fn of_status(status: StatusCode) -> Self {
        Self(Box::new(Inner {
            status,
            code: code_of(status),
            detail: None,
            fields: Vec::new(),
            headers: Vec::new(),
            members: Map::new(),
            connection: Connection::Stays,
        }))
    }

    /// 503 while the store cannot serve, which passes without anybody's doing once the disk has room.
    pub fn store_unavailable() -> Self {
        let detail = "the store cannot do this now; it recovers by itself, so try again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", detail)
            .with_header(header::RETRY_AFTER, STORE_RETRY)
    }

    /// The same problem with what is wrong with each field.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.0.fields = fields;
        self
    }

    /// The same problem, sent with another header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The same problem, after which the connection is closed.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.0.connection = Connection::Closes;
        self
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What programs know it by.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What a person may read, beyond its title.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The fields that are wrong.
    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The document, for the request of `path` called `request`.
    pub fn document(&self, path: &str, request: Uuid) -> Value {
        let mut document = self.0.members.clone();
        let mut put = |name: &str, value: Value| drop(document.insert(name.to_owned(), value));
        put("type", json!(format!("/problems/{}", self.0.code)));
        put("title", json!(title_of(&self.0.code)));
        put("status", json!(self.0.status.as_u16()));
        put("instance", json!(path));
        put("requestId", json!(request.to_string()));
        if let Some(detail) = &self.0.detail {
            put("detail", json!(detail));
        } else if !self.0.members.contains_key("detail") {
            put("detail", json!(detail_of(self.0.status)));
        }
        if !self.0.fields.is_empty() {
            put("errors", json!(self.0.fields));
        }
        Value::Object(document)
    }

    /// The answer to `request`.
    pub fn respond(&self, request: &HttpRequest) -> HttpResponse {
        self.answer(request.uri(), Caller::of(request).map(|caller| caller.request))
    }

    /// The answer to the request of `uri` called `request`, which gets a name now if it has none.
    pub fn answer(&self, uri: &Uri, request: Option<Uuid>) -> HttpResponse {
        let request = request.unwrap_or_else(|| request_id(Clock::system().now()));
        let mut response = HttpResponse::build(self.0.status);
        for header in &self.0.headers {
            response.insert_header(header.clone());
        }
        if self.0.connection == Connection::Closes {
            response.force_close();
        }
        response.content_type(PROBLEM_JSON).body(self.document(uri.path(), request).to_string())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.detail.as_deref().unwrap_or(&self.0.code))
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// Only the status; whoever holds the request writes the document.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.0.status)
    }
}

impl From<&Error> for Problem {
    /// What a caller outside may know of `error`. That the store cannot serve now is theirs to know: they can come back.
    fn from(error: &Error) -> Self {
        let is_public = error.status() != StatusCode::INTERNAL_SERVER_ERROR;
        if !is_public && matches!(engine_error(error), Some(EngineError::Unavailable(_))) {
            return Self::store_unavailable();
        }
        let mut problem = Self::of_status(error.status());
        problem.0.code = error.code().into();
        problem.0.detail = error.detail().map(|detail| detail.to_owned().into());
        problem.with_fields(error.fields().to_vec())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        (&error).into()
    }
}

fn code_of(status: StatusCode) -> Cow<'static, str> {
    Cow::Borrowed(match status {
        StatusCode::BAD_REQUEST => "bad-request",
        StatusCode::UNAUTHORIZED => "unauthorized",
        StatusCode::INTERNAL_SERVER_ERROR => "internal",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::UNPROCESSABLE_ENTITY => "invalid-fields",
        _ => {
            let reason = status.canonical_reason().unwrap_or("error");
            return reason.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-").into();
        }
    })
}

/// `not-found` → `Not found`.
fn title_of(code: &str) -> String {
    match code {
        "internal" => "The server failed".to_owned(),
        "unauthorized" => "Sign-in needed".to_owned(),
        _ => {
            let mut title = code.replace('-', " ");
            if let Some(first) = title.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            title
        }
    }
}

/// What there is to say where only the status is known.
fn detail_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "send a token as `Authorization: Bearer …`",
        StatusCode::FORBIDDEN => "the token does not allow this",
        StatusCode::NOT_FOUND => "there is nothing at this path",
        StatusCode::METHOD_NOT_ALLOWED => "this path does not take this method; `Allow` lists those that it takes",
        StatusCode::REQUEST_TIMEOUT => "the request did not arrive in time",
        StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than what is taken here",
        StatusCode::TOO_MANY_REQUESTS => "too many requests; `Retry-After` says when to come back",
        _ if status.is_server_error() => "the log says more, under the id of this request",
        _ => "the request cannot be understood",
    }
}

/// Turns `response` into a problem document if it tells of an error and is none yet. What it said is kept where a caller may
/// read it: a text becomes the detail, the members of a JSON object become members of the document.
pub fn normalize<B: MessageBody + 'static>(
    uri: &Uri,
    request: Option<Uuid>,
    response: HttpResponse<B>,
) -> HttpResponse {
    let response = response.map_into_boxed_body();
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_problem(response.headers()) {
        return response;
    }
    let known = response.error().and_then(cause::known);
    let mut problem = known.unwrap_or_else(|| Problem::of_status(status));
    let (head, body) = response.into_parts();
    if problem.0.status.is_client_error() && problem.0.detail.is_none() {
        problem.quote(head.headers(), body);
    }
    if !head.head().keep_alive() {
        problem = problem.closing();
    }
    let mut answer = problem.answer(uri, request);
    let mut headers = head.headers().clone();
    headers.remove(header::CONTENT_LENGTH);
    for (name, value) in answer.headers() {
        headers.insert(name.clone(), value.clone());
    }
    *answer.headers_mut() = headers;
    answer
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(PROBLEM_JSON.as_bytes()))
}

impl Problem {
    fn quote(&mut self, headers: &HeaderMap, body: BoxBody) {
        let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        let Ok(bytes) = body.try_into_bytes() else { return };
        if bytes.is_empty() || bytes.len() > LARGEST_TEXT {
            return;
        }
        if kind.starts_with(b"text/plain") {
            self.0.detail = std::str::from_utf8(&bytes).ok().map(|text| text.to_owned().into());
        } else if kind.starts_with(b"application/json")
            && let Ok(members) = serde_json::from_slice(&bytes)
        {
            self.0.members = members;
        }
    }
}

/// Makes every 4xx and 5xx that passes a problem document, whoever it came from: to be wrapped around a whole application with
/// [`from_fn`](actix_web::middleware::from_fn).
///
/// # Errors
/// Never: an error of an inner service becomes a problem document as well.
pub async fn everywhere<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    // No clone of the request: routing needs it to be the only one.
    let (uri, known) = (request.uri().clone(), request.extensions().get::<Caller>().map(|caller| caller.request));
    match next.call(request).await {
        Ok(response) if response.status().is_client_error() || response.status().is_server_error() => {
            let (request, response) = response.into_parts();
            let id = Caller::of(&request).map(|caller| caller.request).or(known);
            let response = normalize(&uri, id, response);
            Ok(ServiceResponse::new(request, response))
        }
        Ok(response) => Ok(response.map_into_boxed_body()),
        Err(error) => {
            let response = normalize(&uri, known, HttpResponse::from_error(error));
            Err(InternalError::from_response("an inner service failed", response).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, error, http::Method, middleware::from_fn, test, web};

    use super::*;
    use crate::store::StoreError;

    async fn body_of(response: HttpResponse) -> Value {
        let kind = response.headers().get(header::CONTENT_TYPE).expect("a content type").clone();
        assert_eq!(kind, PROBLEM_JSON);
        let body = actix_web::body::to_bytes(response.into_body()).await.expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    fn normalized(response: HttpResponse) -> HttpResponse {
        normalize(&Uri::from_static("/a/b?c=d"), Some(Uuid::nil()), response)
    }

    #[actix_web::test]
    async fn a_public_error_is_told_and_a_private_one_is_not() {
        let public = body_of(normalized(HttpResponse::from_error(Error::unprocessable("from", "is nobody")))).await;
        assert_eq!(
            public,
            json!({
                "type": "/problems/invalid-fields", "title": "Invalid fields", "status": 422, "instance": "/a/b",
                "requestId": Uuid::nil().to_string(), "detail": "from: is nobody",
                "errors": [{ "field": "from", "detail": "is nobody" }],
            })
        );
        let private = body_of(normalized(HttpResponse::from_error(Error::new("disk 7 is gone")))).await;
        assert_eq!((&private["type"], &private["status"]), (&json!("/problems/internal"), &json!(500)));
        assert!(!private.to_string().contains("disk"), "{private}");
    }

    #[actix_web::test]
    async fn a_store_that_cannot_serve_is_a_503_that_says_when_to_come_back() {
        #[derive(Debug, thiserror::Error)]
        #[error("no receipt")]
        struct OfAPlugin(#[source] StoreError);

        let down = || EngineError::Unavailable("no room on disk 7".to_owned());
        for error in [
            Error::from(down()),
            Error::from(StoreError::from(down())),
            Error::from(OfAPlugin(StoreError::from(down()))),
            Error::new("it was not kept").because(StoreError::from(down())),
        ] {
            let answer = normalized(HttpResponse::from_error(error));
            assert_eq!(answer.headers().get(header::RETRY_AFTER).expect("a time"), "10");
            let body = body_of(answer).await;
            assert_eq!((&body["status"], &body["type"]), (&json!(503), &json!("/problems/store-unavailable")));
            assert!(!body.to_string().contains("disk 7"), "{body}");
        }
        let other = normalized(HttpResponse::from_error(Error::from(EngineError::UnknownOutcome)));
        assert_eq!(other.status(), 500);
    }

    #[actix_web::test]
    async fn an_io_error_never_shows_as_a_missing_page() {
        let error = std::io::Error::new(std::io::ErrorKind::NotFound, "/etc/secret");
        let answer = normalized(HttpResponse::from_error(error));
        assert_eq!(answer.status(), 500);
        assert!(!body_of(answer).await.to_string().contains("secret"));
    }

    #[actix_web::test]
    async fn what_a_response_said_is_kept() {
        let text = body_of(normalized(HttpResponse::Conflict().content_type("text/plain").body("it is there"))).await;
        assert_eq!(text["detail"], "it is there");
        let object = body_of(normalized(HttpResponse::Gone().json(json!({ "since": 7, "status": 1 })))).await;
        assert_eq!((&object["since"], &object["status"]), (&json!(7), &json!(410)));
        let other = normalized(HttpResponse::MethodNotAllowed().insert_header((header::ALLOW, "GET")).finish());
        assert_eq!(other.headers().get(header::ALLOW).expect("kept"), "GET");
    }

    #[actix_web::test]
    async fn successes_and_problems_pass_untouched() {
        let fine = normalized(HttpResponse::Ok().body("fine"));
        assert_eq!(actix_web::body::to_bytes(fine.into_body()).await.expect("a body"), "fine");
        let problem = Problem::new(StatusCode::NOT_FOUND, "no-such-thing", "gone");
        let once = problem.answer(&Uri::from_static("/first"), None);
        assert_eq!(body_of(normalized(once)).await["instance"], "/first");
    }

    #[actix_web::test]
    async fn wrapped_around_an_application_it_covers_routing_and_inner_errors() {
        let app = App::new()
            .route("/known", web::get().to(HttpResponse::Ok))
            .service(
                web::resource("/broken")
                    .wrap(from_fn(|_: ServiceRequest, _: Next<BoxBody>| async {
                        Err::<ServiceResponse, _>(error::ErrorForbidden("not you"))
                    }))
                    .to(HttpResponse::Ok),
            )
            .wrap(from_fn(everywhere));
        let app = test::init_service(app).await;
        for (method, path, status, code) in [
            (Method::GET, "/unknown", 404, "not-found"),
            (Method::POST, "/known", 404, "not-found"),
            (Method::GET, "/broken", 403, "forbidden"),
        ] {
            let request = test::TestRequest::with_uri(path).method(method).to_request();
            let response = match test::try_call_service(&app, request).await {
                Ok(response) => response.into_parts().1,
                Err(error) => error.error_response(),
            };
            assert_eq!(response.status().as_u16(), status, "{path}");
            let body = body_of(response).await;
            assert_eq!(body["type"], format!("/problems/{code}"));
            assert_eq!(body["instance"], path);
        }
    }
}
