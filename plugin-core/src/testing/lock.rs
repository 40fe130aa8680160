//! The lock of a package's documents: what each of them looked like when it was last decided upon, in a file that is checked in. So
//! nobody changes what stored bytes mean without noticing.

use std::{collections::BTreeMap, env, fmt, fs, io, path::PathBuf};

use crate::{
    document::DocumentItem,
    point::Plugin,
    registration::{Item, Registration},
    site::Site,
};

/// The variable that has new documents and versions written into the lock.
const UPDATE: &str = "UPDATE_LOCK";

/// Compares the documents of this package with a file that is checked in, a line a version: plugin, collection, version, fingerprint
/// and shape.
///
/// ```no_run
/// # // In a test of the package that declares the documents:
/// // #[test]
/// fn documents_are_as_they_were() {
///     plugin_core::testing::documents_match_lock("documents.lock");
/// }
/// ```
///
/// `path` is one from the folder of Cargo.toml. With `UPDATE_LOCK=1` in the environment, documents and versions that are not in the file are
/// written into it, and the file is made if there is none. A line that is there never changes: who means it to takes it out by hand.
///
/// # Panics
/// If a document was changed and has no new version, is not in the file, or is in the file alone; if there is no file; outside of
/// `cargo test`, which says whose package it is.
#[track_caller]
pub fn documents_match_lock(path: &str) {
    let package =
        env::var("CARGO_PKG_NAME").unwrap_or_else(|_| panic!("cargo says which package is tested: run `cargo test`"));
    run(path, |site, _| site.package == package);
}

/// Compares the documents of the plugin `P` with a file that is checked in, as [`documents_match_lock`] does with those of a package.
///
/// # Panics
/// As [`documents_match_lock`].
#[track_caller]
pub fn documents_of_plugin_match_lock<P: Plugin>(path: &str) {
    run(path, |_, document| document.owner.id == P::ID);
}

#[track_caller]
fn run(path: &str, is_mine: impl Fn(&Site, &DocumentItem) -> bool) {
    let mine = Registration::linked().filter_map(|it| match &it.item {
        Item::Document(document) if is_mine(it.site, document) => Some(line(document)),
        _ => None,
    });
    let path = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default().join(path);
    let updates = match env::var(UPDATE) {
        Ok(said) if said == "1" => Updates::Written,
        _ => Updates::Refused,
    };
    let recorded = match fs::read_to_string(&path) {
        Ok(recorded) => Some(recorded),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let compared = compare(recorded.as_deref(), mine.collect(), updates);
    if let Some(text) = compared.text {
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    if !compared.problems.is_empty() {
        panic!("{}:\n{}", path.display(), compared.problems.join("\n"));
    }
}

/// What is to happen with what is not in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Updates {
    Written,
    Refused,
}

/// A version of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    plugin: String,
    collection: String,
    version: u16,
}

/// How a version lies in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Laid {
    fingerprint: String,
    shape: String,
}

/// What came of a comparison.
#[derive(Debug)]
struct Compared {
    /// The text of the file, where it is to be written.
    text: Option<String>,
    problems: Vec<String>,
}

/// What the file begins with.
const HEADER: &str = "\
# What documents look like in the store: plugin, collection, version, fingerprint, shape. A line that is here stays as it is: a document
# that changes gets a new version. `UPDATE_LOCK=1 cargo test` adds what is new.
";

fn line(document: &DocumentItem) -> (Version, Laid) {
    let (meta, shape) = (&document.meta, (document.meta.shape)());
    let (plugin, collection) = (document.owner.id.to_owned(), meta.collection.to_owned());
    let laid = Laid { fingerprint: format!("{:016x}", shape.fingerprint()), shape: shape.to_string() };
    (Version { plugin, collection, version: meta.version }, laid)
}

fn compare(recorded: Option<&str>, linked: BTreeMap<Version, Laid>, updates: Updates) -> Compared {
    if (recorded, updates) == (None, Updates::Refused) {
        let problem = format!("there is no such file; `{UPDATE}=1 cargo test` writes it, and it is checked in");
        return Compared { text: None, problems: vec![problem] };
    }
    let mut problems = Vec::new();
    let mut lines = read(recorded.unwrap_or_default(), &mut problems);
    let known = lines.len();
    for version in lines.keys().filter(|version| !linked.contains_key(version)) {
        problems.push(format!(
            "{version} is here, and no type is it any more: bring the type back, as `retired`; or take the line out, if nowhere a document \
             of it can be stored"
        ));
    }
    for (version, laid) in linked {
        match lines.get(&version) {
            Some(before) if *before != laid => problems.push(format!(
                "{version} was changed without a new version:\n  before {}\n  now    {}\n  give it version {}, keep the type as it was \
                 as `retired`, and write a `#[migrate]` from one to the other; if version {} was never released, take its line out instead",
                before.shape,
                laid.shape,
                u32::from(version.version) + 1,
                version.version,
            )),
            Some(_) => {}
            None if updates == Updates::Written => drop(lines.insert(version, laid)),
            None => problems.push(format!("{version} is not here; `{UPDATE}=1 cargo test` adds it")),
        }
    }
    let is_new = recorded.is_none() || lines.len() > known;
    let text = is_new.then(|| {
        let written = lines.iter().map(|(Version { plugin, collection, version }, Laid { fingerprint, shape })| {
            format!("{plugin} {collection} {version} {fingerprint} {shape}\n")
        });
        written.fold(HEADER.to_owned(), |text, line| text + &line)
    });
    // Nothing is written beside a mistake: who mends it runs the test once more.
    Compared { text: text.filter(|_| problems.is_empty()), problems }
}

