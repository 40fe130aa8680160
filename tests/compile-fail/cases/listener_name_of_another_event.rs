use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[event("shop:sold", plugin = Shop)]
pub struct Sold {
    pub order_id: String,
}

#[on("shop:bought")]
async fn heard(_: &Context<Shop>, _: &Sold) {}

fn main() {}
