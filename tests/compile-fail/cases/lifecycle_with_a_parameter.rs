use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[activate]
async fn start(_: &Context<Shop>, _: u32) {}

fn main() {}
