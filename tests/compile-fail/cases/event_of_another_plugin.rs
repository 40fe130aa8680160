use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[event("shop:sold", plugin = Shop)]
pub struct Sold;

#[plugin(id = "ledger")]
pub struct Ledger;

#[cron("1h")]
async fn hourly(ctx: &Context<Ledger>) -> Result<()> {
    ctx.emit(&Sold).await
}

fn main() {}
