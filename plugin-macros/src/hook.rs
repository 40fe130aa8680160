//! `#[hook]`, `#[filter]` and `#[on]`: a handler of one payload, whose point's name may stand in the attribute.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::LitStr;

use crate::{
    emit::{Registration, attribute, duration, option, rt},
    errors::Errors,
    handler::{Handler, Shape, Takes},
    names::{given_name, item_name, point_name},
    options::Options,
};

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    Hook,
    Filter,
    Event,
}

impl Payload {
    const fn shape(self) -> Shape {
        match self {
            Self::Hook => {
                Shape { who: "a hook", takes: Takes::Borrowed { what: "its payload", example: "ConversationEnd" } }
            }
            Self::Filter => {
                Shape { who: "a filter", takes: Takes::Owned { what: "the value", example: "OutgoingMessage" } }
            }
            Self::Event => {
                Shape { who: "a listener", takes: Takes::Borrowed { what: "the event", example: "ConversationEnded" } }
            }
        }
    }

    /// The module of `__rt`, and what it calls the name.
    const fn runtime(self) -> (&'static str, &'static str) {
        match self {
            Self::Hook => ("hook", "point"),
            Self::Filter => ("filter", "point"),
            Self::Event => ("listener", "event"),
        }
    }
}

/// What the attribute says.
struct PayloadHandler {
    payload: Payload,
    point: Option<LitStr>,
    name: String,
    priority: i32,
    timeout: Option<Duration>,
    handler: Handler,
}

pub(crate) fn expand(payload: Payload, args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args, item, |options, item, errors| read(payload, options, item, errors).map(|read| emit(&read)))
}

fn read(payload: Payload, options: &mut Options, item: &TokenStream, errors: &mut Errors) -> Option<PayloadHandler> {
    let point = point_name(options, errors);
    let name = given_name(options, errors);
    let priority = match payload {
        Payload::Hook | Payload::Filter => options.number("priority", errors).unwrap_or(DEFAULT_PRIORITY),
        Payload::Event => DEFAULT_PRIORITY,
    };
    let timeout = options.text("timeout", errors, plugin_syntax::duration).map(|timeout| timeout.value);
    let handler = Handler::read(payload.shape(), item, options, errors)?;
    let name = item_name(name, &handler.ident, errors);
    Some(PayloadHandler { payload, point, name, priority, timeout, handler })
}

const DEFAULT_PRIORITY: i32 = 10;

fn emit(read: &PayloadHandler) -> Registration {
    let PayloadHandler { payload, point, name, priority, timeout, handler } = read;
    let (module, point_field) = payload.runtime();
    let point_field = proc_macro2::Ident::new(point_field, Span::call_site());
    // The compiler compares the name with the payload's while it evaluates this call, and says so at the place of the call.
    let span = point.as_ref().map_or(Span::call_site(), |point| point.span());
    let (point, timeout) = (option(point.as_ref()), option(timeout.map(duration)));
    let priority = (*payload != Payload::Event).then(|| quote!(priority: #priority,));
    let rt = rt(Span::call_site());
    let module_ident = proc_macro2::Ident::new(module, Span::call_site());
    let meta = quote!(#rt::#module_ident::Meta { #point_field: #point, #priority timeout: #timeout });
    let ty = handler.arg();
    let item = handler.constructor(span, module, &quote!(#ty,), &meta);
    handler.registration(name, item)
}
