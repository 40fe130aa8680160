//! What must hold of a set of plugins before it may start.

use std::collections::BTreeMap;

use crate::{
    catalog::{
        Entry, PointEntry,
        problem::{Code, Problem},
    },
    linking::Named,
    registration::{Item, Registration},
    site::{Kind, Site},
};

/// Two plugins with one id: all but the first are noted, and left out.
pub(super) fn plugin_ids(registrations: &[&'static Registration], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<&str, &'static Site> = BTreeMap::new();
    for registration in registrations.iter().filter(|it| it.item.kind() == Kind::Plugin) {
        let Some(id) = registration.item.owner() else { continue };
        if let Some(first) = seen.insert(id, registration.site) {
            problems.push(
                Problem::new(
                    Code::DuplicatePlugin,
                    format!("two plugins have the id `{id}`"),
                    "give one of them another id",
                )
                .at([first, registration.site]),
            );
        }
    }
}

/// Items of one kind and plugin with one name: they could not be told apart in figures, rows and addresses. Events can: what
/// they are called there is their name on the wire, which [`point_names`] compares. Nor are documents told apart by their names.
pub(super) fn item_names(entries: &[Entry], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(Option<usize>, Kind, &str), &'static Site> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.plugin.is_some() && is_told_by_name(entry.kind)) {
        if let Some(first) = seen.insert((entry.plugin, entry.kind, entry.site.name), entry.site) {
            let plugin = entry.item.owner().unwrap_or_default();
            problems.push(
                Problem::new(
                    Code::DuplicateItem,
                    format!("the plugin `{plugin}` has two items `{}` of the kind {}", entry.site.name, entry.kind),
                    "give one of them another name: `name = \"…\"`",
                )
                .at([first, entry.site]),
            );
        }
    }
}

fn is_told_by_name(kind: Kind) -> bool {
    !matches!(kind, Kind::Plugin | Kind::Event | Kind::Document)
}

/// Points of one kind with one name.
pub(super) fn point_names(what: &str, points: &[PointEntry], problems: &mut Vec<Problem>) {
    for pair in points.windows(2).filter(|pair| pair[0].name == pair[1].name) {
        problems.push(
            Problem::new(
                Code::DuplicatePoint,
                format!("two types are the {what} `{}`", pair[0].name),
                "keep one of them, and use it in all plugins",
            )
            .at([pair[0].site, pair[1].site]),
        );
    }
}

/// Handlers of points that no type is.
pub(super) fn known_points(
    entries: &[Entry],
    hooks: &[PointEntry],
    filters: &[PointEntry],
    problems: &mut Vec<Problem>,
) {
    for entry in entries {
        let (code, what, name, points) = match entry.item {
            Item::Hook(item) => (Code::UnknownHook, "hook", item.point, hooks),
            Item::Filter(item) => (Code::UnknownFilter, "filter", item.point, filters),
            _ => continue,
        };
        if points.iter().any(|point| point.name == name) {
            continue;
        }
        let known: Vec<&str> = points.iter().map(|point| point.name).collect();
        let hint = match plugin_syntax::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("link the plugin that declares it; known are {}", known.join(", ")),
        };
        problems.push(Problem::new(code, format!("no linked type is the {what} `{name}`"), hint).at([entry.site]));
    }
}

/// Crates that `plugins!` names, and that hold no plugin.
pub(super) fn linked(registrations: &[&'static Registration], expected: &[Named], problems: &mut Vec<Problem>) {
    for named in expected {
        let library = named.library;
        let holds = |it: &&&'static Registration| {
            it.item.kind() == Kind::Plugin
                && (it.site.library() == library || it.site.package.replace('-', "_") == library)
        };
        if !registrations.iter().any(|it| holds(&it)) {
            problems.push(
                Problem::new(
                    Code::NotLinked,
                    format!("the crate `{library}` is named in `plugins!` and holds no `#[plugin]`"),
                    "mark its plugin type with `#[plugin]`, or take the crate out of `plugins!`; a dependency that Cargo.toml renames is written `its_name as real_name`",
                )
                .at([named]),
            );
        }
    }
}

/// Items whose plugin has no registration of its own.
pub(super) fn owners(registrations: &[&'static Registration], known: &[&str], problems: &mut Vec<Problem>) {
    for registration in registrations {
        let Some(owner) = registration.item.owner().filter(|owner| !known.contains(owner)) else { continue };
        problems.push(
            Problem::new(
                Code::UnregisteredPlugin,
                format!("`{}` belongs to the plugin `{owner}`, which is not registered", registration.site.ident),
                "mark the plugin's type with `#[plugin]` instead of implementing `Plugin` by hand",
            )
            .at([registration.site]),
        );
    }
}

/// Endpoints of one plugin and method whose paths match the same requests.
pub(super) fn routes(entries: &[Entry], problems: &mut Vec<Problem>) {
    let mut trees: BTreeMap<(&str, &str), matchit::Router<(&str, &'static Site)>> = BTreeMap::new();
    for entry in entries {
        let Item::Endpoint(endpoint) = entry.item else { continue };
        let (plugin, method, path) = (endpoint.owner.id, endpoint.meta.method, endpoint.meta.path);
        let tree = trees.entry((plugin, method)).or_default();
        let (with, first) = match tree.insert(path, (path, entry.site)) {
            Ok(()) => continue,
            Err(matchit::InsertError::Conflict { with }) => {
                let first = tree.at(&with).ok().map(|found| found.value.1);
                (with, first)
            }
            Err(error) => (error.to_string(), None),
        };
        problems.push(
            Problem::new(
                Code::RouteConflict,
                format!("`{method} {with}` and `{method} {path}` of the plugin `{plugin}` answer the same requests"),
                "change one of the paths or methods",
            )
            .at(first.into_iter().chain([entry.site])),
        );
    }
}

/// Admin pages of one plugin with one path.
pub(super) fn pages(entries: &[Entry], problems: &mut Vec<Problem>) {
    let mut seen: BTreeMap<(&str, &str), &'static Site> = BTreeMap::new();
    for entry in entries {
        let Item::AdminPage(page) = entry.item else { continue };
        let (plugin, path) = (page.owner.id, page.path);
        if let Some(first) = seen.insert((plugin, path), entry.site) {
            problems.push(
                Problem::new(
                    Code::RouteConflict,
                    format!("two admin pages of the plugin `{plugin}` have the path `{path}`"),
                    "give one of them another path",
                )
                .at([first, entry.site]),
            );
        }
    }
}
