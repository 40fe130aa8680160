use plugin_core::prelude::*;

#[plugin(id = "shop", config = String)]
pub struct Shop;

fn main() {}
