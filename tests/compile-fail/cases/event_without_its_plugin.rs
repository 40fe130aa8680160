use plugin_core::prelude::*;

#[event("shop:sold")]
pub struct Sold;

fn main() {}
