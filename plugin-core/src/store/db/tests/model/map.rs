//! The map: what the store is to hold, looked at in the plainest way there is.

use std::{cmp::Ordering, collections::BTreeMap, time::Duration};

use super::{
    APPS, Answer, UNIQUE,
    data::Datum,
    filters::Condition,
    steps::{Act, End, Op, Step},
    typed::PREFIX,
};

type Rows = BTreeMap<String, Row>;

#[derive(Default)]
pub(super) struct Map {
    rows: [Rows; APPS],
    writes: u64,
    /// How much time has gone by.
    now: Duration,
    /// Which write of a key was there when it was last looked at.
    seen: BTreeMap<(usize, String), u64>,
    pub(super) happened: Happened,
}

/// How often happened what a run is to have had.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Happened {
    pub(super) duplicates: u64,
    pub(super) expired: u64,
    /// Transactions that changed several documents.
    pub(super) of_several: u64,
    pub(super) typed: u64,
}

#[derive(Clone)]
struct Row {
    datum: Datum,
    write: u64,
    /// When it is gone.
    until: Option<Duration>,
}

impl Row {
    fn datum(&self) -> Datum {
        self.datum.clone()
    }
}

impl Map {
    /// What is to be said to a step.
    pub(super) fn take(&mut self, Step { app, op }: &Step) -> Answer {
        let rows = &self.rows[*app];
        match op {
            Op::Do(act) => {
                let mut after = rows.clone();
                let said = self.act(&mut after, act);
                self.settle(*app, after, said)
            }
            Op::Transaction(acts, end) => {
                let (rows, mut after) = (rows.clone(), rows.clone());
                let said = acts.iter().map(|act| self.act(&mut after, act)).collect();
                let ended = match end {
                    End::Commits => {
                        let changes =
                            after.iter().filter(|(key, row)| rows.get(*key).map(|it| it.write) != Some(row.write));
                        let changes = changes.count() + rows.keys().filter(|key| !after.contains_key(*key)).count();
                        self.happened.of_several += u64::from(changes > 1);
                        self.settle(*app, after, Answer::Done)
                    }
                    End::GivesUp => Answer::GivenUp,
                };
                Answer::All(said, Box::new(ended))
            }
            Op::Replace(key, datum) => {
                match rows.get(key).map(|row| row.write) == self.seen.get(&(*app, key.clone())).copied() {
                    true => {
                        let mut after = rows.clone();
                        let said = self.act(&mut after, &Act::Set(key.clone(), datum.clone()));
                        self.settle(*app, after, said)
                    }
                    false => Answer::IsThere,
                }
            }
            Op::Look(key) => {
                match rows.get(key) {
                    Some(row) => self.seen.insert((*app, key.clone()), row.write),
                    None => self.seen.remove(&(*app, key.clone())),
                };
                Answer::Value(rows.get(key).map(Row::datum))
            }
            Op::Keys { under, .. } => Answer::Keys(rows.keys().filter(|key| key.starts_with(under)).cloned().collect()),
            Op::Count { condition, under } => Answer::Count(matching(rows, condition, under).len() as u64),
            Op::Find { condition, sort, under, .. } => found(matching(rows, condition, under), sort),
            Op::FindWhile { condition, sort, under, page, between } => {
                let mut first = sorted(matching(rows, condition, under), sort);
                let is_last = first.len() <= *page;
                first.truncate(*page);
                let last = first.last().cloned();
                let mut said = vec![Answer::Found(first)];
                for act in between.acts(last.as_ref()) {
                    let mut after = self.rows[*app].clone();
                    let told = self.act(&mut after, &act);
                    said.push(self.settle(*app, after, told));
                }
                let mut rest = sorted(matching(&self.rows[*app], condition, under), sort);
                let ended = last.filter(|_| !is_last);
                rest.retain(|(key, datum)| {
                    let is_after = |last: &(String, Datum)| in_order(sort, (key, datum), (&last.0, &last.1)).is_gt();
                    ended.as_ref().is_some_and(is_after)
                });
                Answer::All(said, Box::new(Answer::Found(rest)))
            }
            Op::FindThings { a, .. } => {
                let is_it = |row: &Row| row.datum.at("a").and_then(Datum::integer).is_some_and(|stored| stored >= *a);
                let things = rows.iter().filter(|(key, row)| key.starts_with(PREFIX) && is_it(row));
                found(things.collect(), &["-b".to_owned()])
            }
            Op::Pass(time) => {
                self.now += *time;
                let before = self.len();
                for rows in &mut self.rows {
                    rows.retain(|_, row| row.until.is_none_or(|until| until > self.now));
                }
                self.happened.expired += (before - self.len()) as u64;
                Answer::Done
            }
            Op::Reap => Answer::Count(self.len() as u64),
        }
    }

