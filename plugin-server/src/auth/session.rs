//! Sessions of the admin area, and the one-time links that open one.

use std::{sync::Arc, time::Duration};

use plugin_core::{Clock, Result, Timestamp, UserId, store::db::Db};
use serde::{Deserialize, Serialize};

use super::{
    secret::{digest, random, same},
    token::Tokens,
};

/// How long a session lasts without a request.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long a session lasts at most.
pub const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// How long a sign-in link is good.
pub const LINK: Duration = Duration::from_secs(10 * 60);
/// A request moves the end of its session at most this often, so that looking at pages does not keep the disk busy.
const TOUCH: Duration = Duration::from_secs(60);

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who signed in.
    pub user: UserId,
    /// What every changing request of this session must bring.
    pub csrf: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct Row {
    user: UserId,
    csrf: String,
    /// The id of the token that opened it; the session ends with it.
    token: Option<String>,
    opened_at: Timestamp,
    seen_at: Timestamp,
}

impl Row {
    fn is_live(&self, now: Timestamp) -> bool {
        now.since(self.seen_at) < IDLE && now.since(self.opened_at) < LONGEST
    }
}

#[derive(Serialize, Deserialize)]
struct LinkRow {
    ends_at: Timestamp,
}

/// The sessions of this server.
#[derive(Debug, Clone)]
pub struct Sessions {
    rows: Db,
    links: Db,
    tokens: Tokens,
    clock: Clock,
}

impl Sessions {
    pub(super) fn new(rows: Db, links: Db, tokens: Tokens, clock: Clock) -> Self {
        Self { rows, links, tokens, clock }
    }

    /// Opens a session of `user`, which ends with the token `token` if one opened it. What comes back is the cookie's value.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn open(&self, user: UserId, token: Option<Arc<str>>) -> Result<String> {
        self.sweep().await?;
        let (secret, now) = (random(), self.clock.now());
        let token = token.map(|token| token.to_string());
        let row = Row { user, csrf: random(), token, opened_at: now, seen_at: now };
        self.rows.set(&digest(&secret), &row).await?;
        Ok(secret)
    }

    /// The session that `secret` opens, if it lasts; its end moves.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find(&self, secret: &str) -> Result<Option<Session>> {
        let (key, now) = (digest(secret), self.clock.now());
        let Some(mut row) = self.rows.get::<Row>(&key).await? else { return Ok(None) };
        let revoked = match &row.token {
            Some(token) => !self.tokens.is_admin(token).await?,
            None => false,
        };
        if revoked || !row.is_live(now) {
            self.rows.delete(&key).await?;
            return Ok(None);
        }
        if now.since(row.seen_at) >= TOUCH {
            row.seen_at = now;
            self.rows.set(&key, &row).await?;
        }
        Ok(Some(Session { user: row.user, csrf: row.csrf }))
    }

    /// Ends the session that `secret` opens.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn close(&self, secret: &str) -> Result<()> {
        self.rows.delete(&digest(secret)).await?;
        Ok(())
    }

    /// Makes the secret of a sign-in link.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn link(&self) -> Result<String> {
        let secret = random();
        let row = LinkRow { ends_at: self.clock.now().saturating_add(LINK) };
        self.links.set(&digest(&secret), &row).await?;
        Ok(secret)
    }

    /// Uses the sign-in link with `secret` up; whether it was good.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn redeem(&self, secret: &str) -> Result<bool> {
        let key = digest(secret);
        let Some(row) = self.links.get::<LinkRow>(&key).await? else { return Ok(false) };
        // Of two that redeem it at once, only one finds the row to delete.
        Ok(self.links.delete(&key).await? && self.clock.now() < row.ends_at)
    }

    /// Removes what has ended.
    async fn sweep(&self) -> Result<()> {
        let now = self.clock.now();
        for key in super::all_keys(&self.rows).await? {
            if self.rows.get::<Row>(&key).await?.is_some_and(|row| !row.is_live(now)) {
                self.rows.delete(&key).await?;
            }
        }
        for key in super::all_keys(&self.links).await? {
            if self.links.get::<LinkRow>(&key).await?.is_some_and(|row| row.ends_at <= now) {
                self.links.delete(&key).await?;
            }
        }
        Ok(())
    }
}

impl Session {
    /// Whether `shown` is what a changing request of this session must bring.
    pub fn allows(&self, shown: &str) -> bool {
        same(&self.csrf, shown)
    }
}
