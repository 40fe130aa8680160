use plugin_core::prelude::*;

#[derive(Config)]
pub struct Settings {
    #[config(default = 0.5, max = 1)]
    pub share: f64,
}

fn main() {}
