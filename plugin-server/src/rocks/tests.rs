//! What RocksDB adds to the seam: files that stay, a folder that is one's own, damage that is noticed, commits that share a sync.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::Arc,
};

use futures_util::future::join_all;
use plugin_core::store::conformance::{Subject, block_on as wait, documents::Store};
use plugin_core::store::engine::{Durability, Engine, EngineError, Got, Keyspace, Precondition, Read, Write};

use super::{Holder, OpenError, RocksEngine, RocksReader};

/// An engine in a folder that goes with it.
struct InTemporaryFolder {
    engine: RocksEngine,
    folder: tempfile::TempDir,
}

impl InTemporaryFolder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { engine: open(folder.path()), folder }
    }
}

impl Subject for InTemporaryFolder {
    fn engine(&self) -> &dyn Engine {
        &self.engine
    }

    fn reopen(self) -> Self {
        let Self { engine, folder } = self;
        drop(engine);
        Self { engine: open(folder.path()), folder }
    }
}

mod conformance {
    plugin_core::engine_conformance!(super::InTemporaryFolder::new);
}

/// The same as what is above it has it: an engine that is shared.
struct Shared {
    engine: Arc<RocksEngine>,
    folder: tempfile::TempDir,
}

impl Shared {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { engine: Arc::new(open(folder.path())), folder }
    }
}

impl Store for Shared {
    fn engine(&self) -> Arc<dyn Engine> {
        Arc::<RocksEngine>::clone(&self.engine)
    }

    fn reopen(self) -> Self {
        let Self { engine, folder } = self;
        drop(Arc::into_inner(engine).expect("no case keeps what it reopens"));
        Self { engine: Arc::new(open(folder.path())), folder }
    }
}

mod documents {
    plugin_core::documents_conformance!(super::Shared::new);
}

fn open(dir: &Path) -> RocksEngine {
    RocksEngine::open(dir).expect("the folder is ours")
}

fn put(engine: &RocksEngine, keyspace: &Keyspace, key: &str, value: &str) {
    wait(engine.commit(keyspace, vec![Write::put(key.into(), value.into())], Durability::Synced)).expect("a plain put");
}

fn get(engine: &dyn Engine, keyspace: &Keyspace, key: &str) -> Option<String> {
    match wait(engine.read(keyspace, &[Read::Get(key.into())])).expect("the keyspace is open").pop() {
        Some(Got::Value(value)) => value.map(|bytes| String::from_utf8(bytes).expect("the tests store text")),
        other => panic!("a Get is answered by a Value, not by {other:?}"),
    }
}

fn refusal(dir: &Path) -> OpenError {
    RocksEngine::open(dir).expect_err("the store must not open")
}

/// A folder with `count` rows in it, brought to disk and closed.
fn filled(count: usize) -> (tempfile::TempDir, Keyspace) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keyspace = Keyspace::of_plugin("notes");
    let engine = open(folder.path());
    wait(engine.open(&keyspace)).expect("a new keyspace");
    for row in 0..count {
        put(&engine, &keyspace, &format!("row:{row:04}"), "a value of some length, so that the log has a body");
    }
    (folder, keyspace)
}

/// The write-ahead log with the rows of [`filled`].
fn log_of(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir.join("store")).expect("a store").map(|entry| entry.expect("an entry").path());
    let logs = files.filter(|file| file.extension().is_some_and(|extension| extension == "log"));
    logs.max_by_key(|file| fs::metadata(file).expect("a file").len()).expect("a log")
}

#[test]
fn rows_survive_closing_and_opening() {
    let (folder, keyspace) = filled(3);
    let engine = open(folder.path());
    assert_eq!(
        get(&engine, &keyspace, "row:0002").as_deref(),
        Some("a value of some length, so that the log has a body")
    );
}

#[test]
fn the_keyspace_of_a_plugin_that_was_left_out_is_kept_and_listed() {
    let (folder, orphan) = filled(1);
    {
        let engine = open(folder.path());
        wait(engine.open(&Keyspace::of_plugin("other"))).expect("a new keyspace");
    }
    let engine = open(folder.path());
    let names = wait(engine.keyspaces()).expect("the list");
    assert_eq!(names, [orphan.clone(), Keyspace::of_plugin("other")]);
    assert!(get(&engine, &orphan, "row:0000").is_some());
}

#[test]
fn a_second_engine_in_the_same_process_is_refused_by_name() {
    let (folder, _) = filled(1);
    let _first = open(folder.path());
    let error = refusal(folder.path());
    assert!(
        matches!(error, OpenError::InUse { by: Holder::Changes(Some(pid)), .. } if pid == process::id()),
        "{error:?}"
    );
    assert!(error.to_string().contains(&format!("(process {})", process::id())), "{error}");
}

#[test]
fn the_folder_is_free_again_once_the_engine_is_gone() {
    let (folder, _) = filled(1);
    drop(open(folder.path()));
    open(folder.path());
}

