use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[hook_point("order:placed")]
pub struct Placed {
    pub order_id: String,
}

#[hook("order:placed", priority = 1, priority = 2)]
async fn note(_: &Context<Shop>, _: &Placed) {}

fn main() {}
