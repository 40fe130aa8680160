use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[webhook("paid", name = "payments", verify = none)]
async fn paid(_: &Context<Shop>, _: &WebhookDelivery) {}

fn main() {}
