//! Typed documents, a migration and events, through a whole host: what was acknowledged is there, of its type and under its indexes, and
//! an event was heard if and only if the document that came with it is there. It is heard at least once, and a second time only where a
//! kill came between the end of its handler and the removal of its row; a listener has one event at a time, so that is at most once a
//! kill.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use plugin_core::{
    AppId, Clock,
    catalog::Catalog,
    context::caller::{Caller, request_id},
    host::{
        Host,
        store::{Data, Question},
    },
    random::Random,
    registration::Registration,
    spawn::Spawn,
    store::{
        Db, Listed, Schema, Shown, Space,
        codec::{Content, Envelope},
        engine::{Direction, Durability, Got, Keyspace, Read, Scan, Wanted},
        index::Progress,
    },
};
use serde_json::{Value as Json, json};
use tests::{Result, pause};
use tokio::{runtime::Handle, time::sleep};

use crate::{
    child::{say, told},
    history::{End, Line, What},
    plan::{PLUGINS, Stores},
    shop::V1,
};

const SHOP: &str = "crash-shop";
const CLERK: &str = "crash-clerk";
/// How many orders are there before, of the version before: enough that a kill comes while they are migrated.
const OLD: u64 = 4_000;
/// How many numbers there are for new orders: some get in each other's way.
const NUMBERS: usize = 20_000;
/// How long everything may take at the end that was left to be done.
const PATIENCE: Duration = Duration::from_secs(120);
/// After how many kills everything is looked at, rather than what was ordered last.
const ALL: u64 = 25;

#[derive(Debug)]
struct Tasks(Handle);

impl Spawn for Tasks {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        drop(self.0.spawn(task));
    }
}

/// A host of the two plugins. Nothing of it runs before it is started.
fn host(stores: &Stores) -> Result<Host> {
    let linked = Registration::linked().filter(|it| it.item.owner().is_none_or(|id| [SHOP, CLERK].contains(&id)));
    let catalog =
        Catalog::of(linked, &[]).map_err(|problems| format!("the plugins do not fit together: {problems:?}"))?;
    let runtime = stores.runtime();
    let tasks = Arc::new(Tasks(runtime.handle().clone()));
    runtime.block_on(Host::builder(catalog, stores.engine(), Clock::system(), tasks).build()).map_err(told)
}

/// A host that takes orders.
pub(crate) fn open(stores: &Stores) -> Result<Host> {
    let host = host(stores)?;
    stores.runtime().block_on(host.start()).map_err(told)?;
    Ok(host)
}

/// Orders, and tells of it, until it is killed.
pub(crate) async fn order(host: Host, mut random: Random, ops: Arc<AtomicU64>) -> Result<()> {
    let call = host.call(&Caller::nobody(request_id(host.clock().now())));
    loop {
        let op = ops.fetch_add(1, Ordering::Relaxed);
        let wanted = json!({
            "op": op, "number": random.below(NUMBERS), "owner": format!("o{}", random.below(9)), "taken": false
        });
        say(&Line::Will { op, plugin: PLUGINS, app: AppId::default().to_string(), what: What::Order })?;
        let answer = host.apply_json(&call, "crash-shop:order", wanted).await.map_err(told)?;
        say(&if answer["taken"] == true { Line::Done { op } } else { Line::Refused { op } })?;
        sleep(Duration::from_micros(random.below(3_000) as u64)).await;
    }
}

/// What was said of orders, of all children.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    pub(crate) said: Said,
    /// How many are of the version before.
    old: u64,
    /// After how many kills some were, and others not any more.
    pub(crate) migrating: u64,
    /// How many events were heard again.
    again: u64,
}

impl fmt::Display for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { said: Said { acknowledged, torn, .. }, migrating, again, .. } = self;
        let (acknowledged, torn) = (acknowledged.len(), torn.len());
        write!(f, "{acknowledged} orders among them, {torn} cut off, {migrating} kills during a migration, ")?;
        write!(f, "{again} events heard again")
    }
}

/// What may be there, and what must.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) acknowledged: BTreeSet<u64>,
    /// Those that a kill came between.
    pub(crate) torn: BTreeSet<u64>,
    pub(crate) kills: u64,
}

/// What is there.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The writes whose orders there are.
    pub(crate) orders: BTreeSet<u64>,
    /// How often each was heard of.
    pub(crate) heard: BTreeMap<u64, u64>,
}

impl Said {
    /// Holds what is there, once nothing is left to be delivered, against what was said, and gives how many events were heard again.
    pub(crate) fn check(&self, found: &Found) -> Result<u64> {
        let Found { orders, heard } = found;
        let of = |what: &str, op: Option<&u64>| -> Result<()> {
            match op {
                Some(op) => Err(format!("order {op} {what}").into()),
                None => Ok(()),
            }
        };
        of("was acknowledged and is lost", self.acknowledged.difference(orders).next())?;
        let known = |op: &&u64| self.acknowledged.contains(op) || self.torn.contains(op);
        of("was refused, or nobody made it, and it is there", orders.iter().find(|op| !known(op)))?;
        of("is there and nobody heard of it", orders.iter().find(|op| !heard.contains_key(op)))?;
        of("was heard of and is not there", heard.keys().find(|op| !orders.contains(op)))?;
        let again: u64 = heard.values().map(|times| times.saturating_sub(1)).sum();
        match again <= self.kills {
            true => Ok(again),
            false => Err(format!("{again} events were heard again, after {} kills", self.kills).into()),
        }
    }
}

