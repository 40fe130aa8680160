use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop<T>(T);

fn main() {}
