//! The order of plugins and of what they hold: by data alone, so that the linker's never shows.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalog::problem::{Code, Problem},
    plugin::meta::PluginItem,
    registration::Registration,
    site::Site,
};

/// A plugin and where it was written.
pub(super) type Declared = (&'static PluginItem, &'static Site);

/// Registrations in an order that depends on nothing but what they say.
pub(super) fn by_data(registrations: impl IntoIterator<Item = &'static Registration>) -> Vec<&'static Registration> {
    let mut sorted: Vec<_> = registrations.into_iter().collect();
    sorted.sort_by_cached_key(|it| {
        (it.item.owner(), it.item.kind(), it.site.file, it.site.line, it.site.name, it.site.package)
    });
    sorted
}

/// Plugins so that each comes after those it requires; among equals by id. Notes what is missing, of another version, or in a circle.
pub(super) fn by_requirement(plugins: Vec<Declared>, problems: &mut Vec<Problem>) -> Vec<Declared> {
    let by_id: BTreeMap<&str, Declared> = plugins.iter().map(|&(item, site)| (item.owner.id, (item, site))).collect();
    for (item, site) in &plugins {
        check_requirements(item, site, &by_id, problems);
    }
    let mut waiting: BTreeMap<&str, Declared> = by_id.clone();
    let mut ordered = Vec::with_capacity(plugins.len());
    let mut placed = BTreeSet::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().find(|(_, (item, _))| {
            item.meta.requires.iter().all(|(needed, _)| placed.contains(needed) || !by_id.contains_key(needed))
        });
        let Some((&id, &declared)) = ready else {
            let names: Vec<_> = waiting.keys().copied().collect();
            problems.push(
                Problem::new(
                    Code::RequirementCycle,
                    format!("these plugins wait for each other: {}", names.join(", ")),
                    "remove one `requires(…)`, and let an event take its place",
                )
                .at(waiting.values().map(|(_, site)| *site)),
            );
            ordered.extend(waiting.into_values());
            break;
        };
        placed.insert(id);
        ordered.push(declared);
        waiting.remove(id);
    }
    ordered
}

fn check_requirements(
    item: &PluginItem,
    site: &'static Site,
    by_id: &BTreeMap<&str, Declared>,
    problems: &mut Vec<Problem>,
) {
    for (needed, range) in item.meta.requires {
        let Some((found, their_site)) = by_id.get(needed) else {
            problems.push(
                Problem::new(
                    Code::MissingRequirement,
                    format!("`{}` requires `{needed}`, which is not part of this binary", item.owner.id),
                    format!("add the crate of `{needed}` to Cargo.toml and to `plugins!`"),
                )
                .at([site]),
            );
            continue;
        };
        let (range, version) = (semver::VersionReq::parse(range), semver::Version::parse(found.meta.version));
        let fits = matches!((&range, &version), (Ok(range), Ok(version)) if range.matches(version));
        if !fits {
            let range = range.map_or_else(|error| error.to_string(), |range| range.to_string());
            problems.push(
                Problem::new(
                    Code::RequiredVersion,
                    format!(
                        "`{}` requires `{needed} {range}`, and `{needed}` is {}",
                        item.owner.id, found.meta.version
                    ),
                    "change the requirement, or link a version that meets it",
                )
                .at([site, their_site]),
            );
        }
    }
}