fn read(recorded: &str, problems: &mut Vec<String>) -> BTreeMap<Version, Laid> {
    let mut lines = BTreeMap::new();
    for (number, text) in (1..).zip(recorded.lines()).filter(|(_, text)| !text.starts_with('#') && !text.is_empty()) {
        let mut parts = text.splitn(5, ' ').map(str::to_owned);
        let parsed = match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(plugin), Some(collection), Some(version), Some(fingerprint), Some(shape)) => version
                .parse()
                .ok()
                .map(|version| (Version { plugin, collection, version }, Laid { fingerprint, shape })),
            _ => None,
        };
        match parsed {
            Some((version, laid)) => {
                if lines.insert(version.clone(), laid).is_some() {
                    problems.push(format!("{version} is here twice"));
                }
            }
            None => {
                problems
                    .push(format!("line {number} is no plugin, collection, version, fingerprint and shape: {text}"));
            }
        }
    }
    lines
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version {} of `{}` of the plugin `{}`", self.version, self.collection, self.plugin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "shop orders 1 00000000000000aa {id: string}\n";

    fn linked(of: &[(u16, &str)]) -> BTreeMap<Version, Laid> {
        let line = |(version, shape): &(u16, &str)| {
            let version = Version { plugin: "shop".into(), collection: "orders".into(), version: *version };
            (version, Laid { fingerprint: "00000000000000aa".into(), shape: (*shape).into() })
        };
        of.iter().map(line).collect()
    }

    #[track_caller]
    fn problem(recorded: Option<&str>, of: &[(u16, &str)], updates: Updates) -> String {
        let compared = compare(recorded, linked(of), updates);
        assert_eq!(compared.text, None, "nothing is written beside a mistake");
        let [problem] = &compared.problems[..] else { panic!("one problem, not {:?}", compared.problems) };
        problem.clone()
    }

    #[test]
    fn what_is_as_it_was_is_good() {
        let compared = compare(Some(OLD), linked(&[(1, "{id: string}")]), Updates::Refused);
        assert_eq!((compared.text, compared.problems), (None, Vec::new()));
    }

    #[test]
    fn a_change_without_a_new_version_is_never_written() {
        for updates in [Updates::Refused, Updates::Written] {
            let said = problem(Some(OLD), &[(1, "{id: string, name: string}")], updates);
            assert!(
                said.starts_with("version 1 of `orders` of the plugin `shop` was changed without a new version"),
                "{said}"
            );
            assert!(said.contains("before {id: string}\n") && said.contains("give it version 2"), "{said}");
        }
    }

    #[test]
    fn what_is_new_is_written_when_that_is_asked_for() {
        let both = [(1, "{id: string}"), (2, "{id: string, name: string}")];
        assert!(
            problem(Some(OLD), &both, Updates::Refused)
                .contains("version 2 of `orders` of the plugin `shop` is not here")
        );
        let compared = compare(Some(OLD), linked(&both), Updates::Written);
        let text = compared.text.unwrap();
        assert!(text.ends_with("{id: string}\nshop orders 2 00000000000000aa {id: string, name: string}\n"), "{text}");
        let again = compare(Some(&text), linked(&both), Updates::Refused);
        assert_eq!((again.text, again.problems), (None, Vec::new()));
    }

    #[test]
    fn a_file_that_is_missing_is_made_when_that_is_asked_for() {
        assert!(problem(None, &[(1, "{id: string}")], Updates::Refused).contains("there is no such file"));
        let text = compare(None, linked(&[(1, "{id: string}")]), Updates::Written).text.unwrap();
        assert_eq!(text, format!("{HEADER}{OLD}"));
    }

    #[test]
    fn a_version_whose_type_is_gone_is_asked_for() {
        assert!(problem(Some(OLD), &[], Updates::Written).contains("no type is it any more"));
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let said = problem(Some("shop orders one aa {}\n"), &[], Updates::Refused);
        assert!(said.starts_with("line 1 is no plugin"), "{said}");
        let twice = format!("{OLD}{OLD}");
        assert!(problem(Some(&twice), &[(1, "{id: string}")], Updates::Refused).ends_with("is here twice"));
    }
}
