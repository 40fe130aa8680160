//! What `#[document]` and `#[migrate]` leave in the binary, and what they ask of an id and of a migration.

use crate::{
    error::{HandlerError, Result},
    point::Plugin,
    shape::Owner,
    store::typed::{Document, DocumentMeta, DocumentVersion, MigrationMeta},
};

/// A version of a typed document.
#[derive(Debug)]
pub struct DocumentItem {
    /// Whose documents they are.
    pub owner: Owner,
    /// What is known of it.
    pub meta: DocumentMeta,
    /// Whether it is still written.
    pub standing: Standing,
}

/// Whether documents of a version are still written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is the one that is written.
    Current,
    /// It is there for migrations to read.
    Retired,
}

/// A migration from a version of a document to the next.
#[derive(Debug)]
pub struct MigrationItem {
    /// Whose documents they are.
    pub owner: Owner,
    /// What is known of it.
    pub meta: MigrationMeta,
}

/// A typed document of the plugin `P`, which alone can reach it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a document of the plugin `{P}`",
    label = "not marked `#[document(plugin = {P}, collection = \"…\")]`, or `retired`",
    note = "only the plugin that a document names can reach it; a `retired` version is there for migrations alone"
)]
pub trait DocumentOf<P: Plugin>: Document {}

#[diagnostic::do_not_recommend]
impl<P: Plugin, T: Document<Plugin = P>> DocumentOf<P> for T {}

/// A field that can be a document's id.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the id of a document",
    label = "an id is a text",
    note = "`String`, `AppId`, `UserId` and whatever else is `AsRef<str>` can be one; a number is written into a `String`"
)]
pub trait DocumentId {
    /// The id.
    fn as_text(&self) -> &str;
}

#[diagnostic::do_not_recommend]
impl<T: AsRef<str>> DocumentId for T {
    fn as_text(&self) -> &str {
        self.as_ref()
    }
}

/// What a migration may return.
#[diagnostic::on_unimplemented(
    message = "a migration cannot return `{Self}`",
    label = "return the next version of the document, or a `Result` of it",
    note = "what is returned is marked `#[document(plugin = …, collection = \"…\", version = …)]`"
)]
pub trait MigrationReturn {
    /// The next version.
    type To: DocumentVersion;

    /// What came of it.
    ///
    /// # Errors
    /// Those of the migration.
    fn into_result(self) -> Result<Self::To>;
}

#[diagnostic::do_not_recommend]
impl<T: DocumentVersion> MigrationReturn for T {
    type To = T;

    fn into_result(self) -> Result<T> {
        Ok(self)
    }
}

impl<T: DocumentVersion, E: HandlerError> MigrationReturn for Result<T, E> {
    type To = T;

    fn into_result(self) -> Result<T> {
        self.map_err(HandlerError::into_error)
    }
}

#[cfg(test)]
mod tests;
