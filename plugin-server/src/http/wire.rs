//! The last answer of a connection that does not speak HTTP. actix-http answers it by itself, before any service sees a request,
//! and with an empty body; callers of this server read a problem document whatever went wrong.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::http::StatusCode;
use plugin_core::{
    Clock, Timestamp,
    context::caller::request_id,
    endpoint::problem::{PROBLEM_JSON, Problem},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A connection whose own errors become problem documents.
#[derive(Debug)]
pub(super) struct Wire<T = TcpStream> {
    socket: T,
    clock: Clock,
    /// What is still to be written of the last answer, once there is one.
    last: Option<Vec<u8>>,
}

impl<T: AsyncWrite + Unpin> Wire<T> {
    pub(super) fn new(socket: T, clock: Clock) -> Self {
        Self { socket, clock, last: None }
    }

    fn poll_last(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.last.as_mut().filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut self.socket).poll_write(context, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            rest.drain(..written);
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
        let Some((start, status)) = own_error(bytes) else {
            return Pin::new(&mut self.socket).poll_write(context, bytes);
        };
        let mut last = bytes.get(..start).unwrap_or_default().to_vec();
        last.extend(answer(status, self.clock.now()));
        self.last = Some(last);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_last(context))?;
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
        Pin::new(&mut self.socket).poll_read(context, buffer)
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
    use tokio::io::AsyncWriteExt;

    use super::*;

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
}
