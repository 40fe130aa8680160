//! What writes the rows of the fixtures that the store itself keeps: at an instant and with tags that are always the same.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use plugin_core::{
    __rt::stored::docs,
    ManualClock,
    prelude::*,
    store::{
        Db, MemEngine, Schema, Space, Value,
        codec::{self, Head},
        conformance::block_on,
        engine::{Direction as Walk, Durability, Engine, Got, Keyspace, MAX_SCAN, Read, Scan, Wanted, Write},
        index::{IndexField, IndexMeta},
        key,
        mem::strict::{Fate, Faults, StrictEngine},
        typed::{self, Document, DocumentMeta, MigrationMeta, Stored},
        value::Number,
    },
};
use serde_json::json;

use crate::fixture::Row;

/// Whose rows the fixtures are.
#[plugin(id = "format")]
#[derive(Debug)]
pub(crate) struct Format;

/// A document with a field of every type.
#[document(plugin = Format, collection = "notes", version = 2)]
#[index(author, -written_at)]
#[derive(PartialEq)]
pub(crate) struct Note {
    /// Its id.
    #[id]
    pub id: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// When.
    pub written_at: Timestamp,
    /// A bool.
    pub is_pinned: bool,
    /// Integers without a sign.
    pub unsigned: (u8, u16, u32, u64),
    /// Integers.
    pub signed: (i8, i16, i32, i64),
    /// Floats.
    pub floats: (f32, f64),
    /// A character.
    pub letter: char,
    /// A list.
    pub tags: Vec<String>,
    /// A map.
    pub scores: BTreeMap<String, i32>,
    /// Enums.
    pub states: Vec<State>,
    /// Anything.
    pub more: Dynamic,
}

/// One of several.
#[model(stored)]
#[derive(PartialEq)]
pub(crate) enum State {
    /// Its name alone.
    Draft,
    /// One thing.
    Rated(u8),
    /// Several.
    Moved(String, u8),
    /// Fields.
    Closed {
        /// By whom.
        by: String,
    },
}

/// The version before.
#[document(plugin = Format, collection = "notes", version = 1, retired)]
pub(crate) struct NoteV1 {
    /// Its id.
    #[id]
    pub id: String,
    /// Who wrote it.
    pub author: String,
}

#[migrate(from = 1)]
fn from_v1(old: NoteV1) -> Note {
    Note { author: Some(old.author), ..note(&old.id) }
}

static V1: DocumentMeta = DocumentMeta {
    collection: "notes",
    version: 1,
    id: "id",
    shape: <NoteV1 as Stored>::shape,
    from_value: |value| typed::encode(&value.into_typed::<NoteV1>()?),
    indexes: &[],
};

static UP: MigrationMeta =
    MigrationMeta { collection: "notes", from: 1, up: |bytes| Ok(typed::encode(&from_v1(typed::decode(bytes)?))?) };

/// What is known of a version of the notes.
pub(crate) fn version(version: u16) -> &'static DocumentMeta {
    if version == 1 { &V1 } else { Note::meta() }
}

const BY_VALUE: IndexMeta = IndexMeta::of("values:", &[IndexField::ascending("a"), IndexField::descending("b.c")]);
const SPARSE: IndexMeta = IndexMeta::of("values:", &[IndexField::ascending("d")]).sparse();
const UNIQUE: IndexMeta =
    IndexMeta::of("users:", &[IndexField::descending("email"), IndexField::ascending("of")]).unique();
const HALF_BUILT: IndexMeta = IndexMeta::of("", &[IndexField::ascending("email")]);
const UNBUILDABLE: IndexMeta = IndexMeta::of("values:", &[IndexField::descending("d")]).unique().sparse();

static DROPPED: [IndexMeta; 1] = [SPARSE];
static AT_FIRST: [IndexMeta; 3] = [BY_VALUE, SPARSE, UNIQUE];
pub(crate) static LATER: [IndexMeta; 5] = [BY_VALUE, SPARSE, UNIQUE, HALF_BUILT, UNBUILDABLE];

pub(crate) static KEYSPACE: LazyLock<Keyspace> = LazyLock::new(|| Keyspace::of_plugin("format"));

/// An engine that holds these rows.
pub(crate) fn engine(keyspace: &Keyspace, rows: Vec<Row>) -> Arc<dyn Engine> {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    block_on(async {
        engine.open(keyspace).await?;
        let writes = rows.into_iter().map(|row| Write::put(row.key, row.value)).collect();
        engine.commit(keyspace, writes, Durability::Synced).await
    })
    .expect("memory takes them");
    engine
}

