use plugin_core::prelude::*;

#[hook_point("order:placed", policy = strict)]
pub struct Placed {
    pub order_id: String,
}

fn main() {}
