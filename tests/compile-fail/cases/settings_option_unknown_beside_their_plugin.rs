use plugin_core::prelude::*;

#[derive(Config)]
pub struct Settings {
    #[config(defualt = 30)]
    pub keep_days: u32,
}

#[plugin(id = "shop", config = Settings)]
pub struct Shop;

#[cron("1h")]
async fn hourly(ctx: &Context<Shop>) {
    ctx.log().info(&format!("{:?} {}", ctx.config().clone(), ctx.config().keep_days));
}

fn main() {}
