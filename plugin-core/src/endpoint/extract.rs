//! What an endpoint may ask for, beyond what actix-web brings: JSON and queries that name the field that is wrong, and who calls.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    dev::Payload,
    http::{
        StatusCode,
        header::{HeaderValue, WWW_AUTHENTICATE},
    },
    web::Bytes,
};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use crate::{
    admin::{Admin, Html},
    context::caller::{Caller, Scopes},
    endpoint::{cause, problem::Problem},
    error::Error,
    id::{AppId, UserId},
    json,
};

macro_rules! wrapper {
    ($name:ident) => {
        impl<T> $name<T> {
            /// What is inside.
            pub fn into_inner(self) -> T {
                self.0
            }
        }

        impl<T> std::ops::Deref for $name<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T> std::ops::DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }
    };
}

/// A JSON body, of a request or of an answer.
///
/// A request whose `content-type` is another one is answered 415, a body that is no JSON 400, JSON that is no `T` 422 with the
/// field that is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json<T>(pub T);

wrapper!(Json);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = says_json(request);
        let body = Bytes::from_request(request, payload);
        Box::pin(async move {
            if !is_json {
                return Err(cause::not_of_type("application/json").into());
            }
            Ok(Self(read_json(&body.await?)?))
        })
    }
}

fn says_json(request: &HttpRequest) -> bool {
    match request.mime_type() {
        Ok(Some(kind)) => kind.subtype() == "json" || kind.suffix().is_some_and(|suffix| suffix == "json"),
        _ => false,
    }
}

/// Reads a `T` from a JSON `body`.
///
/// # Errors
/// 400 if it is no JSON, 422 with the field that is wrong if it is no `T`.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let no_json = |error: &serde_json::Error| cause::malformed(format!("the body is no JSON: {error}"));
    let mut json =
        json::deserializer(body).map_err(|error| cause::malformed(format!("the body is not read: {error}")))?;
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| match error.inner().is_data() {
        true => cause::at_path(error.path().to_string(), error.inner().to_string()),
        false => no_json(error.inner()),
    })?;
    json.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

impl<T: Serialize> Responder for Json<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        match serde_json::to_string(&self.0) {
            Ok(body) => HttpResponse::Ok().content_type("application/json").body(body),
            Err(error) => HttpResponse::from_error(Error::from(error)),
        }
    }
}

impl Responder for Html {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().content_type("text/html; charset=utf-8").body(self.as_str().to_owned())
    }
}

/// The query of a request's URL.
///
/// One that is not percent-encoded UTF-8 is answered 400, one that is no `T` 422 with the field that is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Query<T>(pub T);

wrapper!(Query);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read_query(request.query_string()).map(Self).map_err(Into::into))
    }
}

/// Reads a `T` from the `query` of a URL.
///
/// # Errors
/// 400 if it is not percent-encoded UTF-8, 422 with the field that is wrong if it is no `T`.
pub fn read_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    if query.contains('%') {
        super::path::decode(query).map_err(|error| cause::malformed(format!("the query {error}")))?;
    }
    let Traced(read) = serde_urlencoded::from_str(query).map_err(|error| cause::malformed(error.to_string()))?;
    read.map_err(|(path, detail)| cause::at_path(path, detail))
}

/// A `T`, or where it is none and why: `serde_urlencoded` hides the deserializer that would have to be traced from outside.
struct Traced<T>(Result<T, (String, String)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Traced<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = serde_path_to_error::deserialize(deserializer);
        Ok(Self(read.map_err(|error| (error.path().to_string(), error.inner().to_string()))))
    }
}

/// The user who calls.
///
/// As a parameter of an endpoint it is answered 401 where nobody has signed in, and 403 where a program has, with a token that
/// speaks for no user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// In which app.
    pub app: AppId,
    /// What the call may do.
    pub scopes: Scopes,
}

impl FromRequest for User {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match Caller::of(request) {
            Some(Caller { app, user: Some(id), scopes, .. }) => Ok(Self { id, app, scopes }),
            Some(Caller { token: Some(_), .. }) => Err(no_user()),
            _ => Err(not_signed_in()),
        })
    }
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// The caller, if it has the scope `admin`: 401 if nobody has signed in, else 403.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = Caller::of(request);
        ready(match caller {
            Some(caller) if caller.scopes.has("admin") => caller.user.map(|user| Self { user }).ok_or_else(no_user),
            Some(Caller { user: None, token: None, .. }) | None => Err(not_signed_in()),
            Some(_) => Err(needs_scope("admin")),
        })
    }
}

