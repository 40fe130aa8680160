use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
pub struct Order {
    #[id]
    pub id: String,
    #[serde(flatten)]
    pub to: Address,
}

#[model(stored)]
pub struct Address {
    pub city: String,
}

fn main() {}
