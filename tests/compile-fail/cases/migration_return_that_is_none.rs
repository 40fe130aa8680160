use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders", version = 1, retired)]
pub struct OrderV1 {
    #[id]
    pub id: String,
}

#[document(plugin = Shop, collection = "orders", version = 2)]
pub struct Order {
    #[id]
    pub id: String,
}

#[migrate(from = 1)]
fn up(old: OrderV1) -> String {
    old.id
}

fn main() {}
