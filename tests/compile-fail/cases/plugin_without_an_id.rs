use plugin_core::prelude::*;

#[plugin]
pub struct Shop;

fn main() {}
