//! The program that is killed: tasks that write whatever can be written, and tell of it before and after.

use std::{
    collections::BTreeMap,
    future::Future,
    io::{self, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use plugin_core::{
    random::Random,
    store::{Db, Space, StoreError},
};
use serde_json::{Value as Json, json};
use tests::{Failure, Result};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    history::{Life, Line, Target, What},
    orders,
    plan::{self, ACCOUNTS, APPS, COUNTERS, EMAILS, PLUGINS, Stores, TWINS, USERS, WRITERS},
};

/// The first argument of a child.
const ROLE: &str = "--write-until-killed";
/// How many writes a cycle has numbers for.
const OPS: u64 = 1_000_000;

/// What a child is to do.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) dir: PathBuf,
    pub(crate) seed: u64,
    pub(crate) cycle: u64,
}

impl Orders {
    pub(crate) fn of(arguments: &[String]) -> Option<Self> {
        match arguments {
            [role, dir, seed, cycle] if role == ROLE => {
                Some(Self { dir: dir.into(), seed: seed.parse().ok()?, cycle: cycle.parse().ok()? })
            }
            _ => None,
        }
    }

    pub(crate) fn to_arguments(&self) -> [String; 4] {
        [ROLE.into(), self.dir.display().to_string(), self.seed.to_string(), self.cycle.to_string()]
    }
}

/// Writes until it is killed, or until something fails that must not.
pub(crate) fn run(orders: &Orders) -> Result<()> {
    let stores = Stores::open(&orders.dir, orders.cycle)?;
    let mut random = Random::of(orders.seed);
    let ops = Arc::new(AtomicU64::new((orders.cycle + 1) * OPS));
    let mut tasks = JoinSet::new();
    let handle = stores.runtime().handle();
    for space in stores.spaces() {
        tasks.spawn_on(keep(Arc::clone(space), random.fork(), plan::drops(orders.cycle)), handle);
        tasks.spawn_on(reap(Arc::clone(space), random.fork()), handle);
    }
    let host = orders::open(&stores)?;
    for _ in 0..WRITERS {
        tasks.spawn_on(orders::order(host.clone(), random.fork(), Arc::clone(&ops)), handle);
    }
    for plugin in 0..PLUGINS {
        for app in APPS {
            for number in 0..WRITERS {
                let (db, random, ops) = (stores.db(plugin, app)?, random.fork(), Arc::clone(&ops));
                tasks.spawn_on(Writer { db, plugin, number, random, ops }.run(), handle);
            }
        }
    }
    match stores.runtime().block_on(tasks.join_next()) {
        Some(Ok(Err(error))) => Err(error),
        other => Err(format!("a task ended: {other:?}").into()),
    }
}

/// Builds indexes, with pauses in which it may be killed, and drops those that nobody declares.
async fn keep(space: Arc<Space>, mut random: Random, drops: bool) -> Result<()> {
    loop {
        let steps = AtomicU64::new(0);
        // Some documents at a time.
        space.build_indexes(|| steps.fetch_add(1, Ordering::Relaxed) == 0).await?;
        sleep(Duration::from_millis(10 + random.below(60) as u64)).await;
        if drops {
            for index in space.index_states().await?.into_iter().filter(|index| !index.declared) {
                space.drop_index(index.number).await?;
            }
        }
    }
}

async fn reap(space: Arc<Space>, mut random: Random) -> Result<()> {
    loop {
        space.reap().await?;
        sleep(Duration::from_millis(5 + random.below(30) as u64)).await;
    }
}

/// One of the tasks that write.
struct Writer {
    db: Db,
    plugin: usize,
    number: usize,
    random: Random,
    ops: Arc<AtomicU64>,
}

impl Writer {
    async fn run(mut self) -> Result<()> {
        loop {
            let op = self.ops.fetch_add(1, Ordering::Relaxed);
            match self.random.below(20) {
                0..6 => self.item(op).await?,
                6..9 => self.increment(op).await?,
                9..13 => self.transfer(op).await?,
                13..15 => self.twins(op).await?,
                15..19 => self.user(op).await?,
                _ => self.exchange(op).await?,
            }
        }
    }

