//! The rows that documents must have beside them, made from the documents and from `docs/format.md` alone: nothing here is shared with
//! the code that wrote them.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tests::Result;

use crate::rows::{Document, Index};

/// What expires has a row that says so, without a value.
pub(crate) fn expiry(document: &Document, expiry: u64) -> Vec<u8> {
    [&[0x13], &expiry.to_be_bytes()[..], document.app.as_bytes(), &[0, 0], document.key.as_bytes()].concat()
}

/// The entries that an index has of these documents.
pub(crate) fn entries(number: u64, index: &Index, documents: &[Document]) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut entries = BTreeMap::new();
    for document in documents.iter().filter(|document| document.key.starts_with(&index.prefix)) {
        let Some((key, value)) = entry(number, index, document)? else { continue };
        if entries.insert(key, value).is_some() {
            return Err(format!("{document}: another document has the same values in {index:?}").into());
        }
    }
    Ok(entries)
}

fn entry(number: u64, index: &Index, document: &Document) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let values = || index.fields.iter().map(|(path, _)| document.value.get(path));
    let is_there = |value: Option<&Json>| value.is_some_and(|value| !value.is_null());
    if index.sparse && !values().any(is_there) {
        return Ok(None);
    }
    let kind = if index.unique { 0x12 } else { 0x11 };
    let mut key = [&[kind], document.app.as_bytes(), &[0, 0], &number.to_be_bytes()].concat();
    let mut hints = Vec::new();
    for (value, (_, descending)) in values().zip(&index.fields) {
        let mut bytes = Vec::new();
        ordered(value, &mut bytes, &mut hints)?;
        key.extend(bytes.iter().map(|byte| if *descending { !byte } else { *byte }));
    }
    if !(index.unique && values().all(is_there)) {
        key.extend(document.key.as_bytes());
    }
    let place = u16::try_from(document.place.len())?.to_be_bytes();
    let expiry = match document.expiry {
        None => vec![0],
        Some(expiry) => [&[1], &expiry.to_be_bytes()[..]].concat(),
    };
    Ok(Some((key, [&place[..], &document.place, &expiry, &hints].concat())))
}

/// What the children write has texts and numbers that a float can be.
fn ordered(value: Option<&Json>, bytes: &mut Vec<u8>, hints: &mut Vec<u8>) -> Result<()> {
    match value {
        None => bytes.push(0x08),
        Some(Json::Null) => bytes.push(0x10),
        Some(Json::String(text)) if !text.contains('\0') => {
            bytes.push(0x30);
            bytes.extend(text.as_bytes());
            bytes.extend([0, 0]);
        }
        Some(Json::Number(number)) => {
            let float = number.as_f64().filter(|float| float.abs() < 9e15).ok_or("a number of these tests is small")?;
            let bits = float.to_bits();
            bytes.push(0x20);
            bytes.extend(if float < 0.0 { !bits } else { bits | 1 << 63 }.to_be_bytes());
            match (number.is_f64(), float.fract() == 0.0) {
                (false, _) => hints.push(0),
                (true, true) => hints.push(1),
                (true, false) => {}
            }
        }
        Some(other) => return Err(format!("{other} is in no index of these tests").into()),
    }
    Ok(())
}
