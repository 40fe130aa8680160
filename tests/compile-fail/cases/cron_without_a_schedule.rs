use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[cron(timeout = "5m")]
async fn nightly(_: &Context<Shop>) {}

fn main() {}
