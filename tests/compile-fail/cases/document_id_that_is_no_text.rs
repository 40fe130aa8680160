use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
pub struct Order {
    #[id]
    pub number: u64,
}

fn main() {}
