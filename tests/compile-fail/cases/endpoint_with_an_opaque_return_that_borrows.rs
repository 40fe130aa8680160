use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(GET, "/stats")]
fn stats(ctx: &Context<Shop>) -> impl actix_web::Responder {
    ctx.plugin()
}

fn main() {}
