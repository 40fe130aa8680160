//! Lines as a keyspace: a whole export exactly as it was, into an empty one; or documents, one after another, into whatever is there.
//!
//! What follows from documents, the entries of indexes above all, is never taken from a file: each document brings its own along, in the
//! same commit. Whatever breaks an import off, what came of it is whole.

mod agree;
mod raw;
mod write;

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use serde_json::Value as Json;

use self::{agree::Shown, write::Row};
use super::{FORMAT, Line, LineProblem, MAX_LINE, TransferError, VERSION};
use crate::{
    id::AppId,
    json,
    store::{
        care::Turn,
        documents::{Documents, New},
        engine::{Direction, Scan, Wanted},
        error::StoreError,
        index::{Progress, ledger},
        key::{Key, Kind},
        record::{millis, of_key},
        space::Space,
        value::Value,
    },
};

/// The most documents that are written beside one another, and about the most lines whose rows are one commit.
const CHUNK: usize = 200;
/// The bytes at which a commit is large enough, or documents that wait for one another are.
const CHUNK_BYTES: usize = 1 << 20;
/// The most bytes that a store keeps about itself: rows of its indexes and of its migrations.
const LEDGER_BYTES: usize = 4 << 20;

/// The most rows of them: a document has an entry in every index, and with all of them is one commit.
const LEDGER_ROWS: usize = 256;

/// Where lines are imported into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntoWhat {
    /// A keyspace that has no rows but what the host keeps about the plugin's indexes and jobs, whose place the exported ones take.
    Empty,
    /// Whatever is there. Jobs go on as they do here.
    Merge(OnExisting),
}

/// What becomes of a row that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExisting {
    /// It stays, and the import ends.
    Refuse,
    /// It is written over.
    Replace,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Imported {
    /// Documents.
    pub documents: u64,
    /// All rows, documents among them. What follows from documents does not count.
    pub rows: u64,
    /// How many of the documents this binary cannot read: those of a type that it does not have, or has in another shape. They are
    /// kept as they are.
    pub unreadable: u64,
    /// What whoever imports should know: that an index cannot be built, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// An import under way. Bytes come in as they come; [`end`](Self::end) tells that there are no more.
pub struct Import {
    space: Arc<Space>,
    plugin: String,
    into: IntoWhat,
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    line: u64,
    /// Whether a first line came, which a last one has to follow.
    is_whole: bool,
    /// Whether its rows are of several moments: what was unique at each need not be so in all of them.
    is_live: bool,
    /// What the last line said, and how many rows came.
    end: Option<u64>,
    came: u64,
    stage: Stage,
    /// What the exported store kept about itself.
    ledger: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Rows that go in as they are, and what follows from them.
    rows: BTreeMap<Vec<u8>, Row>,
    documents: Vec<Pending>,
    /// Of indexes, by their numbers, what is kept of them: which documents they are without.
    kept: BTreeMap<u64, Option<ledger::Row>>,
    /// The bytes of what waits to be written: of what the store kept about itself, then of rows and documents.
    bytes: usize,
    imported: Imported,
    _turn: Turn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Documents are written as plugins write them.
    Merging,
    /// What the exported store kept about itself comes in.
    Ledger,
    /// Its rows do.
    Rows,
}

/// A document that is to be written as plugins write them.
struct Pending {
    line: u64,
    documents: Documents,
    key: String,
    new: New,
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Import").field("line", &self.line).field("imported", &self.imported).finish_non_exhaustive()
    }
}

impl Space {
    /// Begins to import the data of `plugin`. Nobody else may write meanwhile, and once begun it is to be seen to its end, good or bad.
    ///
    /// # Errors
    /// [`TransferError::NotEmpty`] if it is to be empty and is not.
    pub async fn import(self: &Arc<Self>, plugin: &str, into: IntoWhat) -> Result<Import, TransferError> {
        let failed = |problem| TransferError::Store { problem, imported: 0 };
        let turn = self.to_myself().await;
        if into == IntoWhat::Empty && !self.has_nothing().await.map_err(failed)? {
            return Err(TransferError::NotEmpty);
        }
        if into == IntoWhat::Empty {
            self.renewed();
        }
        Ok(Import {
            space: Arc::clone(self),
            plugin: plugin.to_owned(),
            into,
            partial: Vec::new(),
            line: 0,
            is_whole: false,
            is_live: false,
            end: None,
            came: 0,
            stage: Stage::Merging,
            ledger: BTreeMap::new(),
            rows: BTreeMap::new(),
            documents: Vec::new(),
            kept: BTreeMap::new(),
            bytes: 0,
            imported: Imported::default(),
            _turn: turn,
        })
    }

