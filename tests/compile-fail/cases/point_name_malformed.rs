use plugin_core::prelude::*;

#[hook_point("placed")]
pub struct Placed;

fn main() {}
