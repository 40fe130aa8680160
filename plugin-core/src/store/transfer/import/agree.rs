//! Whether what people read in a line, and may have edited there, is what the bytes beside it say.

use serde_json::{Value as Json, value::RawValue};

use super::Import;
use crate::{
    clock::Timestamp,
    id::AppId,
    json,
    store::{
        codec::{CodecError, Envelope},
        record::{Record, of_key},
        transfer::{LineProblem, check_of, check_of_document, instant},
        value::Value,
    },
};

/// What a line with the bytes of a document shows of it.
pub(super) struct Shown<'a> {
    pub(super) value: Option<&'a RawValue>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) unreadable: bool,
    /// What the export noted of the line that it wrote.
    pub(super) check: Option<&'a str>,
}

impl Import {
    /// Refuses a line that is not what was exported, where what was edited in it would be lost or nobody can tell whether it was.
    pub(super) fn check_shown(
        &self,
        app: &AppId,
        key: &str,
        stored: &[u8],
        shown: &Shown<'_>,
    ) -> Result<(), LineProblem> {
        let key_of = || key.to_owned();
        let edited = |field| Err(LineProblem::Edited { key: key_of(), field });
        let record = Record::of(&self.space.schema, key, stored);
        let value = record.as_ref().map_err(CodecError::clone).and_then(Record::value);
        if let (Ok(record), Ok(value)) = (&record, &value) {
            of_key(key, record.check_id(value)).map_err(LineProblem::Refused)?;
        }
        let is_value_noted = match (shown.check, &value) {
            (Some(check), _) => {
                let (of_row, of_value) = check.split_once('-').unwrap_or((check, ""));
                if of_row != check_of_document(app.as_str(), key, stored) {
                    return Err(LineProblem::Changed { key: key_of() });
                }
                shown.value.is_some_and(|value| of_value == check_of(&[value.get().as_bytes()]))
            }
            (None, Ok(_)) => false,
            (None, Err(problem)) => {
                return Err(LineProblem::Unreadable { key: key_of(), problem: problem.to_string() });
            }
        };
        if !is_value_noted && is_value_edited(record.as_ref().ok(), value.as_ref().ok(), shown) {
            return edited("value");
        }
        let Ok(envelope) = Envelope::of(stored) else { return Ok(()) };
        // Whoever shows nothing of a document says nothing of when it expires either.
        let is_told = shown.value.is_some() || shown.expires_at.is_some();
        if is_told && envelope.expiry.and_then(instant) != shown.expires_at {
            return edited("expiresAt");
        }
        Ok(())
    }
}

/// Whether what a line shows, which is not what the export wrote to the letter, is something else.
fn is_value_edited(record: Option<&Record<'_>>, stored: Option<&Value>, shown: &Shown<'_>) -> bool {
    let Some(value) = shown.value else { return false };
    match stored {
        // Some tool wrote it otherwise, and it is the same.
        Some(stored) if is_same(stored, value) => false,
        _ if shown.unreadable => value.get() != "null",
        // Without the note, and by a build that has the type in another version, it may have been shown otherwise.
        _ if shown.check.is_none() => record.is_some_and(|record| record.undecoded().is_some()),
        _ => true,
    }
}

/// Whether `text` is what an export shows of `stored`. Both are read as JSON: not every value has a word there.
fn is_same(stored: &Value, text: &RawValue) -> bool {
    let read = |text: &str| json::read::<Json>(text.as_bytes()).ok().map(Value::from);
    let shown = serde_json::to_string(stored).ok().and_then(|shown| read(&shown));
    shown.is_some() && shown == read(text.get())
}
