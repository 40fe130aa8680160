//! What `find` does, whatever type it finds.

mod best;
mod in_order;
mod take;
mod turns;

use std::ops::ControlFlow;

pub(super) use self::take::{Found, Take, Taken};
use self::{
    best::Best,
    take::{Filling, Nothing},
};
use super::{
    cursor::{Cursor, Place},
    documents::Documents,
    engine::{Direction, MAX_SCAN, Row, Wanted},
    error::StoreError,
    explain::{Explain, Report, Way},
    filter::Filter,
    index::Said,
    key,
    look::{Budget, Looker, Unreadable},
    plan::{self, Order, Plan, Question},
    query::{DEFAULT_PAGE, page_size},
    sort::{Sort, SortKey},
    walk::{Over, Walk, range},
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

/// How a page ended.
#[derive(Debug)]
struct End {
    /// How many documents are on it.
    found: usize,
    /// Where it ended, unless it is the last.
    next: Option<Cursor>,
}

/// What is asked, for all that a search does.
#[derive(Clone, Copy)]
struct Asked<'a> {
    search: &'a Search,
    order: &'a Sort,
}

/// How a page ended, and the way that led there.
type Answered<'p> = (Result<End, StoreError>, Way<'p>);

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

    /// Shows the documents of the page to `take`; where the page ended, unless it is the last, and how it was come by.
    pub(super) async fn run(&self, take: &mut dyn Take) -> Result<(Option<Cursor>, Report), StoreError> {
        let (next, report) = self.answer(take).await?;
        report.unseen.warn(&self.documents);
        report.answered().map(|()| (next, report))
    }

    /// How the page is come by, also where the budget ends that.
    pub(super) async fn explain(&self) -> Result<Explain, StoreError> {
        let (_, report) = self.answer(&mut Nothing).await?;
        report.unseen.warn(&self.documents);
        Ok(report.into())
    }

    /// As [`run`](Self::run), where whoever asks looks at the report: whether the budget ended it, and which fields no document has.
    pub(super) async fn answer(&self, take: &mut dyn Take) -> Result<(Option<Cursor>, Report), StoreError> {
        page_size(self.limit)?;
        let order = Sort::of(&self.sort)?;
        let after = self.after.clone().map(|cursor| cursor.place(&self.sort)).transpose()?;
        let looker = Looker::new(&self.documents, &self.filter, &order)?.with(self.unreadable);
        let question = self.question(&order);
        let indexes = self.documents.space.indexes.all();
        let plan = plan::best(&indexes, question);
        let mut run = Run { asked: Asked { search: self, order: &order }, after, looker };
        let (end, way) = match &plan {
            Some(plan) if self.is_worth(plan) => run.by(plan, take).await,
            _ => run.without_index(take).await,
        };
        if plan.as_ref().is_some_and(|plan| way.uses_index() && !plan.index.is_ready()) {
            // It is being dropped, and some of its entries may have been gone.
            take.clear();
            return Box::pin(self.answer(take)).await;
        }
        let end = match end {
            Err(StoreError::BudgetExceeded { .. }) => None,
            end => Some(end?),
        };
        let found = end.as_ref().map(|end| end.found);
        let report = Report::of((&way, plan.as_ref(), &self.under), &run.looker, &self.filter, &order, found);
        Ok((end.and_then(|end| end.next), report))
    }

    /// Whether to look with a plan. Who walks all there is goes by the keys where no index has the order: gathering would begin again at every
    /// page.
    fn is_worth(&self, plan: &Plan) -> bool {
        plan.order != Order::Other || self.budget == Budget::OfACall || !self.sort.is_empty()
    }

    /// For how many documents room is made before any is found: for those of a usual page.
    pub(super) fn room(&self) -> usize {
        self.limit.min(DEFAULT_PAGE)
    }

    pub(super) fn question<'a>(&'a self, sort: &'a Sort) -> Question<'a> {
        Question { app: &self.documents.app, filter: &self.filter, sort, under: &self.under }
    }
}

