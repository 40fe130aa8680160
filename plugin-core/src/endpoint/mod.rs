//! HTTP endpoints.

mod cause;
pub mod extract;
pub mod path;
pub mod problem;

use std::time::Duration;

use crate::shape::Owner;

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

/// What `#[endpoint]` leaves.
#[derive(Debug)]
pub struct EndpointItem {
    /// Whose it is.
    pub owner: Owner,
    /// What its attribute says.
    pub meta: EndpointMeta,
}
