//! The host of `named.rs` once more, in each way in which a server is built for use: optimised code and what a linker throws away
//! must not lose a registration.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::Message;
use linkage::{cargo, said, workspace};

/// The target folder of the build that this test belongs to, so that packages are compiled once for both.
fn target() -> PathBuf {
    let this = env::current_exe().expect("a running test has a file");
    this.ancestors()
        .nth(3)
        .map(Path::to_owned)
        .expect("the file is in deps, in the profile's folder, in the target folder")
}

/// Builds the tests of `named.rs` in the release profile: with `lto` for all packages, with `link` for the last step alone.
fn build(lto: &str, link: &[&str]) -> PathBuf {
    let output = cargo(&workspace())
        .args(["rustc", "--locked", "--release", "--package", "linkage", "--test", "named"])
        .args(["--message-format", "json-render-diagnostics", "--"])
        .args(link)
        .env("CARGO_TARGET_DIR", target())
        .env("CARGO_PROFILE_RELEASE_LTO", lto)
        .output()
        .expect("cargo is there: it runs this test");
    assert!(output.status.success(), "{}", said(&output));
    Message::parse_stream(&*output.stdout)
        .filter_map(|message| match message.expect("cargo's own messages") {
            Message::CompilerArtifact(built) if built.target.name == "named" => built.executable,
            _ => None,
        })
        .last()
        .map(PathBuf::from)
        .expect("cargo built the test")
}

/// Whether the file has a table of symbols: what `strip` removes.
fn has_symbols(file: &Path) -> bool {
    let bytes = std::fs::read(file).expect("the file that cargo named");
    bytes.windows(8).any(|name| name == b".symtab\0")
}

fn holds_every_registration(host: &Path) {
    let output = Command::new(host).arg("--nocapture").output().expect("a program of this machine");
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("test result: ok. 3 passed"), "{said}");
    assert!(said.contains("debug assertions: false"), "not what was asked for: {said}");
}

#[test]
fn a_release_build_keeps_every_registration() {
    holds_every_registration(&build("false", &[]));
}

#[test]
fn link_time_optimisation_and_stripping_keep_every_registration() {
    for lto in ["thin", "fat"] {
        let host = build("thin", &["-C", &format!("lto={lto}"), "-C", "strip=symbols"]);
        assert!(!cfg!(target_os = "linux") || !has_symbols(&host), "{lto}: {} is not stripped", host.display());
        holds_every_registration(&host);
    }
}
