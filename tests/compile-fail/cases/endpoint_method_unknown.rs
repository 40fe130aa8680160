use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(FETCH, "/stats")]
async fn stats(_: &Context<Shop>) -> String {
    String::new()
}

fn main() {}
