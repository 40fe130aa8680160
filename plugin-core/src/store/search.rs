//! What `find` does, whatever type it finds.

mod best;
mod turns;

use std::{ops::ControlFlow, sync::Arc};

use self::{
    best::{Best, Candidate},
    turns::Turns,
};
use super::{
    cursor::{Cursor, Place},
    documents::Documents,
    engine::{Direction, MAX_SCAN, Row, Wanted},
    error::StoreError,
    explain::{Report, Way},
    filter::Filter,
    index::{Index, Kept, NO_KEY, Said},
    key,
    key::upper_bound,
    look::{Budget, Looker, Unreadable},
    plan::{self, Order, Plan, Question},
    query::{DEFAULT_PAGE, page_size},
    record::of_key,
    sort::{Sort, SortKey},
    value::Value,
    walk::{Over, Walk, after_key, range},
};

/// How many documents a search that may stop early reads at first.
const FIRST_CHUNK: usize = 128;

/// A row is done with.
const GO_ON: Result<ControlFlow<()>, StoreError> = Ok(ControlFlow::Continue(()));

/// A search, as it was put together.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub(super) documents: Documents,
    pub(super) filter: Filter,
    /// Fields to sort by, as they were given.
    pub(super) sort: Vec<String>,
    pub(super) limit: usize,
    pub(super) after: Option<Cursor>,
    /// The prefix of the keys.
    pub(super) under: String,
    pub(super) budget: Budget,
    /// The fields that are wanted, where it is not the whole document.
    pub(super) selected: Option<Vec<String>>,
    /// What becomes of documents that cannot be read.
    pub(super) unreadable: Unreadable,
}

/// The documents of one page.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    /// Where the page ended, unless it is the last.
    pub(super) next: Option<Cursor>,
    /// The index whose entries the items are, if they are.
    pub(super) index: Option<Arc<Index>>,
}

/// A document that was found.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) key: String,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    /// As it is stored.
    Stored(Vec<u8>),
    /// The fields that are wanted.
    Selected(Value),
    /// What an index has of them.
    Kept(Kept),
}

impl Item {
    /// What an entry has of the document that it tells of.
    fn kept(plan: &Plan, row: Row<'_>, said: &Said<'_>) -> Self {
        Self { key: said.key.into(), content: Content::Kept(Kept::of(plan.start, row.key, said)) }
    }
}

impl Found {
    /// The same, where its items may be entries of an index.
    fn of(self, plan: &Plan, covered: bool) -> Self {
        Self { index: covered.then(|| Arc::clone(&plan.index)), ..self }
    }
}

/// What is asked, for all that a search does.
#[derive(Clone, Copy)]
struct Asked<'a> {
    search: &'a Search,
    order: &'a Sort,
}

/// What one search goes by.
struct Run<'a> {
    asked: Asked<'a>,
    after: Option<Place>,
    looker: Looker<'a>,
}

impl Search {
    pub(super) fn new(documents: Documents, filter: Filter) -> Self {
        Self {
            documents,
            filter,
            sort: Vec::new(),
            limit: DEFAULT_PAGE,
            after: None,
            under: String::new(),
            budget: Budget::OfACall,
            selected: None,
            unreadable: Unreadable::Error,
        }
    }

    /// The page, and how it was come by.
    pub(super) async fn run(&self) -> Result<(Found, Report), StoreError> {
        page_size(self.limit)?;
        let order = Sort::of(&self.sort)?;
        let after = self.after.clone().map(|cursor| cursor.place(&self.sort)).transpose()?;
        let looker = Looker::new(&self.documents, &self.filter, &order)?.with(self.unreadable);
        let question = self.question(&order);
        let indexes = self.documents.space.indexes.all();
        let plan = plan::best(&indexes, question);
        let mut run = Run { asked: Asked { search: self, order: &order }, after, looker };
        let (found, way) = match &plan {
            Some(plan) if plan.order != Order::Other => {
                let covered = run.is_covered(plan);
                let found = run.in_index_order(plan, covered).await?;
                (found.of(plan, covered), Way::Index { plan, covered, is_in_order: true })
            }
            // Who walks all there is goes by the keys: gathering would begin again at every page.
            Some(plan) if self.budget == Budget::OfACall || !self.sort.is_empty() => {
                let covered = run.is_covered(plan);
                match run.gathered(plan, covered).await {
                    // In the order of the keys it may come to an end all the same.
                    Err(StoreError::BudgetExceeded { .. }) if self.sort.is_empty() => {
                        let spent = run.looker.cost;
                        run.looker = Looker::new(&self.documents, &self.filter, &order)?.with(self.unreadable);
                        let found = run.in_key_order().await?;
                        run.looker.cost.add(spent);
                        (found, Way::Keys)
                    }
                    found => (found?.of(plan, covered), Way::Index { plan, covered, is_in_order: false }),
                }
            }
            _ if self.sort.is_empty() => (run.in_key_order().await?, Way::Keys),
            _ => (run.sorted().await?, Way::Everything),
        };
        if plan.as_ref().is_some_and(|plan| way.uses_index() && !plan.index.is_ready()) {
            // It is being dropped, and some of its entries may have been gone.
            return Box::pin(self.run()).await;
        }
        run.looker.finish();
        let report = Report::of(&way, &run.looker, &self.filter, &order, found.items.len());
        Ok((found, report))
    }

