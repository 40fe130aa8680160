//! What is done to the store and to the map beside it.

use std::time::Duration;

use proptest::{prelude::*, sample::select};

use super::{
    APPS, UNIQUE,
    data::{Datum, document, path},
    filters::{Condition, condition},
    typed::{PREFIX, Thing, id, thing},
};

/// Something that one app does.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) app: usize,
    pub(super) op: Op,
}

#[derive(Debug, Clone)]
pub(super) enum Op {
    /// One change by itself.
    Do(Act),
    /// Several as one, after which it is committed or given up.
    Transaction(Vec<Act>, End),
    /// Gets it and notes its revision.
    Look(String),
    /// Sets it if it still has the revision that was noted, or if nothing was there then and is now.
    Replace(String, Datum),
    Keys {
        under: String,
        page: usize,
    },
    Count {
        condition: Condition,
        under: String,
    },
    Find {
        condition: Condition,
        sort: Vec<String>,
        under: String,
        page: usize,
    },
    /// The same, where something happens after the first page.
    FindWhile {
        condition: Condition,
        sort: Vec<String>,
        under: String,
        page: usize,
        between: Between,
    },
    /// The typed documents whose `a` is at least this, by their `b`, the greatest first.
    FindThings {
        a: i64,
        page: usize,
    },
    /// Time goes by.
    Pass(Duration),
    /// What has expired is removed.
    Reap,
}

/// What happens between two pages.
#[derive(Debug, Clone)]
pub(super) enum Between {
    Do(Act),
    /// The document at which the page ended is deleted, and there under this key.
    Moves(String),
}

impl Between {
    /// What is done, where the page ended so.
    pub(super) fn acts(&self, last: Option<&(String, Datum)>) -> Vec<Act> {
        match (self, last) {
            (Self::Do(act), _) => vec![act.clone()],
            (Self::Moves(to), Some((key, datum))) => {
                vec![Act::Delete(key.clone()), Act::Set(to.clone(), datum.clone())]
            }
            (Self::Moves(_), None) => Vec::new(),
        }
    }
}

/// What can be done by itself and in a transaction.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Set(String, Datum),
    SetFor(String, Datum, Duration),
    /// Sets it if nothing is there.
    Insert(String, Datum),
    Increment(String, i64),
    Delete(String),
    Get(String),
    Put(Thing),
    PutFor(Thing, Duration),
    InsertThing(Thing),
    GetThing(String),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Commits,
    GivesUp,
}

/// A key of documents without a type.
fn key() -> impl Strategy<Value = String> {
    let tails = ["", "a", "b", "\0", "ÿ", "aa", "ab", "a\0", "aÿ", "bb", "\0a", "\0\0", "ÿa", "ÿÿ"];
    let keys = ["a", "b"].iter().flat_map(|first| tails.iter().map(move |tail| format!("{first}{tail}")));
    select(keys.collect::<Vec<_>>())
}

fn any_key() -> BoxedStrategy<String> {
    prop_oneof![6 => key(), 1 => id().prop_map(|id| format!("{PREFIX}{id}"))].boxed()
}

fn under() -> impl Strategy<Value = String> {
    select(vec!["", "", "", "a", "b", "ab", "aÿ", PREFIX]).prop_map(str::to_owned)
}

fn sort() -> impl Strategy<Value = Vec<String>> {
    let one = (path(), any::<bool>()).prop_map(|(path, falls)| if falls { format!("-{path}") } else { path });
    proptest::collection::vec(one, 0..4)
}

/// Often those that have a unique index in the order.
fn under_and_sort() -> impl Strategy<Value = (String, Vec<String>)> {
    let unique = select(vec![["a", "-b"], ["-a", "b"]]);
    prop_oneof![(under(), sort()), unique.prop_map(|sort| (UNIQUE[0].0.to_owned(), sort.map(str::to_owned).to_vec())),]
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![act().prop_map(Between::Do), key().prop_map(Between::Moves)]
}

fn millis(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_millis)
}

fn act() -> BoxedStrategy<Act> {
    let lifetime = || millis(1..40);
    prop_oneof![
        8 => (key(), document()).prop_map(|(key, document)| Act::Set(key, document)).boxed(),
        2 => (key(), document(), lifetime()).prop_map(|(key, document, time)| Act::SetFor(key, document, time)).boxed(),
        3 => (key(), document()).prop_map(|(key, document)| Act::Insert(key, document)).boxed(),
        4 => (key(), -3..4_i64).prop_map(|(key, by)| Act::Increment(key, by)).boxed(),
        7 => any_key().prop_map(Act::Delete).boxed(),
        3 => any_key().prop_map(Act::Get).boxed(),
        2 => thing().prop_map(Act::Put).boxed(),
        1 => (thing(), lifetime()).prop_map(|(thing, time)| Act::PutFor(thing, time)).boxed(),
        1 => thing().prop_map(Act::InsertThing).boxed(),
        1 => id().prop_map(Act::GetThing).boxed(),
    ]
    .boxed()
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let page = || prop_oneof![1 => 1..4_usize, 3 => 4..20_usize];
    let end = prop_oneof![3 => Just(End::Commits), 1 => Just(End::GivesUp)];
    let op = prop_oneof![
        32 => act().prop_map(Op::Do).boxed(),
        3 => (proptest::collection::vec(act(), 0..5), end).prop_map(|(acts, end)| Op::Transaction(acts, end)).boxed(),
        4 => any_key().prop_map(Op::Look).boxed(),
        4 => (key(), document()).prop_map(|(key, document)| Op::Replace(key, document)).boxed(),
        2 => (under(), page()).prop_map(|(under, page)| Op::Keys { under, page }).boxed(),
        4 => (condition(), under()).prop_map(|(condition, under)| Op::Count { condition, under }).boxed(),
        9 => (condition(), sort(), under(), page())
            .prop_map(|(condition, sort, under, page)| Op::Find { condition, sort, under, page })
            .boxed(),
        2 => (condition(), under_and_sort(), page(), between())
            .prop_map(|(condition, (under, sort), page, between)| Op::FindWhile { condition, sort, under, page, between })
            .boxed(),
        1 => (-2..=2_i64, page()).prop_map(|(a, page)| Op::FindThings { a, page }).boxed(),
        2 => millis(0..20).prop_map(Op::Pass).boxed(),
        1 => Just(Op::Reap).boxed(),
    ];
    (0..APPS, op).prop_map(|(app, op)| Step { app, op })
}
