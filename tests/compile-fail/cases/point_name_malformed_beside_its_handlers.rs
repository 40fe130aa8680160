use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[hook_point("placed")]
pub struct Placed {
    pub order_id: String,
}

#[hook("order:placed")]
async fn note(ctx: &Context<Shop>, placed: &Placed) {
    ctx.log().info(&placed.order_id);
}

#[hook]
fn count(_: &Context<Shop>, _: &Placed) {}

fn main() {}
