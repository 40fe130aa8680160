//! Rows that are no documents: what the exported store kept about itself, and what waits in queues. They are taken as they were or not at
//! all.

use super::{Import, LEDGER_BYTES, LEDGER_ROWS, Stage};
use crate::store::{
    engine::{MAX_KEY, MAX_VALUE},
    index::ledger,
    key::Kind,
    migrate,
    transfer::{LineProblem, TransferError, check_of},
};

/// What an export writes as rows without a meaning of their own.
const OTHERS: [Kind; 4] = [Kind::Queue, Kind::Cron, Kind::Receipt, Kind::Meta];

impl Import {
    /// A row that is no document.
    pub(super) async fn raw(
        &mut self,
        row: Vec<u8>,
        stored: Vec<u8>,
        check: Option<&str>,
    ) -> Result<(), TransferError> {
        let wrong = |problem| self.wrong(self.line, problem);
        let malformed = |told: &str| wrong(LineProblem::Malformed(told.to_owned()));
        if !self.is_whole {
            return Err(wrong(LineProblem::NoFirstLine));
        }
        let kind = row.first().copied().and_then(|first| OTHERS.into_iter().find(|kind| *kind as u8 == first));
        let Some(kind) = kind else {
            return Err(malformed(
                "it is no row that an export writes so: a document is written with its app and its key",
            ));
        };
        if row.len() > MAX_KEY || stored.len() > MAX_VALUE {
            return Err(malformed("it is larger than any row"));
        }
        if check != Some(&check_of(&[&row, &stored])) {
            return Err(wrong(LineProblem::ChangedRow));
        }
        match (self.stage, kind) {
            // It is about indexes that this store numbers otherwise, or about jobs.
            (Stage::Merging, Kind::Meta | Kind::Cron) => Ok(()),
            (Stage::Ledger, Kind::Meta) => self.keep(row, stored).map_err(|problem| self.wrong(self.line, problem)),
            (Stage::Rows, Kind::Meta) => {
                Err(malformed("what the store keeps about itself comes before all other rows"))
            }
            _ => self.put(row, stored).await,
        }
    }

    /// Keeps what the exported store kept about itself until all of it has come. What cannot be read later is not taken now.
    fn keep(&mut self, row: Vec<u8>, stored: Vec<u8>) -> Result<(), LineProblem> {
        let malformed = |told: &str| Err(LineProblem::Malformed(told.to_owned()));
        match ledger::check(&row, &stored).or_else(|| migrate::check(&row, &stored)) {
            Some(Ok(())) => {}
            Some(Err(problem)) => return malformed(&problem.to_string()),
            None => return malformed("a store of this version keeps no such row about itself"),
        }
        self.bytes += row.len() + stored.len();
        if self.bytes > LEDGER_BYTES || self.ledger.len() >= LEDGER_ROWS {
            return malformed("it is more than a store keeps about itself");
        }
        match self.ledger.insert(row, stored) {
            None => Ok(()),
            Some(_) => Err(LineProblem::Twice),
        }
    }
}
