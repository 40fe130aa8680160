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
    let _ = ctx.db().docs::<Note>();
}

#[hook("app:init")]
async fn change(ctx: &Context<Snoop>, _: &Dynamic) -> Result<()> {
    ctx.txn(|tx| async move {
        let _ = tx.docs::<Note>();
        let _ = tx.docs_of::<Note>();
        Ok(())
    })
    .await
}

fn main() {}
