//! Fields of typed documents: how they are reached, and what can be asked of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    marker::PhantomData,
};

use super::{
    filter::{SortKey, TypedFilter},
    operand::{Compared, Nullable, Operand, Operands, Ordered, Text},
};
use crate::{
    point::Dynamic,
    store::{
        filter::{self, Filter},
        typed::Document,
        value::Value,
    },
};

/// The fields of the document `D`: a method for each, called as the field is in documents. What such a name has that Rust's may
/// not have is a `_`.
///
/// ```
/// use plugin_core::{prelude::*, store::typed::fields};
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
///
/// #[document(plugin = Analytics, collection = "conversations")]
/// pub struct Conversation {
///     #[id]
///     pub id: String,
///     pub ended_at: Option<Timestamp>,
/// }
///
/// let recent = fields::<Conversation>().endedAt().gt(Timestamp::UNIX_EPOCH);
/// let newest_first = fields::<Conversation>().endedAt().descending();
/// # let _ = (recent, newest_first);
/// ```
pub fn fields<D: Document>() -> D::Of<D> {
    D::fields(Path { within: String::new(), of: PhantomData })
}

/// A type and those of its fields that have names. `#[document]` and `#[model(stored)]` derive it.
pub trait Fields {
    /// What has a method for each of them, in documents `D`. Of a type without such fields it is [`NothingWithin`], so that who asks for
    /// one is told so at its name.
    type Of<D>;

    #[doc(hidden)]
    fn fields<D>(within: Path<D>) -> Self::Of<D>;
}

impl<T: Fields> Fields for Option<T> {
    type Of<D> = T::Of<D>;

    fn fields<D>(within: Path<D>) -> T::Of<D> {
        T::fields(within)
    }
}

impl<T: Fields> Fields for Box<T> {
    type Of<D> = T::Of<D>;

    fn fields<D>(within: Path<D>) -> T::Of<D> {
        T::fields(within)
    }
}

/// Stands for the fields of a type that has none with a name.
#[derive(Debug)]
pub struct NothingWithin<T>(PhantomData<fn() -> T>);

impl<T> NothingWithin<T> {
    #[doc(hidden)]
    pub fn here() -> Self {
        Self(PhantomData)
    }
}

/// A type whose parts are reached by what is no name: a place in a list, a key of a map, a path in a value of any type.
#[diagnostic::on_unimplemented(
    message = "nothing in a field of type `{Self}` is reached by a text or number",
    label = "`{Self}` is no list, map or value of any type",
    note = "the fields of a struct are written without quotes"
)]
pub trait Holds {
    /// What is found there.
    type Inside;
}

macro_rules! holds {
    ($([$($generics:tt)*] $ty:ty => $inside:ty;)*) => {$(
        impl<$($generics)*> Holds for $ty {
            type Inside = $inside;
        }
    )*};
}

holds! {
    [T: Holds] Option<T> => T::Inside;
    [T: Holds] Box<T> => T::Inside;
    [T] Vec<T> => T;
    [T, const N: usize] [T; N] => T;
    [T] BTreeSet<T> => T;
    [K, V] BTreeMap<K, V> => V;
    [] Value => Value;
    [] serde_json::Value => Value;
    [] Dynamic => Value;
}

/// Where a struct lies in documents of the type `D`.
#[doc(hidden)]
#[derive(Debug)]
pub struct Path<D> {
    /// With a dot at its end; empty for the document itself.
    within: String,
    of: PhantomData<fn() -> D>,
}

impl<D> Path<D> {
    /// The field `name` there.
    pub fn field<T>(&self, name: &str) -> Field<D, T> {
        Field { path: format!("{}{name}", self.within), of: PhantomData }
    }
}

/// A field of the type `T` in documents of the type `D`.
#[derive(Debug)]
pub struct Field<D, T> {
    path: String,
    of: PhantomData<fn() -> (D, T)>,
}

impl<D, T> Field<D, T> {
    fn with(self, test: impl FnOnce(filter::Field) -> Filter) -> TypedFilter<D> {
        TypedFilter::of(test(filter::field(self.path)))
    }

    /// The document has it, be it null.
    pub fn exists(self) -> TypedFilter<D> {
        self.with(filter::Field::exists)
    }

    /// The document does not have it, as one that was written without its type.
    pub fn missing(self) -> TypedFilter<D> {
        self.with(filter::Field::missing)
    }

    /// The smallest first.
    pub fn ascending(self) -> SortKey<D> {
        SortKey::of(self.path)
    }

    /// The largest first.
    pub fn descending(self) -> SortKey<D> {
        SortKey::of(format!("-{}", self.path))
    }

    /// What lies within it: the fields of a struct.
    pub fn within(self) -> T::Of<D>
    where
        T: Fields,
    {
        T::fields(Path { within: format!("{}.", self.path), of: PhantomData })
    }

    /// What lies in it at a place of a list, under a key of a map, or at the path in a value of any type.
    pub fn at(self, step: impl Display) -> Field<D, T::Inside>
    where
        T: Holds,
    {
        Field { path: format!("{}.{step}", self.path), of: PhantomData }
    }
}

impl<D, T: Compared> Field<D, T> {
    /// It equals the operand.
    pub fn eq(self, operand: impl Operand<T::As, T::Null>) -> TypedFilter<D> {
        self.with(|field| field.eq(operand))
    }

    /// It is null, which a field that is missing is not.
    pub fn is_null(self) -> TypedFilter<D>
    where
        T: Compared<Null = Nullable>,
    {
        self.with(|field| field.eq(()))
    }

    /// It does not equal the operand, or is missing.
    pub fn ne(self, operand: impl Operand<T::As, T::Null>) -> TypedFilter<D> {
        self.with(|field| field.ne(operand))
    }

    /// It is greater than the operand.
    pub fn gt(self, operand: impl Operand<T::As, T::Null>) -> TypedFilter<D>
    where
        T::As: Ordered,
    {
        self.with(|field| field.gt(operand))
    }

    /// It is greater than the operand or equals it.
    pub fn gte(self, operand: impl Operand<T::As, T::Null>) -> TypedFilter<D>
    where
        T::As: Ordered,
    {
        self.with(|field| field.gte(operand))
    }

    /// It is less than the operand.
    pub fn lt(self, operand: impl Operand<T::As, T::Null>) -> TypedFilter<D>
    where
        T::As: Ordered,
    {
        self.with(|field| field.lt(operand))
    }

    /// It is less than the operand or equals it.
    pub fn lte(self, operand: impl Operand<T::As, T::Null>) -> TypedFilter<D>
    where
        T::As: Ordered,
    {
        self.with(|field| field.lte(operand))
    }

    /// It equals one of the operands: an array, a slice, a `Vec` or a `BTreeSet` of them.
    pub fn one_of<L: Operands>(self, operands: L) -> TypedFilter<D>
    where
        L::Item: Operand<T::As, T::Null>,
    {
        self.with(|field| field.one_of(operands.all()))
    }

    /// It is a text that begins with the operand.
    pub fn prefix(self, operand: impl AsRef<str>) -> TypedFilter<D>
    where
        T::As: Text,
    {
        self.with(|field| field.prefix(operand.as_ref()))
    }
}
