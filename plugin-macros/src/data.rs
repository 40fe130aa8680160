//! Types that are stored or sent: what their attributes derive for them, `#[model]` first of all.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Meta, Path, Token, punctuated::Punctuated};

use crate::{
    emit::{doc, krate, rt},
    errors::Errors,
    handler::cfgs,
    options::Options,
};

/// A type under an attribute.
pub(crate) struct DataType {
    pub(crate) ident: Ident,
    pub(crate) doc: String,
    pub(crate) cfgs: Vec<Attribute>,
    is_generic: bool,
    is_enum: bool,
    derived: Vec<String>,
    renames: bool,
}

/// `#[model]`
pub(crate) fn expand_model(args: TokenStream, item: TokenStream) -> TokenStream {
    data_attribute(args, item, |_, _, _| Some(TokenStream::new()))
}

/// Runs an attribute of a type: the derives, the type untouched, then what `generate` makes of it, or all that is wrong.
pub(crate) fn data_attribute(
    args: TokenStream,
    item: TokenStream,
    generate: impl FnOnce(Option<&DataType>, &mut Options, &mut Errors) -> Option<TokenStream>,
) -> TokenStream {
    let mut errors = Errors::default();
    let mut options = Options::parse(args, &mut errors);
    let ty = DataType::read(&item, &mut errors);
    let generated = generate(ty.as_ref(), &mut options, &mut errors);
    options.finish(&mut errors);
    // The derives come in any case: the rest of the program needs them, and would fail a second time without.
    let derives = ty.map(|ty| ty.derives());
    match errors.finish() {
        Some(errors) => quote!(#derives #item #errors),
        None => quote!(#derives #item #generated),
    }
}

impl DataType {
    /// Reads the type; that it is one is the only thing that can be wrong.
    pub(crate) fn read(item: &TokenStream, errors: &mut Errors) -> Option<Self> {
        match syn::parse2::<DeriveInput>(item.clone()) {
            Ok(DeriveInput { data: Data::Union(_), ident, .. }) => {
                errors.at(ident, "this attribute marks a struct or an enum, and this is a union");
                None
            }
            Ok(input) => Some(Self {
                doc: doc(&input.attrs),
                cfgs: cfgs(&input.attrs),
                is_generic: !input.generics.params.is_empty(),
                is_enum: matches!(input.data, Data::Enum(_)),
                derived: derived(&input.attrs),
                renames: renames(&input.attrs),
                ident: input.ident,
            }),
            Err(_) => {
                errors.at_span(Span::call_site(), "this attribute marks a struct or an enum: put it on one");
                None
            }
        }
    }

    /// The name, where the type must be one, not one for each of its parameters.
    pub(crate) fn concrete(&self, errors: &mut Errors) -> Option<&Ident> {
        if self.is_generic {
            errors.at(
                &self.ident,
                "a type with this attribute has no generic parameters: one name on the wire is one type",
            );
            return None;
        }
        Some(&self.ident)
    }

    /// What its author did not derive.
    fn derives(&self) -> TokenStream {
        let (krate, rt) = (krate(Span::call_site()), rt(Span::call_site()));
        let all = [
            ("Serialize", quote!(#rt::serde::Serialize)),
            ("Deserialize", quote!(#rt::serde::Deserialize)),
            ("JsonSchema", quote!(#rt::schemars::JsonSchema)),
            ("Clone", quote!(::core::clone::Clone)),
            ("Debug", quote!(::core::fmt::Debug)),
        ];
        let missing = all.iter().filter(|(name, _)| !self.derived.iter().any(|derived| derived == name));
        let derives = missing.map(|(_, path)| path);
        let (serde, schemars) = (format!("{krate}::__rt::serde"), format!("{krate}::__rt::schemars"));
        let (serde, schemars) = (serde.replace(' ', ""), schemars.replace(' ', ""));
        let rename = (!self.renames).then(|| quote!(, rename_all = "camelCase"));
        let rename_fields = (!self.renames && self.is_enum).then(|| quote!(, rename_all_fields = "camelCase"));
        quote! {
            #[derive(#(#derives),*)]
            #[serde(crate = #serde #rename #rename_fields)]
            #[schemars(crate = #schemars)]
        }
    }
}

/// The last names of all that is derived below the attribute.
fn derived(attrs: &[Attribute]) -> Vec<String> {
    let derives = attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    let paths = derives.filter_map(|attr| attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok());
    paths.flatten().filter_map(|path| path.segments.last().map(|last| last.ident.to_string())).collect()
}

/// Whether its author says what its fields are called, or that it has none of its own.
fn renames(attrs: &[Attribute]) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("serde")).any(|attr| {
        let options = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        options.is_ok_and(|options| {
            let decisive = ["rename_all", "transparent", "from", "into", "try_from", "remote"];
            options.iter().any(|option| decisive.iter().any(|name| option.path().is_ident(name)))
        })
    })
}
