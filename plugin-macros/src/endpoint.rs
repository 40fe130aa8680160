//! `#[endpoint(GET, "/stats/{app}")]`

use std::time::Duration;

use plugin_syntax::{Method, Rate, Route};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Type, spanned::Spanned};

use crate::{
    emit::{Registration, attribute, duration, option, rt},
    errors::Errors,
    handler::{Handler, Owner, Shape, Takes},
    names::{given_name, item_name},
    options::{Options, read_text},
};

/// What the attribute says.
struct Endpoint {
    method: Method,
    path: String,
    access: Access,
    rate: Option<Rate>,
    body: Option<usize>,
    timeout: Option<Duration>,
    name: String,
    handler: Handler,
}

/// Who may call it.
enum Access {
    Public,
    SignedIn,
    Scope(String),
}

const SHAPE: Shape = Shape { who: "an endpoint", takes: Takes::Extractors };

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args, item, |options, item, errors| read(options, item, errors).map(|endpoint| emit(&endpoint)))
}

fn read(options: &mut Options, item: &TokenStream, errors: &mut Errors) -> Option<Endpoint> {
    let given_method = options.leading_word();
    let given_path = options.leading_text();
    let name = given_name(options, errors);
    let access = access(options, errors);
    let rate = options.text("rate", errors, str::parse).map(|rate| rate.value);
    let body = options.text("body", errors, plugin_syntax::size).map(|body| body.value);
    let timeout = options.text("timeout", errors, plugin_syntax::duration).map(|timeout| timeout.value);
    let handler = Handler::read(SHAPE, item, options, errors);
    let place = handler.as_ref().map_or(Span::call_site(), |handler| handler.ident.span());
    let method = match &given_method {
        Some(word) => word.to_string().parse().map_err(|why| errors.at(word, why)).ok(),
        None => {
            let place = given_path.as_ref().map_or(place, |path| path.span());
            errors.at_span(place, "an endpoint's method comes first, as a word: `#[endpoint(GET, \"/stats\")]`");
            None
        }
    };
    if given_path.is_none() {
        errors.at_span(place, "an endpoint has a path: `#[endpoint(GET, \"/stats\")]`");
    }
    let path = given_path.and_then(|path| read_text(&path, errors, |path| path.parse::<Route>()));
    let handler = handler?;
    refuse_borrowed(&handler, errors);
    let name = item_name(name, &handler.ident, errors);
    let path = path?.value.to_string();
    Some(Endpoint { method: method?, path, access: access?, rate, body, timeout, name, handler })
}

fn access(options: &mut Options, errors: &mut Errors) -> Option<Access> {
    let public = options.flag("public", errors).map(|word| (word.span(), Access::Public));
    let admin = options.flag("admin", errors).map(|word| (word.span(), Access::Scope("admin".to_owned())));
    let scope = options.text("scope", errors, |scope| plugin_syntax::scope(scope).map(str::to_owned));
    let scope = scope.map(|scope| (scope.span, Access::Scope(scope.value)));
    let mut said = [public, admin, scope].into_iter().flatten();
    let first = said.next();
    for (span, _) in said {
        errors.at_span(span, "who may call is said twice: write one of `public`, `admin` and `scope = \"…\"`");
    }
    Some(first.map_or(Access::SignedIn, |(_, access)| access))
}

fn emit(endpoint: &Endpoint) -> Registration {
    let Endpoint { method, path, access, rate, body, timeout, name, handler } = endpoint;
    let rt = rt(Span::call_site());
    let method = method.as_str();
    let access = match access {
        Access::Public => quote!(Public),
        Access::SignedIn => quote!(SignedIn),
        Access::Scope(scope) => quote!(Scope(#scope)),
    };
    let rate = rate.map(|Rate { calls, per }| {
        let per = duration(per);
        quote!((#calls, #per))
    });
    let (rate, body, timeout) = (option(rate), option(*body), option(timeout.map(duration)));
    let described = described(handler);
    let rest = quote! {
        #rt::EndpointMeta {
            method: #method,
            path: #path,
            access: #rt::Access::#access,
            rate: #rate,
            body: #body,
            timeout: #timeout,
        },
        |__description| { #described }
    };
    let args = handler.args_tuple();
    let item = match (handler.is_async, handler.owner(), &handler.output) {
        // Such a result is another type for each lifetime of the context, which no one `_` stands for.
        (true, Owner::Context(context), Some(output)) if is_opaque(output) => {
            // With the place of the result, which is what is wrong if the call is.
            let mut ident = handler.ident.clone();
            ident.set_span(output.span().resolved_at(ident.span()));
            quote!(#rt::endpoint::async_opaque::<#context, #args, _>(#ident, #rest))
        }
        _ => handler.constructor(Span::call_site(), "endpoint", &quote!(#args,), &rest),
    };
    handler.registration(name, item)
}

/// One line an extractor and one for the result: methods of a probe on the type itself win over the same methods of a trait on
/// every type, so what can be described is, and what cannot is left out.
fn described(handler: &Handler) -> TokenStream {
    let of = |ty: &Type| {
        let rt = rt(ty.span());
        quote_spanned!(ty.span()=> #rt::probe::of::<#ty>())
    };
    let arguments = handler.args.iter().map(|arg| {
        let (name, ty) = (&arg.name, &arg.ty);
        let of = of(ty);
        let probe = quote_spanned!(ty.span()=> #of.describe(__description.generator()));
        quote!(__description.argument(#name, #probe);)
    });
    let result = match &handler.output {
        // What a function returns by its traits alone has no name to ask.
        Some(ty) if !is_opaque(ty) => {
            let of = of(ty);
            let probe = quote_spanned!(ty.span()=> #of.ok().with_status().describe(__description.generator()));
            Some(quote!(__description.result(#probe);))
        }
        _ => None,
    };
    let rt = rt(Span::call_site());
    // The traits have no names here: the types are written in the names of their author.
    quote! {
        #[allow(unused_imports)]
        use #rt::probe::{Infallible as _, Unknown as _, Unstated as _};
        #(#arguments)*
        #result
    }
}

/// Whether `impl Trait` is in it, at any depth.
fn is_opaque(ty: &Type) -> bool {
    word_of(ty.to_token_stream(), "impl").is_some()
}

/// The first such word, at any depth.
fn word_of(tokens: TokenStream, word: &str) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => (ident == word).then_some(ident),
        TokenTree::Group(group) => word_of(group.stream(), word),
        _ => None,
    })
}

/// An `impl Trait` of a `fn` may borrow from the context, unless it says otherwise, and cannot then leave its thread.
fn refuse_borrowed(handler: &Handler, errors: &mut Errors) {
    let (false, Owner::Context(_), Some(output)) = (handler.is_async, handler.owner(), &handler.output) else { return };
    let output = output.to_token_stream();
    if let (Some(word), None) = (word_of(output.clone(), "impl"), word_of(output, "use")) {
        errors.at(
            word,
            "what a `fn` returns goes to another thread, and this type may borrow from the context: write `impl Responder + use<>`, or an `async fn`",
        );
    }
}
