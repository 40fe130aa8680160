//! Walks along an index in the order that is asked for, which stop as soon as the page is full.
//!
//! Entries with the same values, a turn, are to come in the order of their documents' keys. So they lie where the order is that of all
//! fields of the index. In reverse such a turn lies the other way round: it is gathered while it is short, and walked by itself, forward, if
//! it is long, or if the last page ended in it. Where the order is that of the first fields alone, nothing but to gather a turn will do.

use std::ops::{ControlFlow, Range};

use super::{
    Asked, End, FIRST_CHUNK, GO_ON, Run, over,
    take::{Filling, Found, Take},
    turns::Turns,
};
use crate::store::{
    cursor::Place,
    engine::{Direction, Row},
    error::StoreError,
    index::NO_KEY,
    key::upper_bound,
    look::Looker,
    plan::{Order, Plan},
    sort::SortKey,
    walk::Walk,
};

/// A document that comes next in the order asked, and what it is sorted by, where that is wanted.
type Next<'r> = (&'r str, Found<'r>, Option<SortKey>);

/// How the entries of a turn lie along a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// In the order of their documents' keys.
    ByKey,
    /// In that order, the other way round.
    Turned,
    /// In another order.
    Otherwise,
}

/// What is left to walk along.
struct Legs<'p> {
    plan: &'p Plan,
    direction: Direction,
    lie: Lie,
    /// A turn that is walked by itself, forward, before the rest.
    turn: Option<Range<Vec<u8>>>,
    /// The bounds of the rest.
    rest: Option<Range<Vec<u8>>>,
}

/// A part of the way.
struct Leg {
    ranges: Vec<Range<Vec<u8>>>,
    direction: Direction,
    lie: Lie,
}

impl<'p> Legs<'p> {
    /// From the place on where the last page ended, in the turn that begins so.
    fn of(plan: &'p Plan, direction: Direction, after: Option<&(Vec<u8>, Place)>) -> Self {
        let lie = match direction {
            _ if !plan.is_order_of_all() => Lie::Otherwise,
            Direction::Forward => Lie::ByKey,
            Direction::Reverse => Lie::Turned,
        };
        let whole =
            plan.ranges.first().zip(plan.ranges.last()).map(|(first, last)| first.start.clone()..last.end.clone());
        let (mut rest, mut turn) = (whole, None);
        if let (Some(rest), Some((ended, place))) = (&mut rest, after) {
            match (lie, direction) {
                (Lie::ByKey, _) => rest.start = plan.behind(ended, &place.key),
                (Lie::Turned, _) => {
                    turn = Some(plan.behind(ended, &place.key)..upper_bound(ended));
                    rest.end = ended.clone();
                }
                (Lie::Otherwise, Direction::Forward) => rest.start = ended.clone(),
                (Lie::Otherwise, Direction::Reverse) => rest.end = upper_bound(ended),
            }
        }
        Self { plan, direction, lie, turn, rest }
    }

    /// Goes back to a turn that lies the other way round, and then on behind it.
    fn go_back_to(&mut self, turn: Vec<u8>) {
        self.rest = Some(Vec::new()..turn.clone());
        let end = upper_bound(&turn);
        self.turn = Some(turn..end);
    }

    fn next(&mut self) -> Option<Leg> {
        let (bounds, direction, lie) = match self.turn.take() {
            Some(turn) => (turn, Direction::Forward, Lie::ByKey),
            None => (self.rest.take()?, self.direction, self.lie),
        };
        let part = |range: &Range<Vec<u8>>| {
            let (start, end) = ((&range.start).max(&bounds.start), (&range.end).min(&bounds.end));
            start.clone()..end.clone()
        };
        Some(Leg { ranges: self.plan.ranges.iter().map(part).collect(), direction, lie })
    }
}

