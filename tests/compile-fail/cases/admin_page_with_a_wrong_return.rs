use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[admin_page("/sales", title = "Sales")]
async fn sales(_: &Context<Shop>) -> String {
    String::new()
}

fn main() {}
