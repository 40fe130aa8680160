//! `#[activate]` and `#[deactivate]`.

use proc_macro2::{Span, TokenStream};

use crate::{
    emit::{attribute, duration, option},
    handler::{Handler, Shape, Takes},
    names::{given_name, item_name},
};

/// Which of the two.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    Activate,
    Deactivate,
}

impl Moment {
    const fn word(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
        }
    }
}

const SHAPE: Shape = Shape { who: "a lifecycle function", takes: Takes::Nothing };

pub(crate) fn expand(moment: Moment, args: TokenStream, item: TokenStream) -> TokenStream {
    attribute(args, item, |options, item, errors| {
        let read = match moment {
            Moment::Activate => plugin_syntax::duration,
            Moment::Deactivate => plugin_syntax::stopping,
        };
        let timeout = options.text("timeout", errors, read).map(|timeout| timeout.value);
        let name = given_name(options, errors);
        let handler = Handler::read(SHAPE, item, options, errors)?;
        let name = item_name(name, &handler.ident, errors);
        let timeout = option(timeout.map(duration));
        let item = handler.constructor(Span::call_site(), moment.word(), &TokenStream::new(), &timeout);
        Some(handler.registration(&name, item))
    })
}
