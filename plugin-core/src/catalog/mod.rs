//! What the linker gathered: read once, sorted by data, checked, frozen.

mod check;
mod documents;
mod order;
pub mod problem;

use std::collections::BTreeMap;

use crate::{
    admin::AdminPageItem,
    catalog::problem::{Problem, Problems},
    delivery::{event::ListenerItem, webhook::WebhookItem},
    document::{DocumentItem, MigrationItem},
    endpoint::EndpointItem,
    linking::{Expected, Named},
    plugin::meta::PluginItem,
    registration::{Item, Registration},
    schedule::run::CronItem,
    site::{Kind, Placed, Site},
};

/// The plugins of a binary and all they hold, in an order that only depends on what was written.
#[derive(Debug)]
pub struct Catalog {
    plugins: Vec<PluginEntry>,
    entries: Vec<Entry>,
    hooks: Vec<PointEntry>,
    filters: Vec<PointEntry>,
    events: Vec<PointEntry>,
}

/// A plugin.
#[derive(Debug)]
pub struct PluginEntry {
    /// What its attribute left.
    pub item: &'static PluginItem,
    /// Where.
    pub site: &'static Site,
    /// The numbers of its items.
    pub items: Vec<u32>,
}

/// An item. Its number is its place among the items.
#[derive(Debug)]
pub struct Entry {
    /// Its number.
    pub number: u32,
    /// What it is.
    pub kind: Kind,
    /// The place of its plugin; none for points.
    pub plugin: Option<usize>,
    /// Where it was written.
    pub site: &'static Site,
    /// What its attribute left.
    pub item: &'static Item,
}

/// A hook point, filter point or event, and who handles it.
#[derive(Debug)]
pub struct PointEntry {
    /// Its name on the wire.
    pub name: &'static str,
    /// Where it was written.
    pub site: &'static Site,
    /// What its attribute left.
    pub item: &'static Item,
    /// The numbers of its handlers, in the order of their calls.
    pub handlers: Vec<u32>,
}

impl PluginEntry {
    /// The plugin's id.
    pub fn id(&self) -> &'static str {
        self.item.owner.id
    }
}

impl Catalog {
    /// The catalog of this binary.
    ///
    /// # Errors
    /// Everything that is wrong with it, sorted.
    pub fn linked() -> Result<Self, Problems> {
        let expected: Vec<Named> = Expected::linked().collect();
        Self::of(Registration::linked(), &expected)
    }

    /// The catalog of `registrations`, among which each crate of `expected` must have a plugin.
    ///
    /// # Errors
    /// Everything that is wrong with it, sorted.
    pub fn of(
        registrations: impl IntoIterator<Item = &'static Registration>,
        expected: &[Named],
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let registrations = order::by_data(registrations);
        check::plugin_ids(&registrations, &mut problems);
        check::linked(&registrations, expected, &mut problems);
        let catalog = Self::assemble(&registrations, &mut problems);
        catalog.check(&mut problems);
        Problems::none_of(problems).map(|()| catalog)
    }

