//! The one hidden door for generated code. An attribute emits one expression, and it is a call of a function of this module;
//! nothing here is for people to call, and it changes without notice.

pub mod boxed;
mod converted;
pub mod endpoint;
pub mod filter;
pub mod hook;
pub mod stored;

pub use inventory;
pub use schemars;
pub use serde;
pub use serde_json;

pub use self::boxed::{activate, admin_page, cron, deactivate, listener, verify, webhook};
pub use crate::{
    admin::Html,
    context::Context,
    delivery::webhook::Verify,
    endpoint::{Access, EndpointMeta, describe::probe},
    plugin::{
        config::{self, Config, Fields, Required},
        meta::PluginMeta,
        secret::Secret,
    },
    point::{Event, FILTERS, FilterPoint, HOOKS, HookPoint, HookPolicy, Ix, OnError, PLUGINS, Plugin},
    registration::{Item, Registration},
    schedule::run::CatchUp,
    site::Site,
    store::engine::Durability,
};

use self::converted::Converted;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::{
    delivery::event::EventItem,
    dispatch::{filter::FilterPointItem, hook::HookPointItem, wire::decode},
    plugin::meta::PluginItem,
    shape::{Owner, belongs_to, fail},
};

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Stands for the plugin of an event whose `#[event]` does not say whose it is, beside the error that says so.
#[derive(Debug)]
pub enum Unsaid {}

impl Plugin for Unsaid {
    type Config = ();
    const ID: &'static str = "";

    fn ix() -> &'static Ix {
        static IX: Ix = Ix::of(&PLUGINS);
        &IX
    }
}

/// For `#[plugin]`.
pub const fn plugin<P: Plugin>(meta: PluginMeta) -> Item {
    Item::Plugin(PluginItem::of::<P>(meta))
}

/// For `#[hook_point]`.
pub const fn hook_point<P: HookPoint>() -> Item {
    Item::HookPoint(HookPointItem::of::<P>(schema::<P>))
}

/// For `#[filter_point]`.
pub const fn filter_point<P: FilterPoint>() -> Item {
    Item::FilterPoint(FilterPointItem::of::<P>(schema::<P>))
}

/// For `#[event]`.
///
/// # Panics
/// At compile time, if the event's name does not begin with its plugin's id; an empty id stands for one that is wrong, and said
/// to be so at its plugin.
#[track_caller]
pub const fn event<E: Event>() -> Item {
    let owner = Owner::of::<E::Plugin>();
    if !owner.id.is_empty() && !belongs_to(E::NAME, owner.id) {
        fail(&[
            "the event `",
            E::NAME,
            "` belongs to the plugin `",
            owner.id,
            "`: its name must begin with `",
            owner.id,
            ":`",
        ]);
    }
    Item::Event(EventItem {
        owner,
        name: E::NAME,
        schema: schema::<E>,
        read: |json| {
            let event: E = decode(json)?;
            Ok(serde_json::to_value(event)?)
        },
    })
}
