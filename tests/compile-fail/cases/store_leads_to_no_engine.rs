use plugin_core::prelude::*;

#[plugin(id = "curious")]
pub struct Curious;

#[hook("app:init")]
fn look(ctx: &Context<Curious>, _: &Dynamic) {
    let _ = ctx.db().engine();
}

fn main() {}
