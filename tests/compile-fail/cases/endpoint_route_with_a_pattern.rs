use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(GET, "/files/{tail:.*}")]
async fn files(_: &Context<Shop>) -> String {
    String::new()
}

fn main() {}
