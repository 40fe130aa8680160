use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[filter("order:text")]
fn shout(_: &Context<Shop>, text: String) -> String {
    text
}

fn main() {}
