//! Which index serves a query, and how: the one whose first fields the filter holds to single values, then one that it holds to a range,
//! then the order that is asked for.
//!
//! A plan says where to look. What is found there is held against the whole filter, unless all that can lie there matches, and comes in the
//! same order as without an index: an index changes how long a query takes and nothing else.

use std::{cmp::Reverse, ops::Range, sync::Arc};

use super::{
    engine::Direction as Walk,
    error::StoreError,
    filter::{Allowed, Demands, Filter, Span},
    index::{Direction, Field, Index, Kept, NO_KEY, Said, key_of, values},
    key::upper_bound,
    ordered,
    search::Found,
    sort::Sort,
    value::Value,
    walk::after_key,
};
use crate::id::AppId;

/// The most ranges that one plan walks. Beyond that a range that holds them all is walked.
const MAX_RANGES: usize = 256;

/// Where to look for what a query asks.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) index: Arc<Index>,
    /// In the order of the keys, without overlap.
    pub(super) ranges: Vec<Range<Vec<u8>>>,
    /// How long the part of the keys before the values is.
    pub(super) start: usize,
    /// Whether all that lies there matches.
    pub(super) is_exact: bool,
    pub(super) order: Order,
    /// How the fields that are held to one value begin the keys.
    fixed: Vec<Vec<u8>>,
    score: Score,
}

/// In which order entries come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// In none that was asked for.
    Other,
    /// As asked, where entries that have the same in the first `fields` values are sorted by their keys.
    Asked { fields: usize, walk: Walk },
}

/// Whether ranges hold what was asked for, or that and more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walked {
    Whole,
    MoreThanAsked,
}

/// What makes one plan better than another, the most important first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    held: usize,
    is_narrow: bool,
    is_in_order: bool,
    is_exact: bool,
    is_short: Reverse<usize>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) app: &'a AppId,
    pub(super) filter: &'a Filter,
    pub(super) sort: &'a Sort,
    pub(super) under: &'a str,
}

/// The best plan with one of `indexes`; none if no index helps.
pub(super) fn best(indexes: &[Arc<Index>], question: Question<'_>) -> Option<Plan> {
    let demands = question.filter.demands();
    let ready = indexes.iter().filter(|index| index.is_ready());
    ready.filter_map(|index| plan(index, question, &demands)).max_by_key(|plan| plan.score)
}

fn plan(index: &Arc<Index>, question: Question<'_>, demands: &Demands<'_>) -> Option<Plan> {
    let Question { app, sort, under, .. } = question;
    let definition = &index.definition;
    if !under.starts_with(&*definition.prefix) {
        return None;
    }
    let beginning = key_of(index, app).into_bytes();
    let start = beginning.len();
    let mut beginnings = vec![beginning];
    let mut fixed = Vec::new();
    let (mut held, mut demanded, mut is_something, mut narrowed) = (0, 0, false, None);
    for field in &definition.fields {
        let Some(Allowed { spans, is_something: something }) = demands.allowed(&field.path, field.direction()) else {
            break;
        };
        is_something |= something;
        demanded += 1;
        if !spans.iter().all(|span| span.is_point) || beginnings.len() * spans.len() > MAX_RANGES {
            narrowed = Some(between(&beginnings, &spans));
            break;
        }
        if let ([span], true) = (&*spans, fixed.len() == held) {
            fixed.push(span.range.start.clone());
        }
        held += 1;
        beginnings = followed_by(&beginnings, &spans);
    }
    if definition.sparse && !is_something {
        return None;
    }
    let order = order(index, fixed.len(), sort, demands);
    let is_narrow = narrowed.is_some();
    if held == 0 && !is_narrow && order == Order::Other {
        return None;
    }
    let held_fields = definition.fields.iter().take(demanded).map(|field| &*field.path);
    let is_whole = narrowed.as_ref().is_none_or(|(_, walked)| *walked == Walked::Whole);
    let is_exact = under == definition.prefix && is_whole && demands.are_all_of(held_fields);
    let is_in_order = order != Order::Other;
    let is_short = Reverse(definition.fields.len());
    let score = Score { held, is_narrow, is_in_order, is_exact, is_short };
    let whole = || beginnings.iter().map(|it| it.clone()..upper_bound(it)).collect();
    let ranges = narrowed.map_or_else(whole, |(ranges, _)| ranges);
    Some(Plan { index: Arc::clone(index), ranges, start, is_exact, order, fixed, score })
}

