use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[cron("0 2 *")]
async fn nightly(_: &Context<Shop>) {}

fn main() {}
