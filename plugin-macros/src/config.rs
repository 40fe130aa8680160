//! `#[derive(Config)]`: settings that are read field by field, so that all that is wrong with them is said at once.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Attribute, Data, DeriveInput, Expr, ExprLit, Fields, GenericArgument, Lit, PathArguments, Type, ext::IdentExt,
    spanned::Spanned,
};

use crate::{
    emit::{doc, option, rt},
    errors::Errors,
    options::unknown,
};

/// The settings.
struct Settings {
    ident: Ident,
    doc: String,
    /// A struct with named fields; anything else is an error, and has no fields here.
    is_struct: bool,
    fields: Vec<Field>,
}

/// One setting.
struct Field {
    ident: Ident,
    name: String,
    doc: String,
    ty: Type,
    rules: Rules,
}

/// What `#[config(…)]` says of one.
#[derive(Default)]
struct Rules {
    default: Option<DefaultValue>,
    secret: Option<Span>,
    min: Option<Expr>,
    max: Option<Expr>,
}

enum DefaultValue {
    /// `default`: the type's own.
    OfType,
    /// `default = …`
    Given(Expr),
}

pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let settings = read(item, &mut errors);
    // Also beside errors: what uses the settings does not say a second time that they are none.
    let implementation = settings.map(|settings| emit(&settings));
    let errors = errors.finish();
    quote!(#implementation #errors)
}

fn read(item: TokenStream, errors: &mut Errors) -> Option<Settings> {
    let input: DeriveInput = errors.take(syn::parse2(item))?;
    let named = match input.data {
        Data::Struct(data) if !matches!(data.fields, Fields::Unnamed(_)) => Some(data.fields),
        _ => {
            errors.at(&input.ident, "settings are a struct with named fields, each of which is one setting");
            None
        }
    };
    if !input.generics.params.is_empty() {
        errors.at(&input.generics, "settings have no generic parameters: one plugin has one set of them");
        return None;
    }
    let is_struct = named.is_some();
    let fields = named.into_iter().flatten().filter_map(|field| {
        let ident = field.ident?;
        let rules = rules(&field.attrs, &field.ty, errors);
        Some(Field { name: ident.unraw().to_string(), ident, doc: doc(&field.attrs), ty: field.ty, rules })
    });
    let fields = fields.collect();
    Some(Settings { doc: doc(&input.attrs), ident: input.ident, is_struct, fields })
}

fn rules(attrs: &[Attribute], ty: &Type, errors: &mut Errors) -> Rules {
    const KNOWN: [&str; 4] = ["default", "secret", "min", "max"];
    let mut rules = Rules::default();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("config")) {
        let read = attr.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            let twice = || syn::Error::new(meta.path.span(), format_args!("`{name}` is given twice"));
            let refused = match name.as_str() {
                "default" => {
                    let given = match meta.input.peek(syn::Token![=]) {
                        true => DefaultValue::Given(meta.value()?.parse()?),
                        false => DefaultValue::OfType,
                    };
                    rules.default.replace(given).is_some()
                }
                "secret" => rules.secret.replace(meta.path.span()).is_some(),
                "min" => rules.min.replace(meta.value()?.parse()?).is_some(),
                "max" => rules.max.replace(meta.value()?.parse()?).is_some(),
                _ => {
                    errors.at(&meta.path, unknown(&name, "this attribute takes", KNOWN.into_iter()));
                    // Its value, if it has one, is no mistake of its own.
                    if meta.input.peek(syn::Token![=]) {
                        meta.value()?.parse::<Expr>()?;
                    }
                    false
                }
            };
            if refused { Err(twice()) } else { Ok(()) }
        });
        errors.take(read);
    }
    if let (Some(span), Some(_)) = (rules.secret, rules.min.as_ref().or(rules.max.as_ref())) {
        errors.at_span(span, "a secret has no limits: what is wrong with it would be shown");
        (rules.min, rules.max) = (None, None);
    }
    if is_option(ty) && matches!(rules.default, Some(DefaultValue::OfType)) {
        errors.at(ty, "an optional setting is `None` unless it is given: remove `default`");
    }
    rules
}

