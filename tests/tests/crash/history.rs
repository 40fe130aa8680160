//! What children said of their writes, and what may be in a store after that.
//!
//! Lines come in one order: a write that was acknowledged before another was begun lies before it. So what is found under a key must be
//! a write that was said to begin, and none that took effect may lie between its end and now. A write of several keys that is found
//! under one of them took effect under all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use plugin_core::Clock;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tests::Result;

use crate::{
    plan::{APPS, BALANCE},
    rows::{Document, Indexes, Row, documents},
};

/// A line of a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Line {
    /// It begins to do something.
    Will {
        /// Its number, which no other has.
        op: u64,
        plugin: usize,
        app: String,
        what: What,
    },
    /// It was told that it is done.
    Done { op: u64 },
    /// It was told that nothing was written.
    Refused { op: u64 },
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum What {
    /// Documents come to be these, all or none.
    Write(Vec<Target>),
    /// The number under a key grows.
    Add { key: String, by: i64 },
    /// A sum moves between accounts, which the ledger under a key counts.
    Transfer { ledger: String },
    /// Something is ordered, and an event tells of it.
    Order,
}

/// What a document is to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) key: String,
    /// The fields that it has, and maybe others; none if it is to be gone.
    pub(crate) fields: Option<Json>,
    pub(crate) life: Life,
}

/// How long a document is to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Life {
    Endless,
    /// Longer than the test.
    Long,
    /// It may be over already.
    Short,
}

pub(crate) fn is_acknowledgement(line: &str) -> bool {
    line.starts_with("{\"Done\"")
}

/// What was heard since the last kill, and what was there then.
#[derive(Debug, Default)]
pub(crate) struct History {
    lines: u64,
    ops: BTreeMap<u64, Op>,
    before: BTreeMap<Place, Document>,
    pub(crate) counts: Counts,
}

#[derive(Debug)]
struct Op {
    plugin: usize,
    app: String,
    what: What,
    /// At which line it was begun.
    begun: u64,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// A kill came before it was told.
    Unknown,
    /// At which line it was acknowledged.
    Done(u64),
    Refused,
}

/// Plugin, app and key.
type Place = (usize, String, String);

/// What went on, in numbers.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) acknowledged: u64,
    refused: u64,
    /// Writes that a kill came between: begun, and neither acknowledged nor refused.
    pub(crate) torn: u64,
    /// How often an index was half built at a kill.
    pub(crate) built_when_killed: usize,
    /// How many indexes are being built now.
    pub(crate) building: usize,
    /// How many indexes are being dropped now.
    pub(crate) dropping: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { acknowledged, refused, torn, built_when_killed, building, dropping } = self;
        write!(
            f,
            "{acknowledged} writes acknowledged, {refused} refused, {torn} cut off, {built_when_killed} indexes half built "
        )?;
        write!(f, "at a kill, {building} being built at the end, {dropping} being dropped")
    }
}

impl History {
    pub(crate) fn hear(&mut self, line: &str) -> Result<()> {
        self.lines += 1;
        match serde_json::from_str(line)? {
            Line::Will { op, plugin, app, what } => {
                let begun = Op { plugin, app, what, begun: self.lines, end: End::Unknown };
                if self.ops.insert(op, begun).is_some() {
                    return Err(format!("{op} was begun twice").into());
                }
            }
            Line::Done { op } => self.op(op)?.end = End::Done(self.lines),
            Line::Refused { op } => self.op(op)?.end = End::Refused,
        }
        Ok(())
    }

    fn op(&mut self, op: u64) -> Result<&mut Op> {
        self.ops.get_mut(&op).ok_or_else(|| format!("{op} ended and was not begun").into())
    }

    /// How the orders ended that were begun since the last kill.
    pub(crate) fn orders(&self) -> BTreeMap<u64, End> {
        let orders = self.ops.iter().filter(|(_, op)| matches!(op.what, What::Order));
        orders.map(|(number, op)| (*number, op.end)).collect()
    }

    /// That of a store in which these rows are.
    pub(crate) fn of(plugins: &[Vec<Row>]) -> Result<Self> {
        Ok(Self { before: placed(plugins)?, ..Self::default() })
    }

