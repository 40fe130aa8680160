use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders", version = 2)]
pub struct Order {
    #[id]
    pub id: String,
}

#[migrate]
fn up(old: String) -> Order {
    Order { id: old }
}

fn main() {}
