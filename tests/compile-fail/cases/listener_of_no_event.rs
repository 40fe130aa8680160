use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[hook_point("order:placed")]
pub struct Placed {
    pub order_id: String,
}

#[on("order:placed")]
async fn heard(_: &Context<Shop>, _: &Placed) {}

fn main() {}
