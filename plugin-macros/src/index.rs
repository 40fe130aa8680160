//! Declarations of indexes: `#[index(user_id, -ended_at, unique)]` and `#[plugin(index("conversations:", userId, -endedAt))]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{
    LitStr, Token,
    ext::IdentExt,
    parse::{ParseStream, Parser},
};

use crate::{emit::rt, errors::Errors, options::split};

/// An index, as it is declared.
pub(crate) struct Index {
    prefix: String,
    fields: Vec<Field>,
    is_unique: bool,
    is_sparse: bool,
}

struct Field {
    path: String,
    is_descending: bool,
}

/// What stands between two commas.
struct Part {
    is_descending: bool,
    named: Named,
    span: Span,
}

enum Named {
    /// `"meta.language"`
    Text(String),
    /// `meta.language`
    Names(Vec<Ident>),
}

/// The longest key there is.
const LONGEST_PREFIX: usize = 1024;

/// Reads `"conversations:", userId, -endedAt, unique, sparse`: fields by their names in documents, of whatever type those are.
pub(crate) fn of_plugin(tokens: &TokenStream, errors: &mut Errors) -> Option<Index> {
    let mut parts = parts(tokens, errors)?;
    let Some(Part { is_descending: false, named: Named::Text(prefix), span }) =
        (!parts.is_empty()).then(|| parts.remove(0))
    else {
        errors.at(
            tokens,
            "an index says first which documents are in it, by the text that their keys begin with: \
             `index(\"conversations:\", userId)`; `\"\"` is all of the plugin's",
        );
        return None;
    };
    if prefix.len() > LONGEST_PREFIX {
        errors.at_span(span, format_args!("no key is longer than {LONGEST_PREFIX} bytes"));
    }
    index(prefix, parts, tokens, errors, |named, _| {
        Some(match named {
            Named::Text(path) => path.clone(),
            Named::Names(names) => names.iter().map(|name| name.unraw().to_string()).collect::<Vec<_>>().join("."),
        })
    })
}

/// Reads `user_id, -ended_at, unique, sparse` of the documents in `collection`: fields of the type by their Rust names, and those
/// within them in quotes.
pub(crate) fn of_document(
    tokens: &TokenStream,
    collection: &str,
    fields: &[crate::stored::Field],
    errors: &mut Errors,
) -> Option<Index> {
    let parts = parts(tokens, errors)?;
    index(format!("{collection}:"), parts, tokens, errors, |named, span| match named {
        Named::Text(path) => {
            let first = path.split('.').next().unwrap_or(path);
            let found = fields.iter().any(|field| field.name == first);
            if !found {
                span.unknown(first, fields.iter().map(|field| field.name.clone()));
            }
            found.then(|| path.clone())
        }
        Named::Names(names) => match &names[..] {
            [name] => {
                let name = name.unraw().to_string();
                let found = fields.iter().find(|field| field.ident() == name).map(|field| field.name.clone());
                if found.is_none() {
                    span.unknown(&name, fields.iter().map(crate::stored::Field::ident));
                }
                found
            }
            _ => {
                span.note("what lies within a field has its names in documents, in quotes: `\"meta.language\"`");
                None
            }
        },
    })
}

/// Where a part stands, and what is wrong with it.
struct Noting<'e>(Span, &'e mut Errors);

impl Noting<'_> {
    fn note(self, what: &str) {
        self.1.at_span(self.0, what);
    }

    /// Notes that no field is called `name`.
    fn unknown(self, name: &str, known: impl Iterator<Item = String>) {
        let known: Vec<String> = known.collect();
        let hint = plugin_syntax::nearest(name, known.iter().map(String::as_str));
        let hint = hint.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
        self.note(&format!("the document has no field `{name}`{hint}; it has {}", known.join(", ")));
    }
}

fn index(
    prefix: String,
    parts: Vec<Part>,
    tokens: &TokenStream,
    errors: &mut Errors,
    mut path: impl FnMut(&Named, Noting<'_>) -> Option<String>,
) -> Option<Index> {
    let mut index = Index { prefix, fields: Vec::new(), is_unique: false, is_sparse: false };
    let mut is_good = true;
    let mut fields = 0;
    for part in parts {
        if let (Some(flag), false) = (part.flag(), part.is_descending) {
            let said = if flag == "unique" { &mut index.is_unique } else { &mut index.is_sparse };
            if std::mem::replace(said, true) {
                errors.at_span(part.span, format_args!("`{flag}` is given twice"));
            }
            continue;
        }
        fields += 1;
        let Some(path) = path(&part.named, Noting(part.span, errors)) else {
            is_good = false;
            continue;
        };
        if path.split('.').any(str::is_empty) {
            errors.at_span(part.span, format_args!("`{path}` is no path: it is names with dots between them"));
            is_good = false;
        }
        if index.fields.iter().any(|field| field.path == path) {
            errors.at_span(part.span, format_args!("`{path}` is in this index already"));
            is_good = false;
        }
        index.fields.push(Field { path, is_descending: part.is_descending });
    }
    if fields == 0 {
        match tokens.is_empty() {
            true => errors.at_span(Span::call_site(), "an index names at least one field"),
            false => errors.at(tokens, "an index names at least one field"),
        }
        is_good = false;
    }
    is_good.then_some(index)
}

fn parts(tokens: &TokenStream, errors: &mut Errors) -> Option<Vec<Part>> {
    let mut is_good = true;
    let mut parts = Vec::new();
    for tokens in split(tokens.clone()) {
        match part.parse2(tokens.clone()) {
            Ok(part) => parts.push(part),
            Err(_) => {
                is_good = false;
                errors.at(
                    tokens,
                    "an index takes fields, those in descending order with a `-` before them, `unique` and `sparse`",
                );
            }
        }
    }
    is_good.then_some(parts)
}

fn part(input: ParseStream<'_>) -> syn::Result<Part> {
    let is_descending = input.parse::<Option<Token![-]>>()?.is_some();
    let span = input.span();
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        return Ok(Part { is_descending, named: Named::Text(text.value()), span });
    }
    let mut names = vec![input.call(Ident::parse_any)?];
    while input.parse::<Option<Token![.]>>()?.is_some() {
        names.push(input.call(Ident::parse_any)?);
    }
    Ok(Part { is_descending, named: Named::Names(names), span })
}

impl Part {
    /// The word, if it is one that is no field.
    fn flag(&self) -> Option<&'static str> {
        match &self.named {
            Named::Names(names) => match &names[..] {
                [only] if only == "unique" => Some("unique"),
                [only] if only == "sparse" => Some("sparse"),
                _ => None,
            },
            Named::Text(_) => None,
        }
    }
}

impl Index {
    /// The declaration as an expression.
    pub(crate) fn expr(&self) -> TokenStream {
        let Self { prefix, fields, is_unique, is_sparse } = self;
        let rt = rt(Span::call_site());
        let stored = quote!(#rt::stored);
        let fields = fields.iter().map(|Field { path, is_descending }| {
            let direction = if *is_descending { quote!(Descending) } else { quote!(Ascending) };
            quote!(#stored::IndexField { path: #path, direction: #stored::Direction::#direction })
        });
        let yes = |is: bool| if is { quote!(Yes) } else { quote!(No) };
        let (unique, sparse) = (yes(*is_unique), yes(*is_sparse));
        quote! {
            #stored::IndexMeta {
                prefix: #prefix,
                fields: &[#(#fields),*],
                unique: #stored::Unique::#unique,
                sparse: #stored::Sparse::#sparse,
            }
        }
    }
}
