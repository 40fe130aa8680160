use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders", version = 1, retired)]
#[index(id)]
pub struct OrderV1 {
    #[id]
    pub id: String,
}


fn main() {}
