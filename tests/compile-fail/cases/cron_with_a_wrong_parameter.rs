use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[cron("1h")]
async fn hourly(_: &Context<Shop>, _: u32) {}

fn main() {}
