use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
pub struct Order {
    #[id]
    pub id: String,
    pub amounts: std::collections::HashMap<String, u32>,
}

fn main() {}
