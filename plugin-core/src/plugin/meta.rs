//! What `#[plugin]` leaves.

use std::any::Any;

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use crate::{
    plugin::config::{Config, ConfigProblem, read},
    point::Plugin,
    shape::Owner,
    store::{engine::Durability, index::IndexMeta},
};

/// What `#[plugin]` says of a plugin.
#[derive(Debug, Clone, Copy)]
pub struct PluginMeta {
    /// Its version, from Cargo.toml unless the attribute gives one.
    pub version: &'static str,
    /// `CARGO_PKG_AUTHORS`
    pub authors: &'static str,
    /// `CARGO_PKG_LICENSE`
    pub license: &'static str,
    /// What it needs, each a plugin's id and a range of versions of it: `("data-source", ">=1")`.
    pub requires: &'static [(&'static str, &'static str)],
    /// When its commits count as done.
    pub durability: Durability,
    /// The indexes of its documents that have no type.
    pub indexes: &'static [IndexMeta],
}

/// A plugin of the binary.
#[derive(Debug)]
pub struct PluginItem {
    /// Itself.
    pub owner: Owner,
    /// What its attribute says.
    pub meta: PluginMeta,
    /// How its settings are read and described.
    pub config: ConfigItem,
}

/// Settings of a type that their plugin knows.
pub type Settings = Box<dyn Any + Send + Sync>;

/// How a plugin's settings are read and described, without their type.
#[derive(Debug, Clone, Copy)]
pub struct ConfigItem {
    /// The JSON Schema.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Reads them.
    pub read: fn(Map<String, Value>) -> Result<Settings, Vec<ConfigProblem>>,
    /// Reads them and shows them as JSON, secrets masked.
    pub show: fn(Map<String, Value>) -> Result<Value, Vec<ConfigProblem>>,
}

impl ConfigItem {
    /// For settings of the type `C`.
    pub const fn of<C: Config>() -> Self {
        Self {
            schema: C::schema,
            read: |given| read::<C>(given).map(|config| Box::new(config) as _),
            show: |given| read::<C>(given).map(|config| config.show()),
        }
    }
}

impl PluginItem {
    /// The plugin `P`.
    pub const fn of<P: Plugin>(meta: PluginMeta) -> Self {
        Self { owner: Owner::of::<P>(), meta, config: ConfigItem::of::<P::Config>() }
    }
}
