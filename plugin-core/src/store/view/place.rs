//! Where a value lies in stored bytes: what a path leads to, step by step, before anything is read there.

use std::cmp::Ordering;

use super::{Array, How, Object, View, read};
use crate::store::codec::{
    payload::{OBJECT, STRING},
    wire::{self, Flaw, Reader},
};

/// A value that is not read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) how: How,
    /// From its first byte on.
    pub(super) from: Reader<'a>,
    pub(super) depth: usize,
}

impl<'a> Place<'a> {
    /// The value.
    pub(super) fn view(mut self) -> Result<View<'a>, Flaw> {
        read::view(self.how, &mut self.from, self.depth)
    }

    /// Whether it is this text.
    #[inline]
    pub(super) fn is_text(self, text: &str) -> Result<bool, Flaw> {
        let mut from = self.from;
        if matches!(self.how, How::Itself) && from.u8()? == STRING {
            let found = from.bytes()?;
            // What equals a text is one.
            return Ok(found == text.as_bytes() || wire::text(found).map(|_| false)?);
        }
        Ok(matches!(self.view()?, View::String(found) if found == text))
    }

    /// The part of it that a step of a path names.
    #[inline]
    pub(super) fn part(self, step: &str) -> Result<Option<Self>, Flaw> {
        // Nearly all are objects that say themselves what they are.
        let mut from = self.from;
        if matches!(self.how, How::Itself) && from.u8()? == OBJECT {
            let left = from.length()?;
            return Self::in_order(from, left, read::deeper(self.depth)?, step);
        }
        match self.view()? {
            View::Object(Object::Stored(fields)) => fields.find(step),
            View::Array(Array::Stored(items)) => items.find(step),
            _ => Ok(None),
        }
    }

    /// The field `step` of those that come next, each a name and a value that says itself what it is. No name follows that is less than
    /// one before it.
    #[inline]
    pub(super) fn in_order(mut from: Reader<'a>, left: usize, depth: usize, step: &str) -> Result<Option<Self>, Flaw> {
        for _ in 0..left {
            match order_of_names(from.bytes()?, step.as_bytes()) {
                Ordering::Less => read::skip(How::Itself, &mut from, depth)?,
                Ordering::Equal => return Ok(Some(Self { how: How::Itself, from, depth })),
                Ordering::Greater => break,
            }
        }
        Ok(None)
    }
}

/// The order of two names. Most differ in their first byte.
#[inline]
fn order_of_names(one: &[u8], other: &[u8]) -> Ordering {
    match (one.first(), other.first()) {
        (Some(first), Some(others)) if first != others => first.cmp(others),
        _ => one.cmp(other),
    }
}
