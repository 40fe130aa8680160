//! Peers that begin a request and do not go on, or do not take the answer: each loses its connection.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;
use tests::server::ADMIN_TOKEN;

use crate::tools::{Ask, Expect, Running};

const TRACK: &str = "/api/plugins/analytics-plugin/endpoints/track";

/// Everything that the server says to `parts`, each sent when the answer to the one before has begun, until it closes; and how long
/// after the last part that was.
fn said_until_closed(server: &Running, parts: &[&str]) -> (String, Duration) {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket takes a limit");
    let mut said = Vec::new();
    let mut begun = Instant::now();
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            let mut answer = [0; 4096];
            let read = stream.read(&mut answer).expect("an answer");
            said.extend(&answer[..read]);
        }
        begun = Instant::now();
        stream.write_all(part.as_bytes()).expect("the server reads");
    }
    match stream.read_to_end(&mut said) {
        // What the server did not read makes its end of the connection known as a reset.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        read => drop(read.unwrap_or_else(|error| panic!("{error} after {}", String::from_utf8_lossy(&said)))),
    }
    (String::from_utf8(said).expect("text"), begun.elapsed())
}

#[track_caller]
fn is_cut_with(server: &Running, parts: &[&str], status: u16, limit: u64) {
    let (said, after) = said_until_closed(server, parts);
    assert!(after < Duration::from_secs(limit), "{after:?}: {said}");
    let last = said.rfind("HTTP/1.1 ").map(|from| &said[from..]).unwrap_or_default();
    assert!(last.starts_with(&format!("HTTP/1.1 {status} ")), "{said}");
    assert!(last.contains("application/problem+json") && last.contains(&format!("\"status\":{status}")), "{said}");
}

#[test]
fn a_body_that_stalls_is_cut_however_it_is_sent() {
    let server = Running::start();
    for framing in ["content-length: 100\r\n\r\n{\"a\":", "transfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"] {
        let head = format!("POST {TRACK} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{framing}");
        is_cut_with(&server, &[&head], 408, 15);
    }
}

#[test]
fn a_body_that_nobody_reads_is_not_waited_for() {
    let server = Running::start();
    for framing in ["content-length: 100\r\n\r\n{\"a\":", "transfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"] {
        for (path, status) in [("/api/tokens", 401), ("/nowhere", 404), ("/healthz", 405)] {
            let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{framing}");
            is_cut_with(&server, &[&head], status, 15);
        }
    }
}

#[test]
fn every_head_that_stalls_is_cut() {
    let server = Running::start();
    let whole = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    std::thread::scope(|scope| {
        for parts in [vec!["GET /hea"], vec![whole, "GET /hea"], vec![whole, whole, "G"]] {
            let server = &server;
            scope.spawn(move || is_cut_with(server, &parts, 408, 10));
        }
    });
}

#[test]
fn a_connection_is_good_for_more_than_one_request_with_a_chunked_body() {
    let server = Running::start();
    let head = format!("POST {TRACK} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
    let request = format!("{head}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    let last = format!("{head}connection: close\r\ncontent-length: 2\r\n\r\n{{}}");
    let (said, _) = said_until_closed(&server, &[&request, &request, &last]);
    assert_eq!(said.matches("HTTP/1.1 201 ").count(), 3, "{said}");
}

/// More than a connection has room for between its two ends.
const MUCH: usize = 40;

#[test]
fn an_export_that_nobody_takes_is_given_up_and_its_plugin_can_be_switched_on() {
    let server = Running::start();
    let (admin, plugin) = (server.admin(), "cleanup-plugin");
    admin.posted(&format!("/api/plugins/{plugin}/disable"), json!({})).is(204);
    let text = "x".repeat(900_000);
    let lines: String = (0..MUCH).map(|n| format!("{{\"key\":\"{n}\",\"value\":\"{text}\"}}\n")).collect();
    let import = format!("/api/store/{plugin}/import");
    let imported = admin.send("POST", &import, Some(("application/x-ndjson", lines.into_bytes()))).expect("an answer");
    assert_eq!(imported.is(200)["documents"], json!(MUCH));

    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    let head =
        format!("GET /api/store/{plugin}/export HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).expect("it begins");
    assert_eq!(&begun, b"HTTP/1.1 200");
    admin.posted(&format!("/api/plugins/{plugin}/enable"), json!({})).refuses(409);
    let told = server.wait_for_line(Duration::from_secs(60), |line| line.contains("an export ended early"));
    assert!(told.as_ref().is_ok_and(|line| line.contains(plugin)), "{told:?}");
    admin.posted(&format!("/api/plugins/{plugin}/enable"), json!({})).is(204);
}
