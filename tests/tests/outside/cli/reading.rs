//! Commands that only read leave a directory as it is, whatever was the last to write there.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;
use tests::small_disk::SmallDisk;

use super::Shell;
use crate::tools::{Expect, Running};

const PLUGIN: &str = "misbehaving";

/// Every file below `folder` with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), fs::read(&path).expect("a file"))),
        }
    }
    found
}

/// The files that are not the same `before` and `after`.
fn changed<'a>(before: &'a BTreeMap<PathBuf, Vec<u8>>, after: &'a BTreeMap<PathBuf, Vec<u8>>) -> Vec<&'a PathBuf> {
    let all = before.keys().chain(after.keys());
    all.filter(|path| before.get(*path) != after.get(*path)).collect()
}

/// Asserts that nothing changes while everything that `shell` can ask for is asked for.
fn look_at_everything(shell: &Shell, data: &Path, plugin: &str) {
    let before = files(data);
    for args in [
        &["db", "stats"][..],
        &["db", "find", plugin],
        &["db", "find", plugin, "--explain"],
        &["db", "get", plugin, "n:0"],
        &["db", "export", plugin],
        &["db", "verify"],
        &["token", "list"],
        &["backup", "list"],
    ] {
        let said = shell.run(args);
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
        let after = files(data);
        let changed = changed(&before, &after);
        assert!(changed.is_empty(), "{args:?}: {changed:?}");
    }
}

#[test]
fn looking_with_other_plugins_changes_nothing() {
    let with = Shell::misbehaving();
    let lines = with.write("lines", "{\"key\":\"n:0\",\"value\":0}\n{\"key\":\"n:1\",\"value\":1}\n");
    with.done(&["db", "import", PLUGIN, &lines.to_string_lossy()]);
    look_at_everything(&Shell::new().on(&with.data()), &with.data(), PLUGIN);
    look_at_everything(&with, &with.data(), PLUGIN);
}

#[test]
fn a_disk_that_takes_no_writes_can_be_looked_at() {
    let Some(disk) = SmallDisk::new("48m").unwrap_or_else(|error| panic!("{error}")) else { return };
    let shell = Shell::misbehaving().on(&disk.data());
    let lines = shell.write("lines", "{\"key\":\"n:0\",\"value\":0}\n");
    shell.done(&["db", "import", PLUGIN, &lines.to_string_lossy()]);
    for without_lock in [false, true] {
        if without_lock {
            fs::remove_file(disk.data().join("server.lock")).expect("it was there");
        }
        disk.read_only().expect("nobody writes there any more");
        look_at_everything(&shell, &disk.data(), PLUGIN);
        let refused = shell.run(&["db", "import", PLUGIN, &lines.to_string_lossy(), "--merge"]);
        assert!(refused.code == Some(5) && refused.err.contains("Read-only file system"), "{refused:?}");
        disk.resize("48m").expect("it takes writes again");
    }
}

#[test]
fn what_a_killed_server_acknowledged_is_shown_and_left_where_it_is() {
    let mut server = Running::misbehaving();
    for n in 0..100 {
        let path = format!("/api/store/{PLUGIN}/documents/n:{n}");
        let body = Some(("application/json", n.to_string().into_bytes()));
        server.admin().header("if-none-match", "*").send("PUT", &path, body).expect("an answer").is(201);
    }
    server.kill().expect("killed");
    for shell in [Shell::new(), Shell::misbehaving()] {
        let shell = shell.on(&server.data_dir());
        let found = shell.json(&["db", "find", PLUGIN, "--under", "n:", "--limit", "1000", "--json"]);
        assert_eq!(found["items"].as_array().map(Vec::len), Some(100));
        assert_eq!(shell.json(&["db", "get", PLUGIN, "n:99"])["value"], json!(99));
        let before = files(&server.data_dir());
        shell.done(&["db", "verify"]);
        assert_eq!(changed(&before, &files(&server.data_dir())), Vec::<&PathBuf>::new());
    }
    Shell::misbehaving().on(&server.data_dir()).done(&["db", "drop", PLUGIN, "--yes"]);
}

#[test]
fn a_directory_without_a_store_is_shown_as_empty_and_gets_none() {
    let shell = Shell::new();
    fs::create_dir(shell.data()).expect("a folder");
    let stats = shell.json(&["db", "stats", "--json"]);
    let stats = stats.as_array().expect("a list");
    assert!(!stats.is_empty() && stats.iter().all(|it| it["documents"] == json!(0)), "{stats:?}");
    shell.done(&["db", "verify"]);
    let lock = shell.data().join("server.lock");
    assert_eq!(files(&shell.data()).into_keys().collect::<Vec<_>>(), [&*lock], "it keeps a server away meanwhile");
    // As the default is.
    let here = shell.on(Path::new("./data"));
    for args in [
        &["db", "stats"][..],
        &["db", "verify"],
        &["db", "find", "data-plugin"],
        &["db", "export", "data-plugin"],
        &["token", "list"],
    ] {
        here.done(args);
    }
    assert!(here.fails(&["backup"], 1).contains("there is no store in ./data"));
    assert!(
        files(&here.data()).into_keys().all(|path| path == lock) && !here.path("backups").exists(),
        "nothing is made"
    );
}
