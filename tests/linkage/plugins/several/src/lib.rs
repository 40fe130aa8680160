//! Two plugins in one crate.

use plugin_core::{Context, Result, cron, plugin};

/// The first.
#[plugin(id = "first")]
pub struct First;

/// The second.
#[plugin(id = "second", requires("first >= 1"))]
pub struct Second;

#[cron("1d")]
fn daily(_: &Context<First>) -> Result<()> {
    Ok(())
}

#[cron("1d", name = "also-daily")]
fn again(_: &Context<Second>) -> Result<()> {
    Ok(())
}
