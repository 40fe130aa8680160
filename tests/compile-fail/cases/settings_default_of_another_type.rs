use plugin_core::prelude::*;

#[derive(Config)]
pub struct Settings {
    #[config(default = true)]
    pub days: u32,
}

fn main() {}
