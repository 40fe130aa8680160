use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(GET, "/stats/{app}/{app}")]
async fn stats(_: &Context<Shop>) -> String {
    String::new()
}

fn main() {}
