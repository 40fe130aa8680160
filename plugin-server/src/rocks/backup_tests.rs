//! What is restored is what was there: under writers, after damage, beside a store.

use std::{
    fs::{self, File},
    num::NonZeroU32,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    thread,
};

use plugin_core::{
    Timestamp,
    store::{
        conformance::block_on as wait,
        engine::{Durability, Engine, Got, Keyspace, Read, Write},
    },
};

use super::{
    OpenError, RocksEngine,
    backup::{BackupError, Backups, Existing, Which},
};

const WRITERS: usize = 4;

/// Each writer has a keyspace of its own.
fn keyspace(writer: usize) -> Keyspace {
    Keyspace::of_plugin(&format!("writer-{writer}"))
}

fn put(engine: &RocksEngine, writer: usize, n: usize) {
    let write = Write::put(format!("{n:06}").into_bytes(), value(writer, n));
    wait(engine.commit(&keyspace(writer), vec![write], Durability::Synced)).expect("a put");
}

fn value(writer: usize, n: usize) -> Vec<u8> {
    format!("{writer}:{n};").repeat(40).into_bytes()
}

fn get(engine: &RocksEngine, writer: usize, n: usize) -> Option<Vec<u8>> {
    let key = Read::Get(format!("{n:06}").into_bytes());
    match wait(engine.read(&keyspace(writer), &[key])).expect("a read").pop() {
        Some(Got::Value(value)) => value,
        other => panic!("a Get is answered by a Value, not by {other:?}"),
    }
}

/// A store, a folder for backups, and a place to restore to.
struct Places(tempfile::TempDir);

impl Places {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn other(&self) -> PathBuf {
        self.0.path().join("other")
    }

    fn backups(&self) -> Backups {
        Backups::at(self.0.path().join("backups"))
    }

    /// The store, with `rows` rows of each writer.
    fn filled(&self, rows: usize) -> RocksEngine {
        let engine = RocksEngine::open(&self.data()).expect("the folder is ours");
        for writer in 0..WRITERS {
            wait(engine.open(&keyspace(writer))).expect("a keyspace");
            (0..rows).for_each(|n| put(&engine, writer, n));
        }
        engine
    }
}

fn restore(backups: &Backups, which: Which, to: &Path) -> RocksEngine {
    let restored = backups.restore(which, to, Existing::Refuse).expect("there is a backup, and no store");
    assert_eq!(restored.moved_aside, None);
    RocksEngine::open(to).expect("it was opened before it took its place")
}

#[test]
fn a_backup_under_writers_is_a_prefix_with_all_that_was_acknowledged_before() {
    let places = Places::new();
    let engine = places.filled(0);
    let (counts, enough) = ([(); WRITERS].map(|()| AtomicUsize::new(0)), AtomicBool::new(false));
    let acknowledged = |writer: usize| counts[writer].load(SeqCst);
    let backups = places.backups();
    let mut made = Vec::new();
    thread::scope(|scope| {
        for (writer, count) in counts.iter().enumerate() {
            let (engine, enough) = (&engine, &enough);
            scope.spawn(move || {
                while !enough.load(SeqCst) {
                    put(engine, writer, count.load(SeqCst));
                    count.fetch_add(1, SeqCst);
                }
            });
        }
        for round in 1..=4 {
            while (0..WRITERS).any(|writer| acknowledged(writer) < round * 30) {
                thread::yield_now();
            }
            let before: Vec<usize> = (0..WRITERS).map(acknowledged).collect();
            made.push((backups.create(&engine).expect("the disk has room"), before));
        }
        enough.store(true, SeqCst);
    });
    assert_eq!(backups.list().expect("a folder"), made.iter().map(|(backup, _)| backup.clone()).collect::<Vec<_>>());
    for (backup, before) in made {
        let to = places.0.path().join(format!("restored-{}", backup.id));
        let restored = restore(&backups, Which::Id(backup.id), &to);
        for (writer, before) in before.into_iter().enumerate() {
            let all = acknowledged(writer) + 1;
            let there = (0..all).take_while(|n| get(&restored, writer, *n) == Some(value(writer, *n))).count();
            assert!(there >= before, "writer {writer}: {there} of {before}");
            let behind = (there..all).find(|n| get(&restored, writer, *n).is_some());
            assert_eq!(behind, None, "writer {writer} has {there} rows and one behind a gap");
        }
    }
}

