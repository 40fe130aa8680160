use plugin_core::prelude::*;

#[derive(Config)]
pub struct Settings {
    #[config(minimum = 1)]
    pub days: u32,
}

fn main() {}
