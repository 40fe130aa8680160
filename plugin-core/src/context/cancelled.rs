//! When the work of a handler should end.

use std::future::Future;

use futures_util::{FutureExt, future::select_all};
use tokio_util::sync::CancellationToken;

/// Whether the work of a handler should end, and waiting for it: its plugin stops, or whoever wants the work has gone.
#[derive(Debug, Clone)]
pub struct Cancelled(pub(super) [Option<CancellationToken>; 3]);

impl Cancelled {
    /// Whether it should end.
    pub fn is_cancelled(&self) -> bool {
        self.0.iter().flatten().any(CancellationToken::is_cancelled)
    }

    /// Waits until it should.
    pub fn cancelled(self) -> impl Future<Output = ()> + Send + 'static {
        let all = self.0.into_iter().flatten().map(|token| Box::pin(token.cancelled_owned()));
        select_all(all).map(|_| ())
    }
}