#[test]
fn the_latest_is_restored_unless_another_is_named() {
    let places = Places::new();
    let engine = places.filled(1);
    let backups = places.backups();
    assert_eq!(backups.list().expect("no folder is no backup"), []);
    let first = backups.create(&engine).expect("a backup");
    put(&engine, 0, 1);
    let second = backups.create(&engine).expect("a backup");
    assert!(second.id > first.id && second.size > 0 && second.made_at >= first.made_at, "{first:?} {second:?}");
    assert!(get(&restore(&backups, Which::Latest, &places.other()), 0, 1).is_some());
    let older = restore(&backups, Which::Id(first.id), &places.0.path().join("older"));
    assert!(get(&older, 0, 0).is_some() && get(&older, 0, 1).is_none());
    let missing = backups.restore(Which::Id(77), &places.0.path().join("none"), Existing::Refuse);
    let missing = missing.expect_err("there is no such backup");
    assert!(missing.to_string().contains(&format!("it has {}, {}", first.id, second.id)), "{missing}");
}

#[test]
fn a_store_that_is_there_is_kept() {
    let places = Places::new();
    let engine = places.filled(1);
    let backups = places.backups();
    backups.create(&engine).expect("a backup");
    put(&engine, 0, 1);
    let time: Timestamp = "2026-07-01T12:00:00Z".parse().expect("a time");
    let in_use = backups.restore(Which::Latest, &places.data(), Existing::MoveAside(time));
    assert!(matches!(in_use, Err(BackupError::Open(OpenError::InUse { .. }))), "{in_use:?}");
    drop(engine);
    let refused = backups.restore(Which::Latest, &places.data(), Existing::Refuse).expect_err("there is a store");
    assert!(matches!(refused, BackupError::StoreExists(_)), "{refused:?}");
    let restored = backups.restore(Which::Latest, &places.data(), Existing::MoveAside(time)).expect("it may be moved");
    let aside = restored.moved_aside.expect("there was a store");
    assert_eq!(aside, places.data().join("store.before-restore-20260701T120000.000Z"));
    assert!(get(&RocksEngine::open(&places.data()).expect("restored"), 0, 1).is_none());
    fs::create_dir(places.other()).expect("a folder");
    fs::rename(aside, places.other().join("store")).expect("moved back");
    assert!(get(&RocksEngine::open(&places.other()).expect("as it was"), 0, 1).is_some());
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let places = Places::new();
    let backups = places.backups();
    let made = backups.create(&places.filled(50)).expect("a backup");
    let tables = fs::read_dir(places.0.path().join("backups/shared_checksum")).expect("tables");
    let table = tables.map(|entry| entry.expect("an entry").path()).next().expect("one table");
    File::options().write(true).open(table).expect("a file").write_all_at(b"damage", 20).expect("written");
    let error = backups.restore(Which::Latest, &places.other(), Existing::Refuse).expect_err("it is damaged");
    assert!(matches!(error, BackupError::Damaged { id, .. } if id == made.id), "{error:?}");
    assert!(!places.other().join("store").exists());
}

#[test]
fn old_backups_go_and_the_newest_stay() {
    let places = Places::new();
    let engine = places.filled(1);
    let backups = places.backups();
    let made: Vec<_> = (1..4)
        .map(|n| {
            put(&engine, 0, n);
            backups.create(&engine).expect("a backup")
        })
        .collect();
    assert_eq!(backups.keep(NonZeroU32::new(2).expect("two")).expect("the folder is ours"), 1);
    assert_eq!(backups.list().expect("a folder"), made[1..]);
    let restored = restore(&backups, Which::Latest, &places.other());
    assert!((0..4).all(|n| get(&restored, 0, n).is_some()));
}

#[test]
fn two_do_not_change_a_folder_at_once() {
    let places = Places::new();
    let engine = places.filled(1);
    let backups = places.backups();
    backups.create(&engine).expect("a backup");
    let lock = File::options().write(true).open(places.0.path().join("backups/backup.lock")).expect("the lock file");
    lock.try_lock().expect("it was given back");
    for done in [
        backups.create(&engine).map(drop),
        backups.restore(Which::Latest, &places.other(), Existing::Refuse).map(drop),
        backups.keep(NonZeroU32::MIN).map(drop),
    ] {
        assert!(matches!(done, Err(BackupError::InUse(_))), "{done:?}");
    }
}
