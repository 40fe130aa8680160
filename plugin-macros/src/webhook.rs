//! `#[webhook("github-events", events("push"), verify = github(secret = config.github_secret))]`

use std::time::Duration;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    LitStr, Member, Token, parenthesized,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::{
    emit::{Registration, attribute, duration, option, rt},
    errors::Errors,
    handler::{Handler, Owner, Shape, Takes},
    names::{given_name, item_name},
    options::{Options, bare_word, read_text, unknown},
};

/// What the attribute says.
struct Webhook {
    events: Vec<String>,
    verify: Verify,
    timeout: Option<Duration>,
    name: String,
    handler: Handler,
}

/// How the sender proves who it is.
enum Verify {
    Nothing,
    /// The secret is this field of the settings; the name that stands for the settings is its author's.
    Github {
        config: Ident,
        field: Vec<Member>,
    },
}

const SHAPE: Shape =
    Shape { who: "a webhook", takes: Takes::Borrowed { what: "the delivery", example: "WebhookDelivery" } };

const SCHEMES: [&str; 2] = ["github(secret = config.…)", "none"];

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args, item, |options, item, errors| read(options, item, errors).map(|webhook| emit(&webhook)))
}

fn read(options: &mut Options, item: &TokenStream, errors: &mut Errors) -> Option<Webhook> {
    let leading = options.leading_text();
    let leads = leading.is_some();
    let leading =
        leading.and_then(|text| read_text(&text, errors, |name| plugin_syntax::item_name(name).map(str::to_owned)));
    let events = options.texts("events", errors, |event| plugin_syntax::webhook_event(event).map(str::to_owned));
    let verify_is_given = options.is_given("verify");
    let verify = options.value("verify", "github(secret = config.…)", errors);
    let timeout = options.text("timeout", errors, plugin_syntax::duration).map(|timeout| timeout.value);
    let name = given_name(options, errors);
    let handler = Handler::read(SHAPE, item, options, errors);
    let place = handler.as_ref().map_or(Span::call_site(), |handler| handler.ident.span());
    if !verify_is_given {
        errors.at_span(
            place,
            "a webhook says how its sender proves who it is: `verify = github(secret = config.…)`, or `verify = none`",
        );
    }
    let verify = verify.and_then(|tokens| scheme(tokens, errors));
    let handler = handler?;
    if let (true, Some(name)) = (leads, &name) {
        errors.at_span(name.span, "the name is given twice: write it first, or as `name = \"…\"`");
    }
    let name = leading.or(name);
    let name = item_name(name, &handler.ident, errors);
    Some(Webhook { events, verify: verify?, timeout, name, handler })
}

fn scheme(tokens: TokenStream, errors: &mut Errors) -> Option<Verify> {
    let read = |input: ParseStream<'_>| {
        if let Some(text) = input.parse::<Option<LitStr>>()? {
            let scheme = SCHEMES.into_iter().find(|scheme| scheme.split('(').next() == Some(text.value().as_str()));
            return Err(syn::Error::new(text.span(), bare_word("verify", scheme.unwrap_or("none"))));
        }
        let name: Ident = input.parse()?;
        match name.to_string().as_str() {
            "none" => Ok(Verify::Nothing),
            "github" => {
                let usage = |error: syn::Error| {
                    syn::Error::new(
                        error.span(),
                        "`github` takes its secret from the settings: `github(secret = config.…)`",
                    )
                };
                github(input).map_err(usage)
            }
            other => Err(syn::Error::new(name.span(), unknown(other, "`verify` takes", SCHEMES.into_iter()))),
        }
    };
    errors.take(read.parse2(tokens))
}

/// `(secret = config.path.to.field)`
fn github(input: ParseStream<'_>) -> syn::Result<Verify> {
    let inner;
    parenthesized!(inner in input);
    let option: Ident = inner.parse()?;
    if option != "secret" {
        return Err(syn::Error::new(option.span(), ""));
    }
    inner.parse::<Token![=]>()?;
    let config: Ident = inner.parse()?;
    if config != "config" {
        return Err(syn::Error::new(config.span(), ""));
    }
    let mut field = Vec::new();
    while !inner.is_empty() {
        inner.parse::<Token![.]>()?;
        field.push(inner.parse()?);
    }
    match field.is_empty() {
        true => Err(syn::Error::new(config.span(), "")),
        false => Ok(Verify::Github { config, field }),
    }
}

fn emit(webhook: &Webhook) -> Registration {
    let Webhook { events, verify, timeout, name, handler } = webhook;
    let rt = rt(Span::call_site());
    let verify = match verify {
        Verify::Nothing => quote!(#rt::verify::NONE),
        Verify::Github { config, field } => {
            let owner = handler.owner();
            let scheme = match owner {
                Owner::Context(_) => format_ident!("github"),
                Owner::Named(_) => format_ident!("github_bare"),
            };
            // A field that is no secret is marked itself.
            let place = field.last().map_or(Span::call_site(), Spanned::span);
            let borrow = quote_spanned!(place=> &);
            quote!(#rt::verify::#scheme::<#owner, _>(|#config| #borrow #config #(.#field)*))
        }
    };
    let timeout = option(timeout.map(duration));
    let meta = quote!(#rt::webhook::Meta { events: &[#(#events),*], verify: #verify, timeout: #timeout });
    let ty = handler.arg();
    let item = handler.constructor(Span::call_site(), "webhook", &quote!(#ty,), &meta);
    handler.registration(name, item)
}
