//! What plugins stored, for whoever runs the host: of the plugins of this binary, and of those that it does not have, whose data is
//! kept.

mod told;

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::Value as Json;
use tokio::sync::{Mutex, OwnedMutexGuard};

pub use self::told::DAMAGED;
use self::told::{of_transfer, told, told_of_reading};
use super::{Host, orphans::Orphan};
use crate::{
    error::{Error, Result},
    id::AppId,
    plugin::state::PluginState,
    store::{
        Cursor, Db, Explain, Filter, Listed, Listing, Overview, Revision, Shown, Space, StoreError, Value,
        check_listing,
        index::IndexState,
        query::Find,
        transfer::{Export, Import, Imported, IntoWhat, Stillness},
        verify::Verified,
    },
};

/// What one plugin stored: [`Host::data`].
#[derive(Clone)]
pub struct Data {
    host: Host,
    plugin: String,
    of: Of,
    space: Arc<Space>,
}

/// Whose data it is.
#[derive(Debug, Clone)]
enum Of {
    /// The plugin's at this place of the catalog.
    Linked(usize),
    /// A plugin's that this binary does not have. Locked by who does something to all of it.
    Orphan(Arc<Mutex<()>>),
}

/// What one plugin stored, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataStats {
    /// The plugin's id.
    pub plugin: String,
    /// Whether this binary does not have the plugin.
    pub orphaned: bool,
    /// Where in its life the plugin stands; none if it is orphaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// What there is.
    #[serde(flatten)]
    pub overview: Overview,
}

/// An index that was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DroppedIndex {
    /// Its number.
    pub number: u64,
    /// As it was declared.
    pub definition: String,
    /// Whether a plugin of this binary declares it.
    pub declared: bool,
    /// Whether no two documents could have the same values.
    pub unique: bool,
    /// What is to be known where it is declared: that it comes back, and what does not hold until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

impl From<IndexState> for DroppedIndex {
    fn from(IndexState { number, definition, declared, unique, .. }: IndexState) -> Self {
        let warning = declared.then(|| {
            let comes_back =
                format!("a plugin declares the index ({definition}): the next start of the server builds it again");
            let until_then =
                "Until then two documents may come to have the same values, and it cannot be built if they do";
            if unique { format!("{comes_back}. {until_then}") } else { comes_back }
        });
        Self { number, definition, declared, unique, warning }
    }
}

/// A question to the documents of one plugin in one app, as people ask it.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The filter, as JSON; none for all.
    pub filter: Option<Json>,
    /// Fields to sort by, descending with a `-` before.
    pub sort: Vec<String>,
    /// How many documents at most.
    pub limit: Option<usize>,
    /// Where a page ended.
    pub cursor: Option<String>,
    /// What the keys begin with.
    pub under: String,
}

impl Question {
    /// Looks whether it is one, without asking it.
    ///
    /// # Errors
    /// 422 with the field that is wrong: `filter`, `sort`, `limit` or `cursor`.
    pub fn check(&self) -> Result<()> {
        let (filter, cursor) = self.parsed()?;
        check_listing(&filter, &self.sort, self.limit, cursor).map_err(told)
    }

    fn parsed(&self) -> Result<(Filter, Option<Cursor>)> {
        let filter = self.filter.as_ref().map_or_else(|| Ok(Filter::all()), Filter::from_json);
        let filter = filter.map_err(|problem| told(problem.into()))?;
        let cursor = self.cursor.as_ref().map(|text| text.parse()).transpose();
        Ok((filter, cursor.map_err(|problem| told(StoreError::Cursor(problem)))?))
    }

    fn of(self, db: &Db) -> Result<Listing> {
        let (filter, cursor) = self.parsed()?;
        let Self { sort, limit, under, .. } = self;
        let find = db.find::<Value>(filter).under(&under).after(cursor);
        let find = sort.iter().fold(find, |find, path| find.sort(path));
        let find = limit.into_iter().fold(find, Find::limit);
        Ok(find.listed())
    }
}

/// Keeps a plugin switched off, and others from doing something to all of its data.
type Held = OwnedMutexGuard<()>;

/// An export under way: the plugin stays switched off if it was, and an orphan's data what it is.
#[derive(Debug)]
pub struct Exporting {
    export: Export,
    _held: Option<Held>,
}

