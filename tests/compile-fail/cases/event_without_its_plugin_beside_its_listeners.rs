use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[event("shop:sold")]
pub struct Sold;

#[on("shop:sold")]
async fn heard(_: &Context<Shop>, _: &Sold) {}

fn main() {}
