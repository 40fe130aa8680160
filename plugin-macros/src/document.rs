//! `#[document(plugin = Analytics, collection = "conversations", version = 2)]`

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Data, DeriveInput, Fields, Meta, Path, Type, ext::IdentExt, spanned::Spanned};

use crate::{
    data::{DataType, data_attribute},
    emit::{Registration, rt},
    errors::Errors,
    index::{self, Index},
    options::Options,
    stored::Layout,
};

/// What the attribute says, and those that stand below it.
struct Document {
    plugin: Option<Path>,
    collection: String,
    version: u16,
    is_retired: bool,
    layout: Layout,
    id: Option<(Ident, Type)>,
    indexes: Vec<Index>,
}

/// What stands in the type for this attribute to read, and is taken out of it.
#[derive(Default)]
struct Helpers {
    indexes: Vec<Attribute>,
    /// The fields that are marked `#[id]`.
    ids: Vec<(Ident, Type)>,
}

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let (helpers, item) = match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(mut input) => (Helpers::take(&mut input), input.into_token_stream()),
        // That it is no type is told below.
        Err(_) => (Helpers::default(), item),
    };
    data_attribute(args, item, |ty, options, errors| {
        let place = ty.map_or(Span::call_site(), |ty| ty.ident.span());
        let said = Said::read(place, options, errors);
        let ty = ty?;
        ty.concrete(errors)?;
        let document = said.of(ty, helpers, errors)?;
        Some(emit(ty, &document).into())
    })
}

/// What the attribute itself says.
struct Said {
    plugin: Option<Path>,
    collection: String,
    version: u16,
    is_retired: bool,
}

impl Said {
    fn read(place: Span, options: &mut Options, errors: &mut Errors) -> Self {
        let (has_plugin, has_collection) = (options.is_given("plugin"), options.is_given("collection"));
        let plugin = options.path("plugin", errors);
        if !has_plugin {
            errors.at_span(place, "a document names its plugin: `plugin = path::To::MyPlugin`");
        }
        let collection = options.text("collection", errors, |name| plugin_syntax::collection(name).map(str::to_owned));
        if !has_collection {
            errors.at_span(place, "a document names its collection: `collection = \"conversations\"`");
        }
        let version = version("version", options, errors).unwrap_or(1);
        let is_retired = options.flag("retired", errors).is_some();
        // A stand-in for a collection that is wrong.
        let collection = collection.map_or_else(String::new, |read| read.value);
        Self { plugin, collection, version, is_retired }
    }

    fn of(self, ty: &DataType, helpers: Helpers, errors: &mut Errors) -> Option<Document> {
        let Self { plugin, collection, version, is_retired } = self;
        if !matches!(&ty.input.data, Data::Struct(data) if matches!(data.fields, Fields::Named(_))) {
            errors.at(&ty.ident, "a document is a struct whose fields have names");
            return None;
        }
        let mut ids = helpers.ids.into_iter();
        let id = ids.next();
        if id.is_none() {
            errors.at(&ty.ident, "a document has an id: mark a field that is a text with `#[id]`");
        }
        for (again, _) in ids {
            errors.at(again, "a document has one id, and another field is marked `#[id]` already");
        }
        let layout = Layout::read(&ty.input, errors);
        let mut indexes = Vec::new();
        for attr in helpers.indexes {
            match &attr.meta {
                _ if is_retired => {
                    errors.at(attr, "a retired version has no indexes: they are of what is written today");
                }
                Meta::List(list) => {
                    indexes.extend(index::of_document(&list.tokens, &collection, layout.named(), errors));
                }
                _ => errors.at(attr, "`#[index]` is written `#[index(user_id, -ended_at)]`"),
            }
        }
        Some(Document { plugin, collection, version, is_retired, layout, id, indexes })
    }
}

/// The option `name = 2`, the version of a schema.
pub(crate) fn version(name: &'static str, options: &mut Options, errors: &mut Errors) -> Option<u16> {
    let value = options.value(name, "2", errors)?;
    let version = syn::parse2::<syn::LitInt>(value.clone()).ok().and_then(|number| number.base10_parse::<u16>().ok());
    let version = version.filter(|version| *version > 0);
    if version.is_none() {
        errors.at(value, format_args!("`{name}` takes a whole number from 1 to {}", u16::MAX));
    }
    version
}

impl Helpers {
    fn take(input: &mut DeriveInput) -> Self {
        let mut helpers = Self { indexes: taken(&mut input.attrs, "index"), ids: Vec::new() };
        if let Data::Struct(data) = &mut input.data {
            for field in &mut data.fields {
                for _ in taken(&mut field.attrs, "id") {
                    helpers.ids.extend(field.ident.clone().map(|ident| (ident, field.ty.clone())));
                }
            }
        }
        helpers
    }
}

fn taken(attrs: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    let (taken, kept) = std::mem::take(attrs).into_iter().partition(|attr| attr.path().is_ident(name));
    *attrs = kept;
    taken
}

fn emit(ty: &DataType, document: &Document) -> Registration {
    let Document { plugin, collection, version, is_retired, layout, id, indexes } = document;
    let rt = rt(Span::call_site());
    let stored = quote!(#rt::stored);
    let ident = &ty.ident;
    let plugin = plugin.as_ref().map_or_else(|| quote!(#rt::Unsaid), |plugin| quote!(#plugin));
    // A document without an id is told to have none.
    let named = id.as_ref().and_then(|(member, _)| layout.named().iter().find(|field| member.unraw() == field.ident()));
    let id_name = named.map_or("", |field| &*field.name);
    let id = id.as_ref().map_or_else(
        || quote!(""),
        |(member, ty)| {
            let rt = crate::emit::rt(ty.span());
            quote_spanned!(ty.span()=> #rt::stored::id(&self.#member))
        },
    );
    let current = (!is_retired).then(|| {
        quote! {
            impl #stored::Document for #ident {
                fn meta() -> &'static #stored::DocumentMeta {
                    &__META
                }
            }
        }
    });
    let (impls, indexes) = (layout.impls(ident), indexes.iter().map(Index::expr));
    let impls = quote! {
        #impls

        const __META: #stored::DocumentMeta = #stored::document_meta::<#ident>(#id_name, &[#(#indexes),*]);

        impl #stored::DocumentVersion for #ident {
            type Plugin = #plugin;
            const COLLECTION: &'static str = #collection;
            const VERSION: u16 = #version;

            fn id(&self) -> &str {
                #id
            }
        }

        #current
    };
    let (name, constructor) = match is_retired {
        false => (collection.clone(), quote!(document)),
        true => (format!("{collection}-v{version}"), quote!(retired)),
    };
    let item = quote!(#stored::#constructor::<#ident>(__META));
    Registration { name, ident: ident.clone(), doc: ty.doc.clone(), cfgs: ty.cfgs.clone(), impls, item }
}
