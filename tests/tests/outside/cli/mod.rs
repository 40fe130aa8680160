//! The command line, as whoever types it sees it: what it prints, where, and with which exit code.

mod backups;
mod check;
mod data;
mod exits;
mod listings;
mod reading;
mod settings;
mod store;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;
use tests::server::{Launch, find_binary};

/// A folder of its own to type commands in.
struct Shell {
    folder: TempDir,
    launch: Launch,
}

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Shell {
    /// With the plugin-server of this build, on fresh data.
    fn new() -> Self {
        Self::of(find_binary("plugin-server", "SERVER_UNDER_TEST").expect("it was built"))
    }

    /// With the server that has the misbehaving plugin.
    fn misbehaving() -> Self {
        Self::of(find_binary("misbehaving", "MISBEHAVING_UNDER_TEST").expect("it was built"))
    }

    /// With the server whose plugins do not fit together.
    fn clashing() -> Self {
        Self::of(find_binary("clashing", "CLASHING_UNDER_TEST").expect("it was built"))
    }

    fn of(binary: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let launch = Launch::of(binary, &data).env("PLUGIN_SERVER_DATA_DIR", &data.to_string_lossy());
        Self { folder, launch }
    }

    /// The same with an environment variable.
    fn env(mut self, name: &str, value: &str) -> Self {
        self.launch = self.launch.env(name, value);
        self
    }

    /// The same with the data in `dir`.
    fn on(self, dir: &Path) -> Self {
        self.env("PLUGIN_SERVER_DATA_DIR", &dir.to_string_lossy())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file into the folder.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        std::fs::write(&path, text).expect("written");
        path
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.launch.command(args);
        command.current_dir(self.folder.path());
        command
    }

    /// What is said to `args`.
    fn run(&self, args: &[&str]) -> Said {
        let output = self.command(args).output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// What is printed to `args`, which are done.
    #[track_caller]
    fn done(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
        said.out
    }

    /// The same, as JSON.
    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        let out = self.done(args);
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
    }

    /// What is said of `args` on stderr, which end with `code` and print nothing.
    #[track_caller]
    fn fails(&self, args: &[&str], code: i32) -> String {
        let said = self.run(args);
        assert_eq!((said.code, &*said.out), (Some(code), ""), "{args:?}: {}", said.err);
        said.err
    }
}
