use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
pub struct Order<T> {
    #[id]
    pub id: String,
    pub what: T,
}

fn main() {}
