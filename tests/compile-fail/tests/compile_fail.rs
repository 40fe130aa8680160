//! Each mistake is answered with our sentence at the token that is wrong, and with nothing else.
//!
//! `TRYBUILD=overwrite cargo test -p compile-fail` records the answers anew; read the difference before it is committed. The
//! texts around ours are rustc's, so they belong to the toolchain that `rust-version` names.

use std::fs;

#[test]
fn every_mistake_is_explained_where_it_was_made() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}

#[test]
fn each_mistake_is_one_error() {
    let mut cases = 0;
    for entry in fs::read_dir("cases").expect("the cases are beside this package's Cargo.toml") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let said = fs::read_to_string(path.with_extension("stderr")).expect("every case is recorded");
            let errors = said.lines().filter(|line| line.starts_with("error")).count();
            let expected = match path.file_stem().and_then(|stem| stem.to_str()) {
                Some("six_mistakes") => 6,
                Some("document_of_another_plugin") => 4,
                _ => 1,
            };
            assert_eq!(errors, expected, "{}:\n{said}", path.display());
            cases += 1;
        }
    }
    assert!(cases >= 30, "{cases} cases");
}
