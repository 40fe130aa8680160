use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[model(stored)]
pub enum Paid {
    Cash,
    Card { name: String, after: Duration },
}

fn main() {}
