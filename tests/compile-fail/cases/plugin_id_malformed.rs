use plugin_core::prelude::*;

#[plugin(id = "My Shop")]
pub struct Shop;

fn main() {}
