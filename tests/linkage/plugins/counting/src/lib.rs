//! A plugin over two modules, of which nothing refers to the second.

mod apart;

use plugin_core::{Context, Result, activate, cron, plugin};

/// Counts.
#[plugin(id = "counting")]
pub struct Counting;

#[activate]
fn begin(_: &Context<Counting>) -> Result<()> {
    Ok(())
}

#[cron("1h")]
fn recount(_: &Context<Counting>) -> Result<()> {
    Ok(())
}
