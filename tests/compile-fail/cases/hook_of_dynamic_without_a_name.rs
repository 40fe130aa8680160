use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[hook]
async fn note(_: &Context<Shop>, _: &Dynamic) {}

fn main() {}
