//! Two versions of plugin-core in one graph would each gather half of the plugins, silently. `links` makes cargo refuse.

use std::{fs, path::Path, process::Output};

use linkage::{cargo, said, workspace};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder of this workspace") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a file")),
        }
    }
}

/// The workspace once more, as plugin-core 0.2.0 and what it needs alone.
fn next_version(folder: &Path) {
    for part in ["plugin-core", "plugin-macros"] {
        copy(&workspace().join(part), &folder.join(part));
    }
    let text = fs::read_to_string(workspace().join("Cargo.toml")).expect("the manifest");
    let mut manifest: toml::Table = text.parse().expect("TOML");
    let tables = manifest["workspace"].as_table_mut().expect("a table");
    tables["package"]["version"] = "0.2.0".into();
    tables["members"] = toml::Value::from(vec!["plugin-core", "plugin-macros", "plugin-macros/syntax"]);
    fs::write(folder.join("Cargo.toml"), manifest.to_string()).expect("the manifest again");
}

/// Resolves a server that depends on this plugin-core, and on `more`.
fn resolve(folder: &Path, more: &str) -> Output {
    let app = folder.join("app");
    fs::create_dir_all(app.join("src")).expect("a folder");
    fs::write(app.join("src/lib.rs"), "").expect("a file");
    fs::copy(workspace().join("Cargo.lock"), app.join("Cargo.lock")).expect("the versions of this workspace");
    let core = workspace().join("plugin-core");
    let manifest = format!(
        "[package]\nname = \"app\"\nedition = \"2024\"\n[workspace]\n[dependencies]\nplugin-core = {{ path = '{}' }}\n{more}",
        core.display()
    );
    fs::write(app.join("Cargo.toml"), manifest).expect("a file");
    cargo(&app).args(["update", "--workspace"]).output().expect("cargo is there: it runs this test")
}

#[test]
fn a_second_plugin_core_in_the_graph_is_refused_by_cargo() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let alone = resolve(folder.path(), "");
    assert!(alone.status.success(), "{}", said(&alone));

    next_version(&folder.path().join("next"));
    let both = resolve(folder.path(), "another = { package = 'plugin-core', path = '../next/plugin-core' }\n");
    let said = said(&both);
    assert!(!both.status.success(), "{said}");
    assert!(said.contains("links to the native library `plugin-core`"), "{said}");
}
