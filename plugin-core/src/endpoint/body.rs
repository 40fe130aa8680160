//! Reading a request's body: not too much of it, and not for ever.

use std::{future::poll_fn, pin::Pin, task::Poll, time::Duration};

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::header::CONTENT_LENGTH,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt;

use crate::{
    clock::{Clock, Sleep},
    endpoint::{cause, problem::Problem},
};

/// How long a body may take to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Reads the body of `request` from `payload`, at most `limit` bytes of it, within [`BODY_TIMEOUT`].
///
/// # Errors
/// 413 if it is larger, 408 if it does not arrive, 400 if it breaks off. All of them close the connection.
pub async fn read(request: &HttpRequest, mut payload: Payload, limit: usize, clock: &Clock) -> Result<Bytes, Problem> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|announced| announced > limit as u64) {
        return Err(cause::too_large(Some(limit)));
    }
    let mut deadline: Option<Pin<Box<Sleep>>> = None;
    let mut next = async || {
        poll_fn(|cx| match payload.poll_next_unpin(cx) {
            Poll::Ready(chunk) => Poll::Ready(Ok(chunk)),
            Poll::Pending => {
                let deadline = deadline.get_or_insert_with(|| clock.sleep(BODY_TIMEOUT));
                deadline.as_mut().poll(cx).map(|()| Err(cause::stalled()))
            }
        })
        .await?
        .transpose()
        .map_err(|error| cause::of_payload(&error))
    };
    let Some(first) = next().await? else { return Ok(Bytes::new()) };
    let mut whole = BytesMut::new();
    let mut chunk = Some(first);
    while let Some(bytes) = chunk {
        if whole.len() + bytes.len() > limit {
            return Err(cause::too_large(Some(limit)));
        }
        chunk = next().await?;
        if chunk.is_none() && whole.is_empty() {
            return Ok(bytes);
        }
        whole.extend_from_slice(&bytes);
    }
    Ok(whole.freeze())
}
