//! What the graph of packages must be: arrows that run one way, RocksDB in the server alone, and licences that fit ours.

use std::{collections::BTreeSet, fs, iter::Peekable, str::SplitWhitespace};

use cargo_metadata::{Metadata, MetadataCommand, Package};
use linkage::{cargo, said, workspace};

/// Every package that a build for this machine may compile.
fn metadata() -> Metadata {
    let version =
        cargo(&workspace()).args(["version", "--verbose"]).output().expect("cargo is there: it runs this test");
    let version = said(&version);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo says its host");
    MetadataCommand::new()
        .current_dir(workspace())
        .other_options(["--locked", "--offline", "--filter-platform", host].map(str::to_owned))
        .exec()
        .expect("the packages were fetched to build this test")
}

fn depends_on<'a>(package: &'a Package, ours: &BTreeSet<&str>) -> BTreeSet<&'a str> {
    package.dependencies.iter().map(|it| it.name.as_str()).filter(|name| ours.contains(name)).collect()
}

#[test]
fn our_crates_depend_in_one_direction() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    for (name, may) in [
        ("plugin-syntax", &[][..]),
        ("plugin-macros", &["plugin-syntax"]),
        ("plugin-core", &["plugin-macros", "plugin-syntax"]),
        ("example-plugins", &["plugin-core"]),
        ("plugin-server", &["example-plugins", "plugin-core", "plugin-syntax"]),
    ] {
        let package = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == name);
        let found = depends_on(package.expect("a member"), &ours);
        let may: BTreeSet<&str> = may.iter().copied().collect();
        assert!(found.is_subset(&may), "{name} depends on {found:?}, and may on {may:?}");
    }
}

#[test]
fn only_the_server_the_tests_of_it_and_benchmarks_that_ask_for_it_build_rocksdb() {
    let metadata = metadata();
    let dependants = |name: &str| -> BTreeSet<String> {
        let named = |package: &&Package| package.dependencies.iter().any(|it| it.name == name);
        metadata.workspace_packages().into_iter().filter(named).map(|package| package.name.to_string()).collect()
    };
    let named = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    assert_eq!(dependants("rocksdb"), named(&["benches", "plugin-server"]));
    assert_eq!(dependants("plugin-server"), named(&["benches", "own-server", "tests"]));
    assert_eq!(dependants("rusqlite"), named(&["benches"]));
    let benches = metadata.workspace_packages().into_iter().find(|package| package.name.as_str() == "benches");
    let built: Vec<_> = benches.expect("a member").dependencies.iter().filter(|it| !it.optional).collect();
    for name in ["rocksdb", "plugin-server", "rusqlite"] {
        assert!(built.iter().all(|it| it.name != name), "benches builds {name} without being asked for it");
    }
    assert!(benches.expect("a member").features.get("default").is_none_or(Vec::is_empty));
}

#[test]
fn the_licence_of_every_dependency_is_allowed() {
    let text = fs::read_to_string(workspace().join("deny.toml")).expect("the list of what is allowed");
    let rules: toml::Table = text.parse().expect("TOML");
    let allowed: BTreeSet<&str> =
        rules["licenses"]["allow"].as_array().expect("a list").iter().filter_map(toml::Value::as_str).collect();
    let metadata = metadata();
    let refused: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some())
        .filter(|package| !package.license.as_deref().is_some_and(|licence| is_allowed(licence, &allowed)))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    assert!(refused.is_empty(), "not allowed by deny.toml:\n{}", refused.join("\n"));
}

/// Whether one may choose among what an SPDX expression offers so that all of it is in `allowed`. Cargo's old `/` means `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any(&mut words, allowed) && words.next().is_none()
}

fn any(words: &mut Peekable<SplitWhitespace<'_>>, allowed: &BTreeSet<&str>) -> bool {
    let mut holds = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        holds |= all(words, allowed);
    }
    holds
}

fn all(words: &mut Peekable<SplitWhitespace<'_>>, allowed: &BTreeSet<&str>) -> bool {
    let mut holds = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut Peekable<SplitWhitespace<'_>>, allowed: &BTreeSet<&str>) -> bool {
    match words.next() {
        Some("(") => any(words, allowed) & words.next_if_eq(&")").is_some(),
        Some(licence) => match words.next_if_eq(&"WITH").and_then(|_| words.next()) {
            Some(exception) => allowed.contains(format!("{licence} WITH {exception}").as_str()),
            None => allowed.contains(licence),
        },
        None => false,
    }
}

#[test]
fn a_choice_of_licences_is_allowed_and_a_sum_only_as_a_whole() {
    let allowed = ["MIT", "Apache-2.0 WITH LLVM-exception"].into();
    let check = |expression| is_allowed(expression, &allowed);
    assert!(check("GPL-3.0 OR MIT") && check("MIT/Apache-2.0") && check("(GPL-3.0 OR MIT) AND MIT"));
    assert!(check("Apache-2.0 WITH LLVM-exception"));
    assert!(!check("GPL-3.0") && !check("MIT AND GPL-3.0") && !check("Apache-2.0") && !check("(MIT") && !check(""));
}