    /// How many documents there are.
    pub(super) fn len(&self) -> usize {
        self.rows.iter().map(BTreeMap::len).sum()
    }

    /// Lets the rows be `after`, unless two documents have then what one may have.
    fn settle(&mut self, app: usize, after: Rows, said: Answer) -> Answer {
        if !UNIQUE.iter().all(|(prefix, fields)| are_unique(&after, prefix, fields)) {
            self.happened.duplicates += 1;
            return Answer::Duplicate;
        }
        self.rows[app] = after;
        said
    }

    fn put(&mut self, rows: &mut Rows, key: &str, datum: Datum, until: Option<Duration>) -> Answer {
        self.writes += 1;
        self.happened.typed += u64::from(key.starts_with(PREFIX));
        rows.insert(key.to_owned(), Row { datum, write: self.writes, until });
        Answer::Done
    }

    /// What an act does to the rows of its app, whoever else has what it wants.
    fn act(&mut self, rows: &mut Rows, act: &Act) -> Answer {
        let now = self.now;
        let until = |lifetime: &Duration| Some(now + *lifetime);
        match act {
            Act::Set(key, datum) => self.put(rows, key, datum.clone(), None),
            Act::SetFor(key, datum, lifetime) => self.put(rows, key, datum.clone(), until(lifetime)),
            Act::Put(thing) => self.put(rows, &thing.key(), thing.datum(), None),
            Act::PutFor(thing, lifetime) => self.put(rows, &thing.key(), thing.datum(), until(lifetime)),
            Act::Insert(key, _) if rows.contains_key(key) => Answer::IsThere,
            Act::Insert(key, datum) => self.put(rows, key, datum.clone(), None),
            Act::InsertThing(thing) if rows.contains_key(&thing.key()) => Answer::IsThere,
            Act::InsertThing(thing) => self.put(rows, &thing.key(), thing.datum(), None),
            Act::Increment(key, by) => {
                let before = rows.get(key).map_or(Some((0, None)), |row| Some((row.datum.integer()?, row.until)));
                match before.map(|(before, until)| (before.checked_add(*by), until)) {
                    None => Answer::NotAnInteger,
                    Some((None, _)) => Answer::Overflow,
                    Some((Some(sum), until)) => {
                        self.put(rows, key, Datum::from(sum), until);
                        Answer::Sum(sum)
                    }
                }
            }
            Act::Delete(key) => Answer::WasThere(rows.remove(key).is_some()),
            Act::Get(key) => Answer::Value(rows.get(key).map(Row::datum)),
            Act::GetThing(id) => Answer::Value(rows.get(&format!("{PREFIX}{id}")).map(Row::datum)),
        }
    }
}

/// Whether no two documents under a prefix have the same in all of these fields. What is missing or null is had by any number.
fn are_unique(rows: &Rows, prefix: &str, fields: &[&str]) -> bool {
    let values = |row: &Row| -> Option<Vec<Datum>> {
        let value = |field: &&str| row.datum.at(field).filter(|value| **value != Datum::Null).cloned();
        fields.iter().map(value).collect()
    };
    let mut all: Vec<_> =
        rows.iter().filter(|(key, _)| key.starts_with(prefix)).filter_map(|(_, row)| values(row)).collect();
    all.sort();
    all.windows(2).all(|two| two[0].cmp(&two[1]).is_ne())
}

fn matching<'a>(rows: &'a Rows, condition: &Condition, under: &str) -> Vec<(&'a String, &'a Row)> {
    rows.iter().filter(|(key, row)| key.starts_with(under) && condition.holds(&row.datum)).collect()
}

fn found(rows: Vec<(&String, &Row)>, sort: &[String]) -> Answer {
    Answer::Found(sorted(rows, sort))
}

fn sorted(mut rows: Vec<(&String, &Row)>, sort: &[String]) -> Vec<(String, Datum)> {
    rows.sort_by(|one, other| in_order(sort, (one.0, &one.1.datum), (other.0, &other.1.datum)));
    rows.into_iter().map(|(key, row)| (key.clone(), row.datum())).collect()
}

/// By each field in turn, what is missing before all else, and by the key at last.
fn in_order(sort: &[String], one: (&str, &Datum), other: (&str, &Datum)) -> Ordering {
    for path in sort {
        let order = match path.strip_prefix('-') {
            None => one.1.at(path).cmp(&other.1.at(path)),
            Some(path) => other.1.at(path).cmp(&one.1.at(path)),
        };
        if order.is_ne() {
            return order;
        }
    }
    one.0.cmp(other.0)
}
