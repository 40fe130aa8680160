//! The rows of one listener or webhook: taken in order, removed when they are done.

use tokio::sync::Notify;

use super::row::{Consumer, Row};
use crate::{
    rows,
    store::{
        engine::{Direction, Durability, Engine, EngineError, Entries, Got, Keyspace, Read, Scan, Wanted, Write},
        key,
    },
};

/// How many rows are read at a time.
const BATCH: usize = 32;
/// How many bytes of rows are read at a time; one row is always read.
const BATCH_BYTES: usize = 1 << 20;

/// The rows of one consumer.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) consumer: Consumer,
    pub(super) keyspace: Keyspace,
    /// Told when there is a new row.
    pub(super) wake: Notify,
}

/// A row as it is stored.
#[derive(Debug)]
pub(super) struct Stored {
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Queue {
    pub(super) fn of(consumer: Consumer) -> Self {
        let keyspace = Keyspace::of_plugin(consumer.source());
        Self { consumer, keyspace, wake: Notify::new() }
    }

    /// The write that puts `row` at the end, for the commit that it belongs to.
    pub(super) fn put(&self, sequence: u64, row: &Row) -> Result<Write, EngineError> {
        let key = key::queue(&self.consumer.address(), sequence);
        Ok(Write::put(key.into_bytes(), rows::encode(row)?))
    }

    /// The first rows, in their order.
    pub(super) async fn first(&self, engine: &dyn Engine) -> Result<Vec<Stored>, EngineError> {
        let scan = Scan {
            range: key::queue_of(&self.consumer.address()).range(),
            limit: BATCH,
            bytes: BATCH_BYTES,
            direction: Direction::Forward,
            wanted: Wanted::Entries,
        };
        let got = engine.read(&self.keyspace, &[Read::Scan(scan)]).await?;
        let entries = got.iter().filter_map(|got| if let Got::Entries(entries) = got { Some(entries) } else { None });
        let stored = |(key, value): (&[u8], &[u8])| Stored { key: key.to_vec(), value: value.to_vec() };
        Ok(entries.flat_map(Entries::iter).map(stored).collect())
    }

    /// Removes a row that is done. Not synced: should the row come back after a loss of power, it is delivered again.
    pub(super) async fn remove(&self, engine: &dyn Engine, row: &Stored) -> Result<(), EngineError> {
        rows::commit(engine, &self.keyspace, vec![Write::delete(row.key.clone())], Durability::Relaxed).await
    }
}

impl Stored {
    pub(super) fn read(&self) -> Result<Row, EngineError> {
        rows::decode(&self.value)
    }

    /// What logs call a row that cannot be read.
    pub(super) fn name(&self) -> String {
        let key = rows::parse_queue(&self.key);
        key.map_or_else(|| hex::encode(&self.key), |(address, number)| format!("{address}/{number}"))
    }
}
