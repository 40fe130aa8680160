use plugin_core::prelude::*;
use serde::Deserialize;

#[plugin(id = "shop")]
pub struct Shop;

#[derive(Deserialize)]
pub struct Track {
    pub page: String,
}

#[endpoint(POST, "/track")]
async fn track(_: &Context<Shop>, track: Json<Track>) -> String {
    track.into_inner().page
}

fn main() {}
