//! Which keyspaces there are, what is declared for them in which cycle, and what lies in them at the start.

use std::{path::Path, sync::Arc};

use plugin_core::{
    AppId,
    store::{
        Db, Schema, Space,
        engine::{Direction as Walk, Durability, Engine, Got, Keyspace, MAX_SCAN, Read, Scan, Wanted},
        index::{IndexField, IndexMeta},
    },
};
use plugin_server::rocks::RocksEngine;
use serde_json::json;
use tests::Result;
use tokio::runtime::{Builder, Runtime};

use crate::rows::Row;

pub(crate) const PLUGINS: usize = 3;
/// One id begins with the other.
pub(crate) const APPS: [&str; 2] = ["a", "ab"];
/// How many tasks write in one app of one plugin.
pub(crate) const WRITERS: usize = 2;
pub(crate) const ACCOUNTS: usize = 6;
pub(crate) const BALANCE: i64 = 1000;
/// How many users may have one of how many addresses: they get in each other's way.
pub(crate) const USERS: usize = 12;
pub(crate) const EMAILS: usize = 16;
pub(crate) const TWINS: usize = 4;
pub(crate) const COUNTERS: usize = 3;

/// How many items an app of a plugin has. The first plugin has several chunks of them for an index to be built of.
pub(crate) const fn items(plugin: usize) -> usize {
    if plugin == 0 { 300 } else { 40 }
}

const OWNERS: IndexMeta = IndexMeta::of("items:", &[IndexField::ascending("owner"), IndexField::descending("score")]);
const EMAIL: IndexMeta = IndexMeta::of("users:", &[IndexField::ascending("email")]).unique();
const NOTES: IndexMeta = IndexMeta::of("items:", &[IndexField::descending("note")]).sparse();
const SCORES: IndexMeta = IndexMeta::of("items:", &[IndexField::ascending("score"), IndexField::ascending("note")]);
const ALL: IndexMeta = IndexMeta::of("", &[IndexField::descending("op")]);
const UNIQUE: IndexMeta =
    IndexMeta::of("users:", &[IndexField::descending("email"), IndexField::ascending("op")]).unique().sparse();

static BASE: [IndexMeta; 3] = [OWNERS, EMAIL, NOTES];
static MORE: [IndexMeta; 5] = [OWNERS, EMAIL, NOTES, SCORES, UNIQUE];
static OTHER: [IndexMeta; 4] = [OWNERS, EMAIL, NOTES, ALL];

/// How many cycles see the same declarations.
const TERM: u64 = 3;

/// What is declared in a cycle: every few cycles other indexes, so that there are some to build.
fn declared(cycle: u64) -> &'static [IndexMeta] {
    match (cycle / TERM) % 4 {
        0 => &MORE,
        2 => &OTHER,
        _ => &BASE,
    }
}

/// Whether indexes that are not declared in a cycle are dropped in it.
pub(crate) fn drops(cycle: u64) -> bool {
    declared(cycle).len() == BASE.len() && cycle % TERM == 1
}

/// The store, open, as a cycle declares it.
pub(crate) struct Stores {
    runtime: Runtime,
    spaces: Vec<Arc<Space>>,
    engine: Arc<RocksEngine>,
}

impl Stores {
    pub(crate) fn open(dir: &Path, cycle: u64) -> Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
        let engine = Arc::new(RocksEngine::open(dir)?);
        let spaces = (0..PLUGINS).map(|plugin| {
            let keyspace = keyspace(plugin);
            runtime.block_on(async {
                engine.open(&keyspace).await?;
                let space = Space::new(Arc::clone(&engine) as Arc<dyn Engine>, keyspace, Durability::Synced)
                    .with_schema(Schema::new([], [], [], declared(cycle)));
                space.prepare().await?;
                Ok::<_, tests::Failure>(Arc::new(space))
            })
        });
        let spaces = spaces.collect::<Result<_>>()?;
        Ok(Self { runtime, spaces, engine })
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(crate) fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine) as Arc<dyn Engine>
    }

    pub(crate) fn spaces(&self) -> &[Arc<Space>] {
        &self.spaces
    }

    /// Stores what is there from the start: accounts, and every second item.
    pub(crate) fn fill(&self) -> Result<()> {
        for plugin in 0..PLUGINS {
            for app in APPS {
                let db = self.db(plugin, app)?;
                self.runtime.block_on(async {
                    for account in 0..ACCOUNTS {
                        db.set(&format!("accounts:{account}"), &json!({ "balance": BALANCE })).await?;
                    }
                    for item in (0..items(plugin)).step_by(2) {
                        db.set(&format!("items:{item}"), &json!({ "op": 0, "owner": "nobody", "score": item })).await?;
                    }
                    Ok::<_, tests::Failure>(())
                })?;
            }
        }
        Ok(())
    }

    /// Builds and drops whatever is not built or not dropped, and removes what has expired.
    pub(crate) fn complete(&self) -> Result<()> {
        for space in &self.spaces {
            self.runtime.block_on(async {
                space.build_indexes(|| true).await?;
                space.reap().await.map(drop)
            })?;
        }
        Ok(())
    }

    pub(crate) fn db(&self, plugin: usize, app: &str) -> Result<Db> {
        let space = self.spaces.get(plugin).ok_or("no such plugin")?;
        Ok(Db::over(Arc::clone(space), AppId::new(app)?))
    }

    /// Every row of every plugin, in the order of their keys.
    pub(crate) fn rows(&self) -> Result<Vec<Vec<Row>>> {
        (0..PLUGINS).map(|plugin| self.rows_of(&keyspace(plugin))).collect()
    }

    /// Every row of a keyspace, in the order of their keys.
    pub(crate) fn rows_of(&self, keyspace: &Keyspace) -> Result<Vec<Row>> {
        self.runtime.block_on(self.read(keyspace))
    }

    async fn read(&self, keyspace: &Keyspace) -> Result<Vec<Row>> {
        let (mut rows, mut start) = (Vec::new(), vec![0]);
        loop {
            let (direction, wanted) = (Walk::Forward, Wanted::Entries);
            let scan = Scan { range: start..vec![0xff], limit: MAX_SCAN, bytes: usize::MAX, direction, wanted };
            let mut got = self.engine.read(keyspace, &[Read::Scan(scan)]).await?;
            let Some(Got::Entries(entries)) = got.pop() else { return Err("a scan is answered by entries".into()) };
            rows.extend(entries.iter().map(|(key, value)| Row { key: key.to_vec(), value: value.to_vec() }));
            match entries.last() {
                Some((last, _)) if entries.more => start = [last, &[0]].concat(),
                _ => return Ok(rows),
            }
        }
    }
}

fn keyspace(plugin: usize) -> Keyspace {
    Keyspace::of_plugin(&format!("crash-{plugin}"))
}
