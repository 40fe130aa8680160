use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[document(plugin = Shop, collection = "orders")]
pub enum Order {
    Open,
    Sent,
}

fn main() {}
