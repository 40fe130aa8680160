use plugin_core::prelude::*;

#[plugin(id = "shop", version = "1.2")]
pub struct Shop;

fn main() {}
