//! `/api/tokens`: making, listing and ending tokens; sign-in links.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use plugin_core::{
    AppId, Error, Timestamp, UserId,
    endpoint::{extract::Json, problem::Problem},
};
use serde::{Deserialize, Serialize};

use super::{Answer, Server, json, part};
use crate::auth::{session::LINK, token::NewToken};

/// The body of a request for a token.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TokenRequest {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires_in: Option<Life>,
}

/// How long a token lives: `"30d"`, or a number of seconds.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub(crate) enum Life {
    Seconds(u64),
    Text(String),
}

impl TokenRequest {
    /// What is asked for, checked.
    ///
    /// # Errors
    /// 422 with the field that is wrong.
    pub(crate) fn read(self) -> Result<NewToken, Error> {
        let expires_in = match self.expires_in {
            None => None,
            Some(Life::Seconds(seconds)) => Some(Duration::from_secs(seconds)),
            Some(Life::Text(text)) => {
                let life = plugin_syntax::duration(&text);
                Some(life.map_err(|error| Error::unprocessable("expiresIn", error.to_string()))?)
            }
        };
        let user =
            self.user.map(UserId::new).transpose().map_err(|error| Error::unprocessable("user", error.to_string()))?;
        let app =
            self.app.map(AppId::new).transpose().map_err(|error| Error::unprocessable("app", error.to_string()))?;
        Ok(NewToken { name: self.name, scopes: self.scopes, user, app: app.unwrap_or_default(), expires_in })
    }
}

/// A link that opens a session of the admin area, once.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInLink {
    pub(crate) url: String,
    pub(crate) expires_at: Timestamp,
}

/// The link to sign in with `secret` at the server with `address`.
pub(crate) fn sign_in_url(address: &str, secret: &str) -> String {
    format!("{address}/admin/sign-in?link={secret}")
}

pub(super) async fn create(server: Data<Server>, new: Json<TokenRequest>) -> Answer {
    let made = server.auth.tokens.create(new.0.read()?).await?;
    Ok(HttpResponse::Created().json(made))
}

pub(super) async fn list(server: Data<Server>) -> Answer {
    json(&server.auth.tokens.list().await?)
}

pub(super) async fn revoke(server: Data<Server>, request: HttpRequest) -> Answer {
    match server.auth.tokens.revoke(&part(&request, "id")).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Problem::new(StatusCode::NOT_FOUND, "not-found", "there is no such token").into()),
    }
}

pub(super) async fn link(server: Data<Server>) -> Answer {
    let secret = server.auth.sessions.link().await?;
    let expires_at = server.host.clock().now().saturating_add(LINK);
    Ok(HttpResponse::Created().json(SignInLink { url: sign_in_url(&server.address, &secret), expires_at }))
}