/// The notes and `indexes` over `engine`, at the first instant of 2026.
pub(crate) fn space(engine: &Arc<dyn Engine>, indexes: &'static [IndexMeta], seed: u64) -> Arc<Space> {
    let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().expect("an instant"));
    let schema = Schema::new([Note::meta()], [&V1], [&UP], indexes);
    let space = Space::new(Arc::clone(engine), KEYSPACE.clone(), Durability::Synced);
    Arc::new(space.with_clock(clock.into()).with_schema(schema).with_seed(seed))
}

pub(crate) fn db(space: &Arc<Space>, app: &str) -> Db {
    Db::over(Arc::clone(space), AppId::new(app).expect("an app"))
}

/// Every row of a keyspace, in the order of their keys.
pub(crate) fn dump(engine: &Arc<dyn Engine>, keyspace: &Keyspace) -> Vec<Row> {
    let (range, direction, wanted) = (vec![0]..vec![0xff], Walk::Forward, Wanted::Entries);
    let scan = Scan { range, limit: MAX_SCAN, bytes: usize::MAX, direction, wanted };
    let got = block_on(engine.read(keyspace, &[Read::Scan(scan)])).expect("memory is read").pop();
    let Some(Got::Entries(entries)) = got else { panic!("a scan is answered by entries") };
    assert!(!entries.more, "a fixture is small");
    entries.iter().map(|(key, value)| Row { key: key.to_vec(), value: value.to_vec() }).collect()
}

const HOUR: Duration = Duration::from_secs(60 * 60);

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Object(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

fn numbers<T: Into<Number> + Copy>(numbers: &[T]) -> Value {
    Value::Array(numbers.iter().map(|number| Value::Number((*number).into())).collect())
}

/// One of each type, and of each length that an integer can have.
fn values() -> Vec<(&'static str, Value)> {
    let two_to_53 = 9_007_199_254_740_992_u64;
    vec![
        ("null", Value::Null),
        ("bools", Value::Array(vec![Value::Bool(false), Value::Bool(true)])),
        ("unsigned", numbers(&[0, 1, 250, 251, 65_535, 65_536, 4_294_967_295, 4_294_967_296, two_to_53 + 1, u64::MAX])),
        ("negative", numbers(&[-1, -125, -126, -32_768, -32_769, -2_147_483_649, i64::MIN])),
        ("floats", numbers(&[0.0, -0.0, 1.0, 1.5, -2.5, 1e300, f64::MIN_POSITIVE, two_to_53 as f64])),
        ("not-numbers", numbers(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY])),
        ("strings", Value::Array(["", "ada", "zażółć", "a\0b"].map(|text| Value::String(text.into())).into())),
        ("bytes", Value::Array(vec![Value::Bytes(Vec::new()), Value::Bytes(vec![0, 255, 7])])),
        (
            "times",
            Value::Array(
                ["1970-01-01T00:00:00Z", "2026-07-01T12:00:00.123456789Z", "1969-12-31T23:59:59.5Z"]
                    .map(|text| Value::Time(instant(text)))
                    .into(),
            ),
        ),
        ("nested", object([("", Value::Array(Vec::new())), ("a", object([("b", Value::Array(vec![object([])]))]))])),
    ]
}

/// Documents without a type.
pub(crate) fn documents() -> Vec<Row> {
    let engine = engine(&KEYSPACE, Vec::new());
    let db = db(&space(&engine, &[], 1), "default");
    block_on(async {
        for (name, value) in values() {
            db.set(name, &value).await?;
        }
        db.increment("count", 7).await?;
        db.increment("count", -9).await?;
        db.set_for("for-an-hour", &"soon gone", HOUR).await?;
        db.set("with\0nul", &json!({ "user": { "id": "ada", "tags": ["a", "b"] }, "open": true })).await
    })
    .expect("memory takes them");
    dump(&engine, &KEYSPACE)
}

/// A note with something of everything.
pub(crate) fn note(id: &str) -> Note {
    Note {
        id: id.into(),
        author: None,
        written_at: instant("2026-01-02T03:04:05.678Z"),
        is_pinned: true,
        unsigned: (7, 300, 70_000, u64::MAX),
        signed: (-7, -300, -70_000, i64::MIN),
        floats: (1.5, -0.25),
        letter: 'ż',
        tags: vec!["a".into(), String::new()],
        scores: BTreeMap::from([("x".into(), 1), ("y".into(), -1)]),
        states: vec![State::Draft, State::Rated(5), State::Moved("b".into(), 1), State::Closed { by: "ada".into() }],
        more: Dynamic::new(json!({ "anything": [1, null] })),
    }
}

