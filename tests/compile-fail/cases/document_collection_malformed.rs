use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders:open")]
pub struct Order {
    #[id]
    pub id: String,
}

fn main() {}
