//! What a plugin's source needs in scope: `use plugin_core::prelude::*;`.

pub use std::time::Duration;

pub use crate::{
    Admin, AppId, Config, Context, CronRun, Dynamic, Error, Html, Json, OwnedContext, Query, Result, Secret, Timestamp,
    Transaction, User, UserId, WebhookDelivery, activate, admin_page, cron, deactivate, document, endpoint, event,
    filter, filter_point, hook, hook_point, migrate, model, on, plugin, query,
    store::{Cursor, Docs, Entry, Page, Revision, Selected, StoreError, Versioned, typed::TypedFilter},
    webhook,
};
pub use actix_web::{
    HttpRequest,
    http::StatusCode,
    web::{Bytes, Path},
};
// The traits alone: `#[model]` derives them, and serde's own derives look for a crate `serde` that a plugin need not have.
pub use serde::{de::Deserialize, ser::Serialize};
