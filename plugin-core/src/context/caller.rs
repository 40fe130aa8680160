//! Who makes a request, as the server's sign-in found out.

use std::{cell::Cell, sync::Arc};

use actix_web::{HttpMessage, HttpRequest};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    id::{AppId, UserId},
    random,
};

/// Who makes a request, and for whom. Whatever checks credentials puts one into the request's extensions; a request without
/// one is made by nobody, for the default app.
#[derive(Debug, Clone)]
pub struct Caller {
    /// For which app.
    pub app: AppId,
    /// On whose behalf.
    pub user: Option<UserId>,
    /// What the caller may do.
    pub scopes: Scopes,
    /// The id of the token that was shown; never the token itself.
    pub token: Option<Arc<str>>,
    /// The id of the request, in logs and problem documents.
    pub request: Uuid,
}

impl Caller {
    /// Nobody, with a request called `request`.
    pub fn nobody(request: Uuid) -> Self {
        Self { app: AppId::default(), user: None, scopes: Scopes::none(), token: None, request }
    }

    /// Who makes `request`, if that was found out.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    /// Puts the caller where the endpoints of `request` find it.
    pub fn attach(self, request: &impl HttpMessage) {
        request.extensions_mut().insert(self);
    }
}

/// What a caller may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scopes {
    /// Everything.
    All,
    /// What is listed.
    These(Arc<[String]>),
}

impl Scopes {
    /// Nothing.
    pub fn none() -> Self {
        thread_local!(static NONE: Arc<[String]> = Arc::new([]));
        Self::These(NONE.with(Arc::clone))
    }

    /// Whether `scope` is among them.
    pub fn has(&self, scope: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(scopes) => scopes.iter().any(|known| known == scope),
        }
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<I: IntoIterator<Item = S>>(scopes: I) -> Self {
        Self::These(scopes.into_iter().map(Into::into).collect())
    }
}

/// A new id for a request that came in at `now`. Ids sort by time. They tell requests apart and are no secret, so they are not
/// drawn from the system's randomness, which costs more than routing a request does.
pub fn request_id(now: Timestamp) -> Uuid {
    thread_local!(static STATE: Cell<u64> = Cell::new(seed()));
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut random = [0; 10];
    let (low, high) = STATE.with(|state| (next(state), next(state)));
    random[..8].copy_from_slice(&low.to_le_bytes());
    random[8..].copy_from_slice(&high.to_le_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

fn seed() -> u64 {
    getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()))
}

fn next(state: &Cell<u64>) -> u64 {
    state.set(state.get().wrapping_add(random::STEP));
    random::mixed(state.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_hold_what_they_list_and_all_holds_everything() {
        let scopes: Scopes = ["admin", "host"].into_iter().collect();
        assert!(scopes.has("admin") && scopes.has("host") && !scopes.has("adm"));
        assert!(Scopes::All.has("whatever") && !Scopes::none().has("admin"));
    }

    #[test]
    fn request_ids_differ_and_sort_by_time() {
        let later = Timestamp::UNIX_EPOCH.saturating_add(std::time::Duration::from_secs(1));
        let (a, b, c) = (request_id(Timestamp::UNIX_EPOCH), request_id(Timestamp::UNIX_EPOCH), request_id(later));
        assert!(a != b && a < c && b < c);
        assert_eq!(c.get_version_num(), 7);
    }
}
