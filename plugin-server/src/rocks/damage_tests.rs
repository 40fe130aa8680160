//! One byte of a store is flipped: it is refused, or the read that meets it names the file. Never a wrong value, never a row less.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use plugin_core::{
    random::Random,
    store::{
        conformance::block_on as wait,
        engine::{Durability, Engine, EngineError, Got, Keyspace, Read, Write as Put},
    },
};

use super::{OpenError, RocksEngine, open::logs};

const FLIPS: usize = 200;
const SEED: u64 = 7;

/// A folder of memory where there is one: four hundred stores are opened, and nothing of them needs to last.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// What was written, as (keyspace, key, value).
type Rows = Vec<(Keyspace, String, Vec<u8>)>;

/// A store with three keyspaces whose rows are in tables, in the log, or in both.
struct Filled {
    folder: tempfile::TempDir,
    rows: Rows,
}

impl Filled {
    fn new() -> Self {
        let folder = folder();
        let engine = RocksEngine::open(folder.path()).expect("a new store");
        let mut numbers = Random::of(SEED);
        let mut rows = Rows::new();
        let keyspaces = ["analytics", "cleanup", "notes"].map(Keyspace::of_plugin);
        for keyspace in &keyspaces {
            wait(engine.open(keyspace)).expect("a new keyspace");
        }
        for part in ["tabled", "logged"] {
            for (place, keyspace) in keyspaces.iter().enumerate() {
                for n in 0..25 {
                    // Some larger than a block of the log.
                    let length = if n == 7 { 50_000 } else { 20 + numbers.below(1_000) };
                    let value: Vec<u8> = (0..length).map(|_| numbers.number() as u8).collect();
                    let key = format!("{part}:{n:02}");
                    wait(engine.commit(
                        keyspace,
                        vec![Put::put(key.clone().into(), value.clone())],
                        Durability::Synced,
                    ))
                    .expect("a put");
                    rows.push((keyspace.clone(), key, value));
                }
                if part == "tabled" && place < 2 {
                    engine.flush(keyspace);
                }
            }
        }
        Self { folder, rows }
    }

    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(self.folder.path().join("store")).expect("a store");
        let mut files: Vec<_> = files.map(|entry| entry.expect("an entry").path()).collect();
        files.retain(|file| file.extension().is_some_and(|found| found == extension));
        files.sort();
        files
    }

    /// A copy in which one bit of the byte at `place` of `file` is another.
    fn flipped(&self, file: &Path, place: u64, bit: u32) -> tempfile::TempDir {
        let copy = folder();
        fs::create_dir(copy.path().join("store")).expect("a folder");
        for entry in fs::read_dir(self.folder.path().join("store")).expect("a store") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), copy.path().join("store").join(entry.file_name())).expect("copied");
        }
        let file = copy.path().join("store").join(file.file_name().expect("a file"));
        let file = File::options().read(true).write(true).open(file).expect("copied");
        let mut byte = [0];
        file.read_exact_at(&mut byte, place).expect("within the file");
        file.write_all_at(&[byte[0] ^ (1 << bit)], place).expect("written");
        copy
    }
}

/// What became of a flip.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Refused,
    Named,
    /// Every row is there.
    Unharmed,
}

