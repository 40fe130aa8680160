//! All that is wrong with an item, gathered before anything is said.

use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Notes a mistake of the given tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, what: impl Display) {
        self.push(syn::Error::new_spanned(tokens, what));
    }

    /// Notes a mistake at a place.
    pub(crate) fn at_span(&mut self, span: Span, what: impl Display) {
        self.push(syn::Error::new(span, what));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value of `result`; its error is noted.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Whether there are any.
    pub(crate) fn any(&self) -> bool {
        self.0.is_some()
    }

    /// As `compile_error!`s, if there are any.
    pub(crate) fn finish(self) -> Option<TokenStream> {
        self.0.map(|errors| errors.into_compile_error())
    }
}
