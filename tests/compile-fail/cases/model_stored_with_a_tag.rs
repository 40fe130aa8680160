use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[model(stored)]
#[serde(tag = "how")]
pub enum Paid {
    Cash,
    Card { name: String },
}

fn main() {}
