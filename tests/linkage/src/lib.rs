//! Which registrations survive which way of linking. Each file under `tests` is a host of its own, with the plugins of
//! `plugins/`, which are no members of the workspace: no command of it takes them for plugins that somebody forgot to link.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The folder of the workspace, as whoever runs the test says it: what was compiled may be of another clone that shares a target folder.
pub fn workspace() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.ancestors().nth(2).map(Path::to_owned).unwrap_or_default()
}

/// The cargo that builds these tests, offline, in `folder`, without the flags of whoever runs them.
pub fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder).env("CARGO_NET_OFFLINE", "true").env("CARGO_TERM_COLOR", "never");
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_TARGET_DIR"] {
        cargo.env_remove(variable);
    }
    cargo
}

/// All that a program said, for the message of a test that fails.
pub fn said(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
