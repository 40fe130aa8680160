//! The store on RocksDB, as the server has it, with the same database at hand for whoever goes without the store.

use std::sync::Arc;

use plugin_core::{
    AppId,
    store::{
        Db, Schema, Space,
        engine::{Durability, Engine, Keyspace},
        index::{IndexField, IndexMeta, Sparse, Unique},
        key,
    },
};
use plugin_server::rocks::{self, Database, RocksEngine};
use rocksdb::BoundColumnFamily;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::data::{self, DOCUMENTS, PREFIX};

/// Indexes by user, and by user with the latest first.
pub(super) const BY_USER: &[IndexMeta] = &[
    index(&[IndexField::ascending("userId")], Unique::No),
    index(&[IndexField::ascending("userId"), IndexField::descending("endedAt")], Unique::No),
];

/// An index in which no two documents have the same.
pub(super) const UNIQUE: &[IndexMeta] = &[index(&[IndexField::ascending("subject")], Unique::Yes)];

const fn index(fields: &'static [IndexField], unique: Unique) -> IndexMeta {
    IndexMeta { prefix: PREFIX, fields, unique, sparse: Sparse::No }
}

/// An engine in a folder of its own, which goes with it.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    // Before the engine, which closes when nobody keeps the database.
    raw: Database,
    pub(super) engine: Arc<RocksEngine>,
    pub(super) folder: TempDir,
}

impl Bed {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let engine = Arc::new(RocksEngine::open(&folder.path().join("ours")).expect("a new store"));
        let raw = engine.database().expect("it is open");
        Self { runtime: runtime(), raw, engine, folder }
    }

    /// What the plugin `id` has, made if need be.
    pub(super) fn db(&self, id: &str, durability: Durability, indexes: &'static [IndexMeta]) -> Db {
        let keyspace = Keyspace::of_plugin(id);
        let space = Space::new(Arc::clone(&self.engine) as Arc<dyn Engine>, keyspace.clone(), durability);
        let space = Arc::new(space.with_schema(Schema::new([], [], [], indexes)));
        self.runtime.block_on(async {
            self.engine.open(&keyspace).await.expect("it opens");
            space.prepare().await.expect("indexes are declared");
        });
        Db::over(space, AppId::default())
    }

    /// All documents in the keyspace of `id`, brought to where they lie after a while.
    pub(super) fn filled(&self, id: &str, indexes: &'static [IndexMeta]) -> Db {
        let db = self.db(id, Durability::Relaxed, indexes);
        for first in (0..DOCUMENTS).step_by(100) {
            let put = db.txn(|tx| async move {
                for number in first..first + 100 {
                    tx.set(&data::key(number), &data::conversation(number))?;
                }
                Ok(())
            });
            self.runtime.block_on(put).expect("documents are stored");
        }
        self.raw().compact_range_cf(&self.family(id), None::<&[u8]>, None::<&[u8]>);
        db
    }

    /// The database, without the store.
    pub(super) fn raw(&self) -> &rocks::Db {
        &self.raw
    }

    /// The column family of the plugin `id`.
    pub(super) fn family(&self, id: &str) -> Arc<BoundColumnFamily<'_>> {
        self.raw().cf_handle(Keyspace::of_plugin(id).name()).expect("it was opened")
    }
}

/// One as a worker of the server has it.
pub(super) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

/// Where the document `number` lies.
pub(super) fn place(number: u32) -> Vec<u8> {
    key::document(&AppId::default(), &data::key(number)).into_bytes()
}
