//! `impl Stored`: how a type's bytes are written and read, and what they mean.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::{Field, Fields, Layout, Variant};
use crate::emit::rt;

/// The implementation of `Stored` for the type `ident`.
pub(super) fn stored(layout: &Layout, ident: &Ident) -> TokenStream {
    let rt = rt(Span::call_site());
    let stored = quote!(#rt::stored);
    let shape = match layout {
        Layout::Struct(fields) => of_struct(fields),
        Layout::Enum(variants) => {
            let variants = variants.iter().map(variant);
            quote!(const { &#stored::Shape::Enum(&[#(#variants),*]) })
        }
    };
    let is_empty = matches!(layout, Layout::Struct(fields) if fields.all().is_empty());
    let (into, from) = if is_empty { (quote!(_), quote!(_)) } else { (quote!(into), quote!(from)) };
    let (store, load) = match layout {
        Layout::Struct(fields) => (store_struct(fields), load_fields(&quote!(Self), fields)),
        Layout::Enum(variants) => (store_enum(variants), load_enum(variants)),
    };
    quote! {
        impl #stored::Stored for #ident {
            fn shape() -> &'static #stored::Shape {
                #shape
            }

            fn store(&self, #into: &mut #stored::Outgoing) -> ::core::result::Result<(), #stored::CodecError> {
                #store
                ::core::result::Result::Ok(())
            }

            fn load(#from: &mut #stored::Incoming<'_>) -> ::core::result::Result<Self, #stored::CodecError> {
                #load
            }
        }
    }
}

/// `<Type as Stored>::function`, at the type's place. A type that cannot be stored is told to be so there: the compiler says
/// once what it would say of each function in the same words.
fn function(field: &Field, function: &str) -> TokenStream {
    let (ty, span) = (&field.ty, field.ty.span());
    let (rt, function) = (rt(span), format_ident!("{function}", span = span));
    quote_spanned!(span=> <#ty as #rt::stored::Stored>::#function)
}

fn of_struct(fields: &Fields) -> TokenStream {
    let rt = rt(Span::call_site());
    match fields {
        Fields::Named(fields) => {
            let fields = named(fields);
            quote!(const { &#rt::stored::Shape::Struct(#fields) })
        }
        // serde writes what is in it alone.
        Fields::Tuple(fields) if let [only] = &fields[..] => {
            let shape = function(only, "shape");
            quote!(#shape())
        }
        Fields::Tuple(fields) => {
            let shapes = fields.iter().map(|field| function(field, "shape"));
            quote!(const { &#rt::stored::Shape::Tuple(&[#(#shapes),*]) })
        }
        Fields::Unit => quote!(&#rt::stored::Shape::Unit),
    }
}

fn named(fields: &[Field]) -> TokenStream {
    let rt = rt(Span::call_site());
    let fields = fields.iter().map(|field| {
        let (name, shape) = (&field.name, function(field, "shape"));
        quote!(#rt::stored::Field { name: #name, shape: #shape })
    });
    quote!(&[#(#fields),*])
}

fn variant(variant: &Variant) -> TokenStream {
    let rt = rt(Span::call_site());
    let content = match &variant.fields {
        Fields::Unit => quote!(Unit),
        Fields::Named(fields) => {
            let fields = named(fields);
            quote!(Struct(#fields))
        }
        Fields::Tuple(fields) => match &fields[..] {
            [only] => {
                let shape = function(only, "shape");
                quote!(Newtype(#shape))
            }
            fields => {
                let shapes = fields.iter().map(|field| function(field, "shape"));
                quote!(Tuple(&[#(#shapes),*]))
            }
        },
    };
    let name = &variant.name;
    quote!(#rt::stored::Variant { name: #name, content: #rt::stored::Content::#content })
}

fn store_struct(fields: &Fields) -> TokenStream {
    let fields = fields.all().iter().map(|field| {
        let (store, member) = (function(field, "store"), &field.member);
        quote!(#store(&self.#member, into)?;)
    });
    quote!(#(#fields)*)
}

fn store_enum(variants: &[Variant]) -> TokenStream {
    let arms = (0_u32..).zip(variants).map(|(number, variant)| {
        let (ident, fields) = (&variant.ident, variant.fields.all());
        let places: Vec<_> = (0..fields.len()).map(|at| format_ident!("field{at}")).collect();
        let members = fields.iter().map(|field| &field.member);
        let stores = fields.iter().zip(&places).map(|(field, place)| {
            let store = function(field, "store");
            quote!(#store(#place, into)?;)
        });
        quote! {
            Self::#ident { #(#members: #places),* } => {
                into.variant(#number);
                #(#stores)*
            }
        }
    });
    quote!(match self { #(#arms)* })
}

fn load_fields(of: &TokenStream, fields: &Fields) -> TokenStream {
    let fields = fields.all().iter().map(|field| {
        let (load, member) = (function(field, "load"), &field.member);
        quote!(#member: #load(from)?)
    });
    quote!(::core::result::Result::Ok(#of { #(#fields),* }))
}

fn load_enum(variants: &[Variant]) -> TokenStream {
    let rt = rt(Span::call_site());
    let arms = (0_u32..).zip(variants).map(|(number, variant)| {
        let ident = &variant.ident;
        let load = load_fields(&quote!(Self::#ident), &variant.fields);
        quote!(#number => #load,)
    });
    quote! {
        match from.variant()? {
            #(#arms)*
            other => ::core::result::Result::Err(#rt::stored::no_variant(other)),
        }
    }
}
