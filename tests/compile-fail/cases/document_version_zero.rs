use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders", version = 0)]
pub struct Order {
    #[id]
    pub id: String,
}

fn main() {}
