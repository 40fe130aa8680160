use plugin_core::prelude::*;

#[derive(Config)]
pub struct Settings {
    pub secret: Secret,
    pub days: u32,
}

#[plugin(id = "shop", config = Settings)]
pub struct Shop;

#[webhook("paid", verify = github(secret = config.secrt))]
async fn paid(_: &Context<Shop>, _: &WebhookDelivery) {}

fn main() {}