/// Opens the store in `dir` and reads everything. Whatever is wrong with it must be `file`'s fault, and said to be.
fn outcome(dir: &Path, rows: &Rows, file: &str) -> Result<Outcome, String> {
    let engine = match RocksEngine::open(dir) {
        Ok(engine) => engine,
        Err(OpenError::Refused { file: Some(named), .. }) if named.ends_with(file) => return Ok(Outcome::Refused),
        Err(other) => return Err(format!("refused without its name: {other:?}")),
    };
    let mut outcome = Outcome::Unharmed;
    let mut damaged = |error: EngineError| match error {
        EngineError::Corrupt(said) if said.contains(file) => {
            outcome = Outcome::Named;
            Ok(())
        }
        other => Err(format!("an error without its name: {other:?}")),
    };
    for (keyspace, key, value) in rows {
        match wait(engine.read(keyspace, &[Read::Get(key.clone().into())])) {
            Ok(got) if got == [Got::Value(Some(value.clone()))] => {}
            Ok(other) => return Err(format!("{keyspace:?} {key}: {other:?}")),
            Err(error) => damaged(error)?,
        }
    }
    let mut keyspaces: Vec<_> = rows.iter().map(|(keyspace, ..)| keyspace).collect();
    keyspaces.dedup();
    for keyspace in keyspaces {
        match scanned(&engine, keyspace) {
            Ok(found) => {
                let expected = rows.iter().filter(|(of, ..)| of == keyspace);
                let mut expected: Vec<_> =
                    expected.map(|(_, key, value)| (key.clone().into(), value.clone())).collect();
                expected.sort();
                if found != expected {
                    return Err(format!("a scan of {keyspace:?} gives {} rows", found.len()));
                }
            }
            Err(error) => damaged(error)?,
        }
    }
    Ok(outcome)
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn scanned(engine: &RocksEngine, keyspace: &Keyspace) -> Result<Pairs, EngineError> {
    engine.shared.place.with(|db| {
        let family = super::family(db, keyspace)?;
        let mut cursor = db.raw_iterator_cf_opt(&family, super::options::reading());
        cursor.seek_to_first();
        let mut rows = Vec::new();
        while let Some((key, value)) = cursor.item() {
            rows.push((key.to_vec(), value.to_vec()));
            cursor.next();
        }
        cursor.status().map(|()| rows).map_err(super::failure)
    })
}

/// Flips a bit at [`FLIPS`] places of `files` and gives back how often it came to what.
fn flips(filled: &Filled, files: &[PathBuf], seed: u64) -> [usize; 3] {
    let mut numbers = Random::of(seed);
    let mut counts = [0; 3];
    let size = |file: &PathBuf| fs::metadata(file).expect("a file").len() as usize;
    let sizes: Vec<usize> = files.iter().map(size).collect();
    for _ in 0..FLIPS {
        let mut place = numbers.below(sizes.iter().sum());
        let bit = numbers.below(8) as u32;
        let mut file = 0;
        while place >= sizes[file] {
            place -= sizes[file];
            file += 1;
        }
        let name = files[file].file_name().expect("a file").to_str().expect("ASCII");
        let copy = filled.flipped(&files[file], place as u64, bit);
        match outcome(copy.path(), &filled.rows, name) {
            Ok(outcome) => counts[outcome as usize] += 1,
            Err(error) => panic!("seed {seed:#x}, bit {bit} of byte {place} of {name}: {error}"),
        }
    }
    counts
}

#[test]
fn a_flipped_byte_of_the_log_is_refused_by_name() {
    let filled = Filled::new();
    let newest = logs(&filled.folder.path().join("store")).pop().expect("a log");
    assert!(fs::metadata(&newest).expect("a log").len() > 3 << 15, "it has several blocks");
    let [refused, named, unharmed] = flips(&filled, &[newest], SEED);
    // The log is read as a whole, so nothing but the filling at the end of a block can be flipped unnoticed.
    assert!(refused >= FLIPS - 2, "{refused} refused, {named} named, {unharmed} unharmed");
}

#[test]
fn a_flipped_byte_of_a_table_is_named_by_the_read_that_meets_it() {
    let filled = Filled::new();
    let tables = filled.files("sst");
    assert!(tables.len() >= 2, "{tables:?}");
    let [refused, named, unharmed] = flips(&filled, &tables, !SEED);
    assert!(named > FLIPS / 2, "{refused} refused, {named} named, {unharmed} unharmed");
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn how_much_of_which_log_a_crash_cut_off_is_told() {
    let filled = Filled::new();
    let newest = logs(&filled.folder.path().join("store")).pop().expect("a log");
    let size = fs::metadata(&newest).expect("a log").len();
    File::options().write(true).open(&newest).expect("the log").set_len(size - 5).expect("cut");
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let opened = tracing::subscriber::with_default(log, || RocksEngine::open(filled.folder.path()));
    let (keyspace, key, value) = filled.rows.last().expect("rows");
    // A record of a put: a header of 7 bytes, the batch's of 12, 2 for what and where, and the lengths of key and value.
    let last = 7 + 12 + 2 + 1 + key.len() + if value.len() < 128 { 1 } else { 2 } + value.len();
    let said = String::from_utf8(lines.0.lock().expect("written").clone()).expect("text");
    let expected = format!("log={} at={} bytes={}", newest.display(), size - last as u64, last - 5);
    assert!(said.contains("WARN") && said.contains(&expected), "{said}, expected {expected}");
    let engine = opened.expect("a torn end is forgiven");
    let got = wait(engine.read(keyspace, &[Read::Get(key.clone().into())])).expect("a read");
    assert_eq!(got, [Got::Value(None)]);
}