#[test]
fn those_who_look_at_a_folder_keep_only_those_away_who_change_it() {
    let (folder, keyspace) = filled(1);
    let readers = [(); 2].map(|()| RocksReader::open(folder.path()).expect("a look"));
    for reader in &readers {
        assert!(get(reader, &keyspace, "row:0000").is_some());
    }
    let error = refusal(folder.path());
    assert!(matches!(error, OpenError::InUse { by: Holder::Looks, .. }), "{error:?}");
    drop(readers);
    let _engine = open(folder.path());
    let error = RocksReader::open(folder.path()).expect_err("somebody may change it");
    assert!(
        matches!(error, OpenError::InUse { by: Holder::Changes(Some(pid)), .. } if pid == process::id()),
        "{error:?}"
    );
}

/// Runs itself a second time: the child finds the folder taken, and by whom.
#[test]
fn a_second_process_is_refused() {
    const FOLDER: &str = "TAKEN_FOLDER_OF_THE_TEST";
    if let Some(taken) = env::var_os(FOLDER) {
        let error = refusal(Path::new(&taken));
        assert!(
            matches!(error, OpenError::InUse { by: Holder::Changes(Some(pid)), .. } if pid != process::id()),
            "{error:?}"
        );
        return;
    }
    let (folder, _) = filled(1);
    let _first = open(folder.path());
    let child = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", "rocks::tests::a_second_process_is_refused"])
        .env(FOLDER, folder.path())
        .output()
        .expect("this test can be run");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}");
}

#[cfg(unix)]
#[test]
fn the_data_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().expect("a temporary folder");
    let dir = parent.path().join("deep/data");
    open(&dir);
    assert_eq!(fs::metadata(&dir).expect("made by opening").permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let file = parent.path().join("a-file");
    fs::write(&file, "").expect("a file where a folder is wanted");
    let error = refusal(&file);
    assert!(matches!(error, OpenError::Directory { .. }) && error.to_string().contains("a-file"), "{error}");
}

#[test]
fn a_flipped_byte_in_the_log_is_noticed_and_nothing_is_dropped_in_silence() {
    let (folder, _) = filled(200);
    let log = log_of(folder.path());
    let mut bytes = fs::read(&log).expect("the log");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, bytes).expect("the log again");
    let error = refusal(folder.path());
    let OpenError::Refused { detail, file, .. } = &error else { panic!("{error:?}") };
    assert!(detail.contains("at byte"), "{detail}");
    assert_eq!(file.as_ref(), Some(&log));
    assert!(error.to_string().contains("put back a backup"), "{error}");
}

#[test]
fn the_torn_end_that_a_crash_leaves_is_forgiven() {
    let (folder, keyspace) = filled(20);
    let log = log_of(folder.path());
    let bytes = fs::read(&log).expect("the log");
    fs::write(&log, &bytes[..bytes.len() - 5]).expect("the log without its end");
    let engine = open(folder.path());
    assert!(get(&engine, &keyspace, "row:0018").is_some());
    assert_eq!(get(&engine, &keyspace, "row:0019"), None);
}

#[test]
fn rows_without_a_manifest_are_not_taken_for_an_empty_store() {
    let (folder, _) = filled(1);
    fs::remove_file(folder.path().join("store/CURRENT")).expect("the file that names the manifest");
    assert!(matches!(refusal(folder.path()), OpenError::Refused { .. }));
    assert!(log_of(folder.path()).exists(), "what is left must not be touched");
}

#[test]
fn a_keyspace_that_was_never_opened_is_an_error_and_not_an_empty_one() {
    let (folder, _) = filled(0);
    let engine = open(folder.path());
    for name in [Keyspace::of_plugin("unknown"), Keyspace::of_host("default")] {
        let read = wait(engine.read(&name, &[Read::Get(b"key".to_vec())]));
        assert!(matches!(read, Err(EngineError::Invalid(_))), "{read:?}");
        let commit = wait(engine.commit(&name, vec![Write::put(b"key".to_vec(), vec![])], Durability::Synced));
        assert!(matches!(commit, Err(EngineError::Invalid(_))), "{commit:?}");
    }
}

#[test]
fn durable_commits_of_many_writers_share_their_syncs() {
    let (folder, keyspace) = filled(0);
    let engine = open(folder.path());
    let rounds = 20;
    wait(async {
        for round in 0..rounds {
            let one = |writer: usize| {
                let write = Write::put(format!("{round}:{writer}").into_bytes(), b"value".to_vec());
                engine.commit(&keyspace, vec![write.when(Precondition::Absent)], Durability::Synced)
            };
            for result in join_all((0..16).map(one)).await {
                result.expect("no two write the same key");
            }
        }
    });
    let counts = engine.write_counts();
    assert_eq!(counts.requests, rounds * 16);
    assert!(counts.syncs <= counts.requests / 2, "{counts:?}");
}

#[test]
fn a_relaxed_commit_is_on_disk_after_sync() {
    let (folder, keyspace) = filled(0);
    let engine = open(folder.path());
    let write = vec![Write::put(b"key".to_vec(), b"value".to_vec())];
    wait(engine.commit(&keyspace, write, Durability::Relaxed)).expect("a plain put");
    assert_eq!(engine.write_counts().syncs, 0);
    wait(engine.sync()).expect("the disk takes it");
    assert_eq!(engine.write_counts().syncs, 1);
}
