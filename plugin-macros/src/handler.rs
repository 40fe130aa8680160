//! The function under an attribute: what it is called, whose it is, what it takes. Everything that its shape alone gets
//! wrong is found here, at once; types are left to the compiler.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{
    Attribute, FnArg, Pat, PatType, Path, ReturnType, Safety, Signature, Type, TypeReference, Visibility,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

use crate::{
    emit::{Registration, doc, rt},
    errors::Errors,
    options::Options,
};

/// What a kind of handler is called, and what it takes after its context.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// `a hook`, for sentences.
    pub(crate) who: &'static str,
    pub(crate) takes: Takes,
}

/// What comes after the context.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// One value behind `&`.
    Borrowed { what: &'static str, example: &'static str },
    /// One value.
    Owned { what: &'static str, example: &'static str },
    /// One value, or none.
    Maybe { example: &'static str },
    /// None.
    Nothing,
    /// Any number of values.
    Extractors,
}

/// A function whose shape is good.
pub(crate) struct Handler {
    pub(crate) ident: Ident,
    pub(crate) doc: String,
    pub(crate) cfgs: Vec<Attribute>,
    owner: Owner,
    pub(crate) is_async: bool,
    /// What comes after the context; of a borrowed one, the type behind the `&`.
    pub(crate) args: Vec<Arg>,
    pub(crate) output: Option<Type>,
    output_span: Span,
}

/// A parameter after the context.
#[derive(Clone)]
pub(crate) struct Arg {
    pub(crate) name: String,
    pub(crate) ty: Type,
}

/// Whose a handler is.
pub(crate) enum Owner {
    /// The plugin of the context, by its type behind the `&`.
    Context(Type),
    /// The one that `plugin = …` names.
    Named(Path),
}

/// A function without its body, which may be anything.
pub(crate) struct Head {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) sig: Signature,
}

impl Parse for Head {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let _: Visibility = input.parse()?;
        let sig = input.parse()?;
        let _: TokenStream = input.parse()?;
        Ok(Self { attrs, sig })
    }
}

impl Handler {
    /// Reads the function, and the option `plugin` that goes with it.
    pub(crate) fn read(shape: Shape, item: &TokenStream, options: &mut Options, errors: &mut Errors) -> Option<Self> {
        let plugin = options.path("plugin", errors);
        let Ok(head) = syn::parse2::<Head>(item.clone()) else {
            errors.at_span(
                Span::call_site(),
                format_args!("this attribute makes a function {}: put it on one", shape.who),
            );
            return None;
        };
        qualifiers(shape, &head.sig, errors);
        let (context, args) = parameters(shape, &head.sig, plugin.is_some(), errors)?;
        let owner = owner(&head.sig, context, plugin, errors)?;
        let (output, output_span) = match &head.sig.output {
            ReturnType::Type(_, ty) => (Some((**ty).clone()), ty.span()),
            ReturnType::Default => (None, head.sig.ident.span()),
        };
        let is_async = head.sig.asyncness.is_some();
        let (doc, cfgs) = (doc(&head.attrs), cfgs(&head.attrs));
        Some(Self { ident: head.sig.ident, doc, cfgs, owner, is_async, args, output, output_span })
    }

    /// The one argument of a shape that has exactly one.
    pub(crate) fn arg(&self) -> Option<&Type> {
        self.args.first().map(|arg| &arg.ty)
    }

