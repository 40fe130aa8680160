//! Signing in with a one-time link or a pasted token, and out again.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::StatusCode,
    web::{Bytes, Data},
};
use askama::Template;
use plugin_core::{Error, Result, UserId, context::caller::Caller, dispatch::hook::fire, host::points::UserLogin};

use super::{icon, respond, see};
use crate::{
    auth::{
        admin_user,
        browser::{self, Kind, Transport},
        session::Opener,
        token::ADMIN,
    },
    http::{Answer, Server, form_field},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    mark: String,
    problem: Option<&'static str>,
    way: Way,
}

/// How somebody may sign in.
enum Way {
    /// Not over this connection.
    Refused,
    /// With the link that they followed.
    Link { secret: String, csrf: String },
    /// With a token.
    Token { csrf: String },
}

/// The form. Following a link uses nothing up: what looks at links before people do would.
pub(crate) async fn form(request: HttpRequest) -> Answer {
    let query: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string()).unwrap_or_default();
    let link = query.into_iter().find(|(name, _)| name == "link").map(|(_, secret)| secret);
    show(&request, StatusCode::OK, link, None)
}

fn show(request: &HttpRequest, status: StatusCode, link: Option<String>, problem: Option<&'static str>) -> Answer {
    let transport = Transport::of(request);
    let csrf = browser::form_token();
    let (status, way) = match (transport, link) {
        (Transport::Plain, _) => (StatusCode::FORBIDDEN, Way::Refused),
        (_, Some(secret)) => (status, Way::Link { secret, csrf: csrf.clone() }),
        (_, None) => (status, Way::Token { csrf: csrf.clone() }),
    };
    let mut response = HttpResponse::build(status);
    if transport != Transport::Plain {
        response.cookie(browser::cookie(Kind::Form, transport, csrf));
    }
    page(response, problem, way)
}

fn page(response: HttpResponseBuilder, problem: Option<&'static str>, way: Way) -> Answer {
    let page = Page { mark: icon::svg("plug"), problem, way };
    Ok(respond(response, page.render().map_err(Error::from)?))
}

/// Opens a session, if the link or the token is good.
pub(crate) async fn submit(server: Data<Server>, request: HttpRequest, body: Bytes) -> Answer {
    let transport = Transport::of(&request);
    if transport == Transport::Plain {
        return show(&request, StatusCode::FORBIDDEN, None, None);
    }
    let field = |name| form_field(&body, name);
    if !browser::is_same_origin(&request) || !browser::is_own_form(&request, &field("csrf").unwrap_or_default()) {
        let problem = "The form did not come from this page, or the page is out of date. Try once more.";
        return show(&request, StatusCode::FORBIDDEN, field("link"), Some(problem));
    }
    let opened = match (field("link"), field("token")) {
        (Some(secret), _) if server.auth.sessions.redeem(&secret).await? => {
            let user = admin_user();
            Some((server.auth.sessions.open(user.clone(), Opener::Link).await?, user))
        }
        (Some(_), _) => {
            let problem =
                "This link was used already, or is older than 10 minutes. `plugin-server token link` prints another.";
            return show(&request, StatusCode::FORBIDDEN, None, Some(problem));
        }
        (None, Some(token)) => with_token(&server, token.trim()).await?,
        (None, None) => None,
    };
    let Some((secret, user)) = opened else {
        let problem = "This is not a token of this server with the scope admin.";
        return show(&request, StatusCode::FORBIDDEN, None, Some(problem));
    };
    announce(&server, &request, &user).await;
    let mut response = see("/admin");
    let cookies = [browser::cookie(Kind::Session, transport, secret), browser::removal(Kind::Form, transport)];
    for cookie in cookies {
        response.add_cookie(&cookie).map_err(Error::from)?;
    }
    Ok(response)
}

/// A session of whoever shows `token`, if it is one for admins.
async fn with_token(server: &Server, token: &str) -> Result<Option<(String, UserId)>> {
    let bearer = server.auth.bearer(token).await?.filter(|bearer| bearer.scopes.has(ADMIN));
    let Some(bearer) = bearer else { return Ok(None) };
    let opener = server.auth.opener(&bearer);
    let user = bearer.user.unwrap_or_else(admin_user);
    Ok(Some((server.auth.sessions.open(user.clone(), opener).await?, user)))
}

/// Fires `user:login`. What hooks make of it does not keep anybody out.
async fn announce(server: &Server, request: &HttpRequest, user: &UserId) {
    let Some(caller) = Caller::of(request) else { return };
    let call = server.host.call(&Caller { user: Some(user.clone()), ..caller });
    let login = UserLogin { user_id: user.to_string() };
    let fire = async move { Ok(fire(&call.scope("sign-in", u32::MAX), &login).await) };
    if let Err(error) = server.on_host(fire).await {
        tracing::warn!("`user:login` could not be fired: {error:?}");
    }
}

/// Ends the session.
pub(crate) async fn out(server: Data<Server>, request: HttpRequest) -> Answer {
    if let Some(secret) = browser::value(Kind::Session, &request) {
        server.auth.sessions.close(&secret).await?;
    }
    let mut response: HttpResponse = see("/admin/sign-in");
    let removal = browser::removal(Kind::Session, Transport::of(&request));
    response.add_cookie(&removal).map_err(Error::from)?;
    Ok(response)
}
