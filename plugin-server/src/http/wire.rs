//! The time that the head of a request may take and that a peer may take nothing of its answer, and the last answer of a connection
//! that does not speak HTTP. actix-http gives that one by itself, before any service sees a request, and with an empty body; callers of
//! this server read a problem document whatever went wrong.

use std::{
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::http::StatusCode;
use plugin_core::{
    Clock, Timestamp,
    clock::Sleep,
    context::caller::request_id,
    endpoint::problem::{PROBLEM_JSON, Problem},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::exchange::Exchange;

/// How long the head of a request may take to arrive: that of the first from the connection on, that of a later one from its first
/// byte on.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a peer may take nothing of what it is sent before the connection is given up, with all that its answer keeps hold of.
pub(super) const TAKE_TIME: Duration = Duration::from_secs(30);

/// How many bytes of an answer wait in the system to be sent, at most. Otherwise it takes megabytes, and asks for more only when a third
/// of them has gone: a peer that takes 40 KB a second would pass for one that takes nothing. What is on its way is not counted, so a
/// distant peer is sent as much as before.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 << 10;

/// A connection on which no head and no answer takes for ever, and whose own errors become problem documents.
#[derive(Debug)]
pub(super) struct Wire<T = TcpStream> {
    socket: T,
    clock: Clock,
    exchange: Rc<Exchange>,
    head: Option<Head>,
    /// When a peer that takes nothing is given up; nothing while it takes what it is sent.
    stalled: Option<Pin<Box<Sleep>>>,
    /// What is still to be written of the last answer, once there is one.
    last: Option<Vec<u8>>,
}

/// A head that is arriving.
#[derive(Debug)]
struct Head {
    /// How many came before it.
    number: u64,
    /// When it is too late; nothing as long as it may be complete already.
    limit: Option<Pin<Box<Sleep>>>,
}

impl<T> Wire<T> {
    pub(super) fn new(socket: T, clock: Clock) -> Self {
        let (exchange, head) = (Rc::default(), Some(Head { number: 0, limit: None }));
        Self { socket, clock, exchange, head, stalled: None, last: None }
    }

    /// What the service of this connection tells of its requests.
    pub(super) fn exchange(&self) -> Rc<Exchange> {
        Rc::clone(&self.exchange)
    }

    /// The head that is arriving, if one is.
    fn head(&mut self) -> Option<&mut Head> {
        let heads = self.exchange.heads();
        self.head.take_if(|head| head.number != heads);
        self.head.as_mut()
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let limit = self.head().and_then(|head| head.limit.as_mut());
        limit.is_some_and(|limit| limit.as_mut().poll(context).is_ready())
    }

    /// Takes the time of a head that is not complete, now that all which came was looked at.
    fn time_head(&mut self, context: &mut Context<'_>) {
        let clock = self.clock.clone();
        let Some(head) = self.head() else { return };
        let limit = head.limit.get_or_insert_with(|| clock.sleep(HEAD_TIME));
        if limit.as_mut().poll(context).is_ready() {
            // What is late is found out where it is read.
            context.waker().wake_by_ref();
        }
    }
}

impl Wire {
    /// One over a socket, which asks for more as soon as its peer has taken some.
    pub(super) fn over(socket: TcpStream, clock: Clock) -> Self {
        #[cfg(target_os = "linux")]
        if let Err(error) = socket2::SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT) {
            tracing::debug!("a connection asks late for more of its answer: {error}");
        }
        Self::new(socket, clock)
    }
}

impl<T: AsyncWrite + Unpin> Wire<T> {
    /// Sends some of `bytes`.
    ///
    /// # Errors
    /// What the socket says; [`io::ErrorKind::TimedOut`] if the peer has taken nothing for [`TAKE_TIME`].
    fn poll_send(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Poll::Ready(sent) = Pin::new(&mut self.socket).poll_write(context, bytes) {
            self.stalled = None;
            return Poll::Ready(sent);
        }
        let limit = self.stalled.get_or_insert_with(|| self.clock.sleep(TAKE_TIME));
        ready!(limit.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_last(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(mut rest) = self.last.take_if(|rest| !rest.is_empty()) {
            let sent = self.poll_send(context, &rest);
            if let Poll::Ready(Ok(written)) = sent {
                rest.drain(..written);
            }
            self.last = Some(rest);
            if ready!(sent)? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.last.is_some() {
            // The last answer closes the connection: what would come after it is dropped.
            return self.poll_last(context).map_ok(|()| bytes.len());
        }
        let own = own_error(bytes).filter(|_| !self.exchange.ends_like_a_head());
        let Some((start, status)) = own else {
            return self.poll_send(context, bytes);
        };
        let mut last = bytes.get(..start).unwrap_or_default().to_vec();
        last.extend(answer(status, self.clock.now()));
        self.last = Some(last);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_last(context))?;
        self.exchange.flushed();
        // actix-http flushes at the end of each turn, after it has looked for a head in what it read.
        self.time_head(context);
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_last(context))?;
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.last.is_none() && self.is_late(context) {
            self.last = Some(answer(StatusCode::REQUEST_TIMEOUT, self.clock.now()));
        }
        if self.last.is_some() {
            // After the last answer there is nothing more to read: the connection ends.
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(context, buffer))?;
        if buffer.filled().len() > before && !self.exchange.is_answering() && self.head().is_none() {
            self.head = Some(Head { number: self.exchange.heads(), limit: None });
        }
        Poll::Ready(Ok(()))
    }
}

/// Where in `bytes` actix-http's own answer begins, and its status, if they end with one: a head of a 4xx without a body and
/// without the request id that every answer of ours has.
fn own_error(bytes: &[u8]) -> Option<(usize, StatusCode)> {
    const LONGEST: usize = 256;
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let from = bytes.len().saturating_sub(LONGEST);
    let tail = bytes.get(from..)?;
    let start = tail.windows(7).rposition(|part| part == b"HTTP/1.")?;
    let head = std::str::from_utf8(tail.get(start..)?).ok()?;
    let status = head.get(9..12)?.parse().ok().and_then(|code| StatusCode::from_u16(code).ok())?;
    let bare = head.find("\r\n\r\n") == Some(head.len() - 4) && head.contains("content-length: 0\r\n");
    (bare && status.is_client_error() && !head.contains("x-request-id")).then_some((from + start, status))
}

fn answer(status: StatusCode, now: Timestamp) -> Vec<u8> {
    let request = request_id(now);
    let problem = match status {
        StatusCode::REQUEST_TIMEOUT => {
            Problem::new(status, "request-timeout", "the head of the request did not arrive in time")
        }
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            Problem::new(status, "headers-too-large", "the head of the request is too large")
        }
        _ => Problem::new(status, "bad-request", "the request is not HTTP/1.1"),
    };
    let body = problem.document("/", request).to_string();
    let reason = status.canonical_reason().unwrap_or("Error");
    let (code, length) = (status.as_u16(), body.len());
    format!(
        "HTTP/1.1 {code} {reason}\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {length}\r\nx-request-id: {request}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use plugin_core::ManualClock;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;
    use crate::http::exchange::whole;

    async fn written(bytes: &[u8]) -> String {
        let mut wire = Wire::new(Vec::new(), Clock::system());
        wire.write_all(bytes).await.expect("a vector takes everything");
        wire.shutdown().await.expect("a vector takes everything");
        String::from_utf8(wire.socket).expect("text")
    }

    const OWN: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: x\r\n\r\n";

    #[actix_web::test]
    async fn an_empty_answer_of_the_connection_becomes_a_problem() {
        let answer = written(OWN.as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"),
            "{answer}"
        );
        assert!(answer.ends_with('}') && answer.contains("\"status\":400"), "{answer}");
    }

    #[actix_web::test]
    async fn what_was_answered_before_it_stays() {
        let before = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let answer = written(format!("{before}{OWN}").as_bytes()).await;
        assert!(answer.starts_with(&format!("{before}HTTP/1.1 400")), "{answer}");
    }

    #[actix_web::test]
    async fn answers_of_services_pass_as_they_are() {
        for answer in [
            "HTTP/1.1 204 No Content\r\nx-request-id: 1\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-request-id: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        ] {
            assert_eq!(written(answer.as_bytes()).await, answer);
        }
    }

    #[actix_web::test]
    async fn a_body_that_ends_as_an_answer_of_the_connection_would_passes_as_it_is() {
        let mut wire = Wire::new(Vec::new(), Clock::system());
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nx-request-id: 1\r\n\r\n{OWN}", OWN.len());
        whole(&wire.exchange(), OWN).await;
        wire.write_all(answer.as_bytes()).await.expect("a vector takes everything");
        wire.flush().await.expect("a vector takes everything");
        assert_eq!(std::str::from_utf8(&wire.socket).expect("text"), answer);
        wire.write_all(OWN.as_bytes()).await.expect("a vector takes everything");
        wire.shutdown().await.expect("a vector takes everything");
        let after = String::from_utf8(wire.socket).expect("text").split_off(answer.len());
        assert!(after.contains("application/problem+json"), "{after}");
    }

    /// A connection under a clock that stands, its other end, and the clock.
    fn connection() -> (Wire<DuplexStream>, DuplexStream, ManualClock) {
        let manual = ManualClock::at(Timestamp::UNIX_EPOCH);
        let (ours, theirs) = duplex(1024);
        (Wire::new(ours, manual.clone().into()), theirs, manual)
    }

    /// What actix-http does in a turn in which no head is complete: how much there was to read, and whether it goes on.
    async fn turn(wire: &mut Wire<DuplexStream>) -> (usize, Goes) {
        let mut read = 0;
        loop {
            let mut bytes = [0; 64];
            let mut buffer = ReadBuf::new(&mut bytes);
            let polled = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *wire).poll_read(cx, &mut buffer))).await;
            match polled {
                Poll::Ready(result) if result.is_ok() && buffer.filled().is_empty() => return (read, Goes::Ends),
                Poll::Ready(result) => result.expect("a pipe does not fail"),
                Poll::Pending => break,
            }
            read += buffer.filled().len();
        }
        wire.flush().await.expect("a pipe does not fail");
        (read, Goes::On)
    }

    #[derive(Debug, PartialEq)]
    enum Goes {
        On,
        Ends,
    }

    #[actix_web::test]
    async fn the_first_head_is_timed_from_the_connection_on() {
        let (mut wire, mut peer, clock) = connection();
        assert_eq!(turn(&mut wire).await, (0, Goes::On));
        clock.set(Timestamp::UNIX_EPOCH.saturating_add(HEAD_TIME));
        assert_eq!(turn(&mut wire).await, (0, Goes::Ends));
        wire.shutdown().await.expect("a pipe does not fail");
        let mut said = String::new();
        peer.read_to_string(&mut said).await.expect("text");
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("/problems/request-timeout"), "{said}");
    }

    #[actix_web::test]
    async fn a_later_head_is_timed_from_its_first_byte_on_and_no_longer_than_it_arrives() {
        let (mut wire, mut peer, clock) = connection();
        let mut now = Timestamp::UNIX_EPOCH;
        for _ in 0..2 {
            peer.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("a pipe takes it");
            let mut bytes = [0; 64];
            assert_eq!(wire.read(&mut bytes).await.expect("it is there"), 18);
            whole(&wire.exchange(), "").await;
            assert_eq!(turn(&mut wire).await, (0, Goes::On));
            // Whoever asks for nothing may stay.
            now = now.saturating_add(HEAD_TIME * 3);
            clock.set(now);
            assert_eq!(turn(&mut wire).await, (0, Goes::On));
        }
        peer.write_all(b"GE").await.expect("a pipe takes it");
        assert_eq!(turn(&mut wire).await, (2, Goes::On));
        clock.set(now.saturating_add(HEAD_TIME / 2));
        peer.write_all(b"T").await.expect("a pipe takes it");
        assert_eq!(turn(&mut wire).await, (1, Goes::On));
        clock.set(now.saturating_add(HEAD_TIME));
        assert_eq!(turn(&mut wire).await, (0, Goes::Ends));
    }

    #[cfg(target_os = "linux")]
    #[actix_web::test]
    async fn a_peer_that_takes_little_is_seen_to_take_it() {
        use std::time::Duration;
        use tokio::{net::TcpListener, time::timeout};

        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let mut peer = TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        let (socket, _) = listener.accept().await.expect("it connects");
        let mut wire = Wire::over(socket, Clock::system());
        let bytes = vec![7; 64 << 10];
        for _ in 0..3 {
            // Until all between the two is full.
            while let Ok(written) = timeout(Duration::from_millis(300), wire.write(&bytes)).await {
                written.expect("it is there");
            }
            let (mut piece, mut taken) = ([0; 4096], 0);
            loop {
                tokio::select! {
                    biased;
                    written = wire.write(&bytes) => {
                        written.expect("it is there");
                        break;
                    }
                    read = peer.read(&mut piece) => taken += read.expect("it is there"),
                    () = tokio::time::sleep(Duration::from_secs(10)) => panic!("all of {taken} bytes was taken"),
                }
            }
            assert!(taken < 512 << 10, "{taken} bytes were taken before it was seen");
        }
    }

    #[actix_web::test]
    async fn a_peer_that_takes_nothing_is_given_up_and_one_that_takes_a_little_is_not() {
        let (mut wire, mut peer, clock) = connection();
        let mut send =
            async || std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut wire).poll_write(cx, &[7; 1024]))).await;
        let mut now = Timestamp::UNIX_EPOCH;
        assert!(matches!(send().await, Poll::Ready(Ok(1024))), "the pipe has room");
        for _ in 0..3 {
            assert!(send().await.is_pending(), "it has none");
            now = now.saturating_add(TAKE_TIME / 2);
            clock.set(now);
            assert!(send().await.is_pending());
            peer.read_exact(&mut [0; 1]).await.expect("it is there");
            assert!(matches!(send().await, Poll::Ready(Ok(1))), "a little was taken");
        }
        assert!(send().await.is_pending());
        clock.set(now.saturating_add(TAKE_TIME));
        let Poll::Ready(Err(error)) = send().await else { panic!("nothing was taken for so long") };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
