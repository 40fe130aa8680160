//! `cleanup-plugin`: keeps a row for every ended conversation, and deletes those that are old.

use std::time::Duration;

use plugin_core::prelude::*;

use crate::conversations::ConversationEnd;

/// Deletes its rows of conversations that ended long ago, every night.
#[plugin(id = "cleanup-plugin", config = Settings)]
#[derive(Debug)]
pub struct Cleanup;

/// What an operator may set.
#[derive(Config)]
pub struct Settings {
    /// How many days a row is kept.
    #[config(default = 30, max = 36500)]
    pub keep_days: u32,
}

/// What the jobs did. Both numbers are over all apps.
#[model]
#[derive(Default)]
struct Cleaned {
    /// How many rows `daily-cleanup` has deleted so far.
    daily: u64,
    /// How many rows there were when `hourly-sync` counted last.
    hourly: u64,
}

#[hook("conversation:end")]
async fn keep(ctx: &Context<Cleanup>, ended: &ConversationEnd) -> Result<()> {
    ctx.db().set(&format!("ended:{}", ended.conversation_id), &ctx.now()).await?;
    Ok(())
}

/// Deletes rows that are older than `keepDays`, in every app.
#[cron("0 2 * * *", timezone = "America/New_York")]
async fn daily_cleanup(ctx: &Context<Cleanup>, run: CronRun) -> Result<()> {
    ctx.log().info("Running daily cleanup...");
    let kept = Duration::from_secs(u64::from(ctx.config().keep_days) * 24 * 60 * 60);
    let limit = run.scheduled_for.saturating_sub(kept);
    let mut deleted = 0;
    for app in ctx.apps().await? {
        let db = ctx.for_app(app)?.db();
        let mut old = Vec::new();
        crate::stored::for_each(&db, "ended:", |id, ended_at: Timestamp| {
            if ended_at < limit {
                old.push(format!("ended:{id}"));
            }
        })
        .await?;
        for key in old {
            deleted += i64::from(db.delete(&key).await?);
        }
    }
    ctx.db().increment("deleted", deleted).await?;
    ctx.log().info(format!("{deleted} rows were older than {} days", ctx.config().keep_days));
    Ok(())
}

/// Counts the rows again, in every app.
#[cron("1h")]
async fn hourly_sync(ctx: &Context<Cleanup>) -> Result<()> {
    let mut rows = 0_u64;
    for app in ctx.apps().await? {
        crate::stored::for_each(&ctx.for_app(app)?.db(), "ended:", |_, _: Timestamp| rows += 1).await?;
    }
    ctx.db().set("rows", &rows).await?;
    Ok(())
}

/// What the jobs did.
#[endpoint(GET, "/cleaned")]
async fn cleaned(ctx: &Context<Cleanup>) -> Result<Json<Cleaned>> {
    // Jobs run in the default app.
    let db = ctx.for_app(AppId::default())?.db();
    let daily = db.get("deleted").await?.unwrap_or(0);
    let hourly = db.get("rows").await?.unwrap_or(0);
    Ok(Json(Cleaned { daily, hourly }))
}

#[cfg(test)]
mod tests {
    use plugin_core::testing::TestHost;
    use serde_json::{Value, json};

    use super::*;

    fn end(host: &mut TestHost, app: &str, id: &str) {
        let _ = host.app(app).fire(&ConversationEnd { conversation_id: id.into() });
    }

    #[test]
    fn rows_are_deleted_at_two_in_new_york_when_they_are_old_enough() {
        let setup = TestHost::of::<Cleanup>().config(json!({ "keep_days": 2 }));
        let mut host = setup.now("2026-01-01T12:00:00Z".parse().expect("an instant")).build();
        end(&mut host, "one", "a");
        end(&mut host, "two", "b");
        host.advance(Duration::from_secs(24 * 60 * 60));
        end(&mut host, "one", "c");
        let cleaned = |host: &mut TestHost| host.user("ada").call("GET", "/cleaned").json::<Value>();
        assert_eq!(cleaned(&mut host), json!({ "daily": 0, "hourly": 2 }));

        // Winter: 2:00 in New York is 7:00 in UTC.
        host.advance_to("2026-01-04T06:59:59Z".parse().expect("an instant"));
        assert_eq!((host.calls("daily-cleanup"), cleaned(&mut host)), (2, json!({ "daily": 0, "hourly": 3 })));
        host.advance_to("2026-01-04T07:00:00Z".parse().expect("an instant"));
        assert_eq!((host.calls("daily-cleanup"), cleaned(&mut host)["daily"].clone()), (3, json!(2)));
        host.advance_to("2026-01-04T08:00:00Z".parse().expect("an instant"));
        assert_eq!(cleaned(&mut host), json!({ "daily": 2, "hourly": 1 }));
    }
}
