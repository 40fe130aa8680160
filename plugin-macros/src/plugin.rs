//! `#[plugin(id = "analytics-plugin", config = Settings)]`

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::Path;

use crate::{
    data::DataType,
    emit::{Registration, attribute, rt},
    errors::Errors,
    index::{self, Index},
    options::Options,
};

/// What the attribute says.
struct Plugin {
    ty: DataType,
    id: String,
    config: Option<Path>,
    version: Option<String>,
    requires: Vec<plugin_syntax::Requirement>,
    durability: &'static str,
    indexes: Vec<Index>,
}

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args, item, |options, item, errors| read(options, item, errors).map(|plugin| emit(&plugin)))
}

fn read(options: &mut Options, item: &TokenStream, errors: &mut Errors) -> Option<Plugin> {
    let ty = DataType::read(item, errors);
    let id_is_given = options.is_given("id");
    let id = options.text("id", errors, |id| plugin_syntax::plugin_id(id).map(str::to_owned));
    let config = options.path("config", errors);
    let version =
        options.text("version", errors, |text| plugin_syntax::version(text).map(|version| version.to_string()));
    let requires = options.texts("requires", errors, str::parse);
    let durability = options.choice("durability", &[("synced", "Synced"), ("relaxed", "Relaxed")], errors);
    let indexes = options.lists("index", "\"conversations:\", userId, -endedAt", errors);
    let indexes = indexes.iter().filter_map(|index| index::of_plugin(index, errors)).collect();
    if !id_is_given {
        let place = ty.as_ref().map_or(Span::call_site(), |ty| ty.ident.span());
        errors.at_span(place, "a plugin has an id: `#[plugin(id = \"my-plugin\")]`");
    }
    let ty = ty?;
    ty.concrete(errors)?;
    let durability = durability.unwrap_or("Synced");
    let version = version.map(|version| version.value);
    // A stand-in for an id that is wrong: what belongs to the plugin is compiled as far as it can be.
    let id = id.map_or_else(String::new, |id| id.value);
    Some(Plugin { ty, id, config, version, requires, durability, indexes })
}

fn emit(plugin: &Plugin) -> Registration {
    let Plugin { ty, id, config, version, requires, durability, indexes } = plugin;
    let rt = rt(Span::call_site());
    let ident = &ty.ident;
    let config = config.as_ref().map_or_else(|| quote!(()), |config| quote!(#config));
    let impls = quote! {
        impl #rt::Plugin for #ident {
            type Config = #config;
            const ID: &'static str = #id;

            fn ix() -> &'static #rt::Ix {
                static IX: #rt::Ix = #rt::Ix::of(&#rt::PLUGINS);
                &IX
            }
        }
    };
    let version =
        version.as_ref().map_or_else(|| quote!(::core::env!("CARGO_PKG_VERSION")), |version| quote!(#version));
    let requires = requires.iter().map(|needs| {
        let (plugin, versions) = (needs.plugin(), needs.versions().to_string());
        quote!((#plugin, #versions))
    });
    let durability = format_ident!("{durability}");
    let indexes = indexes.iter().map(Index::expr);
    let item = quote! {
        #rt::plugin::<#ident>(#rt::PluginMeta {
            version: #version,
            authors: ::core::env!("CARGO_PKG_AUTHORS"),
            license: ::core::env!("CARGO_PKG_LICENSE"),
            requires: &[#(#requires),*],
            durability: #rt::Durability::#durability,
            indexes: &[#(#indexes),*],
        })
    };
    let name = plugin_syntax::kebab(&ident.to_string());
    Registration { name, ident: ident.clone(), doc: ty.doc.clone(), cfgs: ty.cfgs.clone(), impls, item }
}
