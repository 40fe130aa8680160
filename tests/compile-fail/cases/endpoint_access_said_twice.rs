use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(GET, "/stats", public, scope = "reports")]
async fn stats(_: &Context<Shop>) -> String {
    String::new()
}

fn main() {}
