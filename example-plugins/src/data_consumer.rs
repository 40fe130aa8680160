//! `data-consumer`: hears what `data-source` publishes, in both ways there are: durably with `#[on]`, and in memory with a
//! subscription made while running.

use std::collections::BTreeMap;

use plugin_core::prelude::*;

use crate::data_source::ConversationEnded;

/// Counts the ended conversations that it hears of, for each app.
#[plugin(id = "data-consumer", requires("data-source"))]
#[derive(Debug)]
pub struct DataConsumer;

/// What was heard.
#[model]
struct Seen {
    /// How many conversations ended in each app.
    apps: BTreeMap<String, u64>,
}

/// Counts in the app `default`, whichever app the event is of, so that one question answers for all.
#[on("data-source:conversation-ended")]
async fn count(ctx: &Context<DataConsumer>, ended: &ConversationEnded) -> Result<()> {
    let home = ctx.for_app(AppId::default())?;
    home.db().increment(&format!("apps:{}", ended.app_id), 1).await?;
    Ok(())
}

/// Listens for as long as the plugin is active: nothing is kept, and what happens while the server is down is not heard.
#[activate]
fn subscribe(ctx: &Context<DataConsumer>) {
    ctx.events().on("data-source:conversation-ended", |ctx, event| async move {
        let app = event.at("appId").and_then(|app| app.as_str()).unwrap_or("?");
        ctx.log().debug(format!("Conversation ended in app {app}"));
    });
}

/// How many ended conversations were heard of, in all apps.
#[endpoint(GET, "/seen")]
async fn seen(ctx: &Context<DataConsumer>) -> Result<Json<Seen>> {
    let home = ctx.for_app(AppId::default())?;
    let mut apps = BTreeMap::new();
    let mut all = home.db().find::<u64>(query! {}).under("apps:").iter();
    while let Some(Entry { key, value, .. }) = all.next().await? {
        apps.insert(key.strip_prefix("apps:").unwrap_or(&key).to_owned(), value);
    }
    Ok(Json(Seen { apps }))
}

#[cfg(test)]
mod tests {
    use plugin_core::testing::TestHost;
    use serde_json::{Value, json};

    use super::*;
    use crate::conversations::ConversationEnd;

    #[test]
    fn the_events_of_all_apps_are_counted_in_one_place() {
        let mut host = TestHost::of::<DataConsumer>().build();
        for app in ["one", "two", "one"] {
            let _ = host.app(app).fire(&ConversationEnd { conversation_id: "x".into() });
        }
        host.settle();
        let seen: Value = host.app("three").user("ada").call("GET", "/seen").json();
        assert_eq!(seen, json!({ "apps": { "one": 2, "two": 1 } }));
    }
}
