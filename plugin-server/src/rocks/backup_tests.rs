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
        engine::{Durability, Engine, EngineError, Got, Keyspace, Read, Write},
    },
};

use super::{
    OpenError, RocksEngine,
    backup::{Backup, BackupError, Backups, Existing, Which},
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
fn a_backup_is_of_one_moment_in_all_keyspaces() {
    let places = Places::new();
    let engine = places.filled(0);
    let (count, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    let backups = places.backups();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !enough.load(SeqCst) {
                // One after another: none is written before those of the others before it.
                let n = count.fetch_add(1, SeqCst);
                (0..WRITERS).for_each(|writer| put(&engine, writer, n));
            }
        });
        for round in 1..=4 {
            while count.load(SeqCst) < round * 25 {
                thread::yield_now();
            }
            backups.create(&engine).expect("the disk has room");
        }
        enough.store(true, SeqCst);
    });
    for backup in backups.list().expect("a folder") {
        let to = places.0.path().join(format!("restored-{}", backup.id));
        let restored = restore(&backups, Which::Id(backup.id), &to);
        let there = |writer| (0..).take_while(|n| get(&restored, writer, *n).is_some()).count();
        let rows: Vec<usize> = (0..WRITERS).map(there).collect();
        assert!(rows.is_sorted_by(|one, next| one >= next) && rows[0] - rows[WRITERS - 1] <= 1, "{rows:?}");
        assert!(rows[0] > 0);
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

/// The tables of all backups.
fn tables(places: &Places) -> Vec<PathBuf> {
    let tables = fs::read_dir(places.0.path().join("backups/shared_checksum")).expect("a folder");
    let mut tables: Vec<_> = tables.map(|entry| entry.expect("an entry").path()).collect();
    tables.sort_unstable();
    tables
}

fn flip_a_bit(file: &Path) {
    let mut bytes = fs::read(file).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).expect("written");
}

/// Nothing that a backup of a folder has is without it, and nothing else is there.
fn files(places: &Places) -> (usize, usize, usize) {
    let count = |folder: &str| fs::read_dir(places.0.path().join("backups").join(folder)).expect("a folder").count();
    (count("meta"), count("private"), count("shared_checksum"))
}

#[test]
fn a_backup_on_top_of_a_damaged_file_is_not_kept_and_none_goes_for_it() {
    let places = Places::new();
    let engine = places.filled(50);
    let backups = places.backups();
    let first = backups.create(&engine).expect("a backup");
    let (before, damaged) = (files(&places), tables(&places).remove(0));
    flip_a_bit(&damaged);
    put(&engine, 0, 50);
    let refused = backups.create_and_keep(&engine, Some(NonZeroU32::MIN)).expect_err("it would have the damaged file");
    assert!(matches!(&refused, BackupError::NotKept { file, .. } if *file == damaged), "{refused:?}");
    assert!(refused.to_string().contains(&*damaged.to_string_lossy()), "{refused}");
    assert_eq!(files(&places), before, "all of it has gone, and nothing else");
    let listed = backups.list().expect("a folder");
    assert_eq!(listed.iter().map(|it| it.id).collect::<Vec<_>>(), [first.id]);
    assert!(listed[0].damage.as_ref().is_some_and(|what| what.contains(&*damaged.to_string_lossy())), "{listed:?}");

    // What the error says helps.
    fs::rename(&damaged, places.0.path().join("moved")).expect("ours");
    let second = backups.create(&engine).expect("the file is copied anew");
    assert_eq!(backups.list().expect("a folder"), [Backup { damage: None, ..first.clone() }, second]);
    let restored = restore(&backups, Which::Id(first.id), &places.other());
    assert!((0..50).all(|n| get(&restored, 0, n).is_some()));
}

