//! Where an item stands in its author's source, and what kind of item it is.

use std::fmt;

use serde::Serialize;

/// Where an item was written, and what its author says of it. Left in the binary by its attribute.
#[derive(Debug)]
pub struct Site {
    /// The item's name: kebab-case of the function's or type's, unless the attribute gives one.
    pub name: &'static str,
    /// The function or type as written.
    pub ident: &'static str,
    /// Its doc comment.
    pub doc: &'static str,
    /// `file!()`.
    pub file: &'static str,
    /// `line!()`.
    pub line: u32,
    /// `module_path!()`.
    pub module: &'static str,
    /// `CARGO_PKG_NAME`.
    pub package: &'static str,
}

impl Site {
    /// The library that holds the item, as it is named in paths.
    pub fn library(&self) -> &'static str {
        let root = self.module.split("::").next().unwrap_or(self.module);
        root.strip_prefix("r#").unwrap_or(root)
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// An item in its place among all of a host: what its attribute left, whose it is, and its number.
#[derive(Debug)]
pub struct Placed<T: 'static> {
    /// Its number.
    pub number: u32,
    /// The place of its plugin.
    pub plugin: usize,
    /// Where it was written.
    pub site: &'static Site,
    /// What its attribute left.
    pub item: &'static T,
}

impl<T> Clone for Placed<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Placed<T> {}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `#[plugin]`
    Plugin,
    /// `#[hook_point]`
    HookPoint,
    /// `#[filter_point]`
    FilterPoint,
    /// `#[event]`
    Event,
    /// `#[hook]`
    Hook,
    /// `#[filter]`
    Filter,
    /// `#[on]`
    Listener,
    /// `#[endpoint]`
    Endpoint,
    /// `#[cron]`
    Cron,
    /// `#[webhook]`
    Webhook,
    /// `#[admin_page]`
    AdminPage,
    /// `#[activate]`
    Activate,
    /// `#[deactivate]`
    Deactivate,
    /// `#[document]`
    Document,
    /// `#[migrate]`
    Migration,
}

impl Kind {
    /// The kind as it is written on the wire and in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::HookPoint => "hook-point",
            Self::FilterPoint => "filter-point",
            Self::Event => "event",
            Self::Hook => "hook",
            Self::Filter => "filter",
            Self::Listener => "listener",
            Self::Endpoint => "endpoint",
            Self::Cron => "cron",
            Self::Webhook => "webhook",
            Self::AdminPage => "admin-page",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Document => "document",
            Self::Migration => "migration",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
