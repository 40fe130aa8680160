//! Where a field lies: names with dots between them, taken apart once for all the documents that it is looked for in.

use std::ops::Deref;

/// A dotted path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Path {
    text: Box<str>,
    steps: Box<[Box<str>]>,
}

impl Path {
    /// The names, and the places in arrays, that lead to the field.
    pub(in crate::store) fn steps(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| &**step)
    }
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        Self { text: text.into(), steps: text.split('.').map(Box::from).collect() }
    }
}

/// As it is written.
impl Deref for Path {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}
