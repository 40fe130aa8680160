//! `#[admin_page("/dashboard", title = "Dashboard", icon = "chart-bar")]`

use std::time::Duration;

use plugin_syntax::Route;
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use crate::{
    emit::{Registration, attribute, duration, option, rt},
    errors::Errors,
    handler::{Handler, Shape, Takes},
    names::{given_name, item_name},
    options::{Options, read_text},
};

/// What the attribute says.
struct AdminPage {
    path: String,
    title: String,
    icon: Option<&'static str>,
    component: String,
    group: String,
    timeout: Option<Duration>,
    name: String,
    handler: Handler,
}

const SHAPE: Shape = Shape { who: "an admin page", takes: Takes::Maybe { example: "Admin" } };

const DEFAULT_GROUP: &str = "plugins";

pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args, item, |options, item, errors| read(options, item, errors).map(|page| emit(&page)))
}

fn read(options: &mut Options, item: &TokenStream, errors: &mut Errors) -> Option<AdminPage> {
    let given_path = options.leading_text();
    let title_is_given = options.is_given("title");
    let title = options.text("title", errors, not_empty);
    let icon = options.text("icon", errors, plugin_syntax::icon).map(|icon| icon.value);
    let group = options.text("group", errors, |group| plugin_syntax::item_name(group).map(str::to_owned));
    let component = options.text("component", errors, |name| plugin_syntax::component(name).map(str::to_owned));
    let timeout = options.text("timeout", errors, plugin_syntax::duration).map(|timeout| timeout.value);
    let name = given_name(options, errors);
    let handler = Handler::read(SHAPE, item, options, errors);
    let place = handler.as_ref().map_or(Span::call_site(), |handler| handler.ident.span());
    if !title_is_given {
        errors.at_span(place, "an admin page has a title: `title = \"…\"`");
    }
    if given_path.is_none() {
        errors.at_span(place, "an admin page has a path: `#[admin_page(\"/dashboard\", …)]`");
    }
    let path = read_text(&given_path?, errors, |path| path.parse::<Route>().and_then(Route::without_parameters));
    let handler = handler?;
    let component = component.map(|component| component.value);
    let component = component.unwrap_or_else(|| plugin_syntax::pascal(&handler.ident.unraw().to_string()));
    let name = item_name(name, &handler.ident, errors);
    let group = group.map_or_else(|| DEFAULT_GROUP.to_owned(), |group| group.value);
    let path = path?.value.to_string();
    Some(AdminPage { path, title: title?.value, icon, component, group, timeout, name, handler })
}

fn not_empty(title: &str) -> Result<String, &'static str> {
    match title.trim() {
        "" => Err("a title has at least one letter"),
        title => Ok(title.to_owned()),
    }
}

fn emit(page: &AdminPage) -> Registration {
    let AdminPage { path, title, icon, component, group, timeout, name, handler } = page;
    let rt = rt(Span::call_site());
    let (icon, timeout) = (option(icon.as_ref()), option(timeout.map(duration)));
    let meta = quote!(#rt::admin_page::Meta {
        path: #path,
        title: #title,
        icon: #icon,
        component: #component,
        group: #group,
        timeout: #timeout,
    });
    let args = handler.args_tuple();
    let item = handler.constructor(Span::call_site(), "admin_page", &quote!(#args,), &meta);
    handler.registration(name, item)
}
