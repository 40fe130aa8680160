//! Nothing names what is here, as nothing names a plugin's handlers.

use plugin_core::{
    Admin, Context, Html, Result, WebhookDelivery, admin_page, cron, deactivate, endpoint, event, filter, filter_point,
    hook, hook_point, on, webhook,
};

use crate::Counting;

#[hook_point("counting:counted")]
pub struct Counted {
    pub total: u64,
}

#[filter_point("counting:total")]
pub struct Total {
    pub total: u64,
}

#[hook]
async fn noted(_: &Context<Counting>, _: &Counted) -> Result<()> {
    Ok(())
}

#[filter]
fn rounded(_: &Context<Counting>, total: Total) -> Total {
    total
}

#[webhook("counts", events("count"), verify = none)]
async fn received(_: &Context<Counting>, _: &WebhookDelivery) -> Result<()> {
    Ok(())
}

#[admin_page("/totals", title = "Totals", icon = "chart-bar")]
async fn totals(_: &Context<Counting>, _: Admin) -> Result<Html> {
    Ok(Html::new().text(0))
}

#[event("counting:done", plugin = Counting)]
pub struct Done {
    pub total: u64,
}

#[on("counting:done")]
async fn heard(_: &Context<Counting>, _: &Done) -> Result<()> {
    Ok(())
}

mod deeper {
    use super::*;

    #[cron("0 2 * * *", timezone = "America/New_York")]
    async fn daily(_: &Context<Counting>) -> Result<()> {
        Ok(())
    }

    #[endpoint(GET, "/total", public)]
    async fn total(_: &Context<Counting>) -> Result<String> {
        Ok("0".into())
    }

    #[deactivate]
    fn end(_: &Context<Counting>) -> Result<()> {
        Ok(())
    }
}
