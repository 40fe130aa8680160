use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[event("stock:sold", plugin = Shop)]
pub struct Sold {
    pub order_id: String,
}

fn main() {}
