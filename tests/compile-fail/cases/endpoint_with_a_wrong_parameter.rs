use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(GET, "/stats")]
async fn stats(_: &Context<Shop>, _: u32) -> String {
    String::new()
}

fn main() {}
