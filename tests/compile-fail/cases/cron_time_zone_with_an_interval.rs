use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[cron("1h", timezone = "Europe/Berlin")]
async fn hourly(_: &Context<Shop>) {}

fn main() {}
