//! How the fields of a type are named in typed queries: a type with a method for each, called as the field is in documents.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::{Field, Fields, Layout};
use crate::emit::rt;

/// What a type needs so that fields of it can be asked for and compared.
pub(super) fn queried(layout: &Layout, ident: &Ident) -> TokenStream {
    let rt = rt(Span::call_site());
    let query = quote!(#rt::stored::query);
    let fields = match layout {
        Layout::Struct(Fields::Named(fields)) => builder(ident, fields),
        _ => quote! {
            impl #query::Fields for #ident {
                type Of<__Document> = #query::NothingWithin<#ident>;

                fn fields<__Document>(_: #query::Path<__Document>) -> #query::NothingWithin<#ident> {
                    #query::NothingWithin::here()
                }
            }
        },
    };
    quote! {
        impl #query::Compared for #ident {
            type As = Self;
            type Null = #query::NotNull;
        }

        impl #query::Plain for #ident {}

        impl<__N> #query::Operand<#ident, __N> for #ident {}

        #fields
    }
}

fn builder(ident: &Ident, fields: &[Field]) -> TokenStream {
    let rt = rt(Span::call_site());
    let query = quote!(#rt::stored::query);
    let builder = format_ident!("FieldsOf{ident}");
    let mut seen: Vec<Ident> = Vec::new();
    let mut methods = Vec::new();
    for field in fields {
        let method = method(&field.name, field.member.span());
        // Of two names that are one in Rust, the first is reached.
        if !seen.contains(&method) {
            methods.push(accessor(&method, field));
            seen.push(method);
        }
    }
    quote! {
        #[doc(hidden)]
        #[derive(::core::fmt::Debug)]
        pub struct #builder<__Document>(#query::Path<__Document>);

        #[allow(non_snake_case, dead_code, private_interfaces, clippy::all, clippy::pedantic)]
        impl<__Document> #builder<__Document> {
            #(#methods)*
        }

        impl #query::Fields for #ident {
            type Of<__Document> = #builder<__Document>;

            fn fields<__Document>(within: #query::Path<__Document>) -> #builder<__Document> {
                #builder(within)
            }
        }
    }
}

fn accessor(method: &Ident, field: &Field) -> TokenStream {
    let (name, ty, span) = (&field.name, &field.ty, field.ty.span());
    let rt = rt(span);
    let output = quote_spanned!(span=> #rt::stored::query::Field<__Document, #ty>);
    quote! {
        pub fn #method(&self) -> #output {
            self.0.field(#name)
        }
    }
}

/// The method for the field `name`: what Rust's names cannot have is a `_`.
fn method(name: &str, span: Span) -> Ident {
    let mut text: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    if text.starts_with(|first: char| first.is_numeric()) {
        text.insert(0, '_');
    }
    match syn::parse_str::<Ident>(&text) {
        Ok(_) => Ident::new(&text, span),
        Err(_) if matches!(&*text, "self" | "Self" | "super" | "crate" | "_" | "") => {
            format_ident!("{text}_", span = span)
        }
        Err(_) => Ident::new_raw(&text, span),
    }
}
