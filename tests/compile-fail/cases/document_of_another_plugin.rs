//! Documents are reached by the plugin that they name, and by no other.

use plugin_core::prelude::*;

#[plugin(id = "notes")]
struct Notes;

#[plugin(id = "snoop")]
struct Snoop;

#[document(plugin = Notes, collection = "notes")]
struct Note {
    #[id]
    id: String,
}

#[hook("app:init")]
fn look(ctx: &Context<Snoop>, _: &Dynamic) {
    let _ = ctx.docs::<Note>();
}

fn main() {}
