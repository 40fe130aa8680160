//! Transactions of a plugin: its documents and its events in one commit.

use std::{
    fmt,
    future::Future,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

use crate::{
    context::{Context, OwnedContext},
    document::DocumentOf,
    error::Result,
    point::{EventOf, Plugin},
    store::{Txn, TxnDocs},
};

/// A transaction that is under way: what [`Context::txn`] gives its closure. It is a [`Txn`] that can publish as well. Cheap to clone;
/// all clones are the same.
pub struct Transaction<P: Plugin> {
    txn: Txn,
    events: Arc<Mutex<Vec<(&'static str, Value)>>>,
    of: std::marker::PhantomData<fn() -> P>,
}

impl<P: Plugin> Context<P> {
    /// Does `work` as one: all that it writes and publishes is there afterwards or nothing, and nobody else wrote what it read in the
    /// meantime. See [`Db::txn`](crate::store::Db::txn), which this is with events.
    ///
    /// ```
    /// use plugin_core::prelude::*;
    ///
    /// #[plugin(id = "data-source")]
    /// struct DataSource;
    ///
    /// #[event("data-source:conversation-ended", plugin = DataSource)]
    /// struct ConversationEnded { conversation_id: String }
    ///
    /// # async fn example(ctx: &Context<DataSource>) -> Result<()> {
    /// ctx.txn(|tx| async move {
    ///     tx.increment("ended", 1).await?;
    ///     tx.emit(&ConversationEnded { conversation_id: "c1".into() })
    /// })
    /// .await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Db::txn`](crate::store::Db::txn), and those of the events.
    pub fn txn<'a, R, F, Fut>(&'a self, work: F) -> impl Future<Output = Result<R>> + Send + 'a
    where
        R: Send + 'a,
        F: Fn(Transaction<P>) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<R>> + Send + 'a,
    {
        let (db, ctx) = (self.db(), self.to_owned());
        async move {
            let events = Arc::<Mutex<Vec<(&'static str, Value)>>>::default();
            let run = |txn: Txn| {
                // Those of an attempt that came to nothing are gone.
                events.lock().unwrap_or_else(PoisonError::into_inner).clear();
                work(Transaction { txn, events: Arc::clone(&events), of: std::marker::PhantomData })
            };
            let commit = |txn: Txn| {
                let events = std::mem::take(&mut *events.lock().unwrap_or_else(PoisonError::into_inner));
                ctx.commit(txn, events)
            };
            db.transaction(run, commit).await
        }
    }
}

impl<P: Plugin> OwnedContext<P> {
    fn commit(
        &self,
        txn: Txn,
        events: Vec<(&'static str, Value)>,
    ) -> impl Future<Output = Result<crate::store::Committed>> + Send {
        let ctx = self.clone();
        async move {
            let call = ctx.call();
            call.shared.outbox.commit(call, txn, events).await
        }
    }
}

impl<P: Plugin> Transaction<P> {
    /// Publishes `event` with the commit: its listeners hear of it if and only if the rest is there.
    ///
    /// # Errors
    /// If the event cannot be written as JSON; what else may be wrong with it comes with the commit.
    pub fn emit<E: EventOf<P>>(&self, event: &E) -> Result<()> {
        let body = serde_json::to_value(event)?;
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push((E::NAME, body));
        Ok(())
    }

    /// The documents of the type `T` as the transaction sees them.
    pub fn docs<T: DocumentOf<P>>(&self) -> TxnDocs<'_, T> {
        self.txn.docs_of()
    }
}

impl<P: Plugin> Deref for Transaction<P> {
    type Target = Txn;

    fn deref(&self) -> &Txn {
        &self.txn
    }
}

impl<P: Plugin> Clone for Transaction<P> {
    fn clone(&self) -> Self {
        Self { txn: self.txn.clone(), events: Arc::clone(&self.events), of: self.of }
    }
}

impl<P: Plugin> fmt::Debug for Transaction<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("plugin", &P::ID).finish_non_exhaustive()
    }
}
