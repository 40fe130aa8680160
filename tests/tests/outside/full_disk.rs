//! A server whose disk fills up: it says so, goes on reading, and recovers when there is room again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use tests::{
    api::Api,
    server::{Launch, Server},
    small_disk::SmallDisk,
};

use crate::tools::{Ask, Expect, endpoint, eventually};

/// A disk that holds a server and little more.
fn small_disk() -> Option<SmallDisk> {
    SmallDisk::new("48m").unwrap_or_else(|error| panic!("{error}"))
}

fn launch(disk: &SmallDisk) -> Launch {
    Launch::plugin_server(&disk.data()).expect("it was built")
}

fn conversations() -> String {
    endpoint("conversations", "/conversations")
}

/// Starts conversations that say a lot, until one is refused: those that were acknowledged, with their message, and the refusal.
fn until_refused(client: &Api, kept: &mut Vec<String>) -> Value {
    let text = "much to say ".repeat(20_000);
    for n in kept.len().. {
        let id = format!("c-{n}");
        let created = client.posted(&conversations(), json!({ "id": id }));
        let said = match created.status {
            201 => {
                let message = json!({ "from": "user", "text": text });
                client.posted(&format!("{}/{id}/messages", conversations()), message)
            }
            _ => created,
        };
        match said.status {
            201 => kept.push(id),
            // Whoever was on the way when the disk was full learns nothing more.
            500 => {}
            503 => {
                assert_eq!(said.header("retry-after"), Some("10"));
                return said.refuses(503);
            }
            other => panic!("{other}: {}", said.text()),
        }
    }
    unreachable!("the disk is small")
}

fn all_there(client: &Api, kept: &[String]) {
    for id in kept {
        let shown = client.got(&format!("{}/{id}", conversations())).is(200);
        assert_eq!(shown["messages"].as_array().map(Vec::len), Some(1), "{id}");
    }
}

#[test]
fn a_full_disk_is_503_until_there_is_room_and_costs_nothing_acknowledged() {
    let Some(disk) = small_disk() else { return };
    let mut server = launch(&disk).start().expect("the server starts");
    let ada = |server: &Server| server.admin().app("shop").user("ada");
    let mut kept = Vec::new();
    let ballast = disk.fill().expect("a file");
    let refused = until_refused(&ada(&server), &mut kept);
    assert_eq!(refused["type"], json!("/problems/store-unavailable"));
    assert!(!kept.is_empty(), "the log had room of its own");
    let ready = server.anonymous().got("/readyz");
    assert_eq!(
        (ready.refuses(503)["type"].clone(), ready.header("retry-after")),
        (refused["type"].clone(), Some("10"))
    );
    server.anonymous().got("/healthz").is(200);
    all_there(&ada(&server), &kept);
    let line = server.wait_for_line(std::time::Duration::from_secs(10), |line| line.contains("once the disk has room"));
    assert!(line.is_ok(), "{line:?}");

    fs::remove_file(ballast).expect("removed");
    eventually(|| server.anonymous().got("/readyz").status, |status| *status == 200);
    all_there(&ada(&server), &kept);
    ada(&server).posted(&conversations(), json!({ "id": "after" })).is(201);
    assert!(server.stop().expect("it stops").success());
    server.restart().expect("it starts");
    all_there(&ada(&server), &kept);
    ada(&server).got(&format!("{}/after", conversations())).is(200);
}

#[test]
fn a_server_does_not_start_on_a_full_disk_and_says_so() {
    let Some(disk) = small_disk() else { return };
    let mut server = launch(&disk).start().expect("the server starts");
    server.admin().posted("/api/tokens", json!({ "name": "kept", "scopes": [] })).is(201);
    assert!(server.stop().expect("it stops").success());
    let ballast = disk.fill().expect("a file");
    let before = tables_and_logs(&disk.data());
    let mut command = launch(&disk).command(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    let ended = command.arg(disk.data()).output().expect("it runs");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.code() == Some(5) && said.contains("the disk is full"), "{:?}: {said}", ended.status);
    assert_eq!(tables_and_logs(&disk.data()), before);
    fs::remove_file(ballast).expect("removed");
    server.restart().expect("there is room again");
    assert_eq!(server.admin().got("/api/tokens").is(200)[0]["name"], json!("kept"));
}

/// The files of the store and their contents.
fn tables_and_logs(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(data.join("store")).expect("a store").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries.map(|path| (path.clone(), fs::read(path).expect("a file"))).collect();
    files.sort();
    files
}
