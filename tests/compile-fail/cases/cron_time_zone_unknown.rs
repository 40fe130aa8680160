use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[cron("0 2 * * *", timezone = "America/New_Yrok")]
async fn nightly(_: &Context<Shop>) {}

fn main() {}