/// 401, saying how to sign in.
pub fn not_signed_in() -> Problem {
    let detail = "send a token: `Authorization: Bearer …`";
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// 403, naming the scope that is missing.
pub fn needs_scope(scope: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", format!("this needs a token with the scope `{scope}`"))
}

fn no_user() -> Problem {
    let detail =
        "this token speaks for no user: use a user's, or name one with `X-User-Id` and a token with the scope `host`";
    Problem::new(StatusCode::FORBIDDEN, "no-user", detail)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Order {
        user_id: String,
        items: Vec<Line>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Line {
        count: u32,
    }

    fn refused(body: &str) -> (u16, Vec<String>) {
        let problem = read_json::<Order>(body.as_bytes()).expect_err("refused");
        (problem.status().as_u16(), problem.fields().iter().map(|at| at.field.clone()).collect())
    }

    #[test]
    fn json_that_is_wrong_names_the_field() {
        for (body, field) in [
            (r#"{"items":[]}"#, "userId"),
            (r#"{"userId":"a","items":[{"count":1},{"count":-1}]}"#, "items[1].count"),
            (r#"{"userId":"a","items":[{}]}"#, "items[0].count"),
            (r#"{"userId":7,"items":[]}"#, "userId"),
            ("[]", ""),
        ] {
            assert_eq!(refused(body), (422, vec![field.to_owned()]), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in ["", "{", "nope", "{\"userId\":\"\u{0}\"}", r#"{"userId":"a","items":[]} x"#] {
            assert_eq!(refused(body), (400, vec![]), "{body:.20}");
        }
    }

    #[actix_web::test]
    async fn a_body_that_does_not_say_that_it_is_json_is_of_the_wrong_type() {
        for (kind, status) in
            [("application/json; charset=utf-8", 200), ("application/x+json", 200), ("text/plain", 415)]
        {
            let (request, mut payload) =
                TestRequest::post().insert_header(("content-type", kind)).set_payload("[1]").to_http_parts();
            let read = Json::<Vec<u8>>::from_request(&request, &mut payload).await;
            assert_eq!(read.map_or_else(|error| error.as_response_error().status_code().as_u16(), |_| 200), status);
        }
    }

    #[test]
    fn a_query_that_is_wrong_names_the_field() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            user_id: String,
            limit: Option<u32>,
        }
        let page: Page = read_query("userId=a%20b&limit=7").expect("a query");
        assert_eq!((page.user_id.as_str(), page.limit), ("a b", Some(7)));
        for (query, status, field) in [
            ("", 422, Some("userId")),
            ("userId=a&limit=x", 422, Some("limit")),
            ("userId=a&userId=b", 422, Some("userId")),
            ("userId=%ff", 400, None),
            ("userId=%4", 400, None),
        ] {
            let problem = read_query::<Page>(query).expect_err("refused");
            let named = problem.fields().first().map(|at| at.field.as_str());
            assert_eq!((problem.status().as_u16(), named), (status, field), "{query}");
        }
    }

    #[actix_web::test]
    async fn a_user_is_who_signed_in() {
        let id = uuid::Uuid::nil();
        let nobody = Caller::nobody(id);
        let program = Caller { token: Some("t1".into()), scopes: ["admin"].into_iter().collect(), ..nobody.clone() };
        let person = Caller { user: UserId::new("ada").ok(), ..program.clone() };
        let guest = Caller { scopes: Scopes::none(), ..person.clone() };
        for (caller, user, admin) in [
            (None, 401, 401),
            (Some(nobody), 401, 401),
            (Some(program), 403, 403),
            (Some(person), 200, 200),
            (Some(guest), 200, 403),
        ] {
            let request = TestRequest::get().to_http_request();
            caller.into_iter().for_each(|caller| caller.attach(&request));
            let status = |problem: Problem| problem.status().as_u16();
            assert_eq!(User::extract(&request).await.map_or_else(status, |_| 200), user);
            assert_eq!(Admin::extract(&request).await.map_or_else(status, |_| 200), admin);
        }
    }
}
