use plugin_core::prelude::*;

#[derive(Config)]
pub struct Settings {
    #[config(default, secret, min = 8)]
    pub secret: Secret,
}

#[plugin(id = "shop", config = Settings)]
pub struct Shop;

fn main() {}
