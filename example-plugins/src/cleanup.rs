//! `cleanup-plugin`: keeps a row for every ended conversation, and deletes those that are old.

use plugin_core::prelude::*;

use crate::conversations::ConversationEnd;

/// Deletes its rows of conversations that ended long ago, every night.
#[plugin(id = "cleanup-plugin", config = Settings)]
#[derive(Debug)]
pub struct Cleanup;

/// What the keys began with under which only instants were kept.
const OLD: &str = "ended:";

/// What an operator may set.
#[derive(Config)]
pub struct Settings {
    /// How many days a row is kept.
    #[config(default = 30, max = 36500)]
    pub keep_days: u32,
}

/// A conversation that ended.
#[document(plugin = Cleanup, collection = "ended-conversations")]
#[index(ended_at)]
struct Ended {
    #[id]
    id: String,
    ended_at: Timestamp,
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
    ctx.docs().put(&Ended { id: ended.conversation_id.clone(), ended_at: ctx.now() }).await?;
    Ok(())
}

/// Makes documents of what was kept before there were any: an instant alone, at `ended:{id}`.
#[activate(timeout = "10m")]
async fn adopt(ctx: &Context<Cleanup>) -> Result<()> {
    for app in ctx.apps().await? {
        let ctx = ctx.for_app(app)?;
        loop {
            let old: Page<Entry<Timestamp>> = ctx.db().find(query! {}).under(OLD).limit(100).await?;
            if old.is_empty() {
                break;
            }
            let old = &old;
            ctx.txn(|tx| async move {
                for Entry { key, value: ended_at, .. } in old {
                    let id = key.strip_prefix(OLD).unwrap_or(key).to_owned();
                    tx.docs().put(&Ended { id, ended_at: *ended_at })?;
                    tx.delete(key).await?;
                }
                Ok(())
            })
            .await?;
        }
    }
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
        let ended = ctx.for_app(app)?.docs::<Ended>();
        let mut old =
            ended.find(query!(Ended { endedAt: { lt: limit } })).sort(|ended| ended.endedAt().ascending()).iter();
        while let Some(Entry { key: id, .. }) = old.next().await? {
            deleted += i64::from(ended.delete(&id).await?);
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
        rows += ctx.for_app(app)?.docs::<Ended>().count(query!(Ended {})).await?;
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
    use plugin_core::testing::{TestHost, Units};
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
        host.advance(1.day());
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

    #[test]
    fn instants_that_were_kept_before_become_documents() {
        let mut host = TestHost::of::<Cleanup>().build();
        for app in ["one", "two"] {
            host.app(app)
                .with::<Cleanup, _>(async |ctx| {
                    for number in 0..101 {
                        ctx.db().set(&format!("ended:{number}"), &ctx.now()).await?;
                    }
                    Ok::<_, StoreError>(())
                })
                .expect("they are kept");
        }
        let mut host = host.restart_after_kill(TestHost::of::<Cleanup>());
        let left = host.app("one").with::<Cleanup, _>(async |ctx| ctx.db().keys("ended:").await).expect("keys");
        assert_eq!(left.len(), 0);
        host.advance(1.hour());
        let cleaned: Value = host.user("ada").call("GET", "/cleaned").json();
        assert_eq!(cleaned, json!({ "daily": 0, "hourly": 202 }));
    }
}