    /// The arguments as a tuple of types, with the place of the first.
    pub(crate) fn args_tuple(&self) -> TokenStream {
        let types = self.args.iter().map(|arg| &arg.ty);
        let span = self.args.first().map_or(self.ident.span(), |arg| arg.ty.span());
        quote_spanned!(span=> (#(#types,)*))
    }

    /// The type that carries the owner, and whether it is the context.
    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// `__rt::{module}::{async|sync}_{context|bare}::<Owner, {types} _, _>({function}, {rest})`
    ///
    /// The call has the place of `span`, so that what the compiler finds while it evaluates it is said there. The return
    /// type is inferred by a `_` with the place of the function's return type: mentioned twice, its error would be said twice.
    pub(crate) fn constructor(&self, span: Span, module: &str, types: &TokenStream, rest: &TokenStream) -> TokenStream {
        let rt = rt(span);
        let form = match (self.is_async, &self.owner) {
            (true, Owner::Context(_)) => "async_context",
            (false, Owner::Context(_)) => "sync_context",
            (true, Owner::Named(_)) => "async_bare",
            (false, Owner::Named(_)) => "sync_bare",
        };
        let (module, form) = (format_ident!("{module}", span = span), format_ident!("{form}", span = span));
        let (ident, owner) = (&self.ident, &self.owner);
        let output = quote_spanned!(self.output_span=> _);
        quote_spanned!(span=> #rt::#module::#form::<#owner, #types #output, _>(#ident, #rest))
    }

    /// The registration of the item that [`constructor`](Self::constructor) makes.
    pub(crate) fn registration(&self, name: &str, item: TokenStream) -> Registration {
        let (ident, doc, cfgs) = (self.ident.clone(), self.doc.clone(), self.cfgs.clone());
        Registration { name: name.to_owned(), ident, doc, cfgs, impls: TokenStream::new(), item }
    }
}

impl ToTokens for Owner {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Context(context) => context.to_tokens(tokens),
            Self::Named(plugin) => plugin.to_tokens(tokens),
        }
    }
}

/// The `#[cfg]`s of an item, which its registration must have too.
pub(crate) fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
}

/// Notes what no function that the host calls can be.
pub(crate) fn qualifiers(shape: Shape, sig: &Signature, errors: &mut Errors) {
    let who = shape.who;
    if let Safety::Unsafe(token) = &sig.safety {
        errors.at(token, format_args!("{who} cannot be `unsafe`: the host calls it without knowing what it asks for"));
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, format_args!("{who} is a Rust function, without `extern`"));
    }
    if !sig.generics.params.is_empty() {
        errors.at(&sig.generics, format_args!("{who} has no generic parameters: the host would not know them"));
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(variadic, format_args!("{who} takes a fixed number of parameters"));
    }
    for input in &sig.inputs {
        if let FnArg::Typed(PatType { ty, .. }) = input
            && let Type::ImplTrait(ty) = &**ty
        {
            errors.at(ty, format_args!("{who} takes types that have a name, not `impl Trait`"));
        }
    }
}

fn parameters(
    shape: Shape,
    sig: &Signature,
    plugin_named: bool,
    errors: &mut Errors,
) -> Option<(Option<Type>, Vec<Arg>)> {
    let mut inputs = Vec::new();
    for input in &sig.inputs {
        match input {
            FnArg::Typed(input) => inputs.push(input),
            FnArg::Receiver(receiver) => {
                errors.at(receiver, format_args!("{} is a free function, without `self`", shape.who));
                return None;
            }
        }
    }
    let has_context = match (shape.takes, &inputs[..]) {
        (_, []) => false,
        (Takes::Extractors, [first, ..]) => reference(&first.ty).is_some(),
        (Takes::Nothing, _) => true,
        (Takes::Maybe { .. }, [only]) => reference(&only.ty).is_some() || is_context(&only.ty),
        (_, [only]) => is_context(&only.ty) && !plugin_named,
        (_, [_, _, ..]) => true,
    };
    let (context, rest) = match (has_context, inputs.split_first()) {
        (true, Some((first, rest))) => (Some(*first), rest),
        _ => (None, &inputs[..]),
    };
    let context_type = context.and_then(|context| match reference(&context.ty) {
        Some(TypeReference { mutability: None, elem, .. }) => Some((**elem).clone()),
        Some(TypeReference { mutability: Some(token), .. }) => {
            errors.at(token, "the context is shared: take it by `&`, without `mut`");
            None
        }
        None => {
            let ty = shown(&context.ty);
            errors.at(&context.ty, format_args!("the first parameter is the context, taken by reference: `&{ty}`"));
            None
        }
    });
    let args = arguments(shape, sig, rest, errors)?;
    // A context whose own mistake is noted must not look like a missing one.
    (context.is_none() || context_type.is_some()).then_some((context_type, args))
}

