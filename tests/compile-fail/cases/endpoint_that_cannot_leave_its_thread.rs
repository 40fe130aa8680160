use plugin_core::prelude::*;

#[plugin(id = "shop")]
pub struct Shop;

#[endpoint(GET, "/method")]
fn method(_: &Context<Shop>, request: HttpRequest) -> String {
    request.method().to_string()
}

fn main() {}
