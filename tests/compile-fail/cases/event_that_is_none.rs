use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[model]
pub struct Sold;

#[cron("1h")]
async fn hourly(ctx: &Context<Shop>) -> Result<()> {
    ctx.emit(&Sold).await
}

fn main() {}
