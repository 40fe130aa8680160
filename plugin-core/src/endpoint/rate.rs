//! How often one caller may call one endpoint.

use std::{
    fmt,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use actix_web::{
    HttpRequest,
    http::{StatusCode, header::RETRY_AFTER},
};
use governor::{
    Quota, RateLimiter, clock::Clock as _, middleware::NoOpMiddleware, nanos::Nanos, state::keyed::HashMapStateStore,
};

use crate::{clock::Clock, context::caller::Caller, endpoint::problem::Problem};

/// After how many calls callers are forgotten who have not called for long.
const FORGET_EVERY: u32 = 1_024;

/// Who is counted: a token, else an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Token(Arc<str>),
    Address(Option<IpAddr>),
}

/// Lets each caller through so many times in a time.
pub(super) struct Limit {
    limiter: RateLimiter<Who, HashMapStateStore<Who>, HostClock, NoOpMiddleware<Nanos>>,
    calls: AtomicU32,
    clock: HostClock,
}

#[derive(Debug, Clone)]
struct HostClock(Clock);

impl governor::clock::Clock for HostClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        // Not the time of day, which may be set back: then callers would be refused until it is as late as it was.
        Nanos::new(self.0.moment().nanoseconds())
    }
}

impl Limit {
    /// `calls` in each `period`; none where either is nothing.
    pub(super) fn new(calls: u32, period: Duration, clock: Clock) -> Option<Self> {
        let burst = NonZeroU32::new(calls)?;
        let quota = Quota::with_period(period / calls)?.allow_burst(burst);
        let clock = HostClock(clock);
        Some(Self { limiter: RateLimiter::hashmap_with_clock(quota, clock.clone()), calls: AtomicU32::new(0), clock })
    }

    /// Counts a call.
    ///
    /// # Errors
    /// 429 if there were too many, saying in how many seconds the next one will do.
    pub(super) fn count(&self, caller: &Caller, request: &HttpRequest) -> Result<(), Problem> {
        let who = match &caller.token {
            Some(token) => Who::Token(Arc::clone(token)),
            None => Who::Address(request.peer_addr().map(|address| address.ip())),
        };
        if self.calls.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&who).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let problem =
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "too many calls of this endpoint");
            problem.with_header(RETRY_AFTER, seconds.max(1).into())
        })
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::Clock as _;

    use super::*;

    #[test]
    fn limits_do_not_go_by_the_time_of_day() {
        crate::ticks::calibrate();
        let clock = Clock::system();
        let since_1970 = u64::try_from(clock.now().as_nanosecond()).expect("it is later than that");
        assert!(HostClock(clock).now().as_u64() < since_1970 / 2, "a counter that began when the machine did");
    }
}
