use plugin_core::prelude::*;

#[hook_point("order:placed")]
fn placed() {}

fn main() {}
