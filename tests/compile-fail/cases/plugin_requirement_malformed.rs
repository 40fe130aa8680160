use plugin_core::prelude::*;

#[plugin(id = "shop", requires("stock >== 1"))]
pub struct Shop;

fn main() {}
