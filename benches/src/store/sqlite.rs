//! SQLite with the same documents as JSON, indexed by expressions, at the same durability and with a cache of the same size.

use std::path::Path;

use plugin_core::__rt::serde_json;
use rusqlite::{Connection, Row, Statement, params};

use super::data::{self, Brief, Conversation, DOCUMENTS};

/// An empty database at `path`, each commit of which is on disk.
pub(super) fn open(path: &Path) -> Connection {
    let sqlite = Connection::open(path).expect("a new database");
    let made = sqlite.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
         CREATE TABLE documents (key TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL);",
    );
    made.expect("a table");
    sqlite
}

/// All documents, with the indexes that ours have.
pub(super) fn filled(path: &Path) -> Connection {
    let sqlite = open(path);
    sqlite.execute_batch("BEGIN").expect("a transaction");
    let mut insert = sqlite.prepare(INSERT).expect("a statement");
    for number in 0..DOCUMENTS {
        put(&mut insert, number);
    }
    drop(insert);
    let indexed = sqlite.execute_batch(
        "COMMIT;
         CREATE INDEX by_user ON documents (json_extract(body, '$.userId'), key);
         CREATE INDEX by_user_latest ON documents
             (json_extract(body, '$.userId'), json_extract(body, '$.endedAt') DESC, key);
         ANALYZE;
         PRAGMA wal_checkpoint(TRUNCATE);",
    );
    indexed.expect("indexes");
    sqlite
}

pub(super) const INSERT: &str = "INSERT OR REPLACE INTO documents (key, body) VALUES (?1, ?2)";

/// Documents of a user, in the order of their keys.
pub(super) const OF_USER: &str =
    "SELECT key, body FROM documents WHERE json_extract(body, '$.userId') = ?1 ORDER BY key LIMIT ?2";

/// Documents of a user, the latest first.
pub(super) const LATEST: &str = "SELECT key, body FROM documents WHERE json_extract(body, '$.userId') = ?1
     ORDER BY json_extract(body, '$.endedAt') DESC, key LIMIT ?2";

/// Two fields of the same.
pub(super) const LATEST_BRIEF: &str = "SELECT key, json_extract(body, '$.userId'), json_extract(body, '$.endedAt')
     FROM documents WHERE json_extract(body, '$.userId') = ?1
     ORDER BY json_extract(body, '$.endedAt') DESC, key LIMIT ?2";

pub(super) const COUNT: &str = "SELECT count(*) FROM documents WHERE json_extract(body, '$.userId') = ?1";

/// All documents of a user, found by looking at every one.
pub(super) const SCAN: &str = "SELECT key, body FROM documents NOT INDEXED WHERE json_extract(body, '$.userId') = ?1";

/// Stores the document `number`.
pub(super) fn put(insert: &mut Statement<'_>, number: u32) {
    let body = serde_json::to_string(&data::conversation(number)).expect("JSON");
    insert.execute(params![data::key(number), body]).expect("an insert");
}

/// The rows that a query for a user finds, as `read` has them.
pub(super) fn rows<T>(query: &mut Statement<'_>, user: &str, limit: usize, read: fn(&Row<'_>) -> T) -> Vec<T> {
    let limit = i64::try_from(limit).expect("small");
    let rows = query.query_map(params![user, limit], |row| Ok(read(row))).expect("a query");
    rows.map(|row| row.expect("a row")).collect()
}

/// A row as its key and the text of its body.
pub(super) fn text(row: &Row<'_>) -> (String, String) {
    (row.get(0).expect("a key"), row.get(1).expect("a body"))
}

/// A row as its key and its document.
pub(super) fn document(row: &Row<'_>) -> (String, Conversation) {
    let body = row.get_ref(1).and_then(|body| Ok(body.as_str()?)).expect("a body");
    (row.get(0).expect("a key"), serde_json::from_str(body).expect("a document"))
}

/// A row as its key and two fields.
pub(super) fn brief(row: &Row<'_>) -> (String, Brief) {
    let ended_at: i64 = row.get(2).expect("a field");
    let ended_at = ended_at.unsigned_abs();
    (row.get(0).expect("a key"), Brief { user_id: row.get(1).expect("a field"), ended_at })
}

/// How SQLite would answer `query`, in its words.
pub(super) fn plan(sqlite: &Connection, query: &str) -> String {
    let mut explain = sqlite.prepare(&format!("EXPLAIN QUERY PLAN {query}")).expect("a query");
    let mut rows = explain.raw_query();
    let mut said = Vec::new();
    while let Some(row) = rows.next().expect("a plan") {
        said.push(row.get::<_, String>(3).expect("a step"));
    }
    said.join("; ")
}
