//! A client that keeps one worker of a server busy: some connections, each of which sends its next request when it has the whole
//! answer to the last.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinSet,
};

/// How many connections are open at once.
const CONNECTIONS: usize = 32;

/// The client, on the thread that calls it.
pub(crate) struct Load(Runtime);

impl Load {
    pub(crate) fn new() -> Self {
        Self(Builder::new_current_thread().enable_all().build().expect("a runtime can be made"))
    }

    /// How many requests of `path` the server at `address` answers in a second, asked for as long as `time`.
    pub(crate) fn requests_per_second(&self, address: SocketAddr, path: &str, time: Duration) -> f64 {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nx-tag: tag\r\naccept: */*\r\n\r\n");
        self.0.block_on(async {
            let began = Instant::now();
            let mut connections = JoinSet::new();
            for _ in 0..CONNECTIONS {
                let request = request.clone();
                connections.spawn(async move { ask(address, request.as_bytes(), began + time).await });
            }
            let answered: u64 = connections.join_all().await.into_iter().sum();
            answered as f64 / began.elapsed().as_secs_f64()
        })
    }
}

/// Sends `request` again and again until it is `end`, and says how often it was answered.
async fn ask(address: SocketAddr, request: &[u8], end: Instant) -> u64 {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("an option of every socket");
    let mut buffer = [0; 4096];
    let (mut answered, mut length) = (0, None);
    while Instant::now() < end {
        stream.write_all(request).await.expect("the server reads");
        let mut read = 0;
        // All answers are as long as the first.
        while length.is_none_or(|length| read < length) {
            let got = stream.read(&mut buffer[read..]).await.expect("the server answers");
            assert!(got > 0, "the server keeps the connection");
            read += got;
            length = length.or_else(|| whole(&buffer[..read]));
        }
        answered += 1;
    }
    answered
}

/// The length of the answer that `said` begins with, once its head is complete.
fn whole(said: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(said).expect("answers are text");
    let (head, _) = text.split_once("\r\n\r\n")?;
    assert!(head.starts_with("HTTP/1.1 200"), "{text}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("the answer has a length");
    Some(head.len() + 4 + length.parse::<usize>().expect("a number"))
}