/// An import under way: the plugin stays switched off.
#[derive(Debug)]
pub struct Importing {
    import: Import,
    _held: Held,
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data").field("plugin", &self.plugin).field("of", &self.of).finish_non_exhaustive()
    }
}

impl Host {
    /// What the plugin `id` stored, whether this binary has the plugin or not.
    ///
    /// # Errors
    /// 404 if there is neither such a plugin nor data of one.
    pub async fn data(&self, id: &str) -> Result<Data> {
        if let Some((place, _)) = self.0.catalog.plugin(id) {
            let shared = &self.0.shared;
            let space = Arc::clone(shared.plugins[place].space(&shared.engine, &shared.clock));
            return Ok(Data { host: self.clone(), plugin: id.to_owned(), of: Of::Linked(place), space });
        }
        match self.orphans().await?.iter().any(|orphan| orphan == id) {
            true => Ok(self.orphaned(id)),
            false => Err(Error::not_found("there is no such plugin, nor data of one")),
        }
    }

    /// What every plugin stored: those of this binary in their order, then those that it does not have.
    ///
    /// # Errors
    /// If the engine cannot be read.
    pub async fn all_data(&self) -> Result<Vec<Data>> {
        let mut all = Vec::new();
        for plugin in self.0.catalog.plugins() {
            all.push(self.data(plugin.id()).await?);
        }
        all.extend(self.orphans().await?.iter().map(|id| self.orphaned(id)));
        Ok(all)
    }

    fn orphaned(&self, id: &str) -> Data {
        let Orphan { space, held } = self.orphan(id);
        Data { host: self.clone(), plugin: id.to_owned(), of: Of::Orphan(held), space }
    }
}

impl Data {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Whether this binary does not have the plugin.
    pub fn is_orphaned(&self) -> bool {
        matches!(self.of, Of::Orphan(_))
    }

    fn state(&self) -> Option<&PluginState> {
        match self.of {
            Of::Linked(place) => self.host.0.shared.plugins.get(place),
            Of::Orphan(_) => None,
        }
    }

    fn db(&self, app: &AppId) -> Db {
        Db::over(Arc::clone(&self.space), app.clone())
    }

