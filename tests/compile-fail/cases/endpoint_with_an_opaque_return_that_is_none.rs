use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(GET, "/stats")]
async fn stats(ctx: &Context<Shop>) -> impl std::fmt::Debug {
    ctx.plugin().len()
}

fn main() {}