impl Field {
    /// What it is where it was not given, as an expression of its type.
    fn default(&self) -> Option<TokenStream> {
        match &self.rules.default {
            None if is_option(&self.ty) => Some(quote!(::core::option::Option::None)),
            None => None,
            Some(DefaultValue::OfType) => Some(quote_spanned!(self.ty.span()=> ::core::default::Default::default())),
            // A text becomes what the field is: a `String`, a `Secret`, a path.
            Some(DefaultValue::Given(Expr::Lit(ExprLit { lit: Lit::Str(text), .. }))) => {
                Some(quote_spanned!(text.span()=> ::core::convert::Into::into(#text)))
            }
            Some(DefaultValue::Given(given)) => Some(given.to_token_stream()),
        }
    }

    /// What the function is called that makes its default. No name that its author writes: the default may call one of those.
    fn default_fn(&self) -> Ident {
        format_ident!("__default_of_{}", self.ident.unraw())
    }

    /// Its limits, each as a function of the field's own type, or of what an optional one holds: a literal is of that type.
    fn limits(&self) -> [Option<(Ident, &Expr)>; 2] {
        let limits = [("min", &self.rules.min), ("max", &self.rules.max)];
        limits.map(|(word, limit)| Some((format_ident!("__{word}_of_{}", self.ident.unraw()), limit.as_ref()?)))
    }

    /// Whether it is kept out of sight by us; a `Secret` keeps itself.
    fn is_masked(&self) -> bool {
        self.rules.secret.is_some() && !is_named(&self.ty, "Secret")
    }
}

fn emit(settings: &Settings) -> TokenStream {
    let Settings { ident, doc, is_struct, fields } = settings;
    let rt = rt(Span::call_site());
    let name = ident.to_string();
    let idents: Vec<_> = fields.iter().map(|field| &field.ident).collect();
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let defaults = fields.iter().filter_map(|field| {
        let (name, ty, default) = (field.default_fn(), &field.ty, field.default()?);
        Some(quote!(fn #name() -> #ty { #default }))
    });
    let limits = fields.iter().flat_map(|field| {
        let ty = optional(&field.ty).unwrap_or(&field.ty);
        field.limits().into_iter().flatten().map(move |(name, limit)| quote!(fn #name() -> #ty { #limit }))
    });
    let reads = fields.iter().map(read_field);
    let schemas = fields.iter().map(|field| field_schema(&rt, field));
    let shown = fields.iter().map(|Field { ident, .. }| quote!(&self.#ident));
    let shown: Vec<_> =
        shown.zip(fields).map(|(value, field)| if field.is_masked() { quote!(&"***") } else { value }).collect();
    let (read, cloned) = match is_struct {
        true => (
            quote!(::core::option::Option::Some(Self { #(#idents: #idents?,)* })),
            quote!(Self { #(#idents: ::core::clone::Clone::clone(&self.#idents),)* }),
        ),
        false => (quote!(::core::option::Option::None), quote!(::core::unreachable!())),
    };
    let serde_crate = quote!(#rt::serde);
    quote! {
        const _: () = {
            impl #ident {
                #(#defaults)*
                #(#limits)*
            }

            impl #rt::Config for #ident {
                fn read(__fields: &mut #rt::Fields<'_>) -> ::core::option::Option<Self> {
                    #(#reads)*
                    #read
                }

                fn schema(__generator: &mut #rt::schemars::SchemaGenerator) -> #rt::schemars::Schema {
                    #rt::config::object_schema(#doc, ::std::vec::Vec::from([#(#schemas),*]))
                }

                fn show(&self) -> #rt::serde_json::Value {
                    #rt::config::object(::std::vec::Vec::from([#((#names, #rt::config::shown(#shown))),*]))
                }
            }

            impl #serde_crate::Serialize for #ident {
                fn serialize<S: #serde_crate::Serializer>(&self, serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                    #serde_crate::Serialize::serialize(&#rt::Config::show(self), serializer)
                }
            }

            impl<'de> #serde_crate::Deserialize<'de> for #ident {
                fn deserialize<D: #serde_crate::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                    #rt::config::deserialize(deserializer)
                }
            }

            impl #rt::schemars::JsonSchema for #ident {
                fn schema_name() -> ::std::borrow::Cow<'static, str> {
                    ::std::convert::Into::into(#name)
                }

                fn inline_schema() -> bool {
                    true
                }

                fn json_schema(generator: &mut #rt::schemars::SchemaGenerator) -> #rt::schemars::Schema {
                    <Self as #rt::Config>::schema(generator)
                }
            }

            impl ::core::clone::Clone for #ident {
                fn clone(&self) -> Self {
                    #cloned
                }
            }

            impl ::core::fmt::Debug for #ident {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_struct(#name)#(.field(#names, #shown))*.finish()
                }
            }
        };
    }
}

fn read_field(field: &Field) -> TokenStream {
    let Field { ident, name, ty, .. } = field;
    let default = option(field.default().map(|_| {
        let default = field.default_fn();
        quote!(Self::#default)
    }));
    let limits = field.limits().map(|limit| limit.map(|(name, _)| quote!(Self::#name())));
    let within = limits.iter().any(Option::is_some).then(|| {
        let given = match is_option(ty) {
            true => quote!(#ident.as_ref().and_then(::core::option::Option::as_ref)),
            false => quote!(#ident.as_ref()),
        };
        let [min, max] = limits.map(option);
        quote!(__fields.within(#name, #given, #min, #max);)
    });
    let take = if field.is_masked() { format_ident!("take_secret") } else { format_ident!("take") };
    quote! {
        let #ident = __fields.#take::<#ty>(#name, #default);
        #within
    }
}

fn field_schema(rt: &TokenStream, field: &Field) -> TokenStream {
    let Field { name, doc, ty, .. } = field;
    let required = match field.default() {
        Some(_) => quote!(No),
        None => quote!(Yes),
    };
    let has_visible_default = field.rules.default.is_some() && field.rules.secret.is_none();
    let default = option(has_visible_default.then(|| {
        let default = field.default_fn();
        quote!(#rt::config::shown(&Self::#default()))
    }));
    let mut schema = quote!(#rt::config::field_schema::<#ty>(__generator, #doc, #default));
    let limits = field.limits().map(|limit| limit.map(|(name, _)| quote!(#rt::config::shown(&Self::#name()))));
    if limits.iter().any(Option::is_some) {
        let [min, max] = limits.map(option);
        schema = quote!(#rt::config::limited(#schema, #min, #max));
    }
    quote!((#name, #schema, #rt::Required::#required))
}

fn is_option(ty: &Type) -> bool {
    is_named(ty, "Option")
}

/// What an `Option` holds.
fn optional(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn is_named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}
