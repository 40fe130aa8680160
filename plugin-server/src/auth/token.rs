//! Tokens: made, shown once, kept as a hash, found by their id, revoked.

use std::{sync::Arc, time::Duration};

use plugin_core::{AppId, Clock, Result, Timestamp, UserId, context::caller::Scopes, error::FieldError, store::db::Db};
use serde::{Deserialize, Serialize};

use super::secret::{digest, random, random_bytes, same};

/// What every token begins with, so that scanners of leaked secrets know one.
pub const PREFIX: &str = "plg_";
/// The scope for everything under `/api` that is not an endpoint, and for the admin area.
pub const ADMIN: &str = "admin";
/// The scope to speak for apps and users, to fire hooks and apply filters; it may publish events as well.
pub const HOST: &str = "host";

/// The longest name of a token, in characters.
const LONGEST_NAME: usize = 128;
/// The longest that a token may live.
const LONGEST_LIFE: Duration = Duration::from_secs(3_660 * 24 * 60 * 60);

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What people know it by.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// On whose behalf; none for a program's own.
    pub user: Option<UserId>,
    /// For which app.
    pub app: AppId,
    /// How long it lives; for ever if nothing is said.
    pub expires_in: Option<Duration>,
}

/// A token as it is listed; the token itself cannot be had again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenInfo {
    /// Its id, the part of it that is no secret.
    pub id: String,
    /// What people know it by.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// On whose behalf.
    pub user: Option<UserId>,
    /// For which app.
    pub app: AppId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A token just made.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Made {
    /// Its id.
    pub id: String,
    /// The token, shown this once.
    pub token: String,
}

/// Who shows a token that is good.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The token's id.
    pub token: Arc<str>,
    /// What it may do.
    pub scopes: Scopes,
    /// On whose behalf.
    pub user: Option<UserId>,
    /// For which app.
    pub app: AppId,
}

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    hash: String,
    scopes: Vec<String>,
    user: Option<UserId>,
    app: AppId,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl Row {
    fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// The tokens of this server.
#[derive(Debug, Clone)]
pub struct Tokens {
    rows: Db,
    clock: Clock,
}

impl Tokens {
    pub(super) fn new(rows: Db, clock: Clock) -> Self {
        Self { rows, clock }
    }

    /// Makes a token.
    ///
    /// # Errors
    /// 422 for a name, scope or lifetime that cannot be; if the store fails.
    pub async fn create(&self, new: NewToken) -> Result<Made> {
        check(&new)?;
        let (id, secret) = (random_bytes::<8>(), random());
        let created_at = self.clock.now();
        let row = Row {
            name: new.name,
            hash: digest(&secret),
            scopes: new.scopes,
            user: new.user,
            app: new.app,
            created_at,
            expires_at: new.expires_in.map(|life| created_at.saturating_add(life)),
        };
        self.rows.set(&id, &row).await?;
        let token = format!("{PREFIX}{id}_{secret}");
        Ok(Made { id, token })
    }

    /// All tokens, the oldest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self) -> Result<Vec<TokenInfo>> {
        let mut tokens = Vec::new();
        for id in super::all_keys(&self.rows).await? {
            let Some(row) = self.rows.get::<Row>(&id).await? else { continue };
            let Row { name, scopes, user, app, created_at, expires_at, .. } = row;
            tokens.push(TokenInfo { id, name, scopes, user, app, created_at, expires_at });
        }
        tokens.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(tokens)
    }

    /// Ends the token `id`; whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn revoke(&self, id: &str) -> Result<bool> {
        if !is_id(id) {
            return Ok(false);
        }
        Ok(self.rows.delete(id).await?)
    }

    /// Who shows `token`; nobody if it is not one of ours, was revoked, or has ended.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn verify(&self, token: &str) -> Result<Option<Bearer>> {
        let parts = token.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
        let Some((id, secret)) = parts.filter(|(id, _)| is_id(id)) else { return Ok(None) };
        let Some(row) = self.rows.get::<Row>(id).await? else { return Ok(None) };
        if !same(&row.hash, &digest(secret)) || !row.is_live(self.clock.now()) {
            return Ok(None);
        }
        let (scopes, token) = (row.scopes.into_iter().collect(), id.into());
        Ok(Some(Bearer { token, scopes, user: row.user, app: row.app }))
    }

    /// Whether the token `id` is good and has the scope `admin`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn is_admin(&self, id: &str) -> Result<bool> {
        let row = self.rows.get::<Row>(id).await?;
        Ok(row.is_some_and(|row| row.is_live(self.clock.now()) && row.scopes.iter().any(|scope| scope == ADMIN)))
    }

    /// Whether any token has the scope `admin`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn any_admin(&self) -> Result<bool> {
        for id in super::all_keys(&self.rows).await? {
            if self.is_admin(&id).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_id(id: &str) -> bool {
    id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn check(new: &NewToken) -> Result<()> {
    let mut wrong = Vec::new();
    let mut note =
        |field: &str, detail: &str| wrong.push(FieldError { field: field.to_owned(), detail: detail.to_owned() });
    if new.name.trim().is_empty() || new.name.chars().count() > LONGEST_NAME || new.name.chars().any(char::is_control) {
        note("name", "must have 1 to 128 characters, none of them a control character");
    }
    for scope in &new.scopes {
        if let Err(error) = plugin_syntax::scope(scope) {
            note("scopes", &error.to_string());
        }
    }
    if new.expires_in.is_some_and(|life| life.is_zero() || life > LONGEST_LIFE) {
        note("expiresIn", "must be more than nothing and at most ten years");
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(plugin_core::Error::invalid_fields(wrong)),
    }
}
