//! The order that `find` gives documents in.

use std::cmp::Ordering;

use super::{
    codec::CodecError,
    error::StoreError,
    index::Direction,
    value::Value,
    view::{Undecoded, View},
};

/// By which fields, in which direction.
#[derive(Debug, Clone)]
pub(super) struct Sort(Vec<Field>);

#[derive(Debug, Clone)]
struct Field {
    path: String,
    direction: Direction,
}

/// What a document has in the fields that are sorted by: one value each, or none where the field is missing.
pub(super) type SortKey = Vec<Vec<Value>>;

impl Sort {
    /// Reads fields as they are given: a path, with a `-` before it for descending order.
    pub(super) fn of(given: &[String]) -> Result<Self, StoreError> {
        let field = |given: &String| {
            let (path, direction) = match given.strip_prefix('-') {
                Some(path) => (path, Direction::Descending),
                None => (&**given, Direction::Ascending),
            };
            // A second `-` is a slip, and no field is missed: one that begins so could not be sorted by in ascending order either.
            match path.starts_with('-') || path.split('.').any(str::is_empty) {
                true => Err(StoreError::Sort { given: given.clone() }),
                false => Ok(Field { path: path.to_owned(), direction }),
            }
        };
        given.iter().map(field).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|field| &*field.path)
    }

    /// Paths and directions.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, Direction)> {
        self.0.iter().map(|field| (&*field.path, field.direction))
    }

    /// The fields as they were given.
    pub(super) fn given(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|field| match field.direction {
            Direction::Ascending => field.path.clone(),
            Direction::Descending => format!("-{}", field.path),
        })
    }

    /// What `document` has to be sorted by.
    pub(super) fn key_of(&self, document: &Value) -> SortKey {
        self.paths().map(|path| document.at(path).cloned().into_iter().collect()).collect()
    }

    /// The same of one that is not decoded.
    pub(super) fn key_of_stored(&self, document: Undecoded<'_>) -> Result<SortKey, CodecError> {
        let value = |path| Ok(document.at(path)?.map(View::to_value).transpose()?.into_iter().collect());
        self.paths().map(value).collect()
    }

    /// The order of two documents: by their values, missing before all, then by their keys.
    pub(super) fn compare(&self, one: (&SortKey, &str), other: (&SortKey, &str)) -> Ordering {
        let values = self.0.iter().zip(one.0.iter().zip(other.0));
        let by_values = values.map(|(field, (one, other))| match field.direction {
            Direction::Ascending => one.cmp(other),
            Direction::Descending => other.cmp(one),
        });
        by_values.fold(Ordering::Equal, Ordering::then).then_with(|| one.1.cmp(other.1))
    }
}
