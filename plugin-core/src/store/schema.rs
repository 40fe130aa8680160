//! What the items of a plugin declare for its data: typed documents, how older ones become what is declared today, and indexes.

use std::collections::BTreeMap;

use super::{
    codec::CodecError,
    index::IndexMeta,
    typed::{DocumentMeta, MigrationMeta},
    value::Value,
};

/// All that is declared for one keyspace. By default nothing is known of that, as of a plugin that the binary does not have.
#[derive(Debug, Default)]
pub struct Schema {
    collections: BTreeMap<&'static str, Collection>,
    /// Indexes of documents under any prefix, typed or not.
    indexes: &'static [IndexMeta],
    is_declared: bool,
}

/// A collection of typed documents.
#[derive(Debug)]
pub(super) struct Collection {
    /// The type as it is written today.
    pub(super) meta: &'static DocumentMeta,
    pub(super) fingerprint: u64,
    /// The fingerprints of older versions.
    older: BTreeMap<u16, u64>,
    /// By the version that each starts from.
    migrations: BTreeMap<u16, &'static MigrationMeta>,
}

impl Schema {
    /// What is declared: types as they are today, older versions of them, migrations, and indexes of documents without a type. What does
    /// not fit together was refused by the catalog; here the last one counts.
    pub fn new(
        documents: impl IntoIterator<Item = &'static DocumentMeta>,
        retired: impl IntoIterator<Item = &'static DocumentMeta>,
        migrations: impl IntoIterator<Item = &'static MigrationMeta>,
        indexes: &'static [IndexMeta],
    ) -> Self {
        let collection = |meta: &'static DocumentMeta| {
            let (older, migrations) = (BTreeMap::new(), BTreeMap::new());
            (meta.collection, Collection { meta, fingerprint: (meta.shape)().fingerprint(), older, migrations })
        };
        let mut collections: BTreeMap<_, _> = documents.into_iter().map(collection).collect();
        for old in retired {
            if let Some(collection) = collections.get_mut(old.collection) {
                collection.older.insert(old.version, (old.shape)().fingerprint());
            }
        }
        for migration in migrations {
            if let Some(collection) = collections.get_mut(migration.collection) {
                collection.migrations.insert(migration.from, migration);
            }
        }
        Self { collections, indexes, is_declared: true }
    }

    /// The collection that the document `key` is of, if it is a typed one.
    #[inline]
    pub(super) fn collection(&self, key: &str) -> Option<&Collection> {
        if self.collections.is_empty() {
            return None;
        }
        let (name, _) = key.split_once(':')?;
        self.collections.get(name)
    }

    pub(super) fn collections(&self) -> impl Iterator<Item = &Collection> {
        self.collections.values()
    }

    /// Whether it says all that there is in the keyspace: what it does not have has no type.
    pub(super) fn is_declared(&self) -> bool {
        self.is_declared
    }

    /// Every declared index.
    pub(super) fn indexes(&self) -> impl Iterator<Item = &'static IndexMeta> {
        self.indexes.iter().chain(self.collections.values().flat_map(|it| it.meta.indexes))
    }

    /// Of which versions documents are whose keys begin with `prefix`: that of the collection which has all of them, otherwise 0 and
    /// those of each collection that has some.
    pub(super) fn versions_under(&self, prefix: &str) -> (u16, BTreeMap<String, u16>) {
        if let Some(collection) = self.collection(prefix) {
            return (collection.meta.version, BTreeMap::new());
        }
        let some = self.collections.values().filter(|it| it.prefix().starts_with(prefix));
        (0, some.map(|it| (it.meta.collection.to_owned(), it.meta.version)).collect())
    }
}

impl Collection {
    /// The migration that starts from `version`.
    pub(super) fn migration(&self, version: u16) -> Option<&MigrationMeta> {
        self.migrations.get(&version).copied()
    }

    /// The fingerprint that documents of `version` have, where a type is declared for it.
    pub(super) fn fingerprint_of(&self, version: u16) -> Option<u64> {
        if version == self.meta.version { Some(self.fingerprint) } else { self.older.get(&version).copied() }
    }

    /// A document that may have been written before its collection had a type: its id then was in its key alone.
    pub(super) fn with_id(&self, id: &str, mut value: Value) -> Value {
        if let Value::Object(fields) = &mut value
            && !fields.contains_key(self.meta.id)
        {
            fields.insert(self.meta.id.to_owned(), Value::String(id.to_owned()));
        }
        value
    }

    /// Holds the id that a document has to the one that its key has.
    pub(super) fn check_id(&self, id: &str, value: &Value) -> Result<(), CodecError> {
        match value.at(self.meta.id) {
            Some(Value::String(own)) if own != id => Err(CodecError::OtherId { field: self.meta.id, own: own.clone() }),
            // What is no text is no id of the type, which says so itself.
            _ => Ok(()),
        }
    }

    /// What the keys of its documents begin with.
    pub(super) fn prefix(&self) -> String {
        format!("{}:", self.meta.collection)
    }
}
