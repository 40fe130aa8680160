//! What `find` does, whatever type it finds.

use super::{
    cursor::{Cursor, Place},
    documents::Documents,
    engine::{Direction, MAX_SCAN, Wanted},
    error::StoreError,
    explain::{Report, Way},
    filter::Filter,
    key,
    key::upper_bound,
    look::{Budget, Looker},
    plan::{self, Order, Plan, Question},
    query::{DEFAULT_PAGE, page_size},
    record::of_key,
    sort::{Sort, SortKey},
    value::Value,
    walk::{Walk, after_key, range},
};

/// How many documents a search that may stop early reads at first.
const FIRST_CHUNK: usize = 128;

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
}

/// The documents of one page.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) items: Vec<Item>,
    /// Where the page ended, unless it is the last.
    pub(super) next: Option<Cursor>,
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
}

/// A document that may come onto the page.
struct Candidate {
    values: SortKey,
    item: Item,
}

/// What one search goes by.
struct Run<'a> {
    search: &'a Search,
    order: &'a Sort,
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
        }
    }

    /// The page, and how it was come by.
    pub(super) async fn run(&self) -> Result<(Found, Report), StoreError> {
        page_size(self.limit)?;
        let order = Sort::of(&self.sort)?;
        let after = self.after.clone().map(|cursor| cursor.place(&self.sort)).transpose()?;
        let looker = Looker::new(&self.documents, &self.filter, &order)?;
        let question = self.question(&order);
        let indexes = self.documents.space.indexes.all();
        let plan = plan::best(&indexes, question);
        let mut run = Run { search: self, order: &order, after, looker };
        let (found, way) = match &plan {
            Some(plan) if plan.order != Order::Other => {
                let covered = run.is_covered(plan);
                (run.in_index_order(plan, covered).await?, Way::Index { plan, covered, is_in_order: true })
            }
            // Who walks all there is goes by the keys: gathering would begin again at every page.
            Some(plan) if self.budget == Budget::OfACall || !self.sort.is_empty() => {
                let covered = run.is_covered(plan);
                match run.gathered(plan, covered).await {
                    // In the order of the keys it may come to an end all the same.
                    Err(StoreError::BudgetExceeded { .. }) if self.sort.is_empty() => {
                        run.looker = Looker::new(&self.documents, &self.filter, &order)?;
                        (run.in_key_order().await?, Way::Keys)
                    }
                    found => (found?, Way::Index { plan, covered, is_in_order: false }),
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
        let Some(selected) = &self.search.selected else { return false };
        let asked = self.search.filter.paths().into_iter().chain(self.order.paths());
        plan.covers(asked.chain(selected.iter().map(String::as_str)))
    }

    /// Stops as soon as the page is full.
    async fn in_key_order(&mut self) -> Result<Found, StoreError> {
        let Search { documents, limit, under, budget, .. } = self.search;
        let hoped = if self.looker.wants_nothing() { limit + 1 } else { (limit + 1).max(FIRST_CHUNK) };
        let after = self.after.take().map(|place| place.key);
        let range = range(documents, under, after.as_deref());
        let mut walk = Walk::over(documents, [range], Direction::Forward, (*budget, hoped));
        let mut found = Found::default();
        while let Some(chunk) = walk.documents(&mut self.looker, Wanted::Entries).await? {
            for (place, bytes) in chunk.iter() {
                let Some(key) = key::tail_of_document(place) else { continue };
                if !self.looker.matches(key, bytes)? {
                    continue;
                }
                if found.items.len() == *limit {
                    found.next = found.items.last().map(|last| Cursor::at(Place::of(&last.key))).transpose()?;
                    return Ok(found);
                }
                found.items.push(self.item(key, bytes)?);
            }
        }
        Ok(found)
    }

    /// Looks at everything, and keeps little more than the page in the meantime.
    async fn sorted(&mut self) -> Result<Found, StoreError> {
        let Search { documents, under, .. } = self.search;
        let ranges = [range(documents, under, None)];
        // Every page of this looks at everything, so not even who walks all there is may do it without a budget.
        let mut walk = Walk::over(documents, ranges, Direction::Forward, (Budget::OfACall, MAX_SCAN));
        let mut best = Vec::new();
        while let Some(chunk) = walk.documents(&mut self.looker, Wanted::Entries).await? {
            for (place, bytes) in chunk.iter() {
                let Some(key) = key::tail_of_document(place) else { continue };
                self.consider(key, bytes, &mut best)?;
            }
            self.keep_best(&mut best);
        }
        self.page(best)
    }

    /// Looks at everything that an index has in its ranges.
    async fn gathered(&mut self, plan: &Plan, covered: bool) -> Result<Found, StoreError> {
        let Search { documents, under, .. } = self.search;
        let mut walk = Walk::over(documents, plan.ranges.clone(), Direction::Forward, (Budget::OfACall, MAX_SCAN));
        let mut best = Vec::new();
        loop {
            match covered {
                true => {
                    let Some(chunk) = walk.entries(&mut self.looker, Wanted::Entries).await? else { break };
                    for (entry, said) in chunk.iter() {
                        let said = plan.said(said)?;
                        if !said.key.starts_with(&**under) || !self.looker.is_live(said.expiry) {
                            continue;
                        }
                        let value = plan.values(entry, &said)?;
                        if self.looker.passes(&value) {
                            let values = self.order.key_of(&value);
                            let content = Content::Selected(self.selection(value));
                            self.add(Candidate { values, item: Item { key: said.key.into(), content } }, &mut best);
                        }
                    }
                }
                false => {
                    let Some(chunk) = walk.lookup(&mut self.looker).await? else { break };
                    for (_, said, bytes) in chunk.iter() {
                        let (key, bytes) = plan.document(said, bytes)?;
                        if key.starts_with(&**under) {
                            self.consider(key, bytes, &mut best)?;
                        }
                    }
                }
            }
            self.keep_best(&mut best);
        }
        self.page(best)
    }

    /// Walks an index in the order that is asked for, and stops as soon as the page is full.
    async fn in_index_order(&mut self, plan: &Plan, covered: bool) -> Result<Found, StoreError> {
        let Order::Asked { walk: direction, .. } = plan.order else { return Ok(Found::default()) };
        let Search { documents, limit, under, budget, .. } = self.search;
        let beginning =
            self.after.as_ref().map(|place| plan.beginning(self.search.question(self.order), &place.values));
        let by_key = plan.comes_by_key();
        let ranges = plan.ranges.iter().cloned().map(|mut range| {
            if let (Some(beginning), Some(place)) = (&beginning, &self.after) {
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
        let mut walk = Walk::over(documents, ranges, direction, (*budget, hoped));
        let mut page = Turns { after: beginning.zip(self.after.take()), ..Turns::default() };
        'walk: loop {
            if by_key {
                page.end();
                if page.items.len() > *limit {
                    break;
                }
            }
            // Both ways are written out: what is read differs, and what is borrowed from it.
            if covered {
                let Some(chunk) = walk.entries(&mut self.looker, Wanted::Entries).await? else { break };
                for (entry, said) in chunk.iter() {
                    let said = plan.said(said)?;
                    page.turn(plan.turn(entry).ok_or_else(|| plan.damaged("an entry has a key that is none"))?, by_key);
                    if page.items.len() > *limit {
                        break 'walk;
                    }
                    if said.key.starts_with(&**under) && self.looker.is_live(said.expiry) {
                        let value = plan.values(entry, &said)?;
                        if self.looker.passes(&value) {
                            let values = page.wants_values(*limit).then(|| self.order.key_of(&value));
                            let content = Content::Selected(self.selection(value));
                            page.add(Item { key: said.key.into(), content }, values, *limit);
                        }
                    }
                }
            } else {
                let Some(chunk) = walk.lookup(&mut self.looker).await? else { break };
                for (entry, said, bytes) in chunk.iter() {
                    let (key, bytes) = plan.document(said, bytes)?;
                    page.turn(plan.turn(entry).ok_or_else(|| plan.damaged("an entry has a key that is none"))?, by_key);
                    if page.items.len() > *limit {
                        break 'walk;
                    }
                    if !key.starts_with(&**under) {
                        continue;
                    }
                    if page.wants_values(*limit) {
                        if let Some(values) = self.looker.sorted(key, bytes)? {
                            page.add(self.item(key, bytes)?, Some(values), *limit);
                        }
                    } else if self.looker.matches(key, bytes)? {
                        page.add(self.item(key, bytes)?, None, *limit);
                    }
                }
            }
        }
        page.end();
        self.cut(page.items, page.values)
    }

    /// Adds a document that matches to the `best`.
    fn consider(&mut self, key: &str, bytes: &[u8], best: &mut Vec<Candidate>) -> Result<(), StoreError> {
        let Some(values) = self.looker.sorted(key, bytes)? else { return Ok(()) };
        let item = self.item(key, bytes)?;
        self.add(Candidate { values, item }, best);
        Ok(())
    }

    /// Adds what was not on an earlier page.
    fn add(&self, candidate: Candidate, best: &mut Vec<Candidate>) {
        let Candidate { values, item } = &candidate;
        let was_given = |place: &Place| self.order.compare((values, &item.key), (&place.values, &place.key)).is_le();
        if !self.after.as_ref().is_some_and(was_given) {
            best.push(candidate);
        }
    }

    /// One more than the page tells whether there is a next.
    fn keep_best(&self, best: &mut Vec<Candidate>) {
        best.sort_unstable_by(|one, other| {
            self.order.compare((&one.values, &one.item.key), (&other.values, &other.item.key))
        });
        best.truncate(self.search.limit + 1);
    }

    fn page(&self, mut best: Vec<Candidate>) -> Result<Found, StoreError> {
        self.keep_best(&mut best);
        let last = best.len().min(self.search.limit).checked_sub(1);
        let values = last.and_then(|last| best.get_mut(last)).map(|last| std::mem::take(&mut last.values));
        self.cut(best.into_iter().map(|candidate| candidate.item).collect(), values.unwrap_or_default())
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
        Ok(Found { items, next })
    }

    fn item(&self, key: &str, bytes: &[u8]) -> Result<Item, StoreError> {
        let content = match &self.search.selected {
            None => Content::Stored(bytes.to_vec()),
            Some(_) => {
                let value = of_key(key, self.search.documents.record(key, bytes)?.value())?;
                Content::Selected(self.selection(value))
            }
        };
        Ok(Item { key: key.into(), content })
    }

    /// The wanted fields of a document.
    fn selection(&self, value: Value) -> Value {
        let is_wanted = |name: &String| self.search.selected.iter().flatten().any(|path| path == name);
        if let Value::Object(fields) = &value
            && fields.keys().all(is_wanted)
        {
            return value;
        }
        let mut selection = Value::Object(Default::default());
        for path in self.search.selected.iter().flatten() {
            if let Some(found) = value.at(path) {
                selection.put_at(path, found.clone());
            }
        }
        selection
    }
}

/// Entries of an index that come in the order asked, turn by turn: those of one turn have the same values, and come in the order of their
/// keys once all of them are there.
#[derive(Default)]
struct Turns {
    items: Vec<Item>,
    turn: Vec<u8>,
    /// Those of the turn that is not over.
    same: Vec<Item>,
    /// What the last of the page has in the fields to sort by: the same as all of its turn.
    values: SortKey,
    /// Where the last page ended: the turn, and the place in it.
    after: Option<(Vec<u8>, Place)>,
}

impl Turns {
    /// Begins the turn of an entry, unless it is of the same. Where entries come by key, every one has a turn of its own.
    fn turn(&mut self, turn: &[u8], by_key: bool) {
        if by_key || self.turn != turn {
            self.end();
            self.turn.clear();
            self.turn.extend_from_slice(turn);
        }
    }

    /// Whether the next to be added is of the turn in which a page of `limit` ends, and the values of that are not known.
    fn wants_values(&self, limit: usize) -> bool {
        self.items.len() + self.same.len() + 1 == limit
    }

    /// Of the many that may have the same values no more are kept than a page of `limit` needs.
    fn add(&mut self, item: Item, values: Option<SortKey>, limit: usize) {
        let was_given = |(turn, place): &(Vec<u8>, Place)| *turn == self.turn && item.key <= place.key;
        if !self.after.as_ref().is_some_and(was_given) {
            if let Some(values) = values {
                self.values = values;
            }
            self.same.push(item);
            if self.same.len() > 2 * (limit + 1) {
                self.same.sort_unstable_by(|one, other| one.key.cmp(&other.key));
                self.same.truncate(limit + 1);
            }
        }
    }

    fn end(&mut self) {
        self.same.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        self.items.append(&mut self.same);
    }
}