    /// Whether there is no row but what the host keeps about indexes and jobs.
    async fn has_nothing(&self) -> Result<bool, StoreError> {
        let (cron, meta) = (Key::of(Kind::Cron).range(), Key::of(Kind::Meta).range());
        for range in [vec![0]..cron.start, cron.end..meta.start, meta.end..vec![0xff]] {
            let (direction, wanted) = (Direction::Forward, Wanted::Keys);
            if !self.scan(Scan { range, limit: 1, bytes: 0, direction, wanted }).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Import {
    /// Takes the next bytes. What is whole of them is imported, in batches.
    ///
    /// # Errors
    /// [`TransferError`]. After one, nothing more is taken.
    pub async fn take(&mut self, bytes: &[u8]) -> Result<(), TransferError> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            self.check_length(line)?;
            self.line += 1;
            let whole = match self.partial.is_empty() {
                true => self.add(line).await,
                false => {
                    let mut partial = std::mem::take(&mut self.partial);
                    partial.extend_from_slice(line);
                    self.add(&partial).await
                }
            };
            whole?;
        }
        self.check_length(rest)?;
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    /// Refuses a line that goes on with `more` and is too long then, before that is kept.
    fn check_length(&self, more: &[u8]) -> Result<(), TransferError> {
        match self.partial.len() + more.len() > MAX_LINE {
            true => Err(self.wrong(self.line + 1, LineProblem::TooLong)),
            false => Ok(()),
        }
    }

    /// Ends: what is left is imported, and indexes that are not ready are built.
    ///
    /// # Errors
    /// [`TransferError`], above all if a whole export has no last line.
    pub async fn end(mut self) -> Result<Imported, TransferError> {
        if !self.partial.is_empty() {
            self.line += 1;
            let partial = std::mem::take(&mut self.partial);
            self.add(&partial).await?;
        }
        self.begin_rows().await?;
        self.flush().await?;
        let (imported, came) = (self.imported.rows, self.came);
        match (self.is_whole, self.end) {
            (true, None) => {
                return Err(TransferError::CutShort { told: "its last line is not there".into(), imported });
            }
            (_, Some(told)) if told != came => {
                let told = format!("its last line tells of {told} rows, and {came} came before it");
                return Err(TransferError::CutShort { told, imported });
            }
            _ => {}
        }
        let built = self.build().await;
        built.map_err(|problem| TransferError::Store { problem, imported })?;
        Ok(self.imported)
    }

    async fn build(&mut self) -> Result<(), StoreError> {
        self.space.build_indexes(|| true).await?;
        for index in self.space.index_states().await?.into_iter().filter(|index| index.progress == Progress::Failed) {
            let reason = index.reason.unwrap_or_default();
            self.imported.warnings.push(format!("the index ({}) cannot be built: {reason}", index.definition));
        }
        Ok(())
    }

    async fn add(&mut self, text: &[u8]) -> Result<(), TransferError> {
        let text = text.trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        let malformed = |told: &dyn fmt::Display| LineProblem::Malformed(told.to_string());
        let line: Line<'_> = serde_json::from_slice(text).map_err(|error| self.wrong(self.line, malformed(&error)))?;
        if self.end.is_some() {
            return Err(self.wrong(self.line, malformed(&"it comes after the last")));
        }
        if !line.is_first() && line.has_fields_of_first() {
            return Err(
                self.wrong(self.line, malformed(&"`version`, `plugin`, `at` and `live` stand in the first line alone"))
            );
        }
        match line {
            Line { format: Some(format), version, plugin, live, .. } => {
                self.is_live = live;
                self.first(&format, version, plugin.as_deref()).map_err(|problem| self.wrong(self.line, problem))
            }
            Line { end: Some(end), .. } => {
                self.end = Some(end);
                Ok(())
            }
            Line { row: Some(row), stored: Some(stored), check, .. } => {
                self.came += 1;
                let decoded = decoded(&row).and_then(|row| Ok((row, decoded(&stored)?)));
                let (row, stored) = decoded.map_err(|problem| self.wrong(self.line, problem))?;
                self.raw(row, stored, check.as_deref()).await
            }
            Line { app, key: Some(key), value, expires_at, unreadable, stored, check, .. } => {
                self.came += 1;
                let app = app.map_or(Ok(AppId::default()), AppId::new);
                let app = app.map_err(|error| self.wrong(self.line, malformed(&error)))?;
                match (stored, value) {
                    (Some(stored), value) => {
                        let shown =
                            Shown { value, expires_at, unreadable: unreadable.is_some(), check: check.as_deref() };
                        let agreed = decoded(&stored)
                            .and_then(|stored| self.check_shown(&app, &key, &stored, &shown).map(|()| stored));
                        let stored = agreed.map_err(|problem| self.wrong(self.line, problem))?;
                        self.stored(app, key, stored).await
                    }
                    // The null in its place is not what was stored.
                    (None, _) if unreadable.is_some() => Err(self.wrong(
                        self.line,
                        malformed(&"it says that the document is `unreadable`, and has no `stored`: put that back, or remove `unreadable` too, to import `value`"),
                    )),
                    (None, Some(value)) => {
                        let value = json::read::<Json>(value.get().as_bytes());
                        let value = value.map_err(|error| self.wrong(self.line, malformed(&error)))?;
                        self.written(app, key, value.into(), expires_at.map(millis)).await
                    }
                    (None, None) => Err(self.wrong(self.line, malformed(&"it has neither `value` nor `stored`"))),
                }
            }
            _ => Err(self.wrong(self.line, malformed(&"it has neither `key` nor `row` with `stored`"))),
        }
    }

    fn first(&mut self, format: &str, version: Option<u32>, plugin: Option<&str>) -> Result<(), LineProblem> {
        if format != FORMAT || self.line != 1 {
            let told = format!("`format` is `{FORMAT}`, in the first line");
            return Err(LineProblem::Malformed(told));
        }
        match (version, plugin) {
            (Some(1..=VERSION), Some(plugin)) if plugin == self.plugin => {}
            (Some(1..=VERSION), Some(other)) => return Err(LineProblem::OtherPlugin { found: other.to_owned() }),
            (Some(found), _) if found > VERSION => return Err(LineProblem::NewerVersion { found }),
            _ => return Err(LineProblem::Malformed("the first line has `version` and `plugin`".to_owned())),
        }
        self.is_whole = true;
        if self.into == IntoWhat::Empty {
            self.stage = Stage::Ledger;
        }
        Ok(())
    }

    /// A document as it was stored.
    async fn stored(&mut self, app: AppId, key: String, stored: Vec<u8>) -> Result<(), TransferError> {
        let documents = Documents { space: Arc::clone(&self.space), app };
        if self.stage != Stage::Merging {
            return self.put_document(&documents, &key, stored).await;
        }
        let schema = &self.space.schema;
        documents.place(&key).map_err(|problem| self.wrong(self.line, LineProblem::Refused(problem)))?;
        let record = documents.record(&key, &stored);
        // Not all that is damaged is noticed where nobody reads it.
        let new = record.and_then(|record| {
            of_key(&key, record.value())?;
            Ok(New { payload: of_key(&key, record.payload(schema, &key))?, expiry: record.expiry() })
        });
        match new {
            Ok(new) => self.pend(documents, key, new).await,
            // What cannot be read cannot be written as plugins write it.
            Err(problem) => self.merge_as_it_is(&documents, &key, stored, problem).await,
        }
    }

    /// A document that somebody wrote by hand.
    async fn written(
        &mut self,
        app: AppId,
        key: String,
        value: Value,
        expiry: Option<u64>,
    ) -> Result<(), TransferError> {
        self.begin_rows().await?;
        let documents = Documents { space: Arc::clone(&self.space), app };
        let new = documents.place(&key).and_then(|_| documents.new_value(&key, value));
        let new = new.map_err(|problem| self.wrong(self.line, LineProblem::Refused(problem)))?;
        self.pend(documents, key, New { expiry, ..new }).await
    }

    /// The bytes that are held: of the line that has begun and of what waits to be written.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let rows: usize = self.rows.iter().map(|(key, row)| key.len() + row.stored.len()).sum();
        let documents: usize = self.documents.iter().map(|it| it.key.len() + it.new.payload.size()).sum();
        self.partial.len() + rows + documents
    }

    fn wrong(&self, line: u64, problem: LineProblem) -> TransferError {
        TransferError::Line { line, problem, imported: self.imported.rows }
    }

    fn failed(&self, problem: StoreError) -> TransferError {
        TransferError::Store { problem, imported: self.imported.rows }
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, LineProblem> {
    BASE64_STANDARD.decode(text).map_err(|error| {
        LineProblem::Malformed(format!("its bytes are no base64: {}", error.to_string().trim_end_matches('.')))
    })
}
