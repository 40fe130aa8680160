//! Bodies that do not arrive, over a socket.

use std::time::Duration;

use actix_web::{App, HttpServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::serving::{router, shared};
use crate::{
    ManualClock, Timestamp,
    endpoint::{body::BODY_TIMEOUT, handler::Pool},
};

/// What the server says to `head` and, after its clock has passed the time for a body, no more, until it closes.
async fn said_to(head: &str, stalls: Stalls) -> String {
    let manual = ManualClock::at(Timestamp::UNIX_EPOCH);
    let router = router(&shared(manual.clone().into()), Pool::Inline);
    let server = HttpServer::new(move || App::new().service(router.clone()))
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .expect("a free port");
    let address = server.addrs()[0];
    let running = server.run();
    let handle = running.handle();
    let running = actix_web::rt::spawn(running);

    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(head.as_bytes()).await.expect("sent");
    if stalls == Stalls::Yes {
        while manual.next_sleeper().is_none() {
            tokio::task::yield_now().await;
        }
        manual.set(Timestamp::UNIX_EPOCH.saturating_add(BODY_TIMEOUT));
    }
    let mut said = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut said)).await;
    read.expect("the connection is closed").expect("read");
    handle.stop(false).await;
    running.await.expect("joined").expect("stopped");
    String::from_utf8(said).expect("text")
}

#[derive(PartialEq)]
enum Stalls {
    Yes,
    No,
}

#[actix_web::test]
async fn a_body_that_stalls_is_cut() {
    let head = "PUT /api/plugins/desk/endpoints/ask HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf";
    let said = said_to(head, Stalls::Yes).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(said.contains("application/problem+json") && said.contains("/problems/request-timeout"), "{said}");
}

#[actix_web::test]
async fn a_body_that_would_be_too_large_is_not_waited_for() {
    let head = "PUT /api/plugins/desk/endpoints/ask HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\nhalf";
    let said = said_to(head, Stalls::No).await;
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    assert!(said.contains("/problems/too-large"), "{said}");
}
