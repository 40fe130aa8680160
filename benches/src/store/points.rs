//! One document at a time: read, written, written by many at once; and what else is one commit.

use std::{hint::black_box, time::Duration};

use futures_util::future::join_all;
use plugin_core::{
    __rt::serde_json,
    store::{Db, codec, engine::Durability},
};
use rocksdb::{ReadOptions, WriteBatch, WriteOptions};

use super::{
    MICROSECOND,
    data::{self, Conversation, DOCUMENTS, conversation, scattered, stored},
    ours::{Bed, UNIQUE, place},
    sqlite,
};
use crate::harness::{Case, Options, Targets, Time, interleave_in};

/// How many documents are written over and over.
const WRITTEN: u32 = 1_000;

/// How many write at once.
const WRITERS: u32 = 16;

pub(super) fn measure(options: &Options, targets: &mut Targets) {
    let bed = Bed::new();
    get(options, &bed, targets);
    put(options, &bed, Durability::Synced, targets);
    put(options, &bed, Durability::Relaxed, targets);
    writers(options, &bed, targets);
    unique(options, &bed);
    transaction(options, &bed);
}

fn get(options: &Options, bed: &Bed, targets: &mut Targets) {
    const RAW: &str = "RocksDB, pinned, and decoded";
    const OURS: &str = "get";
    let db = bed.filled("reads", &[]);
    let (raw, family, reading) = (bed.raw(), bed.family("reads"), ReadOptions::default());
    let keys: Vec<String> = (0..DOCUMENTS).map(data::key).collect();
    let places: Vec<Vec<u8>> = (0..DOCUMENTS).map(place).collect();
    let at = |time| scattered(time, DOCUMENTS) as usize;
    let pinned = |time| raw.get_pinned_cf_opt(&family, &places[at(time)], &reading).expect("a read").expect("a row");
    // They begin far from one another: none finds in the processor's caches what another has just read.
    let mut counts = [0, 33_000, 66_000];
    let [bare, decoded, ours] = &mut counts;
    let table = interleave_in(
        Time::OfThread,
        Duration::from_millis(4),
        options,
        vec![
            Case::new("RocksDB, pinned", |times| {
                for _ in 0..times {
                    black_box(pinned(next(bare)).len());
                }
            }),
            Case::new(RAW, |times| {
                for _ in 0..times {
                    black_box(codec::decode::<Conversation>(&pinned(next(decoded))).expect("a document"));
                }
            }),
            Case::new(OURS, |times| {
                bed.runtime.block_on(async {
                    for _ in 0..times {
                        black_box(db.get::<Conversation>(&keys[at(next(ours))]).await.expect("a read").expect("a row"));
                    }
                });
            }),
        ],
    );
    table.print_in(MICROSECOND, "one of 100,000 documents of 167 bytes, µs", RAW);
    targets.at_most("get / RocksDB, pinned, and decoded", table.ratio(OURS, RAW), 1.1);
    targets.where_missed(
        "ours makes the key, finds the column family by its name and boxes a future; a handle kept beside the store would spare the \
         second, a seam of one engine the third",
    );
}

