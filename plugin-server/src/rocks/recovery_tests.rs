//! A disk that fills up under writers, and has room again.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{PoisonError, mpsc},
    thread,
};

use plugin_core::store::{
    conformance::block_on as wait,
    engine::{Durability, Engine, EngineError, Got, Keyspace, Read, Write},
};

use self::small_disk::SmallDisk;
use super::{Db, OpenError, RocksEngine, RocksReader, open, options::Tuning};

// No dependency on the black-box tests, which depend on this crate: their file alone.
#[expect(unreachable_pub, reason = "the black-box tests use it as a library")]
#[path = "../../../tests/src/small_disk.rs"]
mod small_disk;

fn notes() -> Keyspace {
    Keyspace::of_plugin("notes")
}

fn engine(dir: &Path) -> RocksEngine {
    let engine = RocksEngine::open(dir).expect("the folder is ours");
    wait(engine.open(&notes())).expect("a new keyspace");
    engine
}

fn put(engine: &RocksEngine, key: &str, value: Vec<u8>) -> Result<(), EngineError> {
    wait(engine.commit(&notes(), vec![Write::put(key.into(), value)], Durability::Synced))
}

fn get(engine: &RocksEngine, key: &str) -> Option<Vec<u8>> {
    match wait(engine.read(&notes(), &[Read::Get(key.into())])).expect("reads go on").pop() {
        Some(Got::Value(value)) => value,
        other => panic!("a Get is answered by a Value, not by {other:?}"),
    }
}

/// The value that writer `writer` puts as its `n`th; it cannot be compressed.
fn value(writer: usize, n: usize) -> Vec<u8> {
    let mut state = ((writer as u64 + 1) << 32) | (n as u64 + 1);
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(800 + n % 50).flatten().collect()
}

/// Puts small rows until one is taken.
fn until_it_takes_writes(engine: &RocksEngine) {
    loop {
        match put(engine, "again", vec![]) {
            Ok(()) => return,
            Err(EngineError::Unavailable(_) | EngineError::UnknownOutcome) => thread::yield_now(),
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn small_disk(size: &str) -> Option<SmallDisk> {
    SmallDisk::new(size).unwrap_or_else(|error| panic!("{error}"))
}

/// Every file below `dir` and what is in it.
fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files = entries.flat_map(|path| match path.is_dir() {
        true => contents(&path),
        false => BTreeMap::from([(path.clone(), fs::read(&path).expect("a file"))]),
    });
    files.collect()
}

#[test]
fn a_store_that_took_no_writes_takes_them_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(folder.path());
    put(&engine, "before", b"1".to_vec()).expect("a plain put");
    // A database that is open for reading only fails every write, as a full disk does.
    let shared = &engine.shared;
    drop(shared.place.clear());
    let (db, names) = open::for_reading(&shared.path, &Tuning::new()).expect("it was closed");
    drop(shared.put(db, names));
    let failed = put(&engine, "during", b"2".to_vec());
    assert!(matches!(failed, Err(EngineError::UnknownOutcome)), "{failed:?}");
    let refusal = engine.standing().refusal();
    let Some(EngineError::Unavailable(why)) = &refusal else { panic!("{refusal:?}") };
    assert!(why.contains("read only") && why.contains("by themselves"), "{why}");
    assert_eq!(get(&engine, "before"), Some(b"1".to_vec()));
    assert!(matches!(wait(engine.open(&Keyspace::of_plugin("new"))), Err(EngineError::Unavailable(_))));
    until_it_takes_writes(&engine);
    assert!(engine.standing().refusal().is_none());
    assert_eq!(get(&engine, "before"), Some(b"1".to_vec()));
    assert_eq!(get(&engine, "during"), None);
}

#[test]
fn a_store_that_someone_reads_is_opened_again_after_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(folder.path());
    put(&engine, "before", b"1".to_vec()).expect("a plain put");
    let (reading, began) = mpsc::channel();
    let (go_on, held) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let shared = &engine.shared;
        scope.spawn(move || {
            let read = shared.place.with(|db| {
                reading.send(()).expect("the test waits");
                held.recv().expect("the test lets go");
                let family = db.cf_handle(notes().name()).expect("made before");
                db.get_cf(&family, "before").map_err(super::failure)
            });
            assert_eq!(read.expect("the database it began with"), Some(b"1".to_vec()));
        });
        began.recv().expect("the read begins");
        engine.writer.failed(Db::open_default("/dev/null/nothing").expect_err("no folder"));
        // For a while the place is empty, but the database is open for as long as it is read.
        while engine.shared.place.with(|_| Ok(())).is_ok() {
            thread::yield_now();
        }
        assert_eq!(get(&engine, "before"), Some(b"1".to_vec()), "others read meanwhile");
        assert!(matches!(put(&engine, "during", vec![]), Err(EngineError::Unavailable(_))));
        go_on.send(()).expect("the read waits");
        until_it_takes_writes(&engine);
    });
    assert_eq!(get(&engine, "before"), Some(b"1".to_vec()));
}

