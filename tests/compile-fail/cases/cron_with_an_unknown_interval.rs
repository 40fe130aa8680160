use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[cron("90x")]
async fn often(_: &Context<Shop>) {}

fn main() {}
