//! For `#[document]`, `#[model(stored)]` and `#[migrate]`.

pub use crate::store::{
    codec::CodecError,
    index::{Direction, IndexField, IndexMeta, Sparse, Unique},
    typed::{
        Content, Document, DocumentMeta, DocumentVersion, Field, Incoming, Outgoing, Shape, Stored, Variant, query,
    },
};
use crate::{
    bare::item::item,
    document::{DocumentId, DocumentItem, MigrationItem, MigrationReturn, Standing},
    point::Plugin,
    registration::Item,
    shape::{Owner, fail, same},
    store::{
        Db, Docs,
        typed::{MigrationMeta, decode, encode},
    },
};

/// The id of a document.
pub fn id<T: DocumentId>(id: &T) -> &str {
    id.as_text()
}

/// For tests that read and write rows without a plugin: whoever has a context asks it, which knows whose documents there are.
pub fn docs<T: Document>(db: &Db) -> Docs<T> {
    db.docs()
}

/// The error of an enum that has no variant of this number.
pub fn no_variant(number: u32) -> CodecError {
    CodecError::Damaged(format!("there is no variant {number}"))
}

/// What is known of the document `T`.
pub const fn document_meta<T: DocumentVersion>(id: &'static str, indexes: &'static [IndexMeta]) -> DocumentMeta {
    DocumentMeta {
        collection: T::COLLECTION,
        version: T::VERSION,
        id,
        shape: T::shape,
        from_value: |value| encode(&value.into_typed::<T>()?),
        indexes,
    }
}

/// For `#[document]`.
pub const fn document<T: DocumentVersion>(meta: DocumentMeta) -> Item {
    Item::Document(DocumentItem { owner: Owner::of::<T::Plugin>(), meta, standing: Standing::Current })
}

/// For `#[document(…, retired)]`.
pub const fn retired<T: DocumentVersion>(meta: DocumentMeta) -> Item {
    Item::Document(DocumentItem { owner: Owner::of::<T::Plugin>(), meta, standing: Standing::Retired })
}

/// For `#[migrate]`.
///
/// # Panics
/// At compile time, if the function does not lead from a version of a document to the next, or from another than the attribute
/// says. An empty collection or plugin stands for one that is wrong, and said to be so where the document is marked.
#[track_caller]
pub const fn migration<A: DocumentVersion, R: MigrationReturn, F>(_: F, from: Option<u16>) -> Item
where
    F: Fn(A) -> R + Copy + Send + Sync + 'static,
{
    follows::<A, R::To>();
    if let Some(from) = from
        && from != A::VERSION
    {
        fail(&[
            "the migration starts from version ",
            Digits::of(A::VERSION).text(),
            " of `",
            A::COLLECTION,
            "`, but the attribute says `from = ",
            Digits::of(from).text(),
            "`",
        ]);
    }
    Item::Migration(MigrationItem {
        owner: Owner::of::<<R::To as DocumentVersion>::Plugin>(),
        meta: MigrationMeta {
            collection: A::COLLECTION,
            from: A::VERSION,
            up: |bytes| {
                let next = item::<F>()(decode::<A>(bytes)?).into_result()?;
                Ok(encode(&next)?)
            },
        },
    })
}

/// Stops the compiler unless `B` is the version of the document that comes after `A`.
#[track_caller]
const fn follows<A: DocumentVersion, B: DocumentVersion>() {
    let (of_a, of_b) = (<A::Plugin as Plugin>::ID, <B::Plugin as Plugin>::ID);
    if !of_a.is_empty() && !of_b.is_empty() && !same(of_a.as_bytes(), of_b.as_bytes()) {
        fail(&[
            "a migration stays within one plugin: it takes a document of `",
            of_a,
            "` and gives one of `",
            of_b,
            "`",
        ]);
    }
    let (a, b) = (A::COLLECTION, B::COLLECTION);
    if !a.is_empty() && !b.is_empty() && !same(a.as_bytes(), b.as_bytes()) {
        fail(&["a migration stays within one collection: it takes a document of `", a, "` and gives one of `", b, "`"]);
    }
    if A::VERSION == u16::MAX || B::VERSION != A::VERSION + 1 {
        fail(&[
            "a migration leads to the next version: it takes version ",
            Digits::of(A::VERSION).text(),
            " of `",
            a,
            "` and gives version ",
            Digits::of(B::VERSION).text(),
        ]);
    }
}

/// A number as it is written, while the compiler evaluates.
struct Digits {
    digits: [u8; 5],
    first: usize,
}

impl Digits {
    const fn of(number: u16) -> Self {
        let (mut digits, mut first, mut left) = ([b'0'; 5], 4, number);
        loop {
            digits[first] = b'0' + (left % 10) as u8;
            left /= 10;
            if left == 0 {
                return Self { digits, first };
            }
            first -= 1;
        }
    }

    const fn text(&self) -> &str {
        match std::str::from_utf8(self.digits.split_at(self.first).1) {
            Ok(text) => text,
            Err(_) => "?",
        }
    }
}
