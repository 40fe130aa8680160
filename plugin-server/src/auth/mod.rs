//! Who may do what: tokens, sessions of the admin area, the links that open one. Knows rows and clocks, and no HTTP but the
//! names of headers in [`browser`].

pub mod browser;
pub mod session;
pub mod token;

mod secret;

use std::sync::Arc;

use plugin_core::{AppId, Result, UserId, context::caller::Scopes, host::Host, store::db::Db};

use self::{
    secret::{digest, same},
    session::{Opener, Sessions},
    token::{Bearer, Tokens},
};

/// The user whom the environment's token and sign-in links stand for.
const ADMIN_USER: &str = "admin";

/// Everything that says who somebody is.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The tokens.
    pub tokens: Tokens,
    /// The sessions of the admin area.
    pub sessions: Sessions,
    /// Tokens with every scope that this process knows and no row has: a name for each, and the hash.
    fixed: Vec<(&'static str, String)>,
}

impl Auth {
    /// The tokens and sessions that `host` stores.
    pub fn of(host: &Host) -> Self {
        let clock = host.clock().clone();
        let tokens = Tokens::new(host.system("tokens"), clock.clone());
        let sessions = Sessions::new(host.system("sessions"), host.system("links"), tokens.clone(), clock);
        Self { tokens, sessions, fixed: Vec::new() }
    }

    /// Accepts `token` with every scope as long as this process lives. `name` stands for it in logs.
    #[must_use]
    pub fn with_fixed(mut self, name: &'static str, token: &str) -> Self {
        self.fixed.push((name, digest(token)));
        self.sessions.keep_those_of(digest(token));
        self
    }

    /// A new token for [`with_fixed`](Self::with_fixed).
    pub fn random_token() -> String {
        format!("{}{}", token::PREFIX, secret::random())
    }

    /// What a session is opened with by whoever shows the token of `bearer`.
    pub fn opener(&self, bearer: &Bearer) -> Opener {
        match self.fixed.iter().find(|(name, _)| *name == &*bearer.token) {
            Some((_, hash)) => Opener::Fixed(hash.clone()),
            None => Opener::Token(Arc::clone(&bearer.token)),
        }
    }

    /// Who shows `token`, if it is good.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn bearer(&self, token: &str) -> Result<Option<Bearer>> {
        let hash = digest(token);
        // All are compared, so that the time tells nothing.
        let known = self.fixed.iter().filter(|(_, fixed)| same(fixed, &hash)).fold(None, |_, (name, _)| Some(*name));
        if let Some(name) = known {
            let (scopes, user) = (Scopes::All, Some(admin_user()));
            return Ok(Some(Bearer { token: Arc::from(name), scopes, user, app: AppId::default() }));
        }
        self.tokens.verify(token).await
    }
}

/// The user whom the environment's token and sign-in links stand for.
pub fn admin_user() -> UserId {
    UserId::new(ADMIN_USER).expect("the name is within the alphabet of ids")
}

/// Every key of a collection, page by page.
async fn all_keys(rows: &Db) -> Result<Vec<String>> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = rows.keys("").after(after).await?;
        all.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(all),
        }
    }
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