#[test]
fn a_store_that_is_damaged_is_not_backed_up_and_older_backups_stay() {
    let places = Places::new();
    let engine = places.filled(50);
    let backups = places.backups();
    let first = backups.create(&engine).expect("a backup");
    let store =
        fs::read_dir(places.data().join("store")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let table = store.filter(|path| path.extension().is_some_and(|it| it == "sst")).min().expect("it was flushed");
    let (mut byte, open) = ([0], File::options().read(true).write(true).open(&table).expect("a file"));
    open.read_exact_at(&mut byte, 20).expect("a byte");
    open.write_all_at(&[!byte[0]], 20).expect("written");
    let refused = backups.create_and_keep(&engine, Some(NonZeroU32::MIN)).expect_err("the store is damaged");
    assert!(matches!(&refused, BackupError::Engine(EngineError::Corrupt(_))), "{refused:?}");
    assert!(refused.to_string().contains("no older one deleted"), "{refused}");
    assert_eq!(backups.list().expect("a folder"), [first]);
}

#[test]
fn a_damaged_backup_does_not_count_among_those_that_stay() {
    let places = Places::new();
    let engine = places.filled(1);
    let backups = places.backups();
    let mut known = Vec::new();
    let made: Vec<_> = (1..=4)
        .map(|n| {
            put(&engine, 0, n);
            let made = backups.create(&engine).expect("a backup");
            let new: Vec<_> = tables(&places).into_iter().filter(|table| !known.contains(table)).collect();
            known.extend(new.clone());
            (made.id, new)
        })
        .collect();
    // The newest alone has it.
    flip_a_bit(&made[3].1[0]);
    fs::remove_file(places.0.path().join(format!("backups/private/{}/CURRENT", made[2].0))).expect("ours");
    let whole = |all: Vec<Backup>| all.into_iter().map(|it| (it.id, it.damage.is_none())).collect::<Vec<_>>();
    let states = |goods: [bool; 4]| made.iter().map(|(id, _)| *id).zip(goods).collect::<Vec<_>>();
    assert_eq!(whole(backups.list().expect("a folder")), states([true, true, false, false]));
    assert_eq!(backups.keep(NonZeroU32::new(3).expect("three")).expect("ours"), 0, "there are two");
    assert_eq!(backups.keep(NonZeroU32::MIN).expect("ours"), 1);
    assert_eq!(whole(backups.list().expect("a folder")), states([true, true, false, false])[1..]);
    let restored = restore(&backups, Which::Id(made[1].0), &places.other());
    assert!((0..3).all(|n| get(&restored, 0, n).is_some()));
    let refused = backups.restore(Which::Latest, &places.0.path().join("none"), Existing::Refuse);
    assert!(matches!(refused, Err(BackupError::Damaged { id, .. }) if id == made[3].0), "{refused:?}");
}

#[test]
fn a_list_that_cannot_be_read_is_a_damaged_backup() {
    let places = Places::new();
    let engine = places.filled(5);
    let backups = places.backups();
    let first = backups.create(&engine).expect("a backup");
    let list = places.0.path().join(format!("backups/meta/{}", first.id));
    let text = fs::read_to_string(&list).expect("text");
    let last = text.trim_end().rfind('\n').expect("several lines");
    for damaged in [&text[..last + 1], &text[..text.len() - 2], "", "1\n2\n3"] {
        fs::write(&list, damaged).expect("ours");
        let listed = backups.list().expect("a folder");
        assert!(listed.len() == 1 && listed[0].damage.is_some(), "{damaged:?}: {listed:?}");
    }
    fs::write(&list, &text).expect("ours");
    assert_eq!(backups.list().expect("a folder"), [first]);
}

#[test]
fn backups_are_listed_while_another_is_made_and_where_nothing_can_be_written() {
    let places = Places::new();
    let engine = places.filled(5);
    let backups = places.backups();
    let made = backups.create(&engine).expect("a backup");
    let folder = places.0.path().join("backups");
    let lock = File::options().write(true).open(folder.join("backup.lock")).expect("the lock file");
    lock.try_lock().expect("it was given back");
    // What another is in the middle of.
    let begun = folder.join("meta/2.tmp");
    fs::write(&begun, "").expect("ours");
    let before = contents(&folder);
    assert_eq!(backups.list().expect("a folder"), [made]);
    assert_eq!(contents(&folder), before, "nothing was written");
    fs::create_dir(places.other()).expect("a folder");
    assert_eq!(Backups::at(places.other()).list().expect("a folder"), []);
    assert_eq!(contents(&places.other()), []);
}

/// Every file below `folder`, and when it was changed.
fn contents(folder: &Path) -> Vec<(PathBuf, std::time::SystemTime)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let changed = path.metadata().expect("it is there").modified().expect("a time");
        if path.is_dir() {
            all.extend(contents(&path));
        }
        all.push((path, changed));
    }
    all.sort_unstable();
    all
}
