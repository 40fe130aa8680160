use plugin_core::prelude::*;

#[plugin(id = "shop", index(buyer, -shippedAt))]
pub struct Shop;

fn main() {}
