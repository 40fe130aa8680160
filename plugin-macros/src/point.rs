//! `#[hook_point]`, `#[filter_point]` and `#[event]`: the type is the point.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{LitStr, Path, spanned::Spanned};

use crate::{
    data::{DataType, data_attribute},
    emit::{Registration, rt},
    errors::Errors,
    names::point_name,
    options::Options,
};

/// What a point's attribute says beside its name.
enum Kind {
    Hook { policy: Ident },
    Filter { on_error: OnError, check: Option<Path> },
    Event { plugin: Option<Path> },
}

/// What a failing filter means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnError {
    Keep,
    Fail,
}

/// `#[hook_point("…", policy = isolate)]`
pub(crate) fn expand_hook(args: TokenStream, item: TokenStream) -> TokenStream {
    point(args, item, |_, options, errors| {
        let policy = options.choice("policy", &[("isolate", "Isolate"), ("veto", "Veto")], errors);
        Kind::Hook { policy: format_ident!("{}", policy.unwrap_or("Isolate")) }
    })
}

/// `#[filter_point("…", on_error = keep, check = path)]`
pub(crate) fn expand_filter(args: TokenStream, item: TokenStream) -> TokenStream {
    point(args, item, |_, options, errors| {
        let on_error = options.choice("on_error", &[("keep", OnError::Keep), ("fail", OnError::Fail)], errors);
        let check = options.path("check", errors);
        Kind::Filter { on_error: on_error.unwrap_or(OnError::Keep), check }
    })
}

/// `#[event("…", plugin = path)]`
pub(crate) fn expand_event(args: TokenStream, item: TokenStream) -> TokenStream {
    point(args, item, |place, options, errors| {
        let given = options.is_given("plugin");
        let plugin = options.path("plugin", errors);
        if !given {
            errors.at_span(place, "an event names the plugin that publishes it: `plugin = path::To::MyPlugin`");
        }
        Kind::Event { plugin }
    })
}

fn point(
    args: TokenStream,
    item: TokenStream,
    kind: impl FnOnce(Span, &mut Options, &mut Errors) -> Kind,
) -> TokenStream {
    data_attribute(args, item, |ty, options, errors| {
        let place = ty.map_or(Span::call_site(), |ty| ty.ident.span());
        let given = options.has_text();
        let name = point_name(options, errors);
        let kind = kind(place, options, errors);
        if !given {
            errors.at_span(place, "the name comes first, a text of two parts such as `\"conversation:end\"`");
        }
        let ty = ty?;
        ty.concrete(errors)?;
        // A stand-in for a name that is wrong: who handles the type is not told of it a second time.
        let name = name.unwrap_or_else(|| LitStr::new("", Span::call_site()));
        Some(emit(ty, &name, &kind).into())
    })
}

fn emit(ty: &DataType, name: &LitStr, kind: &Kind) -> Registration {
    let rt = rt(Span::call_site());
    let ident = &ty.ident;
    let (point, constructor, rest) = match kind {
        Kind::Hook { policy } => {
            let ix = ix("HOOKS");
            ("HookPoint", "hook_point", quote!(const POLICY: #rt::HookPolicy = #rt::HookPolicy::#policy; #ix))
        }
        Kind::Filter { on_error, check } => {
            let (ix, filter) = (ix("FILTERS"), filter(*on_error, check.as_ref()));
            ("FilterPoint", "filter_point", quote!(#filter #ix))
        }
        Kind::Event { plugin } => ("Event", "event", publisher(plugin.as_ref())),
    };
    let (point, constructor) = (format_ident!("{point}"), format_ident!("{constructor}"));
    let impls = quote! {
        impl #rt::#point for #ident {
            const NAME: &'static str = #name;
            #rest
        }
    };
    // An event's name is compared with its plugin's id while the compiler evaluates this call, and it says so at its place.
    let span = name.span();
    let rt = crate::emit::rt(span);
    Registration {
        name: plugin_syntax::kebab(&ident.to_string()),
        ident: ident.clone(),
        doc: ty.doc.clone(),
        cfgs: ty.cfgs.clone(),
        impls,
        item: quote_spanned!(span=> #rt::#constructor::<#ident>()),
    }
}

/// Whose event it is; a stand-in where its author has not said so.
fn publisher(plugin: Option<&Path>) -> TokenStream {
    let rt = rt(Span::call_site());
    plugin.map_or_else(|| quote!(type Plugin = #rt::Unsaid;), |plugin| quote!(type Plugin = #plugin;))
}

/// The number of the type, given from `space`.
fn ix(space: &str) -> TokenStream {
    let (rt, space) = (rt(Span::call_site()), format_ident!("{space}"));
    quote! {
        fn ix() -> &'static #rt::Ix {
            static IX: #rt::Ix = #rt::Ix::of(&#rt::#space);
            &IX
        }
    }
}

fn filter(on_error: OnError, check: Option<&Path>) -> TokenStream {
    let rt = rt(Span::call_site());
    let (word, keep) = match on_error {
        OnError::Keep => (quote!(Keep), quote!(::core::option::Option::Some(::core::clone::Clone::clone(self)))),
        OnError::Fail => (quote!(Fail), quote!(::core::option::Option::None)),
    };
    let check = check.map(|check| {
        let call = quote_spanned!(check.span()=> (self));
        quote! {
            fn check(&self) -> ::core::result::Result<(), ::std::string::String> {
                #check #call
            }
        }
    });
    quote! {
        const ON_ERROR: #rt::OnError = #rt::OnError::#word;

        fn keep(&self) -> ::core::option::Option<Self> {
            #keep
        }

        #check
    }
}
