use plugin_core::prelude::*;

#[derive(Config)]
pub struct Settings(u32);

#[plugin(id = "shop", config = Settings)]
pub struct Shop;

#[cron("1h")]
async fn hourly(ctx: &Context<Shop>) {
    ctx.log().info(&format!("{:?}", ctx.config().clone().0));
}

fn main() {}