    /// Holds what is in the store against what was heard, and begins anew from it.
    pub(crate) fn settle(&mut self, plugins: &[Vec<Row>], indexes: Indexes) -> Result<()> {
        let now = placed(plugins)?;
        self.writes(&now)?;
        self.sums(&now)?;
        for plugin in 0..plugins.len() {
            APPS.iter().try_for_each(|app| accounts(plugin, app, &now))?;
        }
        let ended = |end: fn(&End) -> bool| self.ops.values().filter(|op| end(&op.end)).count() as u64;
        self.counts.acknowledged += ended(|end| matches!(end, End::Done(_)));
        self.counts.refused += ended(|end| *end == End::Refused);
        self.counts.torn += ended(|end| *end == End::Unknown);
        self.counts.built_when_killed += indexes.begun;
        (self.counts.building, self.counts.dropping) = (indexes.building, indexes.dropping);
        (self.lines, self.ops, self.before) = (0, BTreeMap::new(), now);
        Ok(())
    }

    /// Documents that are written as a whole.
    fn writes(&self, now: &BTreeMap<Place, Document>) -> Result<()> {
        let mut targets: BTreeMap<Place, Vec<(u64, &Op, &Target)>> = BTreeMap::new();
        for (number, op) in &self.ops {
            let What::Write(all) = &op.what else { continue };
            for target in all {
                let place = (op.plugin, op.app.clone(), target.key.clone());
                targets.entry(place).or_default().push((*number, op, target));
            }
        }
        // Those that were acknowledged, and those that were not and are seen all the same.
        let mut effective: BTreeSet<u64> =
            self.ops.iter().filter(|(_, op)| matches!(op.end, End::Done(_))).map(|(number, _)| *number).collect();
        for (place, document) in now.iter().filter(|(place, _)| is_written(&place.2)) {
            let op = document.value["op"].as_u64();
            let found = targets.get(place).and_then(|all| all.iter().find(|(number, ..)| op == Some(*number)));
            match found {
                Some((_, Op { end: End::Refused, .. }, _)) => {
                    return Err(format!("{document}: a write that was refused is there: {}", document.value).into());
                }
                Some((number, _, target)) => {
                    target.is(document)?;
                    effective.insert(*number);
                }
                None => match self.before.get(place) {
                    Some(before) if (&before.value, before.expiry) == (&document.value, document.expiry) => {}
                    before => {
                        let before = before.map(|before| &before.value);
                        return Err(
                            format!("{document}: nobody wrote {}; before it was {before:?}", document.value).into()
                        );
                    }
                },
            }
        }
        let places: BTreeSet<&Place> =
            targets.keys().chain(self.before.keys()).filter(|place| is_written(&place.2)).collect();
        for place in places {
            let writes = targets.get(place).map_or(&[][..], Vec::as_slice);
            self.is_last(place, now.get(place), writes, &effective)?;
        }
        Ok(())
    }

    /// What is found under a key is not older than a write that took effect.
    fn is_last(
        &self,
        place: &Place,
        found: Option<&Document>,
        writes: &[(u64, &Op, &Target)],
        effective: &BTreeSet<u64>,
    ) -> Result<()> {
        let newest = |ended: u64, but: u64| {
            let later = |(number, op, _): &&(u64, &Op, &Target)| {
                *number != but && effective.contains(number) && ended < op.begun
            };
            writes.iter().find(later).copied()
        };
        let ended = |op: &Op| if let End::Done(line) = op.end { line } else { u64::MAX };
        let lost = match found {
            Some(document) => {
                let op = document.value["op"].as_u64().unwrap_or(0);
                let of = writes.iter().find(|(number, ..)| *number == op);
                newest(of.map_or(0, |(_, of, _)| ended(of)), op)
            }
            None => {
                // Any write that may have left nothing will do.
                let gone = writes.iter().filter(|(_, op, target)| op.end != End::Refused && target.may_be_gone());
                let gone = gone.map(|(number, op, _)| newest(ended(op), *number));
                let before = self.before.get(place).is_none_or(is_over);
                gone.chain(before.then(|| newest(0, 0)))
                    .min_by_key(Option::is_some)
                    .unwrap_or_else(|| writes.last().copied())
            }
        };
        let (plugin, app, key) = place;
        match (lost, found, self.before.get(place)) {
            (None, None, Some(before)) if !is_over(before) && writes.is_empty() => {
                Err(format!("plugin {plugin}, {before}: it is gone, and nobody wrote it").into())
            }
            (None, ..) => Ok(()),
            (Some((number, op, _)), found, before) => {
                let (found, before) = (found.map(|it| &it.value), before.map(|it| &it.value));
                Err(format!(
                    "plugin {plugin}, app `{app}`: write {number} ({op:?}) is lost under `{key}`: there is {found:?}, and was \
                     {before:?} before\nall of its writes: {writes:#?}"
                )
                .into())
            }
        }
    }

