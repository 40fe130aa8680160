//! `#[migrate(from = 1)]`

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{FnArg, ReturnType, Signature, Type, spanned::Spanned};

use crate::{
    document::version,
    emit::{Registration, attribute, doc, option, rt},
    errors::Errors,
    handler::{Head, Shape, Takes, cfgs, qualifiers, reference, shown},
    names::{given_name, item_name},
    options::Options,
};

const SHAPE: Shape =
    Shape { who: "a migration", takes: Takes::Owned { what: "the older document", example: "ConversationV1" } };

const USAGE: &str = "a migration takes the older document and nothing else, and gives the next version of it: `fn(old: ConversationV1) -> \
     Result<Conversation>`";

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args, item, read)
}

fn read(options: &mut Options, item: &TokenStream, errors: &mut Errors) -> Option<Registration> {
    let place = options.place("from");
    let from = version("from", options, errors);
    let given = given_name(options, errors);
    let Ok(head) = syn::parse2::<Head>(item.clone()) else {
        errors.at_span(Span::call_site(), "this attribute makes a function a migration: put it on one");
        return None;
    };
    let sig = &head.sig;
    let name = item_name(given, &sig.ident, errors);
    qualifiers(SHAPE, sig, errors);
    if let Some(token) = &sig.asyncness {
        errors.at(token, "a migration is a plain `fn`: it makes of one document the next, and asks nothing of anybody");
    }
    let old = parameter(sig, errors);
    let to = match &sig.output {
        ReturnType::Type(_, ty) => Some(ty.span()),
        ReturnType::Default => {
            errors.at(&sig.ident, "a migration gives the next version of the document: `-> Result<Conversation>`");
            None
        }
    };
    let (old, to) = (old?, to?);
    // Whether the versions follow one another is found by the compiler while it evaluates this call, and said at its place.
    let span = place.unwrap_or_else(|| old.span());
    let rt = rt(span);
    let (ident, from) = (&sig.ident, option(from));
    let output = quote_spanned!(to=> _);
    let item = quote_spanned!(span=> #rt::stored::migration::<#old, #output, _>(#ident, #from));
    Some(Registration {
        name,
        ident: sig.ident.clone(),
        doc: doc(&head.attrs),
        cfgs: cfgs(&head.attrs),
        impls: TokenStream::new(),
        item,
    })
}

fn parameter(sig: &Signature, errors: &mut Errors) -> Option<Type> {
    let mut inputs = sig.inputs.iter();
    let (Some(first), None) = (inputs.next(), inputs.next()) else {
        errors.at(&sig.ident, USAGE);
        return None;
    };
    match first {
        FnArg::Typed(input) => match reference(&input.ty) {
            Some(borrowed) => {
                let ty = shown(&borrowed.elem);
                errors.at(&input.ty, format_args!("a migration takes the older document itself: `{ty}`"));
                None
            }
            None => Some((*input.ty).clone()),
        },
        FnArg::Receiver(receiver) => {
            errors.at(receiver, "a migration is a free function, without `self`");
            None
        }
    }
}
