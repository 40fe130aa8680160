use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

pub struct Stats;

#[endpoint(GET, "/stats")]
async fn stats(_: &Context<Shop>) -> Stats {
    Stats
}

fn main() {}
