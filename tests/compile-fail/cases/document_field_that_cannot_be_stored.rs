use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[model]
pub struct Address {
    pub city: String,
}

#[document(plugin = Shop, collection = "orders")]
pub struct Order {
    #[id]
    pub id: String,
    pub to: Address,
}

fn main() {}