    /// What there is, in numbers.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn stats(&self) -> Result<DataStats> {
        let overview = self.space.overview().await.map_err(told)?;
        let state = self.state().map(|plugin| plugin.life().word());
        Ok(DataStats { plugin: self.plugin.clone(), orphaned: self.is_orphaned(), state, overview })
    }

    /// The document `key` of `app`.
    ///
    /// # Errors
    /// 404 if there is none.
    pub async fn get(&self, app: &AppId, key: &str) -> Result<Shown> {
        let shown = self.db(app).show(key).await.map_err(told_of_reading)?;
        shown.ok_or_else(|| Error::not_found("there is no such document"))
    }

    /// The documents of `app` that are asked for, a page. Those that cannot be read are shown as their bytes; where a filter or an order
    /// asks for what they hold they are counted and passed over.
    ///
    /// # Errors
    /// 422 for a question that is none, with what is wrong and where.
    pub async fn find(&self, app: &AppId, question: Question) -> Result<Listed> {
        self.asked(app, question)?.page().await.map_err(told_of_reading)
    }

    /// How the same question is answered.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn explain(&self, app: &AppId, question: Question) -> Result<Explain> {
        self.asked(app, question)?.explain().await.map_err(told_of_reading)
    }

    fn asked(&self, app: &AppId, question: Question) -> Result<Listing> {
        question.of(&self.db(app))
    }

    /// Stores `value` in the place of the document `key` of `app`, which must be the write `expected`; none if there must be no document.
    /// A document of a collection becomes one of its type.
    ///
    /// # Errors
    /// 412 if somebody else wrote it, 422 if the value cannot be stored, 409 if this binary does not have the plugin.
    pub async fn put(&self, app: &AppId, key: &str, value: &Json, expected: Option<Revision>) -> Result<Revision> {
        self.check_linked()?;
        let _held = self.hold_if_still().await?;
        let db = self.db(app);
        let written = match expected {
            Some(expected) => db.edit(key, value, expected).await,
            None => db.set_if(key, value, None).await,
        };
        written.map_err(told)
    }

    /// Removes the document `key` of `app`, which must be the write `expected`.
    ///
    /// # Errors
    /// 412 if somebody else wrote it or it is gone, 409 if this binary does not have the plugin.
    pub async fn delete(&self, app: &AppId, key: &str, expected: Revision) -> Result<()> {
        self.check_linked()?;
        let _held = self.hold_if_still().await?;
        self.db(app).delete_if(key, expected).await.map_err(told)
    }

    /// Begins to export everything. Where the plugin is at work, what follows from documents is left out.
    ///
    /// # Errors
    /// 409 if the plugin's data is being imported or dropped.
    pub async fn export(&self) -> Result<Exporting> {
        let (held, stillness) = match self.state() {
            Some(plugin) if plugin.is_on() => (None, Stillness::Live),
            _ => (Some(self.hold("exported").await?), Stillness::Still),
        };
        let export = self.space.export(&self.plugin, stillness).await.map_err(told)?;
        Ok(Exporting { export, _held: held })
    }

    /// Begins to import.
    ///
    /// # Errors
    /// 409 if the plugin is at work, if this binary does not have it, or if there is data and `into` says that there is none.
    pub async fn import(&self, into: IntoWhat) -> Result<Importing> {
        self.check_linked()?;
        let held = self.hold("imported").await?;
        let import = self.space.import(&self.plugin, into).await.map_err(of_transfer)?;
        Ok(Importing { import, _held: held })
    }

    /// Looks whether everything is whole.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn verify(&self) -> Result<Verified> {
        self.space.verify().await.map_err(told)
    }

    /// Removes everything.
    ///
    /// # Errors
    /// 409 if the plugin is at work, or its data is being exported, imported or dropped.
    pub async fn drop_all(&self) -> Result<()> {
        let _held = self.hold("dropped").await?;
        self.space.clear().await.map_err(told)
    }

    /// Drops the index `number`. One that is declared is built again at the next start, and holds nothing to be unique until then.
    ///
    /// # Errors
    /// 404 if there is none, 409 if the plugin is off, or not there, and its data is being exported, imported or dropped.
    pub async fn drop_index(&self, number: u64) -> Result<DroppedIndex> {
        let _held = self.hold_if_still().await?;
        let states = self.space.index_states().await.map_err(told)?;
        let none = || Error::not_found("there is no such index");
        let state = states.into_iter().find(|index| index.number == number).ok_or_else(none)?;
        match self.space.drop_index(number).await.map_err(told)? {
            true => Ok(state.into()),
            false => Err(none()),
        }
    }

    fn check_linked(&self) -> Result<()> {
        match self.of {
            Of::Linked(_) => Ok(()),
            Of::Orphan(_) => {
                let id = &self.plugin;
                Err(Error::conflict(format!(
                    "this server does not have the plugin `{id}`: its data is kept as it is, and can be read, exported and dropped"
                )))
            }
        }
    }

    /// Keeps others from exporting, importing or dropping data that no plugin is at work with, while some of it is changed.
    async fn hold_if_still(&self) -> Result<Option<Held>> {
        match self.state() {
            Some(plugin) if plugin.is_on() => Ok(None),
            _ => self.hold("changed").await.map(Some),
        }
    }

    /// Keeps the plugin switched off, and others away, while its data is `done` to.
    async fn hold(&self, done: &str) -> Result<Held> {
        let id = &self.plugin;
        let taken =
            || Error::conflict(format!("the data of the plugin `{id}` is being exported, imported or dropped already"));
        let plugin = match &self.of {
            Of::Linked(place) => &self.host.0.shared.plugins[*place],
            Of::Orphan(held) => return Arc::clone(held).try_lock_owned().map_err(|_| taken()),
        };
        // Whoever switches it off waits for what it runs.
        let _changing = self.host.0.changing.lock().await;
        let held = plugin.hold().ok_or_else(taken)?;
        match plugin.is_on() {
            false => Ok(held),
            true => {
                Err(Error::conflict(format!("the plugin `{id}` is at work: switch it off before its data is {done}")))
            }
        }
    }
}

impl Exporting {
    /// The next lines, each with its end; none after the last.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn next(&mut self) -> Result<Option<String>> {
        self.export.next().await.map_err(told)
    }
}

impl Importing {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// 422 with the line that is wrong. Nothing more is taken then.
    pub async fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.import.take(bytes).await.map_err(of_transfer)
    }

    /// Ends, after the last bytes.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub async fn end(self) -> Result<Imported> {
        self.import.end().await.map_err(of_transfer)
    }
}
