use plugin_core::prelude::*;

use std::future::{Future, ready};

#[plugin(id = "shop")]
pub struct Shop;

#[hook_point("order:placed")]
pub struct Placed {
    pub order_id: String,
}

#[hook("order:placed")]
fn note(_: &Context<Shop>, _: &Placed) -> impl Future<Output = ()> {
    ready(())
}

fn main() {}
