//! Delivers webhooks beside a replay, spread over it, and again where no answer came.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::{
    Result,
    api::Api,
    github,
    input::Delivery,
    pause,
    replay::{Losses, Progress},
    server::WEBHOOK_SECRET,
};

/// Where `github-integration` takes deliveries.
pub const GITHUB_EVENTS: &str = "/api/plugins/github-integration/webhooks/github-events";

const RETRY_LIMIT: Duration = Duration::from_secs(60);

/// Delivers all `deliveries`, each when as much of the `conversations` is done as of the deliveries.
///
/// # Errors
/// If one is not accepted.
pub fn deliver_along(
    api: &Api,
    deliveries: &[Delivery],
    conversations: usize,
    losses: Losses,
    progress: &Progress,
) -> Result<()> {
    for (place, delivery) in deliveries.iter().enumerate() {
        let due = conversations * place / deliveries.len();
        while progress.done.load(Ordering::Relaxed) < due {
            if progress.failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            pause(Duration::from_millis(2));
        }
        deliver_one(api, &delivery_id(place), delivery, losses)
            .map_err(|error| format!("delivery {place} ({}): {error}", delivery.event))?;
    }
    Ok(())
}

/// The id under which the delivery at `place` is sent.
pub fn delivery_id(place: usize) -> String {
    format!("72d3162e-cc78-11e3-81ab-{place:012}")
}

fn deliver_one(api: &Api, id: &str, delivery: &Delivery, losses: Losses) -> Result<()> {
    let deadline = Instant::now() + RETRY_LIMIT;
    let mut first = true;
    loop {
        match github::deliver(api, GITHUB_EVENTS, WEBHOOK_SECRET, id, delivery) {
            Ok(answer) if answer.status == 200 && !first => return Ok(()),
            Ok(answer) => return answer.expect(202).map(drop),
            Err(_) if losses == Losses::AreExpected && Instant::now() < deadline => {
                first = false;
                pause(Duration::from_millis(20));
            }
            Err(error) => return Err(format!("no answer: {error}").into()),
        }
    }
}