/// Each of `beginnings` with each of the points behind it, in their order.
fn followed_by(beginnings: &[Vec<u8>], points: &[Span]) -> Vec<Vec<u8>> {
    let one = |beginning: &Vec<u8>, point: &Span| [&**beginning, &*point.range.start].concat();
    beginnings.iter().flat_map(|beginning| points.iter().map(move |point| one(beginning, point))).collect()
}

/// Each of the spans behind each of `beginnings`, or one range a beginning where that would be too many.
fn between(beginnings: &[Vec<u8>], spans: &[Span]) -> (Vec<Range<Vec<u8>>>, Walked) {
    let behind = |beginning: &Vec<u8>, range: Range<&Vec<u8>>| {
        let [start, end] = [range.start, range.end].map(|bound| [&**beginning, &**bound].concat());
        start..end
    };
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return (Vec::new(), Walked::Whole) };
    match beginnings.len() * spans.len() <= MAX_RANGES {
        true => {
            let of_each = |it| spans.iter().map(move |span| behind(it, &span.range.start..&span.range.end));
            (beginnings.iter().flat_map(of_each).collect(), Walked::Whole)
        }
        false => {
            let of_all = |it| behind(it, &first.range.start..&last.range.end);
            (beginnings.iter().map(of_all).collect(), Walked::MoreThanAsked)
        }
    }
}

/// Whether entries come as `sort` asks, where the first `fixed` fields have one value each. What is held to one value anywhere makes no
/// difference to an order.
fn order(index: &Index, fixed: usize, sort: &Sort, demands: &Demands<'_>) -> Order {
    let rest = index.definition.fields.get(fixed..).unwrap_or_default();
    let asked: Vec<_> = sort.fields().filter(|(path, _)| !is_fixed(demands, path)).collect();
    if asked.is_empty() {
        // The keys decide, which come next only where nothing else is left.
        return match rest.is_empty() {
            true => Order::Asked { fields: fixed, walk: Walk::Forward },
            false => Order::Other,
        };
    }
    let walks = |walk: Walk| {
        let mut pairs = asked.iter().zip(rest);
        asked.len() <= rest.len()
            && pairs.all(|((path, direction), field)| {
                *path == field.path && (*direction == field.direction()) == (walk == Walk::Forward)
            })
    };
    let walk = [Walk::Forward, Walk::Reverse].into_iter().find(|walk| walks(*walk));
    walk.map_or(Order::Other, |walk| Order::Asked { fields: fixed + asked.len(), walk })
}

/// Whether what lies at `path` has one value in all that is asked for.
pub(super) fn is_fixed(demands: &Demands<'_>, path: &str) -> bool {
    let allowed = demands.allowed(path, Direction::Ascending);
    allowed.is_some_and(|allowed| matches!(&*allowed.spans, [span] if span.is_point))
}

impl Plan {
    /// What begins the entries that have the same values as the place where a page ended: these `values`, one for each field that is
    /// sorted by.
    pub(super) fn beginning(&self, question: Question<'_>, values: &[Vec<Value>]) -> Vec<u8> {
        let demands = question.filter.demands();
        let mut beginning = key_of(&self.index, question.app).into_bytes();
        self.fixed.iter().for_each(|value| beginning.extend(value));
        let asked = question.sort.fields().zip(values).filter(|((path, _), _)| !is_fixed(&demands, path));
        let rest = self.index.definition.fields.get(self.fixed.len()..).unwrap_or_default();
        for ((_, value), field) in asked.zip(rest) {
            ordered::encode(value.first(), field.direction(), &mut beginning, &mut Vec::new());
        }
        beginning
    }

