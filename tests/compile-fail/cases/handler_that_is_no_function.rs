use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[activate]
pub struct Start;

fn main() {}
