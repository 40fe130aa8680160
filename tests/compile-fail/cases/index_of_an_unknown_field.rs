use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
#[index(buyer, -shipped_a)]
pub struct Order {
    #[id]
    pub id: String,
    pub buyer: String,
    pub shipped_at: Timestamp,
}

fn main() {}
