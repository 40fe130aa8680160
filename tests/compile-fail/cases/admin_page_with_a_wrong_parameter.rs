use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[admin_page("/overview", title = "Overview")]
async fn overview(_: &Context<Shop>, user: User) -> Html {
    Html::new().text(format!("{:?}", user.id))
}

fn main() {}
