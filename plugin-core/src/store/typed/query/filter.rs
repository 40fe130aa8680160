//! A filter and a sort key that know of which documents they are.

use std::{fmt, marker::PhantomData, ops::Not};

use crate::store::filter::{Filter, FilterError};

/// A condition on documents of the type `D`: see [`query!`](crate::query).
pub struct TypedFilter<D> {
    filter: Filter,
    of: PhantomData<fn() -> D>,
}

/// By which field documents of the type `D` are sorted, in which direction.
pub struct SortKey<D> {
    given: String,
    of: PhantomData<fn() -> D>,
}

impl<D> TypedFilter<D> {
    pub(super) fn of(filter: Filter) -> Self {
        Self { filter, of: PhantomData }
    }

    /// What every document matches.
    pub fn all() -> Self {
        Self::of(Filter::all())
    }

    /// What matches every one of `filters`.
    pub fn every(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::of(Filter::every(filters.into_iter().map(Self::into_inner)))
    }

    /// What matches at least one of `filters`.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self::of(Filter::any(filters.into_iter().map(Self::into_inner)))
    }

    /// What matches this and `other`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::every([self, other])
    }

    /// What matches this or `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::any([self, other])
    }

    /// Why the filter is invalid, if it is: an operand that cannot be a value, or conditions that lie too deep in one another.
    pub fn problem(&self) -> Option<&FilterError> {
        self.filter.problem()
    }

    /// The filter without the type of its documents.
    pub(crate) fn into_inner(self) -> Filter {
        self.filter
    }
}

impl<D> Not for TypedFilter<D> {
    type Output = Self;

    fn not(self) -> Self {
        Self::of(!self.filter)
    }
}

impl<D> Default for TypedFilter<D> {
    fn default() -> Self {
        Self::all()
    }
}

impl<D> Clone for TypedFilter<D> {
    fn clone(&self) -> Self {
        Self::of(self.filter.clone())
    }
}

impl<D> fmt::Debug for TypedFilter<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.filter.fmt(f)
    }
}

impl<D> From<TypedFilter<D>> for Filter {
    fn from(filter: TypedFilter<D>) -> Self {
        filter.into_inner()
    }
}

impl<D> SortKey<D> {
    pub(super) fn of(given: String) -> Self {
        Self { given, of: PhantomData }
    }

    /// The path, with a `-` before it for descending order.
    pub(crate) fn into_inner(self) -> String {
        self.given
    }
}

impl<D> Clone for SortKey<D> {
    fn clone(&self) -> Self {
        Self::of(self.given.clone())
    }
}

impl<D> fmt::Debug for SortKey<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.given.fmt(f)
    }
}

impl<D> From<SortKey<D>> for String {
    fn from(key: SortKey<D>) -> Self {
        key.into_inner()
    }
}