fn arguments(shape: Shape, sig: &Signature, given: &[&PatType], errors: &mut Errors) -> Option<Vec<Arg>> {
    let who = shape.who;
    let (most, usage) = match shape.takes {
        Takes::Borrowed { what, example } => {
            (1, format!("{who} takes its context and {what}: `(ctx: &Context<MyPlugin>, it: &{example})`"))
        }
        Takes::Owned { what, example } => {
            (1, format!("{who} takes its context and {what}: `(ctx: &Context<MyPlugin>, it: {example})`"))
        }
        Takes::Maybe { example } => (1, format!("{who} takes its context and, if it likes, one `{example}`")),
        Takes::Nothing => (0, format!("{who} takes its context and nothing else")),
        Takes::Extractors => {
            (MOST_EXTRACTORS, format!("{who} takes its context and at most {MOST_EXTRACTORS} extractors"))
        }
    };
    let must = matches!(shape.takes, Takes::Borrowed { .. } | Takes::Owned { .. });
    if must && given.is_empty() {
        errors.at(&sig.ident, usage);
        return None;
    }
    for extra in given.iter().skip(most) {
        errors.at(extra, &usage);
    }
    let args: Vec<_> = given.iter().take(most).filter_map(|input| argument(shape, input, errors)).collect();
    (args.len() == given.len()).then_some(args)
}

fn argument(shape: Shape, input: &PatType, errors: &mut Errors) -> Option<Arg> {
    let ty = match (shape.takes, reference(&input.ty)) {
        (Takes::Borrowed { .. }, Some(TypeReference { mutability: None, elem, .. })) => (**elem).clone(),
        (Takes::Borrowed { what, .. }, Some(TypeReference { mutability: Some(token), .. })) => {
            errors.at(token, format_args!("{} cannot change {what}: take it by `&`, without `mut`", shape.who));
            return None;
        }
        (Takes::Borrowed { what, .. }, None) => {
            let ty = shown(&input.ty);
            errors.at(&input.ty, format_args!("{} takes {what} by reference: `&{ty}`", shape.who));
            return None;
        }
        (Takes::Owned { what, .. }, Some(TypeReference { elem, .. })) => {
            let (who, ty) = (shape.who, shown(elem));
            errors.at(&input.ty, format_args!("{who} takes {what} itself, `{ty}`, and returns the next one"));
            return None;
        }
        (Takes::Maybe { example }, Some(_)) => {
            errors.at(&input.ty, format_args!("{} takes what follows its context by value: `{example}`", shape.who));
            return None;
        }
        (Takes::Extractors, Some(_)) => {
            errors.at(&input.ty, "what follows the context is extracted from the request, and taken by value");
            return None;
        }
        (Takes::Owned { .. } | Takes::Maybe { .. } | Takes::Nothing | Takes::Extractors, None | Some(_)) => {
            (*input.ty).clone()
        }
    };
    Some(Arg { name: name(&input.pat), ty })
}

fn owner(sig: &Signature, context: Option<Type>, plugin: Option<Path>, errors: &mut Errors) -> Option<Owner> {
    match (context, plugin) {
        (Some(context), None) => Some(Owner::Context(context)),
        (None, Some(plugin)) => Some(Owner::Named(plugin)),
        (Some(_), Some(plugin)) => {
            errors.at(plugin, "the context already names the plugin: remove `plugin = …`");
            None
        }
        (None, None) => {
            let ident = &sig.ident;
            errors.at(
                ident,
                format_args!("`{ident}` has no context, so it must name its plugin: `plugin = path::To::MyPlugin`"),
            );
            None
        }
    }
}

/// How many extractors the host can call a function with.
const MOST_EXTRACTORS: usize = 8;

pub(crate) fn reference(ty: &Type) -> Option<&TypeReference> {
    match ty {
        Type::Reference(reference) => Some(reference),
        Type::Group(group) => reference(&group.elem),
        Type::Paren(paren) => reference(&paren.elem),
        _ => None,
    }
}

/// Whether a type is written `…Context<…>`. Only to choose a sentence: an alias is a context too, and the compiler knows.
fn is_context(ty: &Type) -> bool {
    let ty = reference(ty).map_or(ty, |reference| &reference.elem);
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Context"))
}

/// A type as its author wrote it, more or less: tokens have lost their spaces.
pub(crate) fn shown(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    [(" :: ", "::"), (" <", "<"), ("< ", "<"), (" >", ">"), ("& ", "&"), (" ,", ",")]
        .iter()
        .fold(text, |text, (spaced, tight)| text.replace(spaced, tight))
}

/// What a parameter is called: `app` of `app: …` and of `Path(app): …`.
fn name(pat: &Pat) -> String {
    match pat {
        Pat::Ident(pat) => pat.ident.to_string(),
        Pat::TupleStruct(pat) => match pat.elems.first() {
            Some(only) if pat.elems.len() == 1 => name(only),
            _ => String::new(),
        },
        _ => String::new(),
    }
}
