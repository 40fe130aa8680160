use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
pub struct Order {
    #[id]
    pub id: String,
    #[serde(rename = "shippedTo")]
    pub to: String,
    pub shipped_to: String,
}

fn main() {}