/// Typed documents, one of them of an older version.
pub(crate) fn typed() -> Vec<Row> {
    let engine = engine(&KEYSPACE, vec![old_note()]);
    let db = db(&space(&engine, &[], 2), "default");
    block_on(async {
        docs::<Note>(&db).put(&note("1")).await?;
        docs::<Note>(&db).put_for(&Note { author: Some("ada".into()), ..note("2") }, HOUR).await
    })
    .expect("memory takes them");
    dump(&engine, &KEYSPACE)
}

/// As the binary of the first version wrote it.
fn old_note() -> Row {
    let old = NoteV1 { id: "old".into(), author: "eve".into() };
    let (head, payload) =
        (Head { revision: 3, tag: 0x0102_0304_0506_0708 }, typed::encode(&old).expect("it is stored"));
    let value = codec::seal_typed(head, None, NoteV1::shape().fingerprint(), 1, &payload);
    Row { key: key::document(&AppId::default(), "notes:old").into_bytes(), value }
}

/// An index that is being dropped: of one app its entries are gone, of another they are left.
pub(crate) fn dropping() -> Vec<Row> {
    let strict = Arc::new(StrictEngine::new(5, Faults::NONE));
    let engine: Arc<dyn Engine> = Arc::<StrictEngine>::clone(&strict);
    block_on(async {
        engine.open(&KEYSPACE).await?;
        let space = space(&engine, &DROPPED, 5);
        space.prepare().await?;
        for app in ["default", "shop"] {
            db(&space, app).set("values:1", &json!({ "d": 1 })).await?;
        }
        // Breaks off after the row that says so and the entries of the first app.
        strict.decide([Fate::Happens, Fate::Happens, Fate::Down]);
        let number = space.index_states().await?.first().expect("there is one").number;
        space.drop_index(number).await.expect_err("the engine is down by then");
        Ok::<_, StoreError>(())
    })
    .expect("memory takes them");
    dump(&engine, &KEYSPACE)
}

/// An index that was built without a document of a later version, which nobody can read yet.
pub(crate) fn left_out() -> Vec<Row> {
    let (head, payload) =
        (Head { revision: 1, tag: 0x0807_0605_0403_0201 }, typed::encode(&note("later")).expect("it is stored"));
    let later = codec::seal_typed(head, None, 0x0102_0304_0506_0708, 3, &payload);
    let key = key::document(&AppId::default(), "notes:later").into_bytes();
    let engine = engine(&KEYSPACE, vec![Row { key, value: later }]);
    let space = space(&engine, &[], 6);
    block_on(async {
        space.prepare().await?;
        space.build_indexes(|| true).await
    })
    .expect("memory takes them");
    dump(&engine, &KEYSPACE)
}

/// Indexes in every state but that one, what they are of, documents that expire, and a migration that is done.
pub(crate) fn indexes() -> Vec<Row> {
    let engine = engine(&KEYSPACE, Vec::new());
    let first = space(&engine, &AT_FIRST, 3);
    block_on(async {
        first.prepare().await?;
        let (db, shop) = (db(&first, "default"), db(&first, "shop"));
        for (name, value) in values() {
            let inner = object([("c", value.clone())]);
            db.set(&format!("values:{name}"), &object([("a", value), ("b", inner)])).await?;
        }
        for (name, number) in [("1", json!(1)), ("1.0", json!(1.0)), ("-1.5", json!(-1.5)), ("null", json!(null))] {
            db.set(&format!("values:number:{name}"), &json!({ "a": number, "b": { "c": number }, "d": 0 })).await?;
        }
        db.set("values:nothing", &json!({})).await?;
        db.set("users:ada", &json!({ "email": "ada@example.org", "of": 1 })).await?;
        db.set("users:nobody", &json!({ "of": 1 })).await?;
        db.set_for("users:guest", &json!({ "email": "guest@example.org", "of": 2 }), HOUR).await?;
        shop.set("users:ada", &json!({ "email": "ada@example.org", "of": 1 })).await?;
        docs::<Note>(&db).put(&Note { author: Some("ada".into()), ..note("1") }).await
    })
    .expect("memory takes them");
    let later = space(&engine, &LATER, 4);
    let asked = Cell::new(0);
    block_on(async {
        later.prepare().await?;
        // One step of the first index that is to be built, and all of the second.
        later.build_indexes(|| asked.replace(asked.get() + 1) != 1).await?;
        later.migrate(|| true).await
    })
    .expect("memory takes them");
    dump(&engine, &KEYSPACE)
}
