//! What stands in an attribute's parentheses: `"text"`, `word`, `name = value` and `name(list)`, each option once.
//!
//! An attribute asks for its options one by one; what nobody asked for is unknown, and the answer lists what was asked for.

use std::fmt::Display;

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use syn::{LitInt, LitStr, Path, Token, parse::Parser, punctuated::Punctuated, spanned::Spanned};

use crate::errors::Errors;

/// What was given, and what has been asked for.
pub(crate) struct Options {
    given: Vec<Given>,
    known: Vec<&'static str>,
}

struct Given {
    tokens: TokenStream,
    form: Form,
}

enum Form {
    /// `"text"`
    Text(LitStr),
    /// `word`
    Word(Ident),
    /// `name = value`
    Value(Ident, TokenStream),
    /// `name(list)`
    List(Ident, TokenStream),
}

/// A value and the tokens it came from.
pub(crate) struct Read<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl Options {
    /// Splits what stands in the parentheses.
    pub(crate) fn parse(args: TokenStream, errors: &mut Errors) -> Self {
        let mut given = Vec::new();
        for tokens in split(args) {
            match form(&tokens) {
                Some(form) => given.push(Given { tokens, form }),
                None => errors.at(tokens, "an option is a text, a word, `name = value` or `name(…)`"),
            }
        }
        Self { given, known: Vec::new() }
    }

