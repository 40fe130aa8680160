//! How a query came by what it found.

use std::{fmt, sync::Arc};

use serde::Serialize;

use super::{
    error::StoreError,
    filter::Filter,
    index::Index,
    look::{Cost, Looker, Unseen},
    plan::{Plan, is_fixed},
    sort::Sort,
};

/// How a query came by what it found: [`Find::explain`](super::query::Find::explain).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explain {
    /// Where it looked.
    pub plan: Access,
    /// The index, as it is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// How many documents came onto the page, or were counted; none where the budget ended it.
    pub found: u64,
    /// How many entries of indexes were read.
    pub entries_read: usize,
    /// How many documents were read.
    pub documents_read: usize,
    /// The bytes of both.
    pub bytes_read: usize,
    /// Whether the budget of one call ended it. Who asks the question itself is given an error.
    pub budget_exceeded: bool,
    /// The fields of an index that would serve the query better, in this order; none where it is served as well as can be.
    pub index_wanted: Vec<String>,
    /// Fields of the query that none of the documents it looked at has: they may be misspelled.
    pub unknown_fields: Vec<String>,
    /// How many documents could not be read, and so not be matched, where that does not end the query.
    pub passed_over: u64,
}

/// Where a query looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Access {
    /// At documents in the order of their keys, until the page is full.
    Keys,
    /// At all documents, to sort them.
    Everything,
    /// At an index in the order that is asked for, and at the documents it points to.
    IndexInOrder,
    /// At a part of an index and the documents it points to, to sort them.
    IndexSorted,
    /// At an index in the order that is asked for, and at nothing else.
    CoveringIndexInOrder,
    /// At a part of an index, and at nothing else.
    CoveringIndex,
    /// At the keys of an index, to count them.
    IndexKeys,
}

/// The way that a query took.
pub(super) enum Way<'p> {
    Keys,
    Everything,
    Index {
        plan: &'p Plan,
        covered: bool,
        is_in_order: bool,
    },
    /// A count.
    Count {
        plan: &'p Plan,
        covered: bool,
    },
    /// A count of keys alone.
    IndexKeys {
        plan: &'p Plan,
    },
}

impl Way<'_> {
    pub(super) fn uses_index(&self) -> bool {
        matches!(self, Self::Index { .. } | Self::Count { .. } | Self::IndexKeys { .. })
    }
}

/// What an [`Explain`] is made of. Nearly nobody asks for one.
#[derive(Debug)]
pub(super) struct Report {
    explain: Explain,
    index: Option<Arc<Index>>,
    cost: Cost,
    pub(super) unseen: Unseen,
}

impl From<Report> for Explain {
    fn from(Report { explain, index, .. }: Report) -> Self {
        Self { index: index.map(|index| index.definition.to_string()), ..explain }
    }
}

impl Report {
    /// How many documents came onto the page, or were counted.
    pub(super) fn found(&self) -> u64 {
        self.explain.found
    }

    /// How many documents could not be read.
    pub(super) fn passed_over(&self) -> u64 {
        self.explain.passed_over
    }

    /// That a query was answered, and not ended by the budget.
    pub(super) fn answered(&self) -> Result<(), StoreError> {
        let Explain { index_wanted, unknown_fields, .. } = &self.explain;
        match self.explain.budget_exceeded {
            true => Err(self.cost.exceeded(index_wanted.clone(), unknown_fields.clone())),
            false => Ok(()),
        }
    }

