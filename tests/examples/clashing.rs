//! A server whose plugins do not fit together: two have one id, and one of them names a hook point that nobody declares.

use plugin_core::prelude::*;

plugin_server::plugins! {}

fn main() -> std::process::ExitCode {
    plugin_server::main()
}

/// Wants the id.
#[plugin(id = "twin")]
#[derive(Debug)]
pub struct First;

/// Wants it too.
#[plugin(id = "twin")]
#[derive(Debug)]
pub struct Second;

#[hook("conversation:endd")]
fn hear(_ctx: &Context<First>, _ended: &Dynamic) {}
