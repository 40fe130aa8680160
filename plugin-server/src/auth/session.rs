//! Sessions of the admin area, and the one-time links that open one.

use std::{sync::Arc, time::Duration};

use plugin_core::{
    Clock, Result, Timestamp, UserId,
    store::{Versioned, db::Db, error::StoreError},
};
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
    /// The id of the token that opened it, if it has a row; the session ends with it.
    token: Option<String>,
    /// The hash of the token that opened it, if the process was given it; the session ends where it is no longer given.
    #[serde(default)]
    fixed: Option<String>,
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

/// What a session was opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opener {
    /// A sign-in link, which is used up.
    Link,
    /// The token with this id.
    Token(Arc<str>),
    /// The token with this hash, which the process was given and no row has.
    Fixed(String),
}

/// The sessions of this server.
#[derive(Debug, Clone)]
pub struct Sessions {
    rows: Db,
    links: Db,
    tokens: Tokens,
    /// The hashes of the tokens that this process was given.
    fixed: Vec<String>,
    clock: Clock,
}

impl Sessions {
    pub(super) fn new(rows: Db, links: Db, tokens: Tokens, clock: Clock) -> Self {
        Self { rows, links, tokens, fixed: Vec::new(), clock }
    }

    /// Sessions that the token with `hash` opened last as long as a process is given it.
    pub(super) fn keep_those_of(&mut self, hash: String) {
        self.fixed.push(hash);
    }

    /// Opens a session of `user`, which ends with the token that opened it. What comes back is the cookie's value.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn open(&self, user: UserId, opener: Opener) -> Result<String> {
        self.sweep().await?;
        let (secret, now) = (random(), self.clock.now());
        let (token, fixed) = match opener {
            Opener::Link => (None, None),
            Opener::Token(id) => (Some(id.to_string()), None),
            Opener::Fixed(hash) => (None, Some(hash)),
        };
        let row = Row { user, csrf: random(), token, fixed, opened_at: now, seen_at: now };
        self.rows.set(&digest(&secret), &row).await?;
        Ok(secret)
    }

    /// The session that `secret` opens, if it lasts; its end moves.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find(&self, secret: &str) -> Result<Option<Session>> {
        let (key, now) = (digest(secret), self.clock.now());
        let Some(found) = self.rows.get_versioned::<Row>(&key).await? else { return Ok(None) };
        let row = &found.value;
        let token_lives = match &row.token {
            Some(token) => self.tokens.is_admin(token).await?,
            None => row.fixed.as_ref().is_none_or(|hash| self.fixed.contains(hash)),
        };
        if !token_lives || !row.is_live(now) {
            self.rows.delete(&key).await?;
            return Ok(None);
        }
        if now.since(row.seen_at) >= TOUCH && !self.touch(&key, &found, now).await? {
            return Ok(None);
        }
        let Row { user, csrf, .. } = found.value;
        Ok(Some(Session { user, csrf }))
    }

    /// Moves the end of the session that was `found`; whether it is still open. Somebody may have signed out meanwhile.
    async fn touch(&self, key: &str, found: &Versioned<Row>, now: Timestamp) -> Result<bool> {
        let seen = Row { seen_at: now, ..found.value.clone() };
        match self.rows.set_if(key, &seen, Some(found.revision)).await {
            Ok(_) => Ok(true),
            // Another request has moved it, or it was closed.
            Err(StoreError::Conflict { .. }) => Ok(self.rows.get::<Row>(key).await?.is_some()),
            Err(error) => Err(error.into()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{admin_user, tests::auth};

    #[actix_web::test]
    async fn a_request_under_way_does_not_bring_back_a_session_that_signed_out() {
        let (auth, clock) = auth().await;
        let sessions = &auth.sessions;
        let secret = sessions.open(admin_user(), Opener::Link).await.expect("it opens");
        let key = digest(&secret);
        let found = sessions.rows.get_versioned::<Row>(&key).await.expect("memory answers").expect("it is there");
        let later = clock.now().saturating_add(TOUCH);
        assert!(sessions.touch(&key, &found, later).await.expect("memory answers"));
        // Whoever read it before somebody else moved it sees a session that is open all the same.
        assert!(sessions.touch(&key, &found, later).await.expect("memory answers"));
        sessions.close(&secret).await.expect("memory answers");
        assert!(!sessions.touch(&key, &found, later).await.expect("memory answers"));
        assert!(sessions.find(&secret).await.expect("memory answers").is_none());
    }
}
