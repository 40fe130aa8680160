//! HTTP endpoints: functions that answer requests, what they may ask for and give back, and how they are found and guarded.

pub mod body;
mod cause;
pub mod describe;
pub mod extract;
pub mod handler;
pub mod openapi;
pub mod path;
pub mod problem;
mod rate;
pub mod router;
pub mod serve;

#[cfg(test)]
mod tests;

use std::{fmt, time::Duration};

use actix_web::{HttpRequest, HttpResponse, dev::Payload};
use futures_util::future::LocalBoxFuture;

use crate::{
    context::call::Call,
    endpoint::{describe::Docs, handler::Pool},
    shape::Owner,
};

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Who has signed in.
    SignedIn,
    /// Who has this scope.
    Scope(&'static str),
}

/// What an attribute says of an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct EndpointMeta {
    /// The HTTP method, in upper case.
    pub method: &'static str,
    /// The path below the plugin's endpoints, with `{name}` and `{*rest}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// How many calls one caller may make: this many in this time.
    pub rate: Option<(u32, Duration)>,
    /// The largest body, in bytes.
    pub body: Option<usize>,
    /// How long it may take.
    pub timeout: Option<Duration>,
}

/// The largest body of a request, in bytes, where an endpoint says nothing else.
pub const BODY_LIMIT: usize = 1 << 20;

/// How long an endpoint may take where it says nothing else.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// What `#[endpoint]` leaves.
pub struct EndpointItem {
    /// Whose it is.
    pub owner: Owner,
    /// What its attribute says.
    pub meta: EndpointMeta,
    /// Where it runs.
    pub place: Place,
    /// Says what it takes and gives back.
    pub describe: fn(&Docs),
    /// Answers a request.
    pub run: for<'a> fn(Visit<'a>) -> LocalBoxFuture<'a, HttpResponse>,
}

impl EndpointItem {
    /// Its path from the root: `/api/plugins/{plugin}/endpoints` and what its attribute says.
    pub fn full_path(&self) -> String {
        format!("/api/plugins/{}/endpoints{}", self.owner.id, self.meta.path)
    }
}

impl fmt::Debug for EndpointItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointItem").field("owner", &self.owner).field("meta", &self.meta).finish_non_exhaustive()
    }
}

/// Where an endpoint runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the worker that took the request, as an `async fn`.
    Worker,
    /// On a pool of threads that may block, as a `fn`.
    Pool,
}

/// A request, brought to the endpoint that answers it.
pub struct Visit<'a> {
    /// For whom.
    pub call: &'a Call,
    /// The endpoint's name.
    pub name: &'static str,
    /// The endpoint's number in the catalog.
    pub item: u32,
    /// The request, its path matched.
    pub request: &'a HttpRequest,
    /// Its body, read.
    pub payload: &'a mut Payload,
    /// Where a `fn` runs.
    pub pool: Pool,
}

impl fmt::Debug for Visit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("name", &self.name).field("request", &self.request).finish_non_exhaustive()
    }
}
