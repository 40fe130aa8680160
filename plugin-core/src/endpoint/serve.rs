//! Answering a request with an endpoint: who may call, how often, how much may be sent, and that no failure goes further than the
//! one answer.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, HttpResponse, dev::Payload, http::StatusCode};
use futures_util::future::{FutureExt, poll_fn};
use tokio_util::sync::CancellationToken;

use crate::{
    context::{
        call::{Call, Origin},
        caller::{Caller, request_id},
        shared::{BoxFuture, Shared},
    },
    dispatch::guard::{self, Failure, Seen},
    endpoint::{
        Access, BODY_LIMIT, EndpointItem, Place, TIMEOUT, Visit, body,
        extract::{needs_scope, not_signed_in},
        handler::Pool,
        problem::{self, Problem},
        rate::Limit,
    },
    error::{Error, Result},
    site::Site,
};
/// A request that an endpoint is about to answer.
#[derive(Debug, Clone, Copy)]
pub struct Requested<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub path: &'a str,
    /// The id of the endpoint's plugin.
    pub plugin: &'static str,
    /// The endpoint's name.
    pub endpoint: &'static str,
}

/// What is told of each request before its endpoint runs; `None` if nobody wants to know.
pub type OnRequest = for<'a> fn(&'a Call, Requested<'a>) -> Option<BoxFuture<'a, ()>>;

/// What all endpoints of a router share.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) shared: Arc<Shared>,
    pub(super) pool: Pool,
    pub(super) on_request: Option<OnRequest>,
}

/// An endpoint in a router.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) item: &'static EndpointItem,
    pub(super) site: &'static Site,
    pub(super) number: u32,
    pub(super) plugin: usize,
    pub(super) limit: Option<Limit>,
}

impl Served {
    /// Answers `request`, whatever happens.
    pub(super) async fn answer(&self, setting: &Setting, request: &HttpRequest, payload: Payload) -> HttpResponse {
        let caller = Caller::of(request).unwrap_or_else(|| Caller::nobody(request_id(setting.shared.clock.now())));
        let id = caller.request;
        let response = match self.try_answer(setting, request, payload, caller).await {
            Ok(response) => response,
            Err(problem) => problem.answer(request.uri(), Some(id)),
        };
        problem::normalize(request.uri(), Some(id), response)
    }

    async fn try_answer(
        &self,
        setting: &Setting,
        request: &HttpRequest,
        mut payload: Payload,
        caller: Caller,
    ) -> Result<HttpResponse, Problem> {
        let shared = &setting.shared;
        let plugin = &shared.plugins[self.plugin];
        // First: why a plugin takes no work is not for everybody.
        self.admit(&caller)?;
        let _entered = plugin.enter().ok_or_else(|| plugin.unavailable())?;
        if let Some(limit) = &self.limit {
            limit.count(&caller, request)?;
        }
        let meta = &self.item.meta;
        if !matches!(payload, Payload::None) {
            let limit = meta.body.unwrap_or(BODY_LIMIT);
            payload = body::read(request, payload, limit, &shared.clock).await?.into();
        }
        let stop = plugin.stop();
        let (cancelled, _on_drop) = match self.item.place {
            // The future goes with the caller; nobody has to tell it.
            Place::Worker => (stop, None),
            Place::Pool => {
                let own = stop.child_token();
                (own.clone(), Some(own.drop_guard()))
            }
        };
        let call = call_of(shared, caller, cancelled);
        if let Some(on_request) = setting.on_request {
            let requested = Requested {
                method: request.method().as_str(),
                path: request.path(),
                plugin: self.item.owner.id,
                endpoint: self.site.name,
            };
            if let Some(told) = on_request(&call, requested) {
                told.await;
            }
        }
        self.run(&call, request, &mut payload, setting.pool).await
    }

    /// Lets a caller pass, or says what it lacks.
    fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        let signed_in = caller.user.is_some() || caller.token.is_some();
        match self.item.meta.access {
            Access::Public => Ok(()),
            _ if !signed_in => Err(not_signed_in()),
            Access::Scope(scope) if !caller.scopes.has(scope) => Err(needs_scope(scope)),
            _ => Ok(()),
        }
    }

    async fn run(
        &self,
        call: &Call,
        request: &HttpRequest,
        payload: &mut Payload,
        pool: Pool,
    ) -> Result<HttpResponse, Problem> {
        let shared = &*call.shared;
        let limit = self.item.meta.timeout.unwrap_or(TIMEOUT);
        let visit = Visit { call, name: self.site.name, item: self.number, request, payload, pool };
        let began = Instant::now();
        let mut running = pin!(guard::guarded(&shared.clock, limit, || (self.item.run)(visit).map(Ok)));
        let mut seen = Seen::Never;
        let ended = poll_fn(|cx| seen.by_watchdog(shared, self.number, || running.as_mut().poll(cx))).await;
        let took = began.elapsed();
        // The answer goes on to the caller even where it counts as a failure.
        let (answer, counted) = match ended {
            Ok(response) => {
                let counted = failure(&response).map_or(Ok(()), Err);
                (Ok(response), counted)
            }
            Err(failure) => (Err(problem_of(&failure, limit)), Err(failure)),
        };
        guard::finish_seen(shared, self.number, took, &counted, seen);
        answer
    }
}

fn call_of(shared: &Arc<Shared>, caller: Caller, cancelled: CancellationToken) -> Call {
    Call {
        shared: Arc::clone(shared),
        app: caller.app,
        user: caller.user,
        origin: Origin::Request(caller.request),
        cancelled,
        kept: None,
    }
}

/// What the log should know of a response that tells of a failure of the server's.
fn failure(response: &HttpResponse) -> Option<Failure> {
    if !response.status().is_server_error() {
        return None;
    }
    let said = match response.error() {
        Some(error) => format!("{error:?}"),
        None => format!("answered {}", response.status()),
    };
    Some(Failure::Error(Error::new(said)))
}

fn problem_of(failure: &Failure, limit: Duration) -> Problem {
    match failure {
        Failure::Timeout(_) => Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            format!("the endpoint gave no answer within {limit:?}"),
        ),
        _ => Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
