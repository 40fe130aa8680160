//! The hook points that the host itself fires.

use plugin_macros::hook_point;

/// All plugins are active, and work begins.
#[hook_point("app:init")]
pub struct AppInit {}

/// A request reached an endpoint.
#[hook_point("app:request")]
pub struct AppRequest {
    /// The id of the request.
    pub request_id: String,
    /// The plugin whose endpoint it is.
    pub plugin_id: String,
    /// The HTTP method.
    pub method: String,
    /// The path that was asked for.
    pub path: String,
}

/// A plugin has become active.
#[hook_point("plugin:activate")]
pub struct PluginActivate {
    /// Which.
    pub plugin_id: String,
}

/// A plugin is no longer active.
#[hook_point("plugin:deactivate")]
pub struct PluginDeactivate {
    /// Which.
    pub plugin_id: String,
}

/// An admin has signed in.
#[hook_point("user:login")]
pub struct UserLogin {
    /// Who.
    pub user_id: String,
}
