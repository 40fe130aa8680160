use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[hook_point("order:placed")]
pub struct Placed {
    pub order_id: String,
}

impl Shop {
    #[hook("order:placed")]
    async fn note(&self, _: &Context<Shop>, _: &Placed) {}
}

fn main() {}
