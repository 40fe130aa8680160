//! Two ways of working with rows that several examples share.

use plugin_core::{
    prelude::*,
    store::{Db, Versioned},
};

/// Changes the row at `key`, starting from the default where there is none, as often as others get in between.
pub(crate) async fn update<T>(db: &Db, key: &str, change: impl Fn(&mut T)) -> Result<()>
where
    T: Serialize + for<'de> Deserialize<'de> + Default,
{
    loop {
        let (mut row, revision) = match db.get_versioned(key).await? {
            Some(Versioned { value, revision }) => (value, Some(revision)),
            None => (T::default(), None),
        };
        change(&mut row);
        match db.set_if(key, &row, revision).await {
            Err(StoreError::Conflict { .. }) => {}
            done => return Ok(done.map(drop)?),
        }
    }
}

/// Goes through all rows whose key begins with `prefix`, page by page, so that their number does not matter.
pub(crate) async fn for_each<T>(db: &Db, prefix: &str, mut each: impl FnMut(&str, T)) -> Result<()>
where
    T: for<'de> Deserialize<'de> + Send + 'static,
{
    let mut cursor = None;
    loop {
        let page: Page<Entry<T>> = db.find(query! {}).under(prefix).limit(1000).after(cursor).await?;
        for entry in page.items {
            each(entry.key.strip_prefix(prefix).unwrap_or(&entry.key), entry.value);
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}
