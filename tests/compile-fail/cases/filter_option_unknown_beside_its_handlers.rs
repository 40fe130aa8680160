use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[filter_point("order:text", on_eror = fail)]
pub struct Text {
    pub text: String,
}

#[filter("order:text")]
async fn shorten(_: &Context<Shop>, text: Text) -> Text {
    text
}

fn main() {}
