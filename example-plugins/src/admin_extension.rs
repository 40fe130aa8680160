//! `admin-extension`: a page of its own in the admin area.

use plugin_core::prelude::*;

use crate::conversations::{ConversationEnd, ConversationStart};

/// Adds a dashboard to the admin area.
#[plugin(id = "admin-extension")]
#[derive(Debug)]
pub struct AdminExtension;

#[hook("conversation:start")]
async fn started(ctx: &Context<AdminExtension>, started: &ConversationStart) -> Result<()> {
    ctx.db().set("last-started", &started.conversation_id).await?;
    Ok(())
}

#[hook("conversation:end")]
async fn ended(ctx: &Context<AdminExtension>, ended: &ConversationEnd) -> Result<()> {
    ctx.db().set("last-ended", &ended.conversation_id).await?;
    Ok(())
}

/// What happened last in each app.
#[admin_page("/dashboard", title = "Extension Dashboard", icon = "chart-bar", group = "plugins")]
async fn extension_dashboard(ctx: &Context<AdminExtension>, admin: Admin) -> Result<Html> {
    let mut page = Html::trusted("<p>What happened last in each app, ").text(&admin.user).raw(":</p>");
    page = page.raw("<table><thead><tr><th>App</th><th>Started last</th><th>Ended last</th></tr></thead><tbody>");
    for app in ctx.apps().await? {
        let db = ctx.for_app(&app)?.db();
        let cell = |id: Option<String>| id.unwrap_or_else(|| "–".into());
        page = page.raw("<tr><td>").text(&app);
        page = page.raw("</td><td>").text(cell(db.get("last-started").await?));
        page = page.raw("</td><td>").text(cell(db.get("last-ended").await?)).raw("</td></tr>");
    }
    Ok(page.raw("</tbody></table>"))
}

#[cfg(test)]
mod tests {
    use plugin_core::testing::TestHost;

    use super::*;

    #[test]
    fn the_dashboard_shows_each_app_and_escapes_what_it_shows() {
        let mut host = TestHost::of::<AdminExtension>().build();
        let _ = host.app("one").fire(&ConversationStart { conversation_id: "a<b".into() });
        let _ = host.app("two").fire(&ConversationEnd { conversation_id: "c".into() });
        let admin = Admin { user: UserId::new("ada").expect("an id") };
        let page = host.with::<AdminExtension, _>(async |ctx| extension_dashboard(&ctx, admin).await);
        let page = page.expect("a page");
        for row in ["<td>one</td><td>a&lt;b</td><td>–</td>", "<td>two</td><td>–</td><td>c</td>"] {
            assert!(page.as_str().contains(row), "{}", page.as_str());
        }
    }
}
