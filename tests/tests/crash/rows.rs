//! All rows of a plugin, read without the code that wrote them where that is cheap: every row is a document or belongs to one, and
//! each document has the rows that it must have.

use std::{collections::BTreeMap, fmt};

use plugin_core::store::codec::{self, Envelope};
use serde_json::Value as Json;
use tests::Result;

use crate::rebuild;

/// A row as the engine has it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// A document as it lies in the store.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The key of its row.
    pub(crate) place: Vec<u8>,
    pub(crate) app: String,
    pub(crate) key: String,
    pub(crate) expiry: Option<u64>,
    pub(crate) value: Json,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` of app `{}`", self.key, self.app)
    }
}

/// What the ledger says of an index.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) prefix: String,
    /// Their paths, and whether the largest comes first.
    pub(crate) fields: Vec<(String, bool)>,
    pub(crate) unique: bool,
    pub(crate) sparse: bool,
    progress: String,
    after: Vec<u8>,
}

/// How many indexes were in which state.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Indexes {
    pub(crate) building: usize,
    /// Of those: how many were begun.
    pub(crate) begun: usize,
    pub(crate) dropping: usize,
}

/// Checks the rows of all plugins against themselves.
pub(crate) fn check(plugins: &[Vec<Row>]) -> Result<Indexes> {
    let mut counts = Indexes::default();
    for (plugin, rows) in plugins.iter().enumerate() {
        check_one(rows, &mut counts).map_err(|problem| format!("plugin {plugin}: {problem}"))?;
    }
    Ok(counts)
}

fn check_one(rows: &[Row], counts: &mut Indexes) -> Result<()> {
    let documents = documents(rows)?;
    if let Some(row) = rows.iter().find(|row| !matches!(row.key.first(), Some(0x10..=0x13 | 0x50))) {
        return Err(format!("a row of no kind that is written here: {row:02x?}").into());
    }
    let stored: BTreeMap<&[u8], &[u8]> = rows.iter().map(|row| (&*row.key, &*row.value)).collect();

    let expiring = documents.iter().filter_map(|it| it.expiry.map(|expiry| (rebuild::expiry(it, expiry), Vec::new())));
    same("rows of expiry", &of(&stored, |key| key.first() == Some(&0x13)), &expiring.collect())?;

    let indexes = indexes(rows)?;
    for key in stored.keys().filter(|key| is_entry(key)) {
        let number = number_of(key).ok_or_else(|| format!("an entry of an index that is none: {key:02x?}"))?;
        if !indexes.contains_key(&number) {
            return Err(format!("an entry of index {number}, which is not there: {key:02x?}").into());
        }
    }
    for (number, index) in &indexes {
        let expected = rebuild::entries(*number, index, &documents)?;
        let found = of(&stored, |key| is_entry(key) && number_of(key) == Some(*number));
        let what = format!("entries of index {number} ({index:?})");
        match index.progress.as_str() {
            "ready" => same(&what, &found, &expected)?,
            "building" => {
                counts.building += 1;
                counts.begun += usize::from(!index.after.is_empty());
                let looked_at = documents.iter().filter(|document| document.place <= index.after);
                let least = rebuild::entries(*number, index, &looked_at.cloned().collect::<Vec<_>>())?;
                within(&format!("{what}: found where no document has it"), &found, &expected)?;
                within(&format!("{what}: not there behind the place that was reached"), &least, &found)?;
            }
            "dropping" => counts.dropping += 1,
            other => return Err(format!("{what}: it is {other}").into()),
        }
    }
    Ok(())
}

fn of(rows: &BTreeMap<&[u8], &[u8]>, which: impl Fn(&[u8]) -> bool) -> BTreeMap<Vec<u8>, Vec<u8>> {
    rows.iter().filter(|(key, _)| which(key)).map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

fn same(what: &str, found: &Rows, expected: &Rows) -> Result<()> {
    within(&format!("{what}: too many"), found, expected)?;
    within(&format!("{what}: missing"), expected, found)
}

fn within(what: &str, part: &Rows, whole: &Rows) -> Result<()> {
    match part.iter().find(|(key, value)| whole.get(*key) != Some(value)) {
        None => Ok(()),
        Some((key, value)) => Err(format!(
            "{what}: {} = {}, where it is {:?}",
            hex::encode(key),
            hex::encode(value),
            whole.get(key).map(hex::encode)
        )
        .into()),
    }
}

/// The documents among rows.
pub(crate) fn documents(rows: &[Row]) -> Result<Vec<Document>> {
    let rows = rows.iter().filter(|row| row.key.first() == Some(&0x10));
    rows.map(|row| {
        let end = row.key.windows(2).position(|pair| pair == [0, 0]).ok_or("a document's key without an app")?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec());
        let (app, key) = (text(&row.key[1..end])?, text(&row.key[end + 2..])?);
        let expiry = Envelope::of(&row.value)?.expiry;
        let value = codec::open(&row.value).map_err(|error| format!("`{key}` of app `{app}`: {error}"))?.into();
        Ok(Document { place: row.key.clone(), app, key, expiry, value })
    })
    .collect()
}

/// What the ledger has, by number.
fn indexes(rows: &[Row]) -> Result<BTreeMap<u64, Index>> {
    let ours = rows.iter().filter_map(|row| Some((row.key.strip_prefix(b"\x50index\0\0")?, &row.value)));
    ours.map(|(number, value)| {
        let row: Json = codec::open(value)?.into();
        let definition = &row["definition"];
        let field = |field: &Json| Some((field["path"].as_str()?.to_owned(), field["descending"].as_bool()?));
        let fields = definition["fields"].as_array().and_then(|fields| fields.iter().map(field).collect());
        let after = row["after"].as_array().map(|bytes| bytes.iter().filter_map(|byte| byte.as_u64()?.try_into().ok()));
        let index = || {
            Some(Index {
                prefix: definition["prefix"].as_str()?.to_owned(),
                fields: fields?,
                unique: definition["unique"].as_bool()?,
                sparse: definition["sparse"].as_bool()?,
                progress: row["progress"].as_str()?.to_owned(),
                after: after?.collect(),
            })
        };
        let index = index().ok_or_else(|| format!("the row of an index is none: {row}"))?;
        Ok((u64::from_be_bytes(number.try_into()?), index))
    })
    .collect()
}

fn is_entry(key: &[u8]) -> bool {
    matches!(key.first(), Some(0x11 | 0x12))
}

/// The number of the index whose entry a key is.
fn number_of(key: &[u8]) -> Option<u64> {
    let end = key.windows(2).position(|pair| pair == [0, 0])?;
    Some(u64::from_be_bytes(*key.get(end + 2..)?.first_chunk()?))
}
