//! What is remembered of the requests that were accepted, so that one that comes again is known.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::{
    background::give_way,
    clock::Timestamp,
    context::shared::Shared,
    rows::{self, Walk},
    store::{
        engine::{Durability, Engine, EngineError, Got, Keyspace, MAX_WRITES, Precondition, Read, Wanted, Write},
        key,
    },
};

/// How long a delivery is known by its id.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How often old receipts are removed.
const SWEEP: Duration = Duration::from_secs(60 * 60);

/// What is remembered of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Receipt {
    /// The hash of the body as it came, in hexadecimal.
    body: String,
    received_at: Timestamp,
    /// Which request it was, of those that came with this id and body.
    tag: String,
}

impl Receipt {
    pub(super) fn of(body: &[u8], received_at: Timestamp, tag: String) -> Self {
        Self { body: hex::encode(Sha256::digest(body)), received_at, tag }
    }

    /// The write of the receipt, which fails if there is one.
    pub(super) fn put(&self, webhook: &str, delivery: &str) -> Result<Write, EngineError> {
        Ok(Write::put(key(webhook, delivery), rows::encode(self)?).when(Precondition::Absent))
    }

    /// The receipt of `delivery`, if it is known.
    pub(super) async fn find(
        engine: &dyn Engine,
        keyspace: &Keyspace,
        webhook: &str,
        delivery: &str,
    ) -> Result<Option<Self>, EngineError> {
        let got = engine.read(keyspace, &[Read::Get(key(webhook, delivery))]).await?;
        let value = got.into_iter().find_map(|got| if let Got::Value(value) = got { value } else { None });
        value.map(|value| rows::decode(&value)).transpose()
    }

    pub(super) fn same_body(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

fn key(webhook: &str, delivery: &str) -> Vec<u8> {
    key::receipt(webhook, delivery).into_bytes()
}

/// Removes old receipts from time to time, until `closing`.
pub(in crate::delivery) async fn reap(shared: Arc<Shared>, closing: CancellationToken) {
    let sweeps = async {
        loop {
            for plugin in &shared.plugins {
                if let Err(error) = sweep(&shared, &plugin.keyspace).await {
                    tracing::error!(plugin = plugin.id, "old receipts of webhooks cannot be removed: {error}");
                }
            }
            shared.clock.sleep(SWEEP).await;
        }
    };
    let _closed: Option<()> = closing.run_until_cancelled(sweeps).await;
}

async fn sweep(shared: &Shared, keyspace: &Keyspace) -> Result<(), EngineError> {
    let oldest = shared.clock.now().saturating_sub(KEPT);
    let mut receipts = Walk::over(&*shared.engine, keyspace, rows::receipts(), Wanted::Entries);
    while let Some(page) = receipts.page().await? {
        let old = |value: &[u8]| rows::decode::<Receipt>(value).is_ok_and(|receipt| receipt.received_at < oldest);
        let writes: Vec<Write> =
            page.into_iter().filter(|(_, value)| old(value)).map(|(key, _)| Write::delete(key)).collect();
        for writes in writes.chunks(MAX_WRITES) {
            rows::commit(&*shared.engine, keyspace, writes.to_vec(), Durability::Relaxed).await?;
        }
        give_way().await;
    }
    Ok(())
}
