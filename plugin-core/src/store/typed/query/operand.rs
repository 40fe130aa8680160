//! What a field may be compared with, by its type.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::Serialize;

use super::field::{Fields, NothingWithin, Path};
use crate::{
    clock::Timestamp,
    id::{AppId, UserId},
    point::Dynamic,
    store::value::Value,
};

/// A type of which fields can be compared.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot be compared",
    label = "not a type that `#[model(stored)]` or plugin-core makes comparable"
)]
pub trait Compared {
    /// As what: of an option, what it may hold.
    type As;
    /// [`Nullable`] or [`NotNull`].
    type Null;
}

/// Of fields that may be null.
#[derive(Debug)]
pub enum Nullable {}

/// Of fields that are never null.
#[derive(Debug)]
pub enum NotNull {}

/// Of fields that hold a value of any type, and are compared with any.
#[derive(Debug)]
pub enum Anything {}

/// A type whose fields are compared with values of their own type alone.
pub trait Plain {}

/// A type whose values have an order that can be asked for.
#[diagnostic::on_unimplemented(
    message = "fields of type `{Self}` are not compared by their order",
    label = "`eq`, `ne`, `in` and `exists` can be asked of it"
)]
pub trait Ordered {}

/// A type whose values are texts.
#[diagnostic::on_unimplemented(message = "`prefix` is asked of texts", label = "`{Self}` is none")]
pub trait Text {}

/// What a field that is compared as an `A` may be compared with; `N` says whether it may be null.
#[diagnostic::on_unimplemented(
    message = "a field of type `{A}` cannot be compared with `{Self}`",
    label = "expected `{A}`, found `{Self}`"
)]
pub trait Operand<A, N>: Serialize {}

/// What `in` compares a field with.
#[diagnostic::on_unimplemented(
    message = "`in` takes a list, not `{Self}`",
    label = "expected an array, slice, `Vec` or `BTreeSet`"
)]
pub trait Operands {
    /// What is in it.
    type Item;

    /// All of them.
    fn all(&self) -> Vec<&Self::Item>;
}

impl<O> Operands for [O] {
    type Item = O;

    fn all(&self) -> Vec<&O> {
        self.iter().collect()
    }
}

impl<O, const LENGTH: usize> Operands for [O; LENGTH] {
    type Item = O;

    fn all(&self) -> Vec<&O> {
        self.iter().collect()
    }
}

impl<O> Operands for Vec<O> {
    type Item = O;

    fn all(&self) -> Vec<&O> {
        self.iter().collect()
    }
}

impl<O> Operands for BTreeSet<O> {
    type Item = O;

    fn all(&self) -> Vec<&O> {
        self.iter().collect()
    }
}

#[diagnostic::do_not_recommend]
impl<L: Operands + ?Sized> Operands for &L {
    type Item = L::Item;

    fn all(&self) -> Vec<&L::Item> {
        (**self).all()
    }
}

impl<A: Plain, N, O: Operand<A, N> + ?Sized> Operand<A, N> for &O {}

#[diagnostic::do_not_recommend]
impl<A: Plain, O: Operand<A, NotNull>> Operand<A, Nullable> for Option<O> {}

#[diagnostic::do_not_recommend]
impl<N, O: Serialize> Operand<Anything, N> for O {}

impl<N> Operand<String, N> for str {}
impl<N> Operand<String, N> for Cow<'_, str> {}

macro_rules! as_itself {
    ($([$($generics:ident),*] $ty:ty;)*) => {$(
        impl<$($generics),*> Compared for $ty {
            type As = Self;
            type Null = NotNull;
        }
        impl<$($generics),*> Plain for $ty {}
        impl<$($generics),*> Fields for $ty {
            type Of<D> = NothingWithin<Self>;

            fn fields<D>(_: Path<D>) -> NothingWithin<Self> {
                NothingWithin::here()
            }
        }
        impl<$($generics,)* N> Operand<$ty, N> for $ty where $ty: Serialize {}
    )*};
}

macro_rules! scalars {
    ($($ty:ty)*) => { as_itself! { $([] $ty;)* } };
}

scalars! { bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64 char String Timestamp AppId UserId }

as_itself! {
    [] (); [T] Vec<T>; [T] BTreeSet<T>; [K, V] BTreeMap<K, V>;
    [A] (A,); [A, B] (A, B); [A, B, C] (A, B, C); [A, B, C, E] (A, B, C, E); [A, B, C, E, F] (A, B, C, E, F);
    [A, B, C, E, F, G] (A, B, C, E, F, G);
}

impl<T, const LENGTH: usize> Compared for [T; LENGTH] {
    type As = Self;
    type Null = NotNull;
}

impl<T, const LENGTH: usize> Plain for [T; LENGTH] {}

impl<T, const LENGTH: usize> Fields for [T; LENGTH] {
    type Of<D> = NothingWithin<Self>;

    fn fields<D>(_: Path<D>) -> NothingWithin<Self> {
        NothingWithin::here()
    }
}

impl<T, N, const LENGTH: usize> Operand<[T; LENGTH], N> for [T; LENGTH] where Self: Serialize {}

impl<T: Compared> Compared for Option<T> {
    type As = T::As;
    type Null = Nullable;
}

impl<T: Compared> Compared for Box<T> {
    type As = T::As;
    type Null = T::Null;
}

macro_rules! marked {
    ($trait:ident: $($ty:ty),*) => {$(impl $trait for $ty {})*};
}

marked!(Ordered: u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64, char, String, Timestamp, AppId, UserId, Anything);
marked!(Text: String, AppId, UserId, Anything);

macro_rules! named {
    ($($id:ty),*) => {$(
        impl<N> Operand<$id, N> for str {}
        impl<N> Operand<$id, N> for String {}
    )*};
}

named!(AppId, UserId);

macro_rules! anything {
    ($($ty:ty),*) => {$(
        impl Compared for $ty {
            type As = Anything;
            type Null = Nullable;
        }
        impl Fields for $ty {
            type Of<D> = NothingWithin<Self>;

            fn fields<D>(_: Path<D>) -> NothingWithin<Self> {
                NothingWithin::here()
            }
        }
    )*};
}

anything!(Value, serde_json::Value, Dynamic);
