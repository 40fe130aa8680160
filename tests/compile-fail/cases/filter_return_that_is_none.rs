use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[filter_point("order:text")]
pub struct Text {
    pub text: String,
}

#[filter("order:text")]
fn shout(_: &Context<Shop>, text: Text) -> String {
    text.text
}

fn main() {}
