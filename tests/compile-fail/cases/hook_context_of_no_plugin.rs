use plugin_core::prelude::*;

#[hook_point("order:placed")]
pub struct Placed {
    pub order_id: String,
}

pub struct Nope;

#[hook("order:placed")]
async fn note(_: &Context<Nope>, _: &Placed) {}

fn main() {}