    /// Tells of `what`, does it, and tells what became of it. `work` says whether it wrote anything.
    async fn attempt(&self, op: u64, what: What, work: impl Future<Output = Result<bool>>) -> Result<()> {
        let app = self.db.app().as_str().to_owned();
        say(&Line::Will { op, plugin: self.plugin, app, what })?;
        let done = match work.await {
            Ok(done) => done,
            Err(error) if is_refusal(&error) => false,
            Err(error) => return Err(error),
        };
        say(&if done { Line::Done { op } } else { Line::Refused { op } })
    }

    async fn item(&mut self, op: u64) -> Result<()> {
        let Self { random, db, .. } = self;
        let key = format!("items:{}", random.below(plan::items(self.plugin)));
        let mut item = json!({ "op": op });
        match random.below(5) {
            0 => {}
            1 => item["owner"] = Json::Null,
            owner => item["owner"] = json!(format!("o{owner}")),
        }
        match random.below(6) {
            0 => {}
            1 => item["score"] = json!(0.5 - random.below(3) as f64),
            2 => item["score"] = json!(random.below(3) as f64),
            _ => item["score"] = json!(random.below(9) as i64 - 4),
        }
        if random.below(3) == 0 {
            item["note"] = json!(format!("n{}", random.below(3)));
        }
        let kind = random.below(8);
        let life = [Life::Short, Life::Long][random.below(2)];
        let (life, fields) = match kind {
            0 => (Life::Endless, None),
            1 | 2 => (life, Some(item.clone())),
            _ => (Life::Endless, Some(item.clone())),
        };
        let lifetime = lifetime(life, random);
        let db = db.clone();
        let target = Target { key: key.clone(), fields, life };
        let work = async move {
            match kind {
                0 => return Ok(db.delete(&key).await?),
                1 | 2 => db.set_for(&key, &item, lifetime).await?,
                3 => drop(db.insert(&key, &item).await?),
                4 => {
                    let known = db.get_versioned::<Json>(&key).await?;
                    db.set_if(&key, &item, known.map(|known| known.revision)).await?;
                }
                _ => db.set(&key, &item).await?,
            }
            Ok(true)
        };
        self.attempt(op, What::Write(vec![target]), work).await
    }

    async fn increment(&mut self, op: u64) -> Result<()> {
        let key = format!("counters:{}", self.random.below(COUNTERS));
        let by = self.random.below(5) as i64;
        let what = What::Add { key: key.clone(), by };
        self.attempt(op, what, async { Ok(self.db.increment(&key, by).await.map(|_| true)?) }).await
    }

    /// From one account to another, counted by this task's ledger.
    async fn transfer(&mut self, op: u64) -> Result<()> {
        let ledger = format!("ledgers:{}", self.number);
        let from = self.random.below(ACCOUNTS);
        let to = (from + 1 + self.random.below(ACCOUNTS - 1)) % ACCOUNTS;
        let sum = self.random.below(20) as i64;
        let what = What::Transfer { ledger: ledger.clone() };
        let work = self.db.txn(|tx| {
            let ledger = ledger.clone();
            async move {
                let mut all: Json = tx.get(&ledger).await?.unwrap_or_else(|| json!({ "count": 0, "moved": {} }));
                all["count"] = json!(all["count"].as_i64().unwrap_or(0) + 1);
                for (account, by) in [(from, -sum), (to, sum)] {
                    let key = format!("accounts:{account}");
                    let balance =
                        tx.get::<BTreeMap<String, i64>>(&key).await?.and_then(|it| it.get("balance").copied());
                    tx.set(&key, &json!({ "balance": balance.unwrap_or(0) + by }))?;
                    let name = account.to_string();
                    all["moved"][&name] = json!(all["moved"][&name].as_i64().unwrap_or(0) + by);
                }
                tx.set(&ledger, &all)?;
                Ok(true)
            }
        });
        self.attempt(op, what, async { work.await.map_err(told) }).await
    }

