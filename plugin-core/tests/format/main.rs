//! The format on disk, held by rows that were written once: what they mean is read from them for ever, and today's code writes the
//! same. `docs/format.md` tells of every byte.
//!
//! A fixture is a text file of rows, each with what it means as JSON and its key and value in hexadecimal. With `FORMAT_FIXTURES=write`
//! in the environment those that are not there yet are written; those that are there are never changed. A new version of the format
//! gets a folder of its own, and this test goes on reading the old ones.

mod fixture;
mod hosted;
mod meaning;
mod notation;
mod reading;
mod stored;

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Mutex};

use crate::{
    fixture::{Fixture, Row},
    meaning::Meanings,
};

/// A fixture's name, and what writes its rows.
type Written = (&'static str, fn() -> Vec<Row>);

/// The fixtures that today's code writes byte by byte, and what writes them.
const STORED: [Written; 5] = [
    ("documents", stored::documents),
    ("typed", stored::typed),
    ("indexes-of-collections", stored::indexes),
    ("dropping", stored::dropping),
    ("left-out", stored::left_out),
];
/// Those that today's code writes otherwise: indexes did not tell of which versions documents are that lie among others.
const EARLIER: [&str; 1] = ["indexes"];
/// Those whose rows have ids, tags and instants that are never the same again: of a plugin's keyspace, and of the host's own.
const HOSTED: [Written; 2] = [("host", hosted::rows), ("system", hosted::system)];

fn folder() -> PathBuf {
    ["tests", "format", "fixtures", "v1"].iter().collect()
}

/// A fixture, written first if it is asked for and not there yet.
fn fixture(name: &str, write: impl Fn() -> Vec<Row>) -> Fixture {
    // One at a time: tests run at once.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock();
    let path = folder().join(format!("{name}.txt"));
    if std::env::var_os("FORMAT_FIXTURES").is_some_and(|asked| asked == "write") && !path.exists() {
        let rows = write();
        let meanings = Meanings::of(&rows);
        let told = rows.into_iter().map(|row| (meanings.of_row(&row), row)).collect();
        fs::create_dir_all(folder()).expect("a folder for fixtures");
        fs::write(&path, Fixture(told).to_string()).expect("a fixture is written");
    }
    let text = fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; FORMAT_FIXTURES=write writes those that are missing", path.display())
    });
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A fixture that nobody writes any more.
fn earlier(name: &'static str) -> (&'static str, Fixture) {
    (name, fixture(name, || panic!("{name} was written once and is gone")))
}

fn all() -> Vec<(&'static str, Fixture)> {
    let written = STORED.into_iter().chain(HOSTED).map(|(name, write)| (name, fixture(name, write)));
    written.chain(EARLIER.map(earlier)).collect()
}

#[test]
fn every_row_means_what_it_meant_when_it_was_written() {
    for (name, fixture) in all() {
        let meanings = Meanings::of(&fixture.rows());
        for (means, row) in &fixture.0 {
            assert_eq!(&meanings.of_row(row), means, "{name}: {row}");
        }
    }
}

#[test]
fn what_a_row_means_is_written_as_the_same_row() {
    for (name, fixture) in all() {
        let meanings = Meanings::of(&fixture.rows());
        for (means, row) in &fixture.0 {
            assert_eq!(&meanings.to_row(means), row, "{name}: {means}");
        }
    }
}

#[test]
fn todays_store_writes_the_same_rows() {
    for (name, write) in STORED {
        let (then, now) = (fixture(name, write).rows(), write());
        for (then, now) in then.iter().zip(&now) {
            assert_eq!(now, then, "{name}");
        }
        assert_eq!(now.len(), then.len(), "{name}");
    }
}

#[test]
fn every_kind_of_row_is_among_the_fixtures() {
    let kinds: BTreeSet<u8> = all().iter().flat_map(|(_, fixture)| fixture.rows()).map(|row| row.key[0]).collect();
    assert_eq!(kinds, BTreeSet::from([0x10, 0x11, 0x12, 0x13, 0x20, 0x30, 0x40, 0x50]));
}

#[test]
fn the_page_on_the_format_shows_rows_of_the_fixtures() {
    let page: PathBuf = ["..", "docs", "format.md"].iter().collect();
    let page = fs::read_to_string(page).expect("docs/format.md");
    let rows: Vec<Row> = all().into_iter().flat_map(|(_, fixture)| fixture.rows()).collect();
    let mut shown = BTreeSet::new();
    for block in page.split("```row\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        // Each line is some bytes and, behind two spaces, what they are.
        let of = |part: &str| {
            let lines = block.lines().skip_while(|line| *line != part).skip(1);
            let lines = lines.take_while(|line| !["key", "value"].contains(line));
            let bytes = lines.map(|line| line.split("  ").next().unwrap_or_default().replace(' ', ""));
            hex::decode(bytes.collect::<String>()).unwrap_or_else(|error| panic!("{error}:\n{block}"))
        };
        let row = Row { key: of("key"), value: of("value") };
        assert!(rows.contains(&row), "no fixture has this row:\n{block}");
        shown.insert(row.key[0]);
    }
    assert_eq!(shown.len(), 8, "an example of each kind of row: {shown:02x?}");
}
