//! Types that lie in documents: `#[model(stored)]` and `#[document]`. Their bytes are their fields, one after the other, and what
//! reads them without the type knows the fields by the names that serde gives them; both are read off the type here.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Index, Member, Type, ext::IdentExt, spanned::Spanned};

use self::said::{Place, Said};
use crate::errors::Errors;

mod emit;
mod query;
mod said;

/// A type as it is stored.
pub(crate) enum Layout {
    Struct(Fields),
    Enum(Vec<Variant>),
}

/// What follows one another.
pub(crate) enum Fields {
    Named(Vec<Field>),
    Tuple(Vec<Field>),
    Unit,
}

pub(crate) struct Field {
    /// What it is called in Rust.
    pub(crate) member: Member,
    /// What it is called in documents.
    pub(crate) name: String,
    ty: Type,
}

/// One of the things that an enum may be.
pub(crate) struct Variant {
    ident: Ident,
    name: String,
    fields: Fields,
}

impl Layout {
    /// Reads the type. What is wrong with it is noted and left out, so that there is a layout in any case.
    pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> Self {
        let said = Said::of(&input.attrs, Place::Type, errors);
        match &input.data {
            Data::Enum(data) => {
                if data.variants.is_empty() {
                    errors.at(&input.ident, "an enum without variants has no values that could be stored");
                }
                let variants = data.variants.iter().map(|variant| {
                    let of_variant = Said::of(&variant.attrs, Place::Part, errors);
                    let rule = of_variant.rename_all.or(said.rename_all_fields);
                    let fields = Fields::read(&variant.fields, &Said { rename_all: rule, ..Said::default() }, errors);
                    let name = of_variant.rename.unwrap_or_else(|| said.variant(&variant.ident));
                    Variant { ident: variant.ident.clone(), name, fields }
                });
                let variants: Vec<_> = variants.collect();
                no_name_twice(variants.iter().map(|it| (it.ident.span(), &*it.name)), "variants", errors);
                Self::Enum(variants)
            }
            Data::Struct(data) => Self::Struct(Fields::read(&data.fields, &said, errors)),
            // It was refused before.
            Data::Union(_) => Self::Struct(Fields::Unit),
        }
    }

    /// The fields, of a struct that names them.
    pub(crate) fn named(&self) -> &[Field] {
        match self {
            Self::Struct(Fields::Named(fields)) => fields,
            _ => &[],
        }
    }

    /// What the type needs to be stored and queried.
    pub(crate) fn impls(&self, ident: &Ident) -> TokenStream {
        let (stored, queried) = (emit::stored(self, ident), query::queried(self, ident));
        quote!(#stored #queried)
    }
}

impl Fields {
    fn read(fields: &syn::Fields, said: &Said, errors: &mut Errors) -> Self {
        let mut read = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let of_field = Said::of(&field.attrs, Place::Part, errors);
            let (member, name) = match &field.ident {
                Some(ident) => (Member::Named(ident.clone()), said.field(ident)),
                None => (Member::Unnamed(Index::from(at)), String::new()),
            };
            read.push(Field { member, name: of_field.rename.unwrap_or(name), ty: field.ty.clone() });
        }
        match fields {
            syn::Fields::Named(_) => {
                no_name_twice(read.iter().map(|it| (it.member.span(), &*it.name)), "fields", errors);
                Self::Named(read)
            }
            syn::Fields::Unnamed(_) => Self::Tuple(read),
            syn::Fields::Unit => Self::Unit,
        }
    }

    fn all(&self) -> &[Field] {
        match self {
            Self::Named(fields) | Self::Tuple(fields) => fields,
            Self::Unit => &[],
        }
    }
}

impl Field {
    /// What it is called in Rust, as text.
    pub(crate) fn ident(&self) -> String {
        match &self.member {
            Member::Named(ident) => ident.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        }
    }
}

fn no_name_twice<'a>(names: impl Iterator<Item = (Span, &'a str)>, what: &str, errors: &mut Errors) {
    let mut seen = Vec::new();
    for (span, name) in names {
        match seen.contains(&name) {
            true => errors.at_span(span, format_args!("two {what} are named `{name}` in documents")),
            false => seen.push(name),
        }
    }
}
