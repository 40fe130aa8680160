use plugin_core::prelude::*;

#[derive(Config)]
pub struct Settings(u32);

fn main() {}
