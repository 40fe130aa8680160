use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
#[index(buyer, -buyer)]
pub struct Order {
    #[id]
    pub id: String,
    pub buyer: String,
}

fn main() {}
