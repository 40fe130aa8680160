//! What items are called unless their author says otherwise.

use proc_macro2::Ident;
use syn::{LitStr, ext::IdentExt};

use crate::{
    errors::Errors,
    options::{Options, Read, read_text},
};

/// The option `name`, if it was given.
pub(crate) fn given_name(options: &mut Options, errors: &mut Errors) -> Option<Read<String>> {
    options.text("name", errors, |name| plugin_syntax::item_name(name).map(str::to_owned))
}

/// The name of an item: the one that was given, or the function's in kebab-case.
pub(crate) fn item_name(given: Option<Read<String>>, ident: &Ident, errors: &mut Errors) -> String {
    given.map_or_else(
        || {
            let name = plugin_syntax::kebab(&ident.unraw().to_string());
            if plugin_syntax::item_name(&name).is_err() {
                errors.at(ident, format_args!("`{ident}` makes no name for an item: give it one, `name = \"…\"`"));
            }
            name
        },
        |given| given.value,
    )
}

/// The name of a point, which stands for itself: `"conversation:end"`.
pub(crate) fn point_name(options: &mut Options, errors: &mut Errors) -> Option<LitStr> {
    let text = options.leading_text()?;
    read_text(&text, errors, |name| plugin_syntax::point_name(name).map(drop))?;
    Some(text)
}