    /// Where the turn that begins with `beginning` goes on behind the document `key`, where its entries come in the order of their documents'
    /// keys. Of those that no two documents may have there is one a turn, whoever's it has become meanwhile: that one comes again.
    pub(super) fn behind(&self, beginning: &[u8], key: &str) -> Vec<u8> {
        if self.binds(beginning) { beginning.to_vec() } else { after_key(&[beginning, key.as_bytes()].concat()) }
    }

    /// Whether no two documents may have the values of the turn that begins so.
    fn binds(&self, beginning: &[u8]) -> bool {
        let definition = &self.index.definition;
        let mut end = self.start;
        let mut is_something = |field: &Field| {
            let rest = beginning.get(end..)?;
            end += ordered::skip(rest, field.direction())?;
            Some(!ordered::is_nothing(rest, field.direction()))
        };
        definition.unique && definition.fields.iter().all(|field| is_something(field) == Some(true))
    }

    /// The part of an entry's key in which it has the same as all others of its turn.
    pub(super) fn turn<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        let Order::Asked { fields, .. } = self.order else { return None };
        let mut end = self.start;
        for field in self.index.definition.fields.iter().take(fields) {
            end += ordered::skip(key.get(end..)?, field.direction())?;
        }
        key.get(..end)
    }

    /// Whether the order that is asked for is that of all fields of the index, so that entries that have the same values lie in the order of
    /// their documents' keys.
    pub(super) fn is_order_of_all(&self) -> bool {
        let all = self.index.definition.fields.len();
        matches!(self.order, Order::Asked { fields, .. } if fields == all)
    }

    /// Whether the entries have all of `paths`. Places in arrays they do not tell from names.
    pub(super) fn covers<'p>(&self, mut paths: impl Iterator<Item = &'p str>) -> bool {
        let fields = &self.index.definition.fields;
        paths.all(|path| {
            let is_name = |step: &str| step.parse::<usize>().is_err();
            path.split('.').all(is_name) && fields.iter().any(|field| field.path == path)
        })
    }

    /// What the document of an entry has in the indexed fields.
    pub(super) fn values(&self, entry: &[u8], said: &Said<'_>) -> Result<Value, StoreError> {
        values(&self.index, self.start, entry, said).ok_or_else(|| self.damaged(NO_KEY))
    }

    /// What the value of an entry says.
    #[inline]
    pub(super) fn said<'s>(&self, value: &'s [u8]) -> Result<Said<'s>, StoreError> {
        Said::of(value).ok_or_else(|| self.damaged("an entry points to nothing"))
    }

    /// What the entry has of its document, for whoever asks for no more.
    #[inline]
    pub(super) fn found<'r>(&'r self, entry: &'r [u8], said: &Said<'r>) -> Found<'r> {
        Found::Kept(&self.index, Kept::of(self.start, entry, said))
    }

    /// When the document of an entry expires.
    pub(super) fn expiry(&self, value: &[u8]) -> Option<u64> {
        Said::of(value).and_then(|said| said.expiry)
    }

    /// The document that an entry points to.
    pub(super) fn document<'d>(
        &self,
        said: &'d [u8],
        bytes: Option<&'d [u8]>,
    ) -> Result<(&'d str, &'d [u8]), StoreError> {
        let said = self.said(said)?;
        let bytes = bytes.ok_or_else(|| self.damaged(&format!("it has `{}`, which is not there", said.key)))?;
        Ok((said.key, bytes))
    }

    pub(super) fn damaged(&self, problem: &str) -> StoreError {
        self.index.definition.damaged(problem)
    }
}
