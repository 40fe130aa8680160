use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(POST, "/track", body = "64kb")]
async fn track(_: &Context<Shop>) -> String {
    String::new()
}

fn main() {}
