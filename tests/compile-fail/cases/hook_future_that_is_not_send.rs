use plugin_core::prelude::*;

use std::rc::Rc;

#[plugin(id = "shop")]
pub struct Shop;

#[hook_point("order:placed")]
pub struct Placed {
    pub order_id: String,
}

#[hook("order:placed")]
async fn note(_: &Context<Shop>, _: &Placed) {
    let shared = Rc::new(1);
    std::future::ready(()).await;
    drop(shared);
}

fn main() {}
