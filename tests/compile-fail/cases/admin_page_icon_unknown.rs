use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[admin_page("/sales", title = "Sales", icon = "chart-barr")]
async fn sales(_: &Context<Shop>) -> Html {
    Html::new()
}

fn main() {}
