//! `github-integration`: takes GitHub's webhooks and counts what happened.

use std::collections::BTreeMap;

use plugin_core::prelude::*;

/// Counts pushes, pull requests and issues that GitHub tells of.
#[plugin(id = "github-integration", config = Settings)]
#[derive(Debug)]
pub struct GithubIntegration;

/// What an operator sets.
#[derive(Config)]
pub struct Settings {
    /// The webhook's secret, as it was given to GitHub. Two are a list, while one replaces the other.
    #[config(secret, default)]
    pub secret: Secret,
}

/// A delivery, as it is kept under its id: one that runs twice is counted once.
#[document(plugin = GithubIntegration, collection = "deliveries")]
struct Delivered {
    #[id]
    id: String,
    event: String,
    action: Option<String>,
}

/// The field of GitHub's documents that says what was done.
#[model]
struct Body {
    action: Option<String>,
}

/// What happened of one kind.
#[model]
#[derive(Default)]
struct Total {
    total: u64,
    actions: BTreeMap<String, u64>,
}

/// Receives GitHub events.
#[webhook("github-events", events("push", "pull_request", "issues"), verify = github(secret = config.secret))]
async fn received(ctx: &Context<GithubIntegration>, delivery: &WebhookDelivery) -> Result<()> {
    let Body { action } = delivery.json()?;
    ctx.log().info(format!("Received GitHub {} event", delivery.event()));
    let (id, event) = (delivery.id().to_owned(), delivery.event().to_owned());
    ctx.docs().put(&Delivered { id, event, action }).await?;
    Ok(())
}

/// What happened, by event and action.
#[endpoint(GET, "/deliveries")]
async fn deliveries(ctx: &Context<GithubIntegration>) -> Result<Json<BTreeMap<String, Total>>> {
    // Webhooks belong to no tenant and run in the default app.
    let home = ctx.for_app(AppId::default())?;
    let mut totals = BTreeMap::<String, Total>::new();
    let mut all = home.docs::<Delivered>().find(query!(Delivered {})).limit(1000).iter();
    while let Some(Entry { value: Delivered { event, action, .. }, .. }) = all.next().await? {
        let total = totals.entry(event).or_default();
        total.total += 1;
        if let Some(action) = action {
            *total.actions.entry(action).or_default() += 1;
        }
    }
    Ok(Json(totals))
}

#[cfg(test)]
mod tests {
    use plugin_core::testing::TestHost;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn deliveries_are_counted_once_by_event_and_action() {
        let mut host = TestHost::of::<GithubIntegration>().config(json!({ "secret": "s3cret" })).build();
        let mut deliver = |secret: &str, id: &str, event: &str, action: &str| {
            host.signed_webhook("github-events", secret, id, event, json!({ "action": action })).status.as_u16()
        };
        assert_eq!(deliver("s3cret", "1", "issues", "opened"), 202);
        assert_eq!(deliver("s3cret", "1", "issues", "opened"), 200);
        assert_eq!(deliver("s3cret", "2", "issues", "closed"), 202);
        assert_eq!(deliver("s3cret", "3", "star", "created"), 202);
        assert_eq!(deliver("another", "4", "issues", "opened"), 401);
        let counted: Value = host.app("one").user("ada").call("GET", "/deliveries").json();
        assert_eq!(counted, json!({ "issues": { "total": 2, "actions": { "opened": 1, "closed": 1 } } }));
    }

    #[test]
    fn without_a_secret_nothing_is_taken() {
        let mut host = TestHost::of::<GithubIntegration>().build();
        assert_eq!(host.signed_webhook("github-events", "any", "1", "push", json!({})).status.as_u16(), 503);
    }
}
