//! What serde was told of a stored type. Names may be changed; what else changes how serde writes the type is refused, since the
//! bytes would say one thing and the JSON another.

use plugin_syntax::Rename;
use proc_macro2::Ident;
use quote::ToTokens;
use syn::{Attribute, LitStr, Meta, Token, ext::IdentExt, punctuated::Punctuated};

use crate::errors::Errors;

/// What is said of names.
#[derive(Default)]
pub(super) struct Said {
    pub(super) rename: Option<String>,
    pub(super) rename_all: Option<Rename>,
    pub(super) rename_all_fields: Option<Rename>,
}

/// Where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On the type itself.
    Type,
    /// On a field or variant.
    Part,
}

/// What makes of a type, or of a part, something else than it is in Rust.
const SHAPING: [&str; 20] = [
    "flatten",
    "skip",
    "skip_serializing",
    "skip_deserializing",
    "skip_serializing_if",
    "with",
    "serialize_with",
    "deserialize_with",
    "getter",
    "tag",
    "content",
    "untagged",
    "other",
    "from",
    "try_from",
    "into",
    "transparent",
    "remote",
    "variant_identifier",
    "field_identifier",
];

impl Said {
    pub(super) fn of(attrs: &[Attribute], place: Place, errors: &mut Errors) -> Self {
        let mut said = Self::default();
        for attr in attrs {
            if place == Place::Part && (attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")) {
                errors.at(attr, "a stored type is the same in every build: none of its parts depends on a `cfg`");
            }
            if attr.path().is_ident("serde")
                // What cannot be parsed is told by serde.
                && let Ok(options) = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            {
                options.iter().for_each(|option| said.take(option, errors));
            }
        }
        said
    }

    fn take(&mut self, option: &Meta, errors: &mut Errors) {
        let Some(name) = option.path().get_ident().map(Ident::to_string) else { return };
        if SHAPING.contains(&&*name) {
            errors.at(
                option,
                format_args!(
                    "`{name}` writes another type than this one; a stored type is written field by field, as it is declared"
                ),
            );
        }
        let is_of_names = matches!(&*name, "rename" | "rename_all" | "rename_all_fields");
        match (option, text(option)) {
            (Meta::List(_), _) if is_of_names => errors.at(
                option,
                format_args!("what is stored is read under the name that it was written with: `{name} = \"…\"`"),
            ),
            (_, Some(text)) => match &*name {
                "rename" => self.rename = Some(text),
                // A rule that does not exist is told by serde.
                "rename_all" => self.rename_all = Rename::named(&text),
                "rename_all_fields" => self.rename_all_fields = Rename::named(&text),
                _ => {}
            },
            _ => {}
        }
    }

    /// The name of a field of whose type this was said.
    pub(super) fn field(&self, ident: &Ident) -> String {
        self.rename_all.unwrap_or(Rename::Camel).field(&ident.unraw().to_string())
    }

    /// The name of a variant of whose type this was said.
    pub(super) fn variant(&self, ident: &Ident) -> String {
        self.rename_all.unwrap_or(Rename::Camel).variant(&ident.unraw().to_string())
    }
}

/// The text of `name = "text"`.
fn text(option: &Meta) -> Option<String> {
    let Meta::NameValue(meta) = option else { return None };
    syn::parse2::<LitStr>(meta.value.to_token_stream()).ok().map(|text| text.value())
}
