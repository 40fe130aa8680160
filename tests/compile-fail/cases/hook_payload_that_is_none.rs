use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[hook("order:placed")]
async fn note(_: &Context<Shop>, _: &String) {}

fn main() {}