#[test]
fn a_disk_that_fills_up_under_writers_costs_no_acknowledged_row() {
    let Some(disk) = small_disk("24m") else { return };
    let store = engine(&disk.data());
    let writers = 8;
    let acknowledged: Vec<usize> = thread::scope(|scope| {
        let write = |writer: usize| {
            let store = &store;
            move || {
                let failed =
                    (0..).find_map(|n| Some((n, put(store, &format!("{writer}:{n}"), value(writer, n)).err()?)));
                let (n, error) = failed.expect("the disk is small");
                assert!(matches!(error, EngineError::UnknownOutcome | EngineError::Unavailable(_)), "{error:?}");
                n
            }
        };
        let threads: Vec<_> = (0..writers).map(|writer| scope.spawn(write(writer))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let total: usize = acknowledged.iter().sum();
    assert!(total > 100, "{acknowledged:?}");
    let all_there = |store: &RocksEngine| {
        for (writer, count) in acknowledged.iter().enumerate() {
            for n in 0..*count {
                assert_eq!(get(store, &format!("{writer}:{n}")), Some(value(writer, n)), "{writer}:{n}");
            }
        }
    };
    all_there(&store);
    // Closing gave some room back, which may have been enough for a while.
    let refused = loop {
        match put(&store, "filling", vec![7; 1 << 20]) {
            Err(EngineError::Unavailable(why)) => break why,
            Ok(()) | Err(EngineError::UnknownOutcome) => {}
            Err(other) => panic!("{other:?}"),
        }
    };
    assert!(refused.contains("once the disk has room"), "{refused}");

    disk.resize("128m").expect("it was mounted before");
    until_it_takes_writes(&store);
    assert!(store.standing().refusal().is_none());
    all_there(&store);
    put(&store, "more", vec![7; 1 << 20]).expect("there is room");
    drop(store);
    let store = engine(&disk.data());
    all_there(&store);
    assert_eq!(get(&store, "more"), Some(vec![7; 1 << 20]));
}

#[test]
fn a_store_on_a_full_disk_is_not_opened_and_not_changed() {
    let Some(disk) = small_disk("48m") else { return };
    let store = engine(&disk.data());
    put(&store, "row", value(0, 0)).expect("there is room");
    drop(store);
    let ballast = disk.fill().expect("a file");
    let before = contents(&disk.data().join("store"));
    let error = RocksEngine::open(&disk.data()).expect_err("there is no room");
    assert!(matches!(error, OpenError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(contents(&disk.data().join("store")), before);
    fs::remove_file(ballast).expect("removed");
    assert_eq!(get(&engine(&disk.data()), "row"), Some(value(0, 0)));
}

#[test]
fn a_store_that_cannot_be_opened_again_is_read_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(folder.path());
    put(&engine, "before", b"1".to_vec()).expect("a plain put");
    // While a folder stands where the lock file goes, the database opens for reading alone.
    let lock = engine.shared.path.join("LOCK");
    fs::remove_file(&lock).expect("the file of an open database");
    fs::create_dir(&lock).expect("a folder in its way");
    engine.writer.failed(Db::open_default("/dev/null/nothing").expect_err("no folder"));
    let reopened_for_reading = || {
        let taken = engine.shared.place.with(|db| {
            let family = db.cf_handle(notes().name()).expect("made before");
            Ok(db.put_cf(&family, "probe", "").is_err_and(|error| error.as_ref().contains("read only")))
        });
        taken.unwrap_or(false)
    };
    while !reopened_for_reading() {
        thread::yield_now();
    }
    assert_eq!(get(&engine, "before"), Some(b"1".to_vec()));
    assert!(matches!(put(&engine, "during", vec![]), Err(EngineError::Unavailable(_))));
    fs::remove_dir(&lock).expect("the way is free");
    until_it_takes_writes(&engine);
    let names = engine.shared.names.read().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(names.contains(&notes()));
    assert_eq!(get(&engine, "before"), Some(b"1".to_vec()));
}

#[test]
fn a_store_on_a_disk_that_takes_no_writes_is_one_to_look_at() {
    let Some(disk) = small_disk("48m") else { return };
    put(&engine(&disk.data()), "row", value(0, 0)).expect("there is room");
    for without_lock in [false, true] {
        if without_lock {
            fs::remove_file(disk.data().join("server.lock")).expect("it is there");
        }
        disk.read_only().expect("nobody writes there any more");
        let reader = RocksReader::open(&disk.data()).expect("it can be read");
        let got = wait(reader.read(&notes(), &[Read::Get(b"row".to_vec())])).expect("it can be read");
        assert_eq!(got, [Got::Value(Some(value(0, 0)))]);
        drop(reader);
        assert!(RocksEngine::open(&disk.data()).is_err(), "it would have to write");
        disk.resize("48m").expect("it takes writes again");
    }
}
