use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[deactivate(timeout = "1h")]
async fn stop(_: &Context<Shop>) {}

fn main() {}
