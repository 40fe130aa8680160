//! `check`: everything that would keep the server or one of its plugins from working, without starting anything.

use std::{collections::BTreeSet, path::PathBuf};

use cargo_metadata::{Dependency, DependencyKind, MetadataCommand, Package};
use plugin_core::{catalog::Catalog, registration::Registration};

use super::{print, warn};
use crate::{
    exit::Failure,
    settings::{Given, Settings, known_plugins},
};

/// Checks the catalog, the crates of the workspace this runs in, and the settings.
pub(super) fn check(config: Option<PathBuf>) -> Result<(), Failure> {
    let catalog = Catalog::linked();
    let mut of_catalog: Vec<String> = catalog.as_ref().err().map(ToString::to_string).into_iter().collect();
    of_catalog.extend(unlinked());
    let of_settings = match Given::gather(config, Vec::new()).and_then(|given| Settings::load(given, &known_plugins()))
    {
        Ok(settings) => {
            warn(&settings);
            settings.show().1.iter().map(ToString::to_string).collect()
        }
        Err(error) => error.0,
    };
    let all = [&*of_catalog, &*of_settings].concat().join("\n");
    match catalog {
        Ok(catalog) if all.is_empty() => {
            let (plugins, items) = (catalog.plugins().len(), catalog.entries().len());
            print(&format!("{plugins} plugins with {items} items: no problems"))
        }
        _ if of_catalog.is_empty() => Err(Failure::Usage(all)),
        _ => Err(Failure::Catalog(all)),
    }
}

/// Crates of the workspace around the current directory that depend on plugin-core and that this binary does not hold.
///
/// A crate that is meant for something else says so: `[package.metadata.plugin-server] check = false`.
fn unlinked() -> Vec<String> {
    // Outside a workspace, or without cargo, there is nothing to compare with.
    let Ok(metadata) = MetadataCommand::new().no_deps().exec() else { return Vec::new() };
    let linked: BTreeSet<&str> = Registration::linked().map(|it| it.site.package).collect();
    let missing = metadata.workspace_packages().into_iter().filter(|package| may_hold_plugins(package));
    missing
        .filter(|package| !linked.contains(package.name.as_str()))
        .map(|package| {
            let (name, manifest) = (&package.name, &package.manifest_path);
            format!(
                "the crate `{name}` depends on plugin-core, and nothing of it is linked\n  at {manifest}\n  help: name it in `plugins!`, or say in its Cargo.toml that it is for something else: `[package.metadata.plugin-server] check = false`"
            )
        })
        .collect()
}

/// Whether `package` is a library on plugin-core, and neither part of the framework nor for something else.
fn may_hold_plugins(package: &Package) -> bool {
    const FRAMEWORK: [&str; 2] = ["plugin-core", "plugin-server"];
    let on_core = |it: &Dependency| it.name == "plugin-core" && it.kind == DependencyKind::Normal;
    let is_library = package.targets.iter().any(cargo_metadata::Target::is_lib);
    let asked = package.metadata.pointer("/plugin-server/check").and_then(serde_json::Value::as_bool).unwrap_or(true);
    asked && is_library && package.dependencies.iter().any(on_core) && !FRAMEWORK.contains(&package.name.as_str())
}