    fn assemble(registrations: &[&'static Registration], problems: &mut Vec<Problem>) -> Self {
        let declared = registrations.iter().filter_map(|it| match &it.item {
            Item::Plugin(plugin) => Some((plugin, it.site)),
            _ => None,
        });
        let declared = order::by_requirement(declared.collect(), problems);
        let ids: Vec<&str> = declared.iter().map(|(item, _)| item.owner.id).collect();
        check::owners(registrations, &ids, problems);
        let places: BTreeMap<&str, usize> = ids.iter().enumerate().map(|(place, id)| (*id, place)).collect();

        let mut entries: Vec<Entry> = registrations
            .iter()
            .map(|it| Entry {
                number: 0,
                kind: it.item.kind(),
                plugin: it.item.owner().and_then(|owner| places.get(owner).copied()),
                site: it.site,
                item: &it.item,
            })
            .collect();
        entries.sort_by_key(|entry| (entry.plugin.is_none(), entry.plugin));
        for (number, entry) in (0..).zip(&mut entries) {
            entry.number = number;
        }

        let mut plugins: Vec<PluginEntry> =
            declared.into_iter().map(|(item, site)| PluginEntry { item, site, items: Vec::new() }).collect();
        for entry in entries.iter().filter(|entry| entry.kind != Kind::Plugin) {
            if let Some(plugin) = entry.plugin.and_then(|place| plugins.get_mut(place)) {
                plugin.items.push(entry.number);
            }
        }
        let (hooks, filters, events) =
            (points(&entries, Kind::HookPoint), points(&entries, Kind::FilterPoint), points(&entries, Kind::Event));
        Self { plugins, entries, hooks, filters, events }
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        check::item_names(&self.entries, problems);
        check::point_names("hook", &self.hooks, problems);
        check::point_names("filter", &self.filters, problems);
        check::point_names("event", &self.events, problems);
        check::known_points(&self.entries, &self.hooks, &self.filters, problems);
        check::routes(&self.entries, problems);
        check::pages(&self.entries, problems);
        documents::versions(self, problems);
        documents::indexes(self, problems);
        documents::indexed_fields(self, problems);
        documents::shapes(self, problems);
    }

    /// The plugins, each after those it requires.
    pub fn plugins(&self) -> &[PluginEntry] {
        &self.plugins
    }

    /// The plugin `id` and its place.
    pub fn plugin(&self, id: &str) -> Option<(usize, &PluginEntry)> {
        self.plugins.iter().enumerate().find(|(_, plugin)| plugin.id() == id)
    }

    /// All items, by their number.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The item numbered `number`.
    pub fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize)
    }

    /// The items of the plugin at `place`.
    pub fn items_of(&self, place: usize) -> impl Iterator<Item = &Entry> {
        let numbers = self.plugins.get(place).map_or(&[][..], |plugin| &plugin.items);
        numbers.iter().filter_map(|number| self.entry(*number))
    }

    /// The items of the kind that `pick` picks.
    fn placed<T>(&self, pick: impl Fn(&'static Item) -> Option<&'static T>) -> Vec<Placed<T>> {
        let placed = |entry: &Entry| {
            Some(Placed { number: entry.number, plugin: entry.plugin?, site: entry.site, item: pick(entry.item)? })
        };
        self.entries.iter().filter_map(placed).collect()
    }

    /// The listeners.
    pub fn listeners(&self) -> Vec<Placed<ListenerItem>> {
        self.placed(|item| if let Item::Listener(item) = item { Some(item) } else { None })
    }

    /// The webhooks.
    pub fn webhooks(&self) -> Vec<Placed<WebhookItem>> {
        self.placed(|item| if let Item::Webhook(item) = item { Some(item) } else { None })
    }

    /// The cron jobs.
    pub fn jobs(&self) -> Vec<Placed<CronItem>> {
        self.placed(|item| if let Item::Cron(item) = item { Some(item) } else { None })
    }

    /// The endpoints.
    pub fn endpoints(&self) -> Vec<Placed<EndpointItem>> {
        self.placed(|item| if let Item::Endpoint(item) = item { Some(item) } else { None })
    }

    /// The admin pages.
    pub fn admin_pages(&self) -> Vec<Placed<AdminPageItem>> {
        self.placed(|item| if let Item::AdminPage(item) = item { Some(item) } else { None })
    }

    /// The versions of typed documents.
    pub fn documents(&self) -> Vec<Placed<DocumentItem>> {
        self.placed(|item| if let Item::Document(item) = item { Some(item) } else { None })
    }

    /// The migrations between them.
    pub fn migrations(&self) -> Vec<Placed<MigrationItem>> {
        self.placed(|item| if let Item::Migration(item) = item { Some(item) } else { None })
    }

    /// The hook points by name, each with its handlers in the order of their calls.
    pub fn hooks(&self) -> &[PointEntry] {
        &self.hooks
    }

    /// The filter points by name, each with its handlers in the order of their calls.
    pub fn filters(&self) -> &[PointEntry] {
        &self.filters
    }

    /// The events by name, each with its listeners.
    pub fn events(&self) -> &[PointEntry] {
        &self.events
    }
}

/// The points of one kind by name, with their handlers by priority, then plugin order, id, file and line.
fn points(entries: &[Entry], kind: Kind) -> Vec<PointEntry> {
    let mut points: Vec<PointEntry> = entries
        .iter()
        .filter(|entry| entry.kind == kind)
        .filter_map(|entry| {
            Some(PointEntry { name: point_name(entry.item)?, site: entry.site, item: entry.item, handlers: Vec::new() })
        })
        .collect();
    points.sort_by_key(|point| (point.name, point.site.file, point.site.line));
    let mut handlers: Vec<(&str, i32, &Entry)> = entries
        .iter()
        .filter_map(|entry| match (kind, entry.item) {
            (Kind::HookPoint, Item::Hook(item)) => Some((item.point, item.priority, entry)),
            (Kind::FilterPoint, Item::Filter(item)) => Some((item.point, item.priority, entry)),
            (Kind::Event, Item::Listener(item)) => Some((item.event, 0, entry)),
            _ => None,
        })
        .collect();
    handlers.sort_by_key(|(_, priority, entry)| (*priority, entry.plugin, entry.site.file, entry.site.line));
    for point in &mut points {
        let of_this = handlers.iter().filter(|(name, ..)| *name == point.name);
        point.handlers.extend(of_this.map(|(.., entry)| entry.number));
    }
    points
}

fn point_name(item: &Item) -> Option<&'static str> {
    match item {
        Item::HookPoint(item) => Some(item.name),
        Item::FilterPoint(item) => Some(item.name),
        Item::Event(item) => Some(item.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