    pub(super) fn question<'a>(&'a self, sort: &'a Sort) -> Question<'a> {
        Question { app: &self.documents.app, filter: &self.filter, sort, under: &self.under }
    }
}

impl Run<'_> {
    /// Whether the index has all that is asked.
    fn is_covered(&self, plan: &Plan) -> bool {
        let Asked { search, order } = self.asked;
        let Some(selected) = &search.selected else { return false };
        let asked = search.filter.paths().into_iter().chain(order.paths());
        plan.covers(asked.chain(selected.iter().map(String::as_str)))
    }

    /// Stops as soon as the page is full.
    async fn in_key_order(&mut self) -> Result<Found, StoreError> {
        let Self { asked, after, looker } = self;
        let Search { documents, limit, under, budget, .. } = asked.search;
        let hoped = if looker.wants_nothing() { limit + 1 } else { (limit + 1).max(FIRST_CHUNK) };
        let after = after.take().map(|place| place.key);
        let range = range(documents, under, after.as_deref());
        let walk = Walk::over(documents, [range], Direction::Forward, (*budget, hoped));
        let mut found = Found::default();
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            let Some(key) = key::tail_of_document(row.key) else { return GO_ON };
            if !looker.matches(key, row.value)? {
                return GO_ON;
            }
            if found.items.len() == *limit {
                found.next = found.items.last().map(|last| Cursor::at(Place::of(&last.key))).transpose()?;
                return Ok(ControlFlow::Break(()));
            }
            found.items.push(asked.item(key, row.value)?);
            GO_ON
        };
        walk.each(Over::Documents(Wanted::Entries), looker, visit).await?;
        Ok(found)
    }

    /// Looks at everything, and keeps little more than the page in the meantime.
    async fn sorted(&mut self) -> Result<Found, StoreError> {
        let Self { asked, after, looker } = self;
        let Search { documents, under, .. } = asked.search;
        let ranges = [range(documents, under, None)];
        // Every page of this looks at everything, so not even who walks all there is may do it without a budget.
        let walk = Walk::over(documents, ranges, Direction::Forward, (Budget::OfACall, MAX_SCAN));
        let mut best = Best::new(*asked, after.take());
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            let Some(key) = key::tail_of_document(row.key) else { return GO_ON };
            if let Some(candidate) = asked.candidate(looker, key, row.value)? {
                best.add(candidate);
            }
            GO_ON
        };
        walk.each(Over::Documents(Wanted::Entries), looker, visit).await?;
        best.page()
    }

    /// Looks at everything that an index has in its ranges.
    async fn gathered(&mut self, plan: &Plan, covered: bool) -> Result<Found, StoreError> {
        let Self { asked, after, looker } = self;
        let documents = &asked.search.documents;
        let walk = Walk::over(documents, plan.ranges.clone(), Direction::Forward, (Budget::OfACall, MAX_SCAN));
        if plan.is_exact {
            looker.trust();
        }
        let mut best = Best::new(*asked, after.clone());
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            let candidate = match covered {
                true => asked.candidate_of_entry(looker, plan, row)?,
                false => match asked.document(plan, row)? {
                    Some((key, bytes)) => asked.candidate(looker, key, bytes)?,
                    None => None,
                },
            };
            if let Some(candidate) = candidate {
                best.add(candidate);
            }
            GO_ON
        };
        walk.each(over(covered), looker, visit).await?;
        best.page()
    }

    /// Walks an index in the order that is asked for, and stops as soon as the page is full.
    async fn in_index_order(&mut self, plan: &Plan, covered: bool) -> Result<Found, StoreError> {
        let Order::Asked { walk: direction, .. } = plan.order else { return Ok(Found::default()) };
        let Self { asked, after, looker } = self;
        let Search { documents, limit, budget, .. } = asked.search;
        let beginning = after.as_ref().map(|place| plan.beginning(asked.search.question(asked.order), &place.values));
        let by_key = plan.comes_by_key();
        let ranges = plan.ranges.iter().cloned().map(|mut range| {
            if let (Some(beginning), Some(place)) = (&beginning, &*after) {
                match direction {
                    Direction::Forward if by_key => {
                        range.start = range.start.max(after_key(&[beginning, place.key.as_bytes()].concat()));
                    }
                    Direction::Forward => range.start = range.start.max(beginning.clone()),
                    Direction::Reverse => range.end = range.end.min(upper_bound(beginning)),
                }
            }
            range
        });
        let hoped = if plan.is_exact { limit + 1 } else { (limit + 1).max(FIRST_CHUNK) };
        let walk = Walk::over(documents, ranges, direction, (*budget, hoped));
        if plan.is_exact {
            looker.trust();
        }
        let mut page = Turns::new(*limit, beginning.zip(after.take()));
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            if !by_key {
                page.turn(plan.turn(row.key).ok_or_else(|| plan.damaged(NO_KEY))?);
                if page.is_full() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            let found = match covered {
                true => asked.item_of_entry(looker, plan, row, &page)?,
                false => match asked.document(plan, row)? {
                    Some(document) => asked.item_of_document(looker, document, &page)?,
                    None => None,
                },
            };
            match found {
                Some((item, values)) if by_key => page.add_in_order(item, values),
                Some((item, values)) => page.add(item, values),
                None => {}
            }
            Ok(if page.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        walk.each(over(covered), looker, visit).await?;
        page.end();
        asked.cut(page.items, page.values)
    }
}

/// What is walked over in an index.
fn over(covered: bool) -> Over {
    if covered { Over::Entries(Wanted::Entries) } else { Over::Lookups }
}

impl Asked<'_> {
    /// The document that an entry points to, if it is one of those that are asked for.
    fn document<'r>(&self, plan: &Plan, row: Row<'r>) -> Result<Option<(&'r str, &'r [u8])>, StoreError> {
        let (key, bytes) = plan.document(row.value, row.pointed)?;
        Ok(key.starts_with(&*self.search.under).then_some((key, bytes)))
    }

    /// What an entry says of its document, if that is asked for and there. Where all that lies in the ranges of the plan matches, no
    /// value is read.
    fn entry<'r>(&self, looker: &mut Looker<'_>, plan: &Plan, row: Row<'r>) -> Result<Option<Said<'r>>, StoreError> {
        let said = plan.said(row.value)?;
        if !said.key.starts_with(&*self.search.under) || !looker.is_live(said.expiry) {
            return Ok(None);
        }
        let matches = looker.wants_nothing() || looker.passes(&plan.values(row.key, &said)?);
        Ok(matches.then_some(said))
    }

    /// A document, if it matches.
    fn candidate(&self, looker: &mut Looker<'_>, key: &str, bytes: &[u8]) -> Result<Option<Candidate>, StoreError> {
        let Some(values) = looker.sorted(key, bytes)? else { return Ok(None) };
        Ok(Some(Candidate { values, item: self.item(key, bytes)? }))
    }

    /// The same from an entry that has all that is asked.
    fn candidate_of_entry(
        &self,
        looker: &mut Looker<'_>,
        plan: &Plan,
        row: Row<'_>,
    ) -> Result<Option<Candidate>, StoreError> {
        let Some(said) = self.entry(looker, plan, row)? else { return Ok(None) };
        let values = self.order.key_of(&plan.values(row.key, &said)?);
        Ok(Some(Candidate { values, item: Item::kept(plan, row, &said) }))
    }

    /// A document that comes next in the order asked, if it matches, with what it is sorted by where `page` wants that.
    fn item_of_document(
        &self,
        looker: &mut Looker<'_>,
        (key, bytes): (&str, &[u8]),
        page: &Turns,
    ) -> Result<Option<(Item, Option<SortKey>)>, StoreError> {
        let values = match page.wants_values() {
            true => match looker.sorted(key, bytes)? {
                Some(values) => Some(values),
                None => return Ok(None),
            },
            false if looker.matches(key, bytes)? => None,
            false => return Ok(None),
        };
        Ok(Some((self.item(key, bytes)?, values)))
    }

    /// The same from an entry that has all that is asked.
    fn item_of_entry(
        &self,
        looker: &mut Looker<'_>,
        plan: &Plan,
        row: Row<'_>,
        page: &Turns,
    ) -> Result<Option<(Item, Option<SortKey>)>, StoreError> {
        let Some(said) = self.entry(looker, plan, row)? else { return Ok(None) };
        let values = match page.wants_values() {
            true => Some(self.order.key_of(&plan.values(row.key, &said)?)),
            false => None,
        };
        Ok(Some((Item::kept(plan, row, &said), values)))
    }

    fn item(&self, key: &str, bytes: &[u8]) -> Result<Item, StoreError> {
        let content = match &self.search.selected {
            None => Content::Stored(bytes.to_vec()),
            Some(paths) => {
                let value = of_key(key, self.search.documents.record(key, bytes)?.value())?;
                Content::Selected(value.selected(paths))
            }
        };
        Ok(Item { key: key.into(), content })
    }

    /// The page, and where the next begins if there is more than it holds: behind the last, which has these `values`.
    fn cut(&self, mut items: Vec<Item>, values: SortKey) -> Result<Found, StoreError> {
        let mut next = None;
        if items.len() > self.search.limit {
            items.truncate(self.search.limit);
            let sort = self.search.sort.clone();
            let place = items.last().map(|last| Place { sort, values, ..Place::of(&last.key) });
            next = place.map(Cursor::at).transpose()?;
        }
        Ok(Found { items, next, index: None })
    }
}
