use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(collection = "orders")]
pub struct Order {
    #[id]
    pub id: String,
}

fn main() {}
