//! Settings and theme of the client, as plugins adapt them.

use std::collections::BTreeMap;

use plugin_core::prelude::*;

use super::{ClientConfig, Conversations, Theme, endpoints::greet};

/// What a client is told of how to talk.
#[endpoint(GET, "/config")]
async fn config(ctx: &Context<Conversations>) -> Result<Json<ClientConfig>> {
    greet(ctx).await?;
    let model = ctx.config().model.clone();
    let config = ctx.apply(ClientConfig { model, longest_message: 16_384, more: BTreeMap::new() }).await?;
    Ok(Json(config))
}

/// How a client should look.
#[endpoint(GET, "/theme")]
async fn theme(ctx: &Context<Conversations>) -> Result<Json<Theme>> {
    greet(ctx).await?;
    let theme = Theme { scheme: "system".into(), accent: "#3b6ea5".into(), more: BTreeMap::new() };
    Ok(Json(ctx.apply(theme).await?))
}
