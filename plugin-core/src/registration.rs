//! What an attribute leaves in the binary: one constant an item, gathered by the linker.

use crate::{
    admin::AdminPageItem,
    delivery::{
        event::{EventItem, ListenerItem},
        webhook::WebhookItem,
    },
    dispatch::{
        filter::{FilterItem, FilterPointItem},
        hook::{HookItem, HookPointItem},
    },
    document::{DocumentItem, MigrationItem},
    endpoint::EndpointItem,
    plugin::{lifecycle::LifecycleItem, meta::PluginItem},
    schedule::run::CronItem,
    site::{Kind, Site},
};

/// One item, and where it was written.
#[derive(Debug)]
pub struct Registration {
    /// Where.
    pub site: &'static Site,
    /// What.
    pub item: Item,
}

/// What was annotated.
#[derive(Debug)]
pub enum Item {
    /// `#[plugin]`
    Plugin(PluginItem),
    /// `#[hook_point]`
    HookPoint(HookPointItem),
    /// `#[filter_point]`
    FilterPoint(FilterPointItem),
    /// `#[event]`
    Event(EventItem),
    /// `#[hook]`
    Hook(HookItem),
    /// `#[filter]`
    Filter(FilterItem),
    /// `#[on]`
    Listener(ListenerItem),
    /// `#[endpoint]`
    Endpoint(EndpointItem),
    /// `#[cron]`
    Cron(CronItem),
    /// `#[webhook]`
    Webhook(WebhookItem),
    /// `#[admin_page]`
    AdminPage(AdminPageItem),
    /// `#[activate]`
    Activate(LifecycleItem),
    /// `#[deactivate]`
    Deactivate(LifecycleItem),
    /// `#[document]`
    Document(DocumentItem),
    /// `#[migrate]`
    Migration(MigrationItem),
}

inventory::collect!(Registration);

impl Registration {
    /// The registration of `item`, written at `site`.
    pub const fn new(item: Item, site: &'static Site) -> Self {
        Self { site, item }
    }

    /// All that this binary holds, in the order the linker left them.
    pub fn linked() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>()
    }
}

impl Item {
    /// What kind of item it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Plugin(_) => Kind::Plugin,
            Self::HookPoint(_) => Kind::HookPoint,
            Self::FilterPoint(_) => Kind::FilterPoint,
            Self::Event(_) => Kind::Event,
            Self::Hook(_) => Kind::Hook,
            Self::Filter(_) => Kind::Filter,
            Self::Listener(_) => Kind::Listener,
            Self::Endpoint(_) => Kind::Endpoint,
            Self::Cron(_) => Kind::Cron,
            Self::Webhook(_) => Kind::Webhook,
            Self::AdminPage(_) => Kind::AdminPage,
            Self::Activate(_) => Kind::Activate,
            Self::Deactivate(_) => Kind::Deactivate,
            Self::Document(_) => Kind::Document,
            Self::Migration(_) => Kind::Migration,
        }
    }

    /// The id of the plugin that has it; none for points, which anybody may fire.
    pub fn owner(&self) -> Option<&'static str> {
        match self {
            Self::Plugin(item) => Some(item.owner.id),
            Self::HookPoint(_) | Self::FilterPoint(_) => None,
            Self::Event(item) => Some(item.owner.id),
            Self::Hook(item) => Some(item.owner.id),
            Self::Filter(item) => Some(item.owner.id),
            Self::Listener(item) => Some(item.owner.id),
            Self::Endpoint(item) => Some(item.owner.id),
            Self::Cron(item) => Some(item.owner.id),
            Self::Webhook(item) => Some(item.owner.id),
            Self::AdminPage(item) => Some(item.owner.id),
            Self::Activate(item) | Self::Deactivate(item) => Some(item.owner.id),
            Self::Document(item) => Some(item.owner.id),
            Self::Migration(item) => Some(item.owner.id),
        }
    }
}
