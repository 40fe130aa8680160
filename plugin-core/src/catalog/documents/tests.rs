use super::*;
use crate::{
    catalog::tests::{at, ix, plugin, plugin_with, said},
    registration::{Item, Registration},
    shape::Owner,
    store::{
        index::{Direction, IndexField, Sparse, Unique},
        typed::{DocumentMeta, MigrationMeta, Stored},
    },
};

#[plugin_core::model(stored)]
struct Talk {
    title: String,
    speaker: Option<Speaker>,
    notes: Vec<Note>,
    figures: BTreeMap<String, (u8, bool)>,
    extra: crate::Dynamic,
}

#[plugin_core::model(stored)]
struct Speaker {
    last_name: String,
}

#[plugin_core::model(stored)]
enum Note {
    None,
    Text(String),
    Place { page: u32 },
}

#[plugin_core::model(stored)]
struct Hall {
    seats: BTreeMap<(u8, u8), String>,
    stage: Vec<Stage>,
    back: Option<Box<Hall>>,
}

#[plugin_core::model(stored)]
struct Stage {
    doors: Vec<()>,
}

fn index(path: &'static str, unique: Unique) -> &'static [IndexMeta] {
    let fields = Box::leak(Box::new([IndexField { path, direction: Direction::Ascending }]));
    Box::leak(Box::new([IndexMeta { prefix: "talks:", fields, unique, sparse: Sparse::No }]))
}

fn document(line: u32, version: u16, standing: Standing, indexes: &'static [IndexMeta]) -> &'static Registration {
    of_shape(Talk::shape, line, version, standing, indexes)
}

fn of_shape(
    shape: Of,
    line: u32,
    version: u16,
    standing: Standing,
    indexes: &'static [IndexMeta],
) -> &'static Registration {
    let meta = DocumentMeta { collection: "talks", version, id: "id", shape, from_value: |_| Ok(Vec::new()), indexes };
    at("talks.rs", line, "talks", Item::Document(DocumentItem { owner: Owner { id: "a", ix }, meta, standing }))
}

fn current(line: u32, version: u16) -> &'static Registration {
    document(line, version, Standing::Current, &[])
}

fn retired(line: u32, version: u16) -> &'static Registration {
    document(line, version, Standing::Retired, &[])
}