fn put(options: &Options, bed: &Bed, durability: Durability, targets: &mut Targets) {
    const RAW: &str = "RocksDB, encoded and put";
    const OURS: &str = "set";
    const SQLITE: &str = "SQLite, a row of JSON replaced";
    let (word, slice) = match durability {
        Durability::Synced => ("durable", Duration::from_millis(5)),
        Durability::Relaxed => ("relaxed", Duration::from_millis(1)),
    };
    let (id, raw_id) = (format!("put-{word}"), format!("put-{word}-raw"));
    let db = bed.db(&id, durability, &[]);
    bed.db(&raw_id, durability, &[]);
    let (raw, family, mut writing) = (bed.raw(), bed.family(&raw_id), WriteOptions::default());
    writing.set_sync(durability == Durability::Synced);
    let keys: Vec<String> = (0..WRITTEN).map(data::key).collect();
    let places: Vec<Vec<u8>> = (0..WRITTEN).map(place).collect();
    let documents: Vec<Conversation> = (0..WRITTEN).map(conversation).collect();
    let at = |time| scattered(time, WRITTEN) as usize;
    let lite = sqlite::open(&bed.folder.path().join(format!("put-{word}.sqlite")));
    if durability == Durability::Relaxed {
        lite.execute_batch("PRAGMA synchronous = NORMAL").expect("a setting");
    }
    let mut insert = lite.prepare(sqlite::INSERT).expect("a statement");
    let mut counts = [0; 3];
    let [raws, ours, theirs] = &mut counts;
    let table = interleave_in(
        Time::Wall,
        slice,
        options,
        vec![
            Case::new(RAW, |times| {
                for _ in 0..times {
                    let at = at(next(raws));
                    raw.put_cf_opt(&family, &places[at], stored(&documents[at]), &writing).expect("a write");
                }
            }),
            Case::new(OURS, |times| {
                bed.runtime.block_on(async {
                    for _ in 0..times {
                        let at = at(next(ours));
                        db.set(&keys[at], &documents[at]).await.expect("a write");
                    }
                });
            }),
            Case::new(SQLITE, |times| {
                for _ in 0..times {
                    sqlite::put(&mut insert, scattered(next(theirs), WRITTEN));
                }
            }),
        ],
    );
    table.print_in(MICROSECOND, &format!("one document written, {word}, µs"), RAW);
    let (what, ratio) = (format!("set, {word} / RocksDB, encoded and put"), table.ratio(OURS, RAW));
    match durability {
        Durability::Synced => {
            targets.at_most(what, ratio, 1.15);
            targets.where_missed(
                "the thread that writes is woken, and wakes the one who waits: that is what many writers share a sync for. One who \
                 wrote alone could sync on its own thread, and would hold up all else there",
            );
        }
        Durability::Relaxed => {
            targets.would_be_at_most(what, ratio, 1.15);
            targets.where_missed(
                "beside the write there are the read of what was there before and its check in the same turn",
            );
        }
    }
}

fn writers(options: &Options, bed: &Bed, targets: &mut Targets) {
    const ONE: &str = "one writer";
    const MANY: &str = "16 writers";
    let db = bed.db("writers", Durability::Synced, &[]);
    let mut counts = [0; 2];
    let [one, many] = &mut counts;
    let slice = Duration::from_millis(if options.quick { 5 } else { 20 });
    let table = interleave_in(
        Time::Wall,
        slice,
        options,
        vec![
            Case::new(ONE, |times| {
                bed.runtime.block_on(write(&db, 0, one, times * u64::from(WRITERS)));
            }),
            Case::new(MANY, |times| {
                let from = *many;
                bed.runtime.block_on(join_all((1..=WRITERS).map(|writer| {
                    let (db, mut count) = (&db, from);
                    async move { write(db, writer, &mut count, times).await }
                })));
                *many += times;
            }),
        ],
    );
    table.print_in(MICROSECOND, "16 documents written, durable, µs", ONE);
    targets.at_least("durable sets of 16 writers / of one", 1.0 / table.ratio(MANY, ONE), 4.0);
}

/// Writes `times` documents, one after another, where no other writer does.
async fn write(db: &Db, writer: u32, count: &mut u64, times: u64) {
    for _ in 0..times {
        let number = writer * WRITTEN + scattered(next(count), WRITTEN);
        db.set(&data::key(number), &conversation(number)).await.expect("a write");
    }
}