    /// Two documents that are the same at all times.
    async fn twins(&mut self, op: u64) -> Result<()> {
        let twins = self.random.below(TWINS);
        let keys = ["left", "right"].map(|side| format!("twins:{twins}:{side}"));
        let fields = (self.random.below(6) > 0).then(|| json!({ "op": op }));
        let target = |key: &String| Target { key: key.clone(), fields: fields.clone(), life: Life::Endless };
        let what = What::Write(keys.iter().map(target).collect());
        let (keys, fields) = (&keys, &fields);
        let work = self.db.txn(|tx| async move {
            for key in keys {
                match fields {
                    Some(fields) => tx.set(key, fields)?,
                    None => drop(tx.delete(key).await?),
                }
            }
            Ok(true)
        });
        self.attempt(op, what, async { work.await.map_err(told) }).await
    }

    /// A user takes an address that another may have.
    async fn user(&mut self, op: u64) -> Result<()> {
        let Self { random, .. } = self;
        let key = format!("users:{}", random.below(USERS));
        let mut user = json!({ "op": op, "email": format!("e{}", random.below(EMAILS)) });
        if random.below(8) == 0 {
            user["email"] = Json::Null;
        }
        let (life, gone) =
            ([Life::Endless, Life::Endless, Life::Short, Life::Long][random.below(4)], random.below(6) == 0);
        let life = if gone { Life::Endless } else { life };
        let lifetime = lifetime(life, random);
        let target = Target { key: key.clone(), fields: (!gone).then(|| user.clone()), life };
        let db = &self.db;
        let work = async {
            match (gone, life) {
                (true, _) => return Ok(db.delete(&key).await?),
                (false, Life::Endless) => db.set(&key, &user).await?,
                (false, _) => db.set_for(&key, &user, lifetime).await?,
            }
            Ok(true)
        };
        self.attempt(op, What::Write(vec![target]), work).await
    }

    /// Two users exchange their addresses.
    async fn exchange(&mut self, op: u64) -> Result<()> {
        let one = self.random.below(USERS);
        let other = (one + 1 + self.random.below(USERS - 1)) % USERS;
        let keys = &[one, other].map(|user| format!("users:{user}"));
        let target = |key: &String| Target { key: key.clone(), fields: Some(json!({ "op": op })), life: Life::Endless };
        let what = What::Write(keys.iter().map(target).collect());
        let work = self.db.txn(|tx| async move {
            let [one, other] = keys;
            let email = async |key| {
                let user = tx.get::<Json>(key).await?;
                Ok::<_, StoreError>(user.and_then(|user| user.get("email").cloned()))
            };
            let (Some(first), Some(second)) = (email(one).await?, email(other).await?) else { return Ok(false) };
            tx.set(one, &json!({ "op": op, "email": second }))?;
            tx.set(other, &json!({ "op": op, "email": first }))?;
            Ok(true)
        });
        self.attempt(op, what, async { work.await.map_err(told) }).await
    }
}

fn lifetime(life: Life, random: &mut Random) -> Duration {
    match life {
        Life::Short => Duration::from_millis(1 + random.below(80) as u64),
        Life::Endless | Life::Long => Duration::from_secs(24 * 60 * 60),
    }
}

/// A plugin's error as one of these tests, the store's own where it is one.
pub(crate) fn told(error: plugin_core::Error) -> Failure {
    match error.downcast_ref::<StoreError>() {
        Some(store) => store.clone().into(),
        None => error.to_string().into(),
    }
}

/// Whether it says that nothing was written, for a reason that there may be.
fn is_refusal(error: &Failure) -> bool {
    matches!(
        error.downcast_ref(),
        Some(
            StoreError::Conflict { .. }
                | StoreError::Exists { .. }
                | StoreError::Duplicate { .. }
                | StoreError::TransactionConflict { .. }
        )
    )
}

/// One line is one write to the pipe, there whatever becomes of this process.
pub(crate) fn say(line: &Line) -> Result<()> {
    let line = format!("{}\n", serde_json::to_string(line)?);
    Ok(io::stdout().lock().write_all(line.as_bytes())?)
}