    /// Whether the option `name` is there, right or wrong.
    pub(crate) fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|given| given.key().is_some_and(|key| key == name))
    }

    /// Where the value of the option `name` stands.
    pub(crate) fn place(&self, name: &str) -> Option<Span> {
        self.given.iter().find_map(|given| match &given.form {
            Form::Value(key, value) if key == name => Some(value.span()),
            _ => None,
        })
    }

    /// Whether a text stands for itself.
    pub(crate) fn has_text(&self) -> bool {
        self.given.iter().any(|given| matches!(given.form, Form::Text(_)))
    }

    /// The text that stands for itself, `"conversation:end"`.
    pub(crate) fn leading_text(&mut self) -> Option<LitStr> {
        let at = self.given.iter().position(|given| matches!(given.form, Form::Text(_)))?;
        match self.given.remove(at).form {
            Form::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The word that stands first, `GET`.
    pub(crate) fn leading_word(&mut self) -> Option<Ident> {
        let word = match &self.given.first()?.form {
            Form::Word(word) => word.clone(),
            _ => return None,
        };
        self.given.remove(0);
        Some(word)
    }

    /// The option `name = "…"`, read by `read`.
    pub(crate) fn text<T, E: Display>(
        &mut self,
        name: &'static str,
        errors: &mut Errors,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Read<T>> {
        let value = self.value(name, "\"…\"", errors)?;
        match syn::parse2::<LitStr>(value.clone()) {
            Ok(text) => read_text(&text, errors, read),
            Err(_) => {
                errors.at(value, format_args!("`{name}` takes a text: `{name} = \"…\"`"));
                None
            }
        }
    }

    /// The option `name = 5`.
    pub(crate) fn number(&mut self, name: &'static str, errors: &mut Errors) -> Option<i32> {
        let value = self.value(name, "5", errors)?;
        let number = |input: syn::parse::ParseStream<'_>| {
            let minus: Option<Token![-]> = input.parse()?;
            let digits: LitInt = input.parse()?;
            let sign = if minus.is_some() { "-" } else { "" };
            format!("{sign}{}", digits.base10_digits())
                .parse::<i32>()
                .map_err(|why| syn::Error::new(digits.span(), why))
        };
        let number = number.parse2(value.clone());
        if number.is_err() {
            errors.at(value, format_args!("`{name}` takes a whole number from {} to {}", i32::MIN, i32::MAX));
        }
        number.ok()
    }

    /// The option `name = path::To::Something`.
    pub(crate) fn path(&mut self, name: &'static str, errors: &mut Errors) -> Option<Path> {
        let value = self.value(name, "path::To::It", errors)?;
        let path = syn::parse2(value.clone());
        if path.is_err() {
            errors.at(value, format_args!("`{name}` takes a path: `{name} = path::To::It`"));
        }
        path.ok()
    }

    /// The option `name = word`, of a closed set.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
        errors: &mut Errors,
    ) -> Option<T> {
        let value = self.value(name, choices.first().map_or("word", |(word, _)| word), errors)?;
        let said = value.to_string();
        if let Some((word, _)) = choices.iter().find(|(word, _)| said == format!("\"{word}\"")) {
            errors.at(value, bare_word(name, word));
            return None;
        }
        let chosen = choices.iter().find(|(word, _)| *word == said).map(|(_, choice)| *choice);
        if chosen.is_none() {
            let words = || choices.iter().map(|(word, _)| *word);
            errors.at(value, unknown(said.trim_matches('"'), &format!("`{name}` takes"), words()));
        }
        chosen
    }

    /// The option `name = anything`, for the caller to read.
    pub(crate) fn value(&mut self, name: &'static str, example: &str, errors: &mut Errors) -> Option<TokenStream> {
        let given = self.take(name, errors)?;
        match given.form {
            Form::Value(_, value) => Some(value),
            _ => {
                errors.at(given.tokens, format_args!("`{name}` is written `{name} = {example}`"));
                None
            }
        }
    }

    /// The option `name`, which is there or not.
    pub(crate) fn flag(&mut self, name: &'static str, errors: &mut Errors) -> Option<Ident> {
        let given = self.take(name, errors)?;
        match given.form {
            Form::Word(word) => Some(word),
            _ => {
                errors.at(given.tokens, format_args!("`{name}` stands alone, without a value"));
                None
            }
        }
    }

    /// The option `name("…", "…")`, each text read by `read`; at least one.
    pub(crate) fn texts<T, E: Display>(
        &mut self,
        name: &'static str,
        errors: &mut Errors,
        mut read: impl FnMut(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let Some(given) = self.take(name, errors) else { return Vec::new() };
        let list = match given.form {
            Form::List(_, list) => Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(list).ok(),
            _ => None,
        };
        match list.filter(|list| !list.is_empty()) {
            Some(list) => {
                list.iter().filter_map(|text| read_text(text, errors, &mut read).map(|read| read.value)).collect()
            }
            None => {
                errors.at(given.tokens, format_args!("`{name}` is written `{name}(\"…\", \"…\")`"));
                Vec::new()
            }
        }
    }

    /// The tokens of each option `name(…)`, which may be given more than once.
    pub(crate) fn lists(&mut self, name: &'static str, example: &str, errors: &mut Errors) -> Vec<TokenStream> {
        let mut lists = Vec::new();
        for given in self.take_all(name) {
            match given.form {
                Form::List(_, list) => lists.push(list),
                _ => errors.at(given.tokens, format_args!("`{name}` is written `{name}({example})`")),
            }
        }
        lists
    }

    /// Notes what is left: nobody asked for it.
    pub(crate) fn finish(self, errors: &mut Errors) {
        for given in &self.given {
            match (&given.form, given.key()) {
                (Form::Text(text), _) => {
                    let takes = takes("this attribute takes", self.known.iter().copied());
                    errors.at(text, format_args!("this text has no meaning here; {takes}"));
                }
                (_, Some(name)) => {
                    errors.at(name, unknown(&name.to_string(), "this attribute takes", self.known.iter().copied()));
                }
                (_, None) => {}
            }
        }
    }

    fn take_all(&mut self, name: &'static str) -> Vec<Given> {
        self.known.push(name);
        let (mine, rest) = std::mem::take(&mut self.given)
            .into_iter()
            .partition::<Vec<_>, _>(|given| given.key().is_some_and(|key| key == name));
        self.given = rest;
        mine
    }

    fn take(&mut self, name: &'static str, errors: &mut Errors) -> Option<Given> {
        let mut mine = self.take_all(name).into_iter();
        let first = mine.next();
        for again in mine {
            errors.at(again.tokens, format_args!("`{name}` is given twice"));
        }
        first
    }
}

impl Given {
    fn key(&self) -> Option<&Ident> {
        match &self.form {
            Form::Text(_) => None,
            Form::Word(name) | Form::Value(name, _) | Form::List(name, _) => Some(name),
        }
    }
}

/// Reads a text; what is wrong with it is noted at it.
pub(crate) fn read_text<T, E: Display>(
    text: &LitStr,
    errors: &mut Errors,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Option<Read<T>> {
    match read(&text.value()) {
        Ok(value) => Some(Read { value, span: text.span() }),
        Err(why) => {
            errors.at(text, why);
            None
        }
    }
}

/// ``"skip"`` where `skip` is meant.
pub(crate) fn bare_word(name: &str, word: &str) -> String {
    format!("`{name}` takes a bare word, without quotes: `{name} = {word}`")
}

/// ``unknown option `x`; this attribute takes: …``
pub(crate) fn unknown<'k>(name: &str, who_takes: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    let hint = plugin_syntax::nearest(name, known.clone()).map(|near| format!(" (did you mean `{near}`?)"));
    format!("unknown option `{name}`{}; {}", hint.unwrap_or_default(), takes(who_takes, known))
}

fn takes<'k>(who_takes: &str, known: impl Iterator<Item = &'k str>) -> String {
    match known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => format!("{who_takes} none"),
        all => format!("{who_takes}: {all}"),
    }
}

/// The parts between the commas; an empty one at the end is none.
pub(crate) fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        match (&token, parts.last_mut()) {
            (TokenTree::Punct(punct), _) if punct.as_char() == ',' => parts.push(TokenStream::new()),
            (_, Some(part)) => part.extend([token]),
            (_, None) => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn form(tokens: &TokenStream) -> Option<Form> {
    if let Ok(text) = syn::parse2::<LitStr>(tokens.clone()) {
        return Some(Form::Text(text));
    }
    let mut rest = tokens.clone().into_iter();
    let Some(TokenTree::Ident(name)) = rest.next() else { return None };
    match (rest.next(), rest.collect::<TokenStream>()) {
        (None, _) => Some(Form::Word(name)),
        (Some(TokenTree::Punct(equals)), value) if equals.as_char() == '=' && !value.is_empty() => {
            Some(Form::Value(name, value))
        }
        (Some(TokenTree::Group(list)), rest) if list.delimiter() == Delimiter::Parenthesis && rest.is_empty() => {
            Some(Form::List(name, list.stream()))
        }
        _ => None,
    }
}
