//! Walks that show each row where it lies, so that a row that is passed over costs no copy.

use std::ops::{ControlFlow, Range};

use super::{Direction, EngineError, Got, Read, Scan};

/// A row that a walk came to. It lies in the engine's memory, and is gone when the visitor has returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value; empty where only keys are wanted.
    pub value: &'a [u8],
    /// Of a lookup: the row that it points to, if that is there.
    pub pointed: Option<&'a [u8]>,
}

impl Row<'_> {
    /// The bytes that it counts for.
    pub fn size(&self) -> usize {
        self.key.len() + self.value.len() + self.pointed.map_or(0, <[u8]>::len)
    }
}

/// What is shown the rows of a walk, one by one, and may end it.
pub type Visitor<'v> = dyn FnMut(Row<'_>) -> ControlFlow<()> + Send + 'v;

/// What is shown one value, or that there is none.
pub type Shown<'v> = dyn FnMut(Option<&[u8]>) + Send + 'v;

impl Scan {
    /// What is left of its range behind the row `key`.
    pub fn behind(&self, key: &[u8]) -> Range<Vec<u8>> {
        match self.direction {
            Direction::Forward => [key, &[0]].concat()..self.range.end.clone(),
            Direction::Reverse => self.range.start.clone()..key.to_vec(),
        }
    }

    /// What is left of its range from the row `key` on.
    pub fn from(&self, key: &[u8]) -> Range<Vec<u8>> {
        match self.direction {
            Direction::Forward => key.to_vec()..self.range.end.clone(),
            Direction::Reverse => self.range.start.clone()..[key, &[0]].concat(),
        }
    }
}

/// The range that `read` walks.
///
/// # Errors
/// [`EngineError::Invalid`] if it walks none.
pub fn walked(read: &Read) -> Result<&Scan, EngineError> {
    read.scan().ok_or_else(|| EngineError::Invalid("what asks for single keys walks no range".into()))
}

/// Shows `visit` what was read by `read` at once, and gives back what is left of its range.
pub(super) fn show(
    read: &Read,
    got: Option<Got>,
    visit: &mut Visitor<'_>,
) -> Result<Option<Range<Vec<u8>>>, EngineError> {
    let scan = walked(read)?;
    let (entries, ended) = match got {
        Some(Got::Entries(entries)) => {
            let rows = entries.iter().map(|(key, value)| Row { key, value, pointed: None });
            let ended = broken_off(rows, visit);
            (entries, ended)
        }
        Some(Got::Found(found)) => {
            let ended = broken_off(found.iter().map(|(key, value, pointed)| Row { key, value, pointed }), visit);
            (found.entries, ended)
        }
        _ => return Err(EngineError::answered_otherwise()),
    };
    Ok(match ended {
        Some(rest) => Some(scan.behind(&rest)),
        None => entries.more.then(|| match entries.last() {
            Some((last, _)) => scan.behind(last),
            None => scan.range.clone(),
        }),
    })
}

/// The key of the row at which the walk was ended, if it was.
fn broken_off<'a>(mut rows: impl Iterator<Item = Row<'a>>, visit: &mut Visitor<'_>) -> Option<Vec<u8>> {
    rows.find(|row| visit(*row).is_break()).map(|row| row.key.to_vec())
}
