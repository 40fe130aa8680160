use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[hook_point("order:placed")]
pub struct Placed {
    pub order_id: String,
}

#[hook("order:placed", tiemout = "5s")]
async fn first(_: Context<Shop>, _: &Placed) {}

#[cron("0 25 * * *", timezone = "Mars/Olympus")]
async fn second(_: &Context<Shop>) {}

#[endpoint(FETCH, "stats")]
async fn third(_: &Context<Shop>) -> String {
    String::new()
}

fn main() {}