    /// Numbers that grow: by all that was acknowledged, and at most by all that was begun.
    fn sums(&self, now: &BTreeMap<Place, Document>) -> Result<()> {
        let mut bounds: BTreeMap<Place, (i64, i64)> = BTreeMap::new();
        let number = |documents: &BTreeMap<Place, Document>, place: &Place| {
            documents.get(place).map_or(0, |it| it.value.as_i64().or(it.value["count"].as_i64()).unwrap_or(-1))
        };
        for op in self.ops.values() {
            let (key, by) = match &op.what {
                What::Add { key, by } => (key, *by),
                What::Transfer { ledger } => (ledger, 1),
                What::Write(_) | What::Order => continue,
            };
            let (least, most) = bounds.entry((op.plugin, op.app.clone(), key.clone())).or_default();
            match op.end {
                End::Done(_) => (*least, *most) = (*least + by, *most + by),
                End::Unknown => *most += by,
                End::Refused => {}
            }
        }
        let counted = now.keys().chain(self.before.keys()).filter(|place| is_counted(&place.2));
        for place in counted {
            bounds.entry(place.clone()).or_default();
        }
        for (place, (least, most)) in bounds {
            let (grown, before) = (number(now, &place) - number(&self.before, &place), number(&self.before, &place));
            if !(least..=most).contains(&grown) {
                return Err(format!("{place:?} was {before} and grew by {grown}: not by {least} to {most}").into());
            }
        }
        Ok(())
    }
}

fn placed(plugins: &[Vec<Row>]) -> Result<BTreeMap<Place, Document>> {
    let mut all = BTreeMap::new();
    for (plugin, rows) in plugins.iter().enumerate() {
        let placed = |document: Document| ((plugin, document.app.clone(), document.key.clone()), document);
        all.extend(documents(rows)?.into_iter().map(placed));
    }
    Ok(all)
}

/// Whether a document has expired by now.
fn is_over(document: &Document) -> bool {
    document.expiry.is_some_and(|expiry| i128::from(expiry) <= Clock::system().now().as_nanosecond() / 1_000_000)
}

/// Whether the documents under a key are written as a whole, each with the number of its write.
fn is_written(key: &str) -> bool {
    ["items:", "users:", "twins:"].iter().any(|prefix| key.starts_with(prefix))
}

fn is_counted(key: &str) -> bool {
    key.starts_with("counters:") || key.starts_with("ledgers:")
}

/// Each account has what the ledgers say that was moved to it, to the last transfer.
fn accounts(plugin: usize, app: &str, now: &BTreeMap<Place, Document>) -> Result<()> {
    let of = |prefix: &'static str| {
        now.iter().filter(move |((p, a, key), _)| *p == plugin && a == app && key.starts_with(prefix))
    };
    for ((.., key), account) in of("accounts:") {
        let name = key.trim_start_matches("accounts:");
        let moved: i64 = of("ledgers:").filter_map(|(_, ledger)| ledger.value["moved"][name].as_i64()).sum();
        let balance = account.value["balance"].as_i64();
        if balance != Some(BALANCE + moved) {
            return Err(format!(
                "plugin {plugin}, {account}: {balance:?} is not {BALANCE} and {moved}: a transfer is torn"
            )
            .into());
        }
    }
    Ok(())
}

impl Target {
    fn may_be_gone(&self) -> bool {
        self.fields.is_none() || self.life == Life::Short
    }

    /// Whether the document is what it was to be.
    fn is(&self, document: &Document) -> Result<()> {
        let fields =
            self.fields.as_ref().and_then(Json::as_object).ok_or_else(|| format!("{document}: it was deleted"))?;
        let differs = fields.iter().find(|(name, value)| document.value.get(name) != Some(value));
        match (differs, document.expiry.is_some() == (self.life != Life::Endless)) {
            (None, true) => Ok(()),
            (None, false) => {
                Err(format!("{document}: expires at {:?}, and was written as {:?}", document.expiry, self.life).into())
            }
            (Some((name, value)), _) => Err(format!("{document}: `{name}` is not {value}: {}", document.value).into()),
        }
    }
}
