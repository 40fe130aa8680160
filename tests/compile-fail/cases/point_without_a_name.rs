use plugin_core::prelude::*;

#[filter_point(on_error = fail)]
pub struct Text(pub String);

fn main() {}