impl Orders {
    /// Those of a build that knew only the version before.
    pub(crate) fn fill(stores: &Stores) -> Result<Self> {
        let keyspace = Keyspace::of_plugin(SHOP);
        stores.runtime().block_on(async {
            stores.engine().open(&keyspace).await?;
            let space = Space::new(stores.engine(), keyspace, Durability::Relaxed);
            let space = space.with_schema(Schema::new([&V1], [], [], &[]));
            space.prepare().await?;
            let db = Db::over(Arc::new(space), AppId::default());
            for n in 0..OLD {
                let id = format!("old-{n}");
                let number = NUMBERS as u64 + n;
                db.set(&format!("orders:{id}"), &json!({ "id": id, "number": number, "buyer": "nobody" })).await?;
            }
            Ok(Self { old: OLD, ..Self::default() })
        })
    }

    /// Looks after a kill at what was ordered before it.
    pub(crate) fn settle(&mut self, stores: &Stores, ended: &BTreeMap<u64, End>) -> Result<()> {
        let host = host(stores)?;
        stores.runtime().block_on(async {
            let shop = host.data(SHOP).await.map_err(told)?;
            for (op, end) in ended {
                let found = shop.get(&AppId::default(), &format!("orders:{op}")).await;
                match (end, found) {
                    (End::Done(_), Ok(shown)) if shown.value["op"] == *op => drop(self.said.acknowledged.insert(*op)),
                    (End::Unknown, _) => drop(self.said.torn.insert(*op)),
                    (End::Refused, Err(error)) if error.status().as_u16() == 404 => {}
                    (_, found) => return Err(format!("order {op} ended as {end:?}, and there is {found:?}").into()),
                }
            }
            self.said.kills += 1;
            match self.said.kills % ALL {
                0 => whole(&shop).await,
                _ => Ok(()),
            }
        })?;
        if self.old > 0 {
            let rows = stores.rows_of(&Keyspace::of_plugin(SHOP))?;
            let is_old = |row: &[u8]| match Envelope::of(row).map(|envelope| envelope.content) {
                Ok(Content::Typed { version, .. }) => version == 1,
                _ => false,
            };
            self.old = rows.iter().filter(|row| row.key.first() == Some(&0x10) && is_old(&row.value)).count() as u64;
            self.migrating += u64::from((1..OLD).contains(&self.old));
        }
        Ok(())
    }

    /// Brings everything to its end, and looks at it.
    pub(crate) fn complete(&mut self, stores: &Stores) -> Result<()> {
        let host = open(stores)?;
        let began = Instant::now();
        while !stores.runtime().block_on(is_done(stores, &host))? {
            if began.elapsed() > PATIENCE {
                return Err(format!("after {PATIENCE:?} not everything is delivered, migrated and indexed").into());
            }
            pause(Duration::from_millis(20));
        }
        stores.runtime().block_on(async {
            host.stop(Duration::from_secs(5)).await.map_err(told)?;
            let (shop, clerk) = (host.data(SHOP).await.map_err(told)?, host.data(CLERK).await.map_err(told)?);
            whole(&shop).await?;
            whole(&clerk).await?;
            let (mut found, mut numbers, mut old) = (Found::default(), BTreeSet::new(), 0);
            for Shown { key, value, .. } in all(&shop, "orders:").await? {
                if !numbers.insert(value["number"].as_u64()) {
                    return Err(format!("`{key}` has the number of another: {value}").into());
                }
                match (value["op"].as_u64(), &value["owner"]) {
                    (Some(0), Json::String(owner)) if owner == "nobody" => old += 1,
                    (Some(op), Json::String(_)) if op > 0 => drop(found.orders.insert(op)),
                    _ => return Err(format!("`{key}` is no order: {value}").into()),
                }
            }
            if old != OLD {
                return Err(format!("of {OLD} orders of the version before there are {old}").into());
            }
            for Shown { key, value, .. } in all(&clerk, "heard:").await? {
                let op = key.trim_start_matches("heard:").parse()?;
                found.heard.insert(op, value.as_u64().ok_or_else(|| format!("`{key}` is no count: {value}"))?);
            }
            self.again = self.said.check(&found)?;
            Ok(())
        })
    }
}

/// Whether all events are heard, all documents are of today's version, and all indexes are built.
async fn is_done(stores: &Stores, host: &Host) -> Result<bool> {
    let range = vec![0x20]..vec![0x21];
    let scan = Scan { range, limit: 1, bytes: 0, direction: Direction::Forward, wanted: Wanted::Keys };
    let mut got = stores.engine().read(&Keyspace::of_plugin(SHOP), &[Read::Scan(scan)]).await?;
    let Some(Got::Entries(waiting)) = got.pop() else { return Err("a scan is answered by entries".into()) };
    if !waiting.is_empty() {
        return Ok(false);
    }
    let overview = host.data(SHOP).await.map_err(told)?.stats().await.map_err(told)?.overview;
    Ok(overview.migrations.is_empty() && overview.indexes.iter().all(|index| index.progress == Progress::Ready))
}

/// Every document can be read, and every index holds what documents say.
async fn whole(data: &Data) -> Result<()> {
    let verified = data.verify().await.map_err(told)?;
    match verified.is_whole() && verified.opaque == 0 {
        true => Ok(()),
        false => Err(format!("what `{}` stored is not whole: {verified:?}", data.plugin()).into()),
    }
}

async fn all(data: &Data, under: &str) -> Result<Vec<Shown>> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let question = Question { under: under.into(), limit: Some(1_000), cursor, ..Question::default() };
        let Listed { items, next, .. } = data.find(&AppId::default(), question).await.map_err(told)?;
        all.extend(items);
        match next {
            Some(next) => cursor = Some(next.to_string()),
            None => return Ok(all),
        }
    }
}
