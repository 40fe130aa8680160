use plugin_core::prelude::*;

#[plugin(id = "My Shop")]
pub struct Shop;

#[event("my-shop:sold", plugin = Shop)]
pub struct Sold;

#[cron("1h")]
async fn hourly(ctx: &Context<Shop>) -> Result<()> {
    ctx.emit(&Sold).await
}

#[endpoint(GET, "/stats")]
fn stats(_: &Context<Shop>) -> String {
    String::new()
}

fn main() {}
