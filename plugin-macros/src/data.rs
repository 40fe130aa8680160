//! Types that are stored or sent: what their attributes derive for them, `#[model]` first of all.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{
    Attribute, Data, DeriveInput, Meta, Path, Token,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::{
    emit::{Generated, doc, finished, krate, rt},
    errors::Errors,
    handler::cfgs,
    options::Options,
    stored::Layout,
};

/// A type under an attribute.
pub(crate) struct DataType {
    pub(crate) input: DeriveInput,
    pub(crate) ident: Ident,
    pub(crate) doc: String,
    pub(crate) cfgs: Vec<Attribute>,
    is_generic: bool,
    is_enum: bool,
    derived: Vec<String>,
    /// The options of serde and of schemars that its author wrote.
    serde: Vec<String>,
    schemars: Vec<String>,
}

/// `#[model]`, `#[model(stored)]`
pub(crate) fn expand_model(args: TokenStream, item: TokenStream) -> TokenStream {
    data_attribute(args, item, |ty, options, errors| {
        options.flag("stored", errors)?;
        let ty = ty?;
        ty.concrete(errors)?;
        let impls = Layout::read(&ty.input, errors).impls(&ty.ident);
        Some(Generated::Traits { cfgs: ty.cfgs.clone(), impls })
    })
}

/// Runs an attribute of a type: the type with its derives, then what `generate` makes of it, or all that is wrong.
pub(crate) fn data_attribute(
    args: TokenStream,
    item: TokenStream,
    generate: impl FnOnce(Option<&DataType>, &mut Options, &mut Errors) -> Option<Generated>,
) -> TokenStream {
    let mut errors = Errors::default();
    let mut options = Options::parse(args, &mut errors);
    let ty = DataType::read(&item, &mut errors);
    let generated = generate(ty.as_ref(), &mut options, &mut errors);
    options.finish(&mut errors);
    // The derives come in any case: the rest of the program needs them, and would fail a second time without.
    let item = match ty {
        Some(ty) => ty.with_derives(item),
        None => item,
    };
    finished(item, generated, errors)
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
                serde: options(&input.attrs, "serde"),
                schemars: options(&input.attrs, "schemars"),
                ident: input.ident.clone(),
                input,
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

    /// The type, with what its author did not derive. What the derives are told comes after all of them: an attribute that is
    /// used above the derive that introduces it is an error.
    fn with_derives(&self, item: TokenStream) -> TokenStream {
        let parts = |input: ParseStream<'_>| {
            let attrs = input.call(Attribute::parse_outer)?;
            Ok((attrs, input.parse::<TokenStream>()?))
        };
        // It was parsed before.
        let Ok((attrs, rest)) = parts.parse2(item.clone()) else { return item };
        let (derives, told) = (self.derives(), self.told());
        quote!(#derives #(#attrs)* #told #rest)
    }

    fn derives(&self) -> Option<TokenStream> {
        let rt = rt(Span::call_site());
        let all = [
            ("Serialize", quote!(#rt::serde::Serialize)),
            ("Deserialize", quote!(#rt::serde::Deserialize)),
            ("JsonSchema", quote!(#rt::schemars::JsonSchema)),
            ("Clone", quote!(::core::clone::Clone)),
            ("Debug", quote!(::core::fmt::Debug)),
        ];
        let missing = all.iter().filter(|(name, _)| !self.derived.iter().any(|derived| derived == name));
        let missing: Vec<_> = missing.map(|(_, path)| path).collect();
        (!missing.is_empty()).then(|| quote!(#[derive(#(#missing),*)]))
    }

    /// Where the derives find their crates, and how names are written; what its author says of either stays.
    fn told(&self) -> TokenStream {
        let krate = krate(Span::call_site()).to_string().replace(' ', "");
        let says = |options: &[String], names: &[&str]| options.iter().any(|option| names.contains(&option.as_str()));
        // Such a type has the names of another one, or none of its own.
        let is_another = says(&self.serde, &["transparent", "from", "into", "try_from", "remote"]);
        let renamed = |name: &str| is_another || says(&self.serde, &[name]);
        let serde = (!says(&self.serde, &["crate"])).then(|| {
            let serde = format!("{krate}::__rt::serde");
            quote!(crate = #serde)
        });
        let rename = (!renamed("rename_all")).then(|| quote!(rename_all = "camelCase"));
        let rename_fields =
            (self.is_enum && !renamed("rename_all_fields")).then(|| quote!(rename_all_fields = "camelCase"));
        let serde: Vec<_> = [serde, rename, rename_fields].into_iter().flatten().collect();
        let schemars = (!says(&self.schemars, &["crate"])).then(|| {
            let schemars = format!("{krate}::__rt::schemars");
            quote!(#[schemars(crate = #schemars)])
        });
        quote!(#[serde(#(#serde),*)] #schemars)
    }
}

/// The last names of all that is derived below the attribute.
fn derived(attrs: &[Attribute]) -> Vec<String> {
    let derives = attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    let paths = derives.filter_map(|attr| attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok());
    paths.flatten().filter_map(|path| path.segments.last().map(|last| last.ident.to_string())).collect()
}

/// The names of the options in all attributes of this name.
fn options(attrs: &[Attribute], name: &str) -> Vec<String> {
    let attrs = attrs.iter().filter(|attr| attr.path().is_ident(name));
    let options = attrs.filter_map(|attr| attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok());
    options.flatten().filter_map(|option| option.path().get_ident().map(ToString::to_string)).collect()
}
