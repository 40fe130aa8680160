//! `backup` and `restore`: what was acknowledged before a backup is in it, and what is in it has no holes.

use std::{
    fs,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use serde_json::{Value, json};

use super::Shell;
use crate::tools::{Expect, Running};

const PLUGIN: &str = "cleanup-plugin";

/// The numbers of the documents that there are.
fn numbers(shell: &Shell) -> Vec<u64> {
    let mut all = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let cursor = next.clone().map(|next| ["--cursor".to_owned(), next]);
        let mut args = vec!["db", "find", PLUGIN, "--limit", "1000", "--under", "n:", "--json"];
        args.extend(cursor.iter().flatten().map(String::as_str));
        let page = shell.json(&args);
        all.extend(page["items"].as_array().expect("a list").iter().map(|it| it["value"].as_u64().expect("a number")));
        next = page["next"].as_str().map(ToOwned::to_owned);
        if next.is_none() {
            return all;
        }
    }
}

#[test]
fn a_backup_under_load_has_all_that_was_acknowledged_before_it_and_no_holes() {
    let server = Running::start();
    let shell = Shell::new().on(&server.data_dir());
    let (done, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut before = Vec::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if done.load(Ordering::SeqCst) {
                    return;
                }
                let path = format!("/api/store/{PLUGIN}/documents/n:{n:08}");
                let body = Some(("application/json", n.to_string().into_bytes()));
                let new = server.admin().header("if-none-match", "*");
                new.send("PUT", &path, body).expect("an answer").is(201);
                acknowledged.store(n + 1, Ordering::SeqCst);
            }
        });
        for _ in 0..3 {
            let known = acknowledged.load(Ordering::SeqCst);
            let made = shell.json(&["backup"]);
            before.push((made["id"].as_u64().expect("a number"), known));
        }
        done.store(true, Ordering::SeqCst);
    });
    let written = acknowledged.load(Ordering::SeqCst);
    let folder = server.data_dir().with_file_name("backups").to_string_lossy().into_owned();
    for (id, known) in before {
        let other = Shell::new();
        other.done(&["restore", "--from", &folder, "--id", &id.to_string()]);
        let found = numbers(&other);
        let count = found.len() as u64;
        assert_eq!(found, (0..count).collect::<Vec<_>>(), "no holes");
        assert!(known <= count && count <= written + 1, "{known} {count} {written}");
        other.done(&["db", "verify"]);
    }
}

#[test]
fn backups_are_listed_kept_and_restored_beside_what_is_there() {
    let shell = Shell::new();
    let lines = shell.write("lines", "{\"key\":\"k\",\"value\":1}\n");
    shell.done(&["db", "import", "data-plugin", &lines.to_string_lossy()]);
    let first = shell.json(&["backup"]);
    for _ in 0..2 {
        shell.done(&["backup", "--keep", "2"]);
    }
    let listed = shell.json(&["backup", "list", "--json"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    assert!(!listed.as_array().expect("a list").contains(&first), "the oldest has gone");
    assert!(shell.done(&["backup", "list"]).starts_with("ID"));
    shell.done(&["token", "create", "later"]);
    assert!(shell.fails(&["restore"], 1).contains("--replace"));
    let restored = shell.json(&["restore", "--replace"]);
    assert!(restored["movedAside"].is_string(), "{restored}");
    assert_eq!(shell.json(&["token", "list", "--json"]), json!([]), "as it was before");
    assert!(shell.fails(&["restore", "--replace", "--id", "77"], 1).contains("no such backup"));
    assert!(shell.fails(&["restore", "--from", "nowhere"], 1).contains("no such backup"));
}

#[test]
fn a_server_keeps_its_store_from_being_replaced_and_says_where_backups_go() {
    let server = Running::start();
    let shell = Shell::new().on(&server.data_dir());
    let elsewhere = shell.path("elsewhere").to_string_lossy().into_owned();
    let made = shell.json(&["backup", "--to", &elsewhere]);
    assert_eq!(shell.json(&["backup", "list", "--from", &elsewhere, "--json"]), json!([made]));
    assert!(!shell.fails(&["restore", "--from", &elsewhere, "--replace"], 4).is_empty());
    let token = shell.done(&["token", "create", "far", "--scope", "admin"]);
    let far = server.anonymous().token(token.trim());
    far.send("POST", "/api/backups?to=/tmp/x", None).expect("an answer").refuses(403);
    far.send("POST", "/api/backups?keep=0", None).expect("an answer").refuses(422);
    let made: Value = far.send("POST", "/api/backups?keep=1", None).expect("an answer").is(201);
    assert_eq!(far.send("GET", "/api/backups", None).expect("an answer").is(200), json!([made]));
}

#[test]
fn a_backup_of_a_damaged_store_is_5_wherever_the_damage_is() {
    let shell = Shell::new();
    let lines: String =
        (0..5_000).map(|n| format!("{{\"key\":\"n:{n}\",\"value\":\"{:x}\"}}\n", n * 7_919_u64)).collect();
    let lines = shell.write("lines", &lines);
    shell.done(&["db", "import", PLUGIN, &lines.to_string_lossy()]);
    shell.done(&["backup"]);
    let store = shell.data().join("store");
    let files = || fs::read_dir(&store).expect("a store").map(|entry| entry.expect("an entry").path());
    let tables = files().filter(|file| file.extension().is_some_and(|extension| extension == "sst"));
    let table = tables.max_by_key(|table| fs::metadata(table).expect("a table").len()).expect("the backup made one");
    let whole = fs::read(&table).expect("a table");
    for place in [10, whole.len() / 3, whole.len() / 2, whole.len() - 4] {
        let other = Shell::new();
        fs::create_dir_all(other.data().join("store")).expect("a folder");
        for file in files() {
            fs::copy(&file, other.data().join("store").join(file.file_name().expect("a name"))).expect("copied");
        }
        let mut bytes = whole.clone();
        bytes[place] ^= 0xff;
        fs::write(other.data().join("store").join(table.file_name().expect("a name")), bytes).expect("written");
        let said = other.fails(&["backup"], 5);
        assert!(said.contains(".sst") || said.contains("damaged"), "{place}: {said}");
        assert_eq!(other.json(&["backup", "list", "--json"]), json!([]), "{place}: it is not kept");
    }
}
