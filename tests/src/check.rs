//! Compares what the plugins counted with what was sent.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Result,
    api::Api,
    input::{Delivery, Totals},
    pause,
    replay::{Losses, Said, in_parallel, verify},
};

/// The events that `github-integration` listens to.
pub const LISTED_EVENTS: [&str; 3] = ["push", "pull_request", "issues"];

const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// What `analytics-plugin` counted in `app`.
///
/// # Errors
/// If it does not say.
pub fn stats(api: &Api, app: &str) -> Result<Totals> {
    let stats = api.clone().app(app).get("/api/plugins/analytics-plugin/endpoints/stats")?.expect(200)?;
    let field = |name: &str| stats[name].as_u64().ok_or_else(|| format!("stats of {app}: no `{name}` in {stats}"));
    Ok(Totals { conversations: field("conversations")?, messages: field("messages")?, users: field("users")? })
}

/// How many ended conversations of each app `data-consumer` heard of.
///
/// # Errors
/// If it does not say.
pub fn seen(api: &Api) -> Result<BTreeMap<String, u64>> {
    let seen = api.get("/api/plugins/data-consumer/endpoints/seen")?.expect(200)?;
    serde_json::from_value(seen["apps"].clone()).map_err(|error| format!("data-consumer said {seen}: {error}").into())
}

/// What `github-integration` counted.
///
/// # Errors
/// If it does not say.
pub fn deliveries(api: &Api) -> Result<Value> {
    api.get("/api/plugins/github-integration/endpoints/deliveries")?.expect(200)
}

/// What `github-integration` should count for `deliveries`.
pub fn expected_deliveries(deliveries: &[Delivery]) -> Value {
    let mut expected = json!({});
    for Delivery { event, payload } in deliveries.iter().filter(|sent| LISTED_EVENTS.contains(&sent.event.as_str())) {
        if expected[event].is_null() {
            expected[event] = json!({ "total": 0, "actions": {} });
        }
        let add = |to: &mut Value| *to = json!(to.as_u64().unwrap_or(0) + 1);
        add(&mut expected[event]["total"]);
        if let Some(action) = payload["action"].as_str() {
            add(&mut expected[event]["actions"][action]);
        }
    }
    expected
}

/// All that was acknowledged is there and is counted.
///
/// # Errors
/// The first difference.
pub fn check_all(
    api: &Api,
    said: &[Said<'_>],
    totals: &BTreeMap<String, Totals>,
    sent: &[Delivery],
    losses: Losses,
) -> Result<()> {
    for (app, expected) in totals {
        let counted = stats(api, app)?;
        if counted != *expected {
            return Err(format!("analytics-plugin counted {counted:?} in {app}, expected {expected:?}").into());
        }
    }
    let heard = |seen: &BTreeMap<String, u64>| {
        totals.iter().all(|(app, expected)| seen.get(app).copied().unwrap_or(0) >= expected.conversations)
    };
    settle("data-consumer heard", || seen(api), heard)?;
    let expected = expected_deliveries(sent);
    settle("github-integration counted", || deliveries(api), |counted| *counted == expected)
        .map_err(|error| format!("{error}\nexpected {expected}"))?;

    let next = AtomicUsize::new(0);
    in_parallel(8, || {
        while let Some(one) = said.get(next.fetch_add(1, Ordering::Relaxed)) {
            verify(api, one)?;
        }
        Ok(())
    })?;

    // Asked again at the end: an event that is delivered twice would have been by now.
    let seen = seen(api)?;
    let exact: BTreeMap<_, _> = totals.iter().map(|(app, expected)| (app.clone(), expected.conversations)).collect();
    if losses == Losses::AreErrors && seen != exact {
        return Err(format!("data-consumer heard {seen:?}, expected {exact:?}").into());
    }
    Ok(())
}

/// Asks until the answer is `right`: deliveries run after their acknowledgement.
fn settle<T: std::fmt::Debug>(what: &str, ask: impl Fn() -> Result<T>, right: impl Fn(&T) -> bool) -> Result<()> {
    let deadline = Instant::now() + SETTLE_LIMIT;
    loop {
        let answer = ask()?;
        if right(&answer) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("after {SETTLE_LIMIT:?}, {what} {answer:?}").into());
        }
        pause(Duration::from_millis(50));
    }
}