    /// Of a query to documents `under` a prefix that went such a way, also if it gave up its plan for that, and found so many, unless the
    /// budget ended it.
    pub(super) fn of(
        (way, planned, under): (&Way<'_>, Option<&Plan>, &str),
        looker: &Looker<'_>,
        filter: &Filter,
        sort: &Sort,
        found: Option<usize>,
    ) -> Self {
        let (plan, index, is_served) = match way {
            Way::Keys => (Access::Keys, None, filter.is_all()),
            Way::Everything => (Access::Everything, None, false),
            Way::Index { plan, covered, is_in_order } => {
                let access = match (covered, is_in_order) {
                    (true, true) => Access::CoveringIndexInOrder,
                    (true, false) => Access::CoveringIndex,
                    (false, true) => Access::IndexInOrder,
                    (false, false) => Access::IndexSorted,
                };
                (access, Some(plan), plan.is_exact && (*is_in_order || sort.paths().next().is_none()))
            }
            Way::Count { plan, covered: true } => (Access::CoveringIndex, Some(plan), plan.is_exact),
            Way::Count { plan, covered: false } => (Access::IndexSorted, Some(plan), plan.is_exact),
            Way::IndexKeys { plan } => (Access::IndexKeys, Some(plan), true),
        };
        let (cost, unseen) = (looker.cost, looker.unseen());
        let Cost { entries, documents, bytes } = cost;
        let mut wanted = if is_served && found.is_some() { Vec::new() } else { looker.wanted() };
        // One with more fields has documents in another order, where those alone would have them in the order asked.
        let is_longer = |plan: &Plan| {
            found.is_none() && !matches!(way, Way::Count { .. }) && plan.index.definition.fields.len() > wanted.len()
        };
        let is_better = |plan: &Plan| is_longer(plan) && is_in_order(&wanted, filter, sort);
        // It is what would serve the query, and was used: what it has to look at besides, no index could spare it.
        let is_used = planned.is_some_and(|plan| begins_with(&plan.index, &wanted, filter, sort) && !is_better(plan));
        let is_there = |index: &Arc<Index>| {
            index.is_ready()
                && under.starts_with(&*index.definition.prefix)
                && index.definition.fields.len() == wanted.len()
                && begins_with(index, &wanted, filter, sort)
        };
        if is_used || looker.indexes().iter().any(is_there) {
            wanted.clear();
        }
        let explain = Explain {
            plan,
            index: None,
            found: found.unwrap_or_default() as u64,
            entries_read: entries,
            documents_read: documents,
            bytes_read: bytes,
            budget_exceeded: found.is_none(),
            index_wanted: wanted,
            unknown_fields: unseen.told().to_vec(),
            passed_over: looker.passed_over,
        };
        Self { explain, index: index.map(|plan| Arc::clone(&plan.index)), cost, unseen }
    }
}

/// Whether an index of the fields `wanted` has documents in the order asked, those with the same values in the order of their keys.
fn is_in_order(wanted: &[String], filter: &Filter, sort: &Sort) -> bool {
    let demands = filter.demands();
    let path = |wanted: &String| wanted.strip_prefix('-').unwrap_or(wanted).to_owned();
    let is_one = |path: &str| is_fixed(&demands, path) || sort.paths().any(|sorted| sorted == path);
    wanted.iter().all(|wanted| is_one(&path(wanted)))
}

/// Whether the first fields of an index are `wanted`. Those that come in an order all have it as it is asked for, or all the other way
/// round: then the index is walked in reverse. The order of the others makes no difference.
fn begins_with(index: &Index, wanted: &[String], filter: &Filter, sort: &Sort) -> bool {
    let has = &index.definition.fields;
    let demands = filter.demands();
    let is_ordered = |path: &str| sort.paths().any(|sorted| sorted == path) && !is_fixed(&demands, path);
    let mut turned = None;
    has.len() >= wanted.len()
        && wanted.iter().zip(has).all(|(wanted, has)| {
            let (path, descending) = wanted.strip_prefix('-').map_or((&**wanted, false), |path| (path, true));
            let is_turned = descending != has.descending;
            has.path == path && (!is_ordered(path) || *turned.get_or_insert(is_turned) == is_turned)
        })
}

impl fmt::Display for Explain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plan = match self.plan {
            Access::Keys => "documents in the order of their keys",
            Access::Everything => "all documents, sorted afterwards",
            Access::IndexInOrder => "documents in the order of the index",
            Access::IndexSorted => "documents that the index names, sorted afterwards",
            Access::CoveringIndexInOrder => "the index alone, in its order",
            Access::CoveringIndex => "the index alone, sorted afterwards",
            Access::IndexKeys => "the keys of the index alone",
        };
        f.write_str(plan)?;
        if let Some(index) = &self.index {
            write!(f, " ({index})")?;
        }
        let Self { found, entries_read, documents_read, bytes_read, .. } = self;
        write!(f, "; found {found}, read {entries_read} entries and {documents_read} documents of {bytes_read} bytes")?;
        if self.budget_exceeded {
            f.write_str("; the budget of one call ended it")?;
        }
        if !self.index_wanted.is_empty() {
            write!(f, "; an index on ({}) would serve it", self.index_wanted.join(", "))?;
        }
        if !self.unknown_fields.is_empty() {
            write!(f, "; no document it looked at has {}", self.unknown_fields.join(", "))?;
        }
        match self.passed_over {
            0 => Ok(()),
            count => write!(f, "; {count} documents cannot be read and were passed over"),
        }
    }
}