fn migration(line: u32, name: &'static str, from: u16) -> &'static Registration {
    let meta = MigrationMeta { collection: "talks", from, up: |bytes| Ok(bytes.into()) };
    at("steps.rs", line, name, Item::Migration(MigrationItem { owner: Owner { id: "a", ix }, meta }))
}

/// What is wrong with these in a plugin `a`: the code, what is said before `of the documents`, and where.
fn wrong(of: impl IntoIterator<Item = &'static Registration>) -> Vec<(Code, String, Vec<String>)> {
    said([plugin(1, "a", "1.0.0", &[])].into_iter().chain(of).collect(), &[])
}

#[test]
fn versions_that_follow_one_another_are_good() {
    let all = [
        plugin(1, "a", "1.0.0", &[]),
        current(1, 3),
        retired(2, 2),
        retired(3, 1),
        migration(1, "to-two", 1),
        migration(2, "to-three", 2),
    ];
    let catalog = Catalog::of(all, &[]).unwrap();
    assert_eq!((catalog.documents().len(), catalog.migrations().len()), (3, 2));
}

#[test]
fn a_collection_may_begin_with_any_version() {
    assert!(Catalog::of([plugin(1, "a", "1.0.0", &[]), current(1, 7)], &[]).is_ok());
}

#[test]
fn two_types_are_not_one_document() {
    let two = wrong([current(1, 1), current(2, 2)]);
    let detail = "two types are the documents `talks` of the plugin `a`".to_owned();
    assert_eq!(two, [(Code::DuplicateDocument, detail, vec!["talks.rs:1".into(), "talks.rs:2".into()])]);

    let same = wrong([current(1, 2), retired(2, 1), retired(3, 1), migration(1, "up", 1)]);
    let detail = "two types are version 1 of the documents `talks` of the plugin `a`".to_owned();
    assert_eq!(same, [(Code::DuplicateDocument, detail, vec!["talks.rs:2".into(), "talks.rs:3".into()])]);
}

#[test]
fn every_step_to_the_current_version_has_one_migration() {
    let gap = wrong([current(1, 4), retired(2, 1), migration(1, "up", 1), migration(2, "last", 3)]);
    let detail = "no migration leads from version 2 of the documents `talks` of the plugin `a` to version 3";
    assert_eq!(gap, [(Code::BrokenMigrations, detail.to_owned(), vec!["talks.rs:1".into()])]);

    let twice = wrong([current(1, 2), retired(2, 1), migration(1, "up", 1), migration(2, "up-too", 1)]);
    let detail = "2 migrations start from version 1 of the documents `talks` of the plugin `a`";
    assert_eq!(twice, [(Code::BrokenMigrations, detail.to_owned(), vec!["steps.rs:1".into(), "steps.rs:2".into()])]);
}

#[test]
fn a_retired_version_is_older_than_one_that_is_current() {
    let alone = wrong([retired(2, 1)]);
    assert_eq!(alone[0].0, Code::BrokenMigrations);
    assert!(alone[0].1.ends_with("have versions that are retired, and none that is current"), "{}", alone[0].1);

    let newer = wrong([current(1, 1), retired(2, 2)]);
    assert!(newer[0].1.ends_with("is retired, and newer than version 1, which is current"), "{}", newer[0].1);
}

#[test]
fn an_index_is_declared_once_by_whomever() {
    let of = |path, unique| {
        let indexes = index("title", Unique::No);
        let all = [plugin_with(1, "a", indexes), document(2, 1, Standing::Current, index(path, unique))];
        Catalog::of(all, &[]).map(drop)
    };
    assert!(of("speaker", Unique::No).is_ok());
    let problems = of("title", Unique::Yes).unwrap_err();
    let first = problems.iter().next().unwrap();
    assert_eq!(first.code, Code::DuplicateIndex);
    assert_eq!(first.detail, r#"the plugin `a` declares the index `"talks:", title, unique` twice"#);
    assert_eq!(first.sites, ["plugins.rs:1", "talks.rs:2"]);
}

#[test]
fn an_index_names_what_its_documents_can_have() {
    for path in [
        "title",
        "speaker.lastName",
        "notes.0",
        "notes.0.place.page",
        "notes.7.text",
        "figures.seats.1",
        "extra.whatever.it.is",
    ] {
        assert!(has(Talk::shape(), &path.split('.').collect::<Vec<_>>()), "{path}");
    }
    for path in
        ["titel", "title.length", "speaker.last_name", "notes.first", "notes.0.none.page", "figures.seats.2", ""]
    {
        assert!(!has(Talk::shape(), &path.split('.').collect::<Vec<_>>()), "{path}");
    }
    let typo = wrong([document(3, 1, Standing::Current, index("speaker.lastNam", Unique::No))]);
    let detail =
        "an index of the documents `talks` of the plugin `a` names `speaker.lastNam`, which none of them can have";
    assert_eq!(typo, [(Code::UnknownIndexField, detail.to_owned(), vec!["talks.rs:3".into()])]);
}

#[test]
fn what_cannot_be_stored_is_told_of_before_the_first_write() {
    let wrong = wrong([of_shape(Hall::shape, 3, 1, Standing::Current, &[])]);
    let of = |detail: &str| (Code::Unstorable, detail.to_owned(), vec!["talks.rs:3".to_owned()]);
    assert_eq!(
        wrong,
        [
            of(
                "`seats` in the documents `talks` of the plugin `a` is a map with a tuple for a key, which is no name of a \
                field"
            ),
            of(
                "`stage.*.doors` in the documents `talks` of the plugin `a` is a list of things that take no bytes, so that \
                nothing would stand for their number"
            ),
        ]
    );
    // It may have been stored while its lists were empty.
    let current = of_shape(Talk::shape, 1, 2, Standing::Current, &[]);
    let retired = of_shape(Hall::shape, 2, 1, Standing::Retired, &[]);
    assert!(Catalog::of([plugin(1, "a", "1.0.0", &[]), current, retired, migration(1, "up", 1)], &[]).is_ok());
}
