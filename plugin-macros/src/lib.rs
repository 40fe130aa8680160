//! The attributes of plugin-core: each leaves its item as it was and adds one registration.
//!
//! They are documented where plugin-core re-exports them, since only there can an example run. Parses text and tokens, and
//! knows no type of the run time; what is checked by type is checked by the call that an attribute generates.

use proc_macro::TokenStream;

mod admin_page;
mod config;
mod cron;
mod data;
mod document;
mod emit;
mod endpoint;
mod errors;
#[cfg(test)]
mod goldens;
mod handler;
mod hook;
mod index;
mod lifecycle;
mod migrate;
mod names;
mod options;
mod plugin;
mod point;
mod stored;
mod webhook;

/// A type that is a plugin: `#[plugin(id = "analytics-plugin", config = Settings)]`.
///
/// Options: `id`, `config`, `version`, `requires("data-source >= 1")`, `durability = synced | relaxed`, and any number of
/// `index("conversations:", userId, -endedAt, unique, sparse)`.
#[proc_macro_attribute]
pub fn plugin(args: TokenStream, item: TokenStream) -> TokenStream {
    plugin::expand(args.into(), item.into()).into()
}

/// A type that is the payload of a hook: `#[hook_point("conversation:end")]`.
///
/// Options: the name, `policy = isolate | veto`. Derives what `#[model]` derives.
#[proc_macro_attribute]
pub fn hook_point(args: TokenStream, item: TokenStream) -> TokenStream {
    point::expand_hook(args.into(), item.into()).into()
}

/// A type that is the value of a filter: `#[filter_point("message:beforeSend", on_error = fail)]`.
///
/// Options: the name, `on_error = keep | fail`, `check = path` of a `fn(&Self) -> Result<(), String>`. Derives what `#[model]`
/// derives.
#[proc_macro_attribute]
pub fn filter_point(args: TokenStream, item: TokenStream) -> TokenStream {
    point::expand_filter(args.into(), item.into()).into()
}

/// A type that is an event: `#[event("data-source:conversation-ended", plugin = DataSource)]`.
///
/// Options: the name, which begins with the plugin's id, and `plugin = path`. Derives what `#[model]` derives.
#[proc_macro_attribute]
pub fn event(args: TokenStream, item: TokenStream) -> TokenStream {
    point::expand_event(args.into(), item.into()).into()
}

/// A type that is stored or sent: derives `Serialize`, `Deserialize`, `JsonSchema`, `Clone` and `Debug`, with camelCase names.
///
/// Stands above the type's own `#[derive]` and `#[serde]`; what is derived or renamed there is left alone. Options: `stored`.
#[proc_macro_attribute]
pub fn model(args: TokenStream, item: TokenStream) -> TokenStream {
    data::expand_model(args.into(), item.into()).into()
}

/// A type whose values are documents: `#[document(plugin = Analytics, collection = "conversations", version = 2)]`.
///
/// Options: `plugin = path`, `collection`, `version`, `retired`. Below it `#[index(user_id, -ended_at, unique, sparse)]`, any number
/// of them, and `#[id]` on one field. Derives what `#[model]` derives.
#[proc_macro_attribute]
pub fn document(args: TokenStream, item: TokenStream) -> TokenStream {
    document::expand(args.into(), item.into()).into()
}

/// A function that makes of a document the next version of it: `#[migrate(from = 1)]`. Options: `from`, `name`.
#[proc_macro_attribute]
pub fn migrate(args: TokenStream, item: TokenStream) -> TokenStream {
    migrate::expand(args.into(), item.into()).into()
}

/// A function that runs when a hook is fired: `#[hook("conversation:end", priority = 10)]`.
///
/// Options: the name of the hook, which is the payload's unless it is given, `name`, `priority`, `timeout`, `plugin`.
#[proc_macro_attribute]
pub fn hook(args: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(hook::Payload::Hook, args.into(), item.into()).into()
}

/// A function that turns a value into the next one: `#[filter("message:beforeSend", priority = 20)]`.
///
/// Options: the name of the filter, which is the value's unless it is given, `name`, `priority`, `timeout`, `plugin`.
#[proc_macro_attribute]
pub fn filter(args: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(hook::Payload::Filter, args.into(), item.into()).into()
}

/// A function that hears an event: `#[on("data-source:conversation-ended")]`.
///
/// Options: the name of the event, which is the payload's unless it is given, `name`, `timeout`, `plugin`.
#[proc_macro_attribute]
pub fn on(args: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(hook::Payload::Event, args.into(), item.into()).into()
}

/// A function that answers HTTP requests: `#[endpoint(GET, "/stats/{app}")]`.
///
/// Options: method, path, `name`, `public`, `admin`, `scope`, `rate`, `body`, `timeout`, `plugin`.
#[proc_macro_attribute]
pub fn endpoint(args: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand(args.into(), item.into()).into()
}

/// A function that runs at its time: `#[cron("0 2 * * *", timezone = "America/New_York")]`, `#[cron("1h")]`.
///
/// Options: the schedule, `timezone`, `overlap = skip`, `catch_up = one | none`, `timeout`, `name`, `plugin`.
#[proc_macro_attribute]
pub fn cron(args: TokenStream, item: TokenStream) -> TokenStream {
    cron::expand(args.into(), item.into()).into()
}

/// A function that others call: `#[webhook("github-events", verify = github(secret = config.secret))]`.
///
/// Options: the name, which may be written `name` as well, `events("push")`, `verify = github(secret = config.…) | none`,
/// `timeout`, `plugin`.
#[proc_macro_attribute]
pub fn webhook(args: TokenStream, item: TokenStream) -> TokenStream {
    webhook::expand(args.into(), item.into()).into()
}

/// A function that shows an admin a page: `#[admin_page("/dashboard", title = "Dashboard", icon = "chart-bar")]`.
///
/// Options: the path, `title`, `icon`, `group`, `component`, `timeout`, `name`, `plugin`.
#[proc_macro_attribute]
pub fn admin_page(args: TokenStream, item: TokenStream) -> TokenStream {
    admin_page::expand(args.into(), item.into()).into()
}

/// A function that runs whenever its plugin starts. Options: `name`, `timeout`, `plugin`.
#[proc_macro_attribute]
pub fn activate(args: TokenStream, item: TokenStream) -> TokenStream {
    lifecycle::expand(lifecycle::Moment::Activate, args.into(), item.into()).into()
}

/// A function that runs whenever its plugin stops. Options: `name`, `timeout`, `plugin`.
#[proc_macro_attribute]
pub fn deactivate(args: TokenStream, item: TokenStream) -> TokenStream {
    lifecycle::expand(lifecycle::Moment::Deactivate, args.into(), item.into()).into()
}

/// A plugin's settings: reading, JSON Schema, defaults, `Clone`, `Debug`, serde, secrets masked.
///
/// Of a field: `#[config(default)]`, `#[config(default = 30)]`, `#[config(secret)]`, `#[config(min = 1, max = 365)]`.
#[proc_macro_derive(Config, attributes(config))]
pub fn config(item: TokenStream) -> TokenStream {
    config::expand(item.into()).into()
}
