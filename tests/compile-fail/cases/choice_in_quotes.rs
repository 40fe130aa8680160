use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[cron("1h", overlap = "skip")]
async fn hourly(_: &Context<Shop>) {}

fn main() {}
