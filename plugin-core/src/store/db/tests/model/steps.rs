//! What is done to the store and to the map beside it.

use proptest::{prelude::*, sample::select};

use super::{
    APPS,
    data::{Datum, document, path},
    filters::{Condition, condition},
};

/// Something that one app does.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) app: usize,
    pub(super) op: Op,
}

#[derive(Debug, Clone)]
pub(super) enum Op {
    Set(String, Datum),
    /// Sets it if nothing is there.
    Insert(String, Datum),
    /// Gets it and notes its revision.
    Look(String),
    /// Sets it if it still has the revision that was noted, or if nothing was there then and is now.
    Replace(String, Datum),
    Increment(String, i64),
    Delete(String),
    Get(String),
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
}

fn key() -> impl Strategy<Value = String> {
    let tails = ["", "a", "b", "\0", "ÿ", "aa", "ab", "a\0", "aÿ", "bb", "\0a", "\0\0", "ÿa", "ÿÿ"];
    let keys = ["a", "b"].iter().flat_map(|first| tails.iter().map(move |tail| format!("{first}{tail}")));
    select(keys.collect::<Vec<_>>())
}

fn under() -> impl Strategy<Value = String> {
    select(vec!["", "", "", "a", "b", "ab", "aÿ"]).prop_map(str::to_owned)
}

fn sort() -> impl Strategy<Value = Vec<String>> {
    let one = (path(), any::<bool>()).prop_map(|(path, falls)| if falls { format!("-{path}") } else { path });
    proptest::collection::vec(one, 0..4)
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let page = || prop_oneof![1 => 1..4_usize, 3 => 4..20_usize];
    let op = prop_oneof![
        8 => (key(), document()).prop_map(|(key, document)| Op::Set(key, document)).boxed(),
        3 => (key(), document()).prop_map(|(key, document)| Op::Insert(key, document)).boxed(),
        4 => key().prop_map(Op::Look).boxed(),
        4 => (key(), document()).prop_map(|(key, document)| Op::Replace(key, document)).boxed(),
        4 => (key(), -3..4_i64).prop_map(|(key, by)| Op::Increment(key, by)).boxed(),
        7 => key().prop_map(Op::Delete).boxed(),
        3 => key().prop_map(Op::Get).boxed(),
        2 => (under(), page()).prop_map(|(under, page)| Op::Keys { under, page }).boxed(),
        4 => (condition(), under()).prop_map(|(condition, under)| Op::Count { condition, under }).boxed(),
        9 => (condition(), sort(), under(), page())
            .prop_map(|(condition, sort, under, page)| Op::Find { condition, sort, under, page })
            .boxed(),
    ];
    (0..APPS, op).prop_map(|(app, op)| Step { app, op })
}
