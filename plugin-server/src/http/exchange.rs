//! What a connection and the service behind it tell each other. actix-http gives the head of a connection's first request alone a
//! time limit, and waits for ever for the rest of a chunked body that nobody reads any more; both are mended here and in
//! [`wire`](super::wire), which sees bytes and no requests.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_http::{HttpMessage, Request, Response, h1};
use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::{Payload, ServiceResponse},
    error::PayloadError,
    web::Bytes,
};
use futures_util::Stream;

/// The requests of one connection, as its service tells of them.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// How many heads were read to their end.
    heads: Cell<u64>,
    /// How many answers are not written to their end.
    open: Cell<u32>,
    /// Whether the last that was written of an answer's body looks like the end of a head.
    blank_line: Cell<bool>,
}

impl Exchange {
    /// How many heads were read to their end.
    pub(super) fn heads(&self) -> u64 {
        self.heads.get()
    }

    /// Whether a request is being answered.
    pub(super) fn is_answering(&self) -> bool {
        self.open.get() > 0
    }

    /// Whether what is to be written ends with a body that ends as a head does.
    pub(super) fn ends_like_a_head(&self) -> bool {
        self.blank_line.get()
    }

    /// All is written.
    pub(super) fn flushed(&self) {
        self.blank_line.set(false);
    }
}

/// One answer, from the end of its request's head until all of it is written.
struct Open(Rc<Exchange>);

impl Open {
    fn of(exchange: &Rc<Exchange>) -> Self {
        exchange.heads.set(exchange.heads.get() + 1);
        exchange.open.set(exchange.open.get() + 1);
        Self(Rc::clone(exchange))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.set(self.0.open.get() - 1);
    }
}

/// Notes that the head of `request` was read. The body that comes with the answer is to be kept by it.
pub(super) fn begin(request: &mut Request) -> Begun {
    let exchange = request.conn_data::<Rc<Exchange>>().cloned().unwrap_or_default();
    Begun { open: Open::of(&exchange), unread: share_chunks(request) }
}

/// A request whose head was read.
pub(super) struct Begun {
    open: Open,
    unread: Option<Rc<RefCell<h1::Payload>>>,
}

impl Begun {
    /// What `service` answers, known to the connection until its last byte.
    pub(super) async fn answered<E: Into<Response<BoxBody>>>(
        self,
        service: impl Future<Output = Result<ServiceResponse, E>>,
    ) -> Result<Response<Answer>, E> {
        let response: Response<BoxBody> = match service.await {
            Ok(response) => response.into(),
            Err(error) => error.into(),
        };
        Ok(response.map_body(|_, body| Answer { body, open: self.open, _unread: self.unread }))
    }
}

/// Lets the service read a chunked body that stays alive beside it. One that nobody holds any more would be read on for as long as
/// the peer pleases; of one that is held and was not read, actix-http closes the connection after the answer.
fn share_chunks(request: &mut Request) -> Option<Rc<RefCell<h1::Payload>>> {
    if !request.chunked().unwrap_or(false) {
        return None;
    }
    let Payload::H1 { payload } = request.take_payload() else { return None };
    let shared = Rc::new(RefCell::new(payload));
    *request.payload() = Payload::Stream { payload: Box::pin(Shared(Rc::clone(&shared))) };
    Some(shared)
}

struct Shared(Rc<RefCell<h1::Payload>>);

impl Stream for Shared {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The body of an answer, with what is to live until it is written.
pub(super) struct Answer {
    body: BoxBody,
    open: Open,
    _unread: Option<Rc<RefCell<h1::Payload>>>,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(bytes))) = &next {
            self.open.0.blank_line.set(bytes.ends_with(b"\r\n\r\n"));
        }
        next
    }
}

/// What a service does that answers with `body`.
#[cfg(test)]
pub(super) async fn whole(exchange: &Rc<Exchange>, body: &'static str) {
    let answer = Answer { body: BoxBody::new(body), open: Open::of(exchange), _unread: None };
    actix_web::body::to_bytes(answer).await.expect("a text is a body");
}
