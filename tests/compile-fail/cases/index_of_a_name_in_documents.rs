use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
#[index(shippedAt)]
pub struct Order {
    #[id]
    pub id: String,
    pub shipped_at: Timestamp,
}

fn main() {}