/// A new document under a unique index: two rows, of which one must not be there.
fn unique(options: &Options, bed: &Bed) {
    const RAW: &str = "RocksDB, two rows in a batch";
    let db = bed.db("unique", Durability::Synced, UNIQUE);
    bed.db("unique-raw", Durability::Synced, &[]);
    let (raw, family, mut writing) = (bed.raw(), bed.family("unique-raw"), WriteOptions::default());
    writing.set_sync(true);
    let lite = sqlite::open(&bed.folder.path().join("unique.sqlite"));
    lite.execute_batch("CREATE UNIQUE INDEX by_subject ON documents (json_extract(body, '$.subject'))")
        .expect("an index");
    let mut insert = lite.prepare("INSERT INTO documents (key, body) VALUES (?1, ?2)").expect("a statement");
    let document = |number: u32| Conversation { subject: format!("Number {number:072}"), ..conversation(number) };
    let mut counts = [0_u32; 3];
    let [raws, ours, theirs] = &mut counts;
    let table = interleave_in(
        Time::Wall,
        Duration::from_millis(5),
        options,
        vec![
            Case::new(RAW, |times| {
                for _ in 0..times {
                    let (number, mut batch) = (another(raws), WriteBatch::default());
                    let document = document(number);
                    batch.put_cf(&family, place(number), stored(&document));
                    batch.put_cf(&family, &document.subject, place(number));
                    raw.write_opt(batch, &writing).expect("a write");
                }
            }),
            Case::new("insert under a unique index", |times| {
                bed.runtime.block_on(async {
                    for _ in 0..times {
                        let number = another(ours);
                        db.insert(&data::key(number), &document(number)).await.expect("there is none like it");
                    }
                });
            }),
            Case::new("SQLite, insert under a unique index", |times| {
                for _ in 0..times {
                    let number = another(theirs);
                    let body = serde_json::to_string(&document(number)).expect("JSON");
                    insert.execute((data::key(number), body)).expect("there is none like it");
                }
            }),
        ],
    );
    table.print_in(MICROSECOND, "one unique document, durable, µs", RAW);
}

/// Five documents in one commit.
fn transaction(options: &Options, bed: &Bed) {
    const RAW: &str = "RocksDB, a batch";
    let db = bed.db("transactions", Durability::Synced, &[]);
    bed.db("transactions-raw", Durability::Synced, &[]);
    let (raw, family, mut writing) = (bed.raw(), bed.family("transactions-raw"), WriteOptions::default());
    writing.set_sync(true);
    let lite = sqlite::open(&bed.folder.path().join("transactions.sqlite"));
    let mut insert = lite.prepare(sqlite::INSERT).expect("a statement");
    let mut counts = [0; 3];
    let [raws, ours, theirs] = &mut counts;
    let five = |time| (0..5).map(move |more| scattered(time + more * 200, WRITTEN));
    let table = interleave_in(
        Time::Wall,
        Duration::from_millis(5),
        options,
        vec![
            Case::new(RAW, |times| {
                for _ in 0..times {
                    let mut batch = WriteBatch::default();
                    for number in five(next(raws)) {
                        batch.put_cf(&family, place(number), stored(&conversation(number)));
                    }
                    raw.write_opt(batch, &writing).expect("a write");
                }
            }),
            Case::new("a transaction", |times| {
                bed.runtime.block_on(async {
                    for _ in 0..times {
                        let time = next(ours);
                        let done = db.txn(|tx| async move {
                            for number in five(time) {
                                tx.set(&data::key(number), &conversation(number))?;
                            }
                            Ok(())
                        });
                        done.await.expect("a commit");
                    }
                });
            }),
            Case::new("SQLite, a transaction", |times| {
                for _ in 0..times {
                    lite.execute_batch("BEGIN").expect("a transaction");
                    five(next(theirs)).for_each(|number| sqlite::put(&mut insert, number));
                    lite.execute_batch("COMMIT").expect("a commit");
                }
            }),
        ],
    );
    table.print_in(MICROSECOND, "five documents at once, durable, µs", RAW);
}

fn next(count: &mut u64) -> u64 {
    *count += 1;
    *count
}

fn another(count: &mut u32) -> u32 {
    *count += 1;
    *count
}
