//! What all attributes generate: the paths into plugin-core, and the one registration of an item.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, ext::IdentExt};

use crate::{errors::Errors, options::Options};

/// Runs an attribute: its item comes out untouched, followed by what `generate` makes of it, or by all that is wrong.
pub(crate) fn attribute(
    args: TokenStream,
    item: TokenStream,
    generate: impl FnOnce(&mut Options, &TokenStream, &mut Errors) -> Option<Registration>,
) -> TokenStream {
    let mut errors = Errors::default();
    let mut options = Options::parse(args, &mut errors);
    let generated = generate(&mut options, &item, &mut errors);
    options.finish(&mut errors);
    // Nothing may use the item then; that it is dead is not what its author should read.
    let dead = errors.any().then(|| quote!(#[allow(dead_code)]));
    finished(quote!(#dead #item), generated.map(Generated::from), errors)
}

/// The item and its registration. If something is wrong, that is said instead, and only there: a type has its traits all the
/// same, so that what uses it does not say a second time that it lacks them.
pub(crate) fn finished(item: TokenStream, generated: Option<Generated>, errors: Errors) -> TokenStream {
    match errors.finish() {
        Some(errors) => {
            let traits = generated.map(Generated::traits_alone);
            quote!(#item #traits #errors)
        }
        None => {
            let generated = generated.map(Generated::into_tokens);
            quote!(#item #generated)
        }
    }
}

/// `::plugin_core`, under the name it has in the package that is being compiled.
pub(crate) fn krate(span: Span) -> TokenStream {
    let name = match crate_name("plugin-core") {
        Ok(FoundCrate::Name(name)) => name,
        // plugin-core calls itself by its own name, and what is not found is best missed by the name in its documentation.
        Ok(FoundCrate::Itself) | Err(_) => "plugin_core".to_owned(),
    };
    let name = Ident::new(&name, span);
    quote_spanned!(span=> ::#name)
}

/// The module that is there for generated code.
pub(crate) fn rt(span: Span) -> TokenStream {
    let krate = krate(span);
    quote_spanned!(span=> #krate::__rt)
}

/// What an attribute adds to its item.
pub(crate) enum Generated {
    /// An item of a plugin.
    Item(Registration),
    /// The traits of a type that is no item.
    Traits { cfgs: Vec<Attribute>, impls: TokenStream },
}

impl From<Registration> for Generated {
    fn from(registration: Registration) -> Self {
        Self::Item(registration)
    }
}

impl Generated {
    fn traits_alone(self) -> TokenStream {
        let (cfgs, impls) = match self {
            Self::Item(Registration { cfgs, impls, .. }) | Self::Traits { cfgs, impls } => (cfgs, impls),
        };
        match impls.is_empty() {
            true => impls,
            false => quote!(#(#cfgs)* const _: () = { #impls };),
        }
    }

    fn into_tokens(self) -> TokenStream {
        match self {
            Self::Item(registration) => registration.into_tokens(),
            Self::Traits { .. } => self.traits_alone(),
        }
    }
}

/// An item and where it stands.
pub(crate) struct Registration {
    /// What it is called on the wire.
    pub(crate) name: String,
    /// What it is called in Rust.
    pub(crate) ident: Ident,
    pub(crate) doc: String,
    pub(crate) cfgs: Vec<Attribute>,
    /// The traits of its type.
    pub(crate) impls: TokenStream,
    /// The call that makes it.
    pub(crate) item: TokenStream,
}

impl Registration {
    /// The constant that the linker gathers.
    fn into_tokens(self) -> TokenStream {
        let Self { name, ident, doc, cfgs, impls, item } = self;
        let rt = rt(Span::call_site());
        let ident_text = ident.unraw().to_string();
        // With the place of the name, which is where an editor should jump to; the attribute may be lines above.
        let line = quote_spanned!(ident.span()=> ::core::line!());
        quote! {
            #(#cfgs)*
            const _: () = {
                #impls
                #rt::inventory::submit! {
                    #rt::Registration::new(#item, &#rt::Site {
                        name: #name,
                        ident: #ident_text,
                        doc: #doc,
                        file: ::core::file!(),
                        line: #line,
                        module: ::core::module_path!(),
                        package: ::core::env!("CARGO_PKG_NAME"),
                    })
                }
            };
        }
    }
}

/// The doc comment, without the space that begins each line.
pub(crate) fn doc(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<_> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect();
    lines.join("\n").trim().to_owned()
}

/// `Some(…)` or `None`, as an expression.
pub(crate) fn option<T: ToTokens>(value: Option<T>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// A duration as an expression; the shortest that can be written is a millisecond.
pub(crate) fn duration(duration: std::time::Duration) -> TokenStream {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    quote!(::core::time::Duration::from_millis(#millis))
}