impl Run<'_> {
    /// Walks along an index, and stops as soon as the page is full. What it gives is not held against the budget.
    pub(super) async fn in_index_order(
        &mut self,
        plan: &Plan,
        covered: bool,
        take: &mut dyn Take,
    ) -> Result<End, StoreError> {
        let Self { asked, after, looker } = self;
        let Order::Asked { walk: direction, .. } = plan.order else { return Ok(End { found: 0, next: None }) };
        let limit = asked.search.limit;
        let question = asked.search.question(asked.order);
        let after = after.clone().map(|place| (plan.beginning(question, &place.values), place));
        let mut legs = Legs::of(plan, direction, after.as_ref());
        let mut page = Turns::new(limit, &plan.index, Filling::new(limit, take), after);
        if plan.is_exact {
            looker.trust();
        }
        while let Some(leg) = legs.next() {
            let lie = leg.lie;
            let walked = asked.along(leg, plan, covered, looker, &mut page).await;
            page.walked(walked)?;
            if page.is_over() {
                break;
            }
            if lie == Lie::Turned
                && let Some(turn) = page.put_back()
            {
                legs.go_back_to(turn);
            }
        }
        let (page, values) = page.end()?;
        asked.end(page, values)
    }
}

impl Asked<'_> {
    /// Walks along one leg, until the page is full or a turn is to be put back.
    async fn along(
        &self,
        Leg { ranges, direction, lie }: Leg,
        plan: &Plan,
        covered: bool,
        looker: &mut Looker<'_>,
        page: &mut Turns<'_>,
    ) -> Result<(), StoreError> {
        let missing = page.missing() + 1;
        let hoped = if plan.is_exact { missing } else { missing.max(FIRST_CHUNK) };
        let walk = Walk::over(&self.search.documents, ranges, direction, (self.search.budget, hoped));
        let visit = |looker: &mut Looker<'_>, row: Row<'_>| {
            if lie != Lie::ByKey {
                page.turn(plan.turn(row.key).ok_or_else(|| plan.damaged(NO_KEY))?)?;
                if page.is_over() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            let next = match covered {
                true => self.next_of_entry(looker, plan, row, page)?,
                false => self.next_of_document(looker, plan, row, page)?,
            };
            let Some((key, found, values)) = next else { return GO_ON };
            match lie {
                Lie::ByKey => page.add_in_order(row.key, key, found, values)?,
                Lie::Turned | Lie::Otherwise => page.add(key, found, values),
            }
            looker.kept = page.kept();
            let is_done = page.is_over() || (lie == Lie::Turned && page.is_long());
            Ok(if is_done { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        walk.each(over(covered), looker, visit).await
    }

    /// A document that comes next, if it matches, with what it is sorted by where the page wants to know that.
    #[inline]
    fn next_of_document<'r>(
        &self,
        looker: &mut Looker<'_>,
        plan: &Plan,
        row: Row<'r>,
        page: &Turns<'_>,
    ) -> Result<Option<Next<'r>>, StoreError> {
        let Some((key, bytes)) = self.document(plan, row)? else { return Ok(None) };
        let found = Found::Stored(bytes);
        let values = match page.wants_values(found) {
            true => match looker.sorted(key, bytes)? {
                Some(values) => Some(values),
                None => return Ok(None),
            },
            false if looker.matches(key, bytes)? => None,
            false => return Ok(None),
        };
        Ok(Some((key, found, values)))
    }

    /// The same from an entry that has all that is asked.
    #[inline]
    fn next_of_entry<'r>(
        &self,
        looker: &mut Looker<'_>,
        plan: &'r Plan,
        row: Row<'r>,
        page: &Turns<'_>,
    ) -> Result<Option<Next<'r>>, StoreError> {
        let Some(said) = self.entry(looker, plan, row)? else { return Ok(None) };
        let found = plan.found(row.key, &said);
        let values = match page.wants_values(found) {
            true => Some(self.order.key_of(&plan.values(row.key, &said)?)),
            false => None,
        };
        Ok(Some((said.key, found, values)))
    }
}