impl Run<'_> {
    /// Looks where the plan says. Where that is beyond the budget, it is without an index unless that looks at all the same and more.
    async fn by<'p>(&mut self, plan: &'p Plan, take: &mut dyn Take) -> Answered<'p> {
        let Search { sort, under, .. } = self.asked.search;
        let covered = self.is_covered(plan);
        let is_in_order = plan.order != Order::Other;
        let end = match is_in_order {
            true => self.in_index_order(plan, covered, take).await,
            false => self.gathered(plan, covered, take).await,
        };
        // In the order of the keys a page may come to an end before all is gathered; and the index may be of more than is looked under.
        let is_less = (!is_in_order && sort.is_empty()) || *under != plan.index.definition.prefix;
        if is_less && matches!(end, Err(StoreError::BudgetExceeded { .. })) {
            take.clear();
            let spent = self.looker.begin_anew();
            let answered = self.without_index(take).await;
            self.looker.cost.add(spent);
            return answered;
        }
        (end, Way::Index { plan, covered, is_in_order })
    }

    async fn without_index<'p>(&mut self, take: &mut dyn Take) -> Answered<'p> {
        match self.asked.search.sort.is_empty() {
            true => (self.in_key_order(take).await, Way::Keys),
            false => (self.sorted(take).await, Way::Everything),
        }
    }

    /// Whether the index has all that is asked.
    fn is_covered(&self, plan: &Plan) -> bool {
        let Asked { search, order } = self.asked;
        let Some(selected) = &search.selected else { return false };
        let asked = search.filter.paths().into_iter().chain(order.paths());
        plan.covers(asked.chain(selected.iter().map(String::as_str)))
    }

    /// Stops as soon as the page is full. What it gives is not held against the budget.
    async fn in_key_order(&mut self, take: &mut dyn Take) -> Result<End, StoreError> {
        let Self { asked, after, looker } = self;
        let Search { documents, limit, under, budget, .. } = asked.search;
        let hoped = if looker.wants_nothing() { limit + 1 } else { (limit + 1).max(FIRST_CHUNK) };
        let after = after.as_ref().map(|place| &*place.key);
        let range = range(documents, under, after);
        let walk = Walk::over(documents, [range], Direction::Forward, (*budget, hoped));
        let mut page = Filling::new(*limit, take);
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            let Some(key) = key::tail_of_document(row.key) else { return GO_ON };
            if looker.matches(key, row.value)? {
                page.add(key, Found::Stored(row.value))?;
                looker.kept = page.kept();
            }
            Ok(if page.is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        let walked = walk.each(Over::Documents(Wanted::Entries), looker, visit).await;
        page.walked(walked)?;
        asked.end(page, SortKey::new())
    }

    /// Looks at everything, and keeps little more than the page in the meantime.
    async fn sorted(&mut self, take: &mut dyn Take) -> Result<End, StoreError> {
        let Self { asked, after, looker } = self;
        let Search { documents, under, limit, .. } = asked.search;
        let ranges = [range(documents, under, None)];
        // Every page of this looks at everything, so not even who walks all there is may do it without a budget.
        let walk = Walk::over(documents, ranges, Direction::Forward, (Budget::OfACall, MAX_SCAN));
        let mut best = Best::new(*asked, after.clone());
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            let Some(key) = key::tail_of_document(row.key) else { return GO_ON };
            if let Some(values) = looker.sorted(key, row.value)? {
                best.add(key, values, Found::Stored(row.value));
            }
            GO_ON
        };
        walk.each(Over::Documents(Wanted::Entries), looker, visit).await?;
        best.fill(Filling::new(*limit, take), None)
    }

    /// Looks at everything that an index has in its ranges.
    async fn gathered(&mut self, plan: &Plan, covered: bool, take: &mut dyn Take) -> Result<End, StoreError> {
        let Self { asked, after, looker } = self;
        let Search { documents, limit, .. } = asked.search;
        let walk = Walk::over(documents, plan.ranges.clone(), Direction::Forward, (Budget::OfACall, MAX_SCAN));
        if plan.is_exact {
            looker.trust();
        }
        let mut best = Best::new(*asked, after.clone());
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            if covered {
                if let Some(said) = asked.entry(looker, plan, row)? {
                    let values = asked.order.key_of(&plan.values(row.key, &said)?);
                    best.add(said.key, values, plan.found(row.key, &said));
                }
            } else if let Some((key, bytes)) = asked.document(plan, row)?
                && let Some(values) = looker.sorted(key, bytes)?
            {
                best.add(key, values, Found::Stored(bytes));
            }
            GO_ON
        };
        walk.each(over(covered), looker, visit).await?;
        best.fill(Filling::new(*limit, take), Some(&plan.index))
    }
}

/// What is walked over in an index.
fn over(covered: bool) -> Over {
    if covered { Over::Entries(Wanted::Entries) } else { Over::Lookups }
}

impl Asked<'_> {
    /// The document that an entry points to, if it is one of those that are asked for.
    #[inline]
    fn document<'r>(&self, plan: &Plan, row: Row<'r>) -> Result<Option<(&'r str, &'r [u8])>, StoreError> {
        let (key, bytes) = plan.document(row.value, row.pointed)?;
        Ok(key.starts_with(&*self.search.under).then_some((key, bytes)))
    }

    /// What an entry says of its document, if that is asked for and there. Where all that lies in the ranges of the plan matches, no
    /// value is read.
    #[inline]
    fn entry<'r>(&self, looker: &mut Looker<'_>, plan: &Plan, row: Row<'r>) -> Result<Option<Said<'r>>, StoreError> {
        let said = plan.said(row.value)?;
        if !said.key.starts_with(&*self.search.under) || !looker.is_live(said.expiry) {
            return Ok(None);
        }
        let matches = looker.wants_nothing() || looker.passes(&plan.values(row.key, &said)?);
        Ok(matches.then_some(said))
    }

    /// How the page ended, whose last document has these `values` in the fields to sort by.
    fn end(&self, page: Filling<'_>, values: SortKey) -> Result<End, StoreError> {
        Ok(End { found: page.taken, next: page.next(&self.search.sort, values)? })
    }
}
