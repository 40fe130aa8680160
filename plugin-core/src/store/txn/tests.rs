//! Transactions as an engine sees them. What they promise is among the cases of `conformance::documents`.

use std::sync::Arc;

use super::*;
use crate::{
    AppId,
    store::{
        conformance::block_on,
        engine::{Durability, Engine, Keyspace},
        mem::strict::{Faults, StrictEngine},
    },
};

#[test]
fn who_only_reads_is_held_to_one_moment_without_a_commit() {
    let engine = Arc::new(StrictEngine::new(1, Faults::NONE));
    let keyspace = Keyspace::of_plugin("tests");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let db = Db::new(Arc::<StrictEngine>::clone(&engine), keyspace, AppId::default(), Durability::Synced);
    block_on(db.set("a", &1)).expect("it can be stored");
    let before = engine.calls().commits;
    let read = block_on(db.txn(|tx| async move { Ok((tx.get::<i64>("a").await?, tx.get::<i64>("b").await?)) }));
    assert_eq!(read.expect("nobody is in between"), (Some(1), None));
    assert_eq!(engine.calls().commits, before);
}
