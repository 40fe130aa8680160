//! What is promised of a store as a whole: that a copy is the same, and that it is told what is wrong with it.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{Store, app, block_on, fill, indexes, manual, of_default, plant, rows, space};
use crate::store::{
    Db, Space,
    engine::Write,
    index::{IndexField, IndexMeta},
    key::{self, Kind},
    transfer::{IntoWhat, Stillness},
    verify::Fault,
};

static INDEXES: [IndexMeta; 2] = [
    IndexMeta::of("c:", &[IndexField::ascending("a")]),
    IndexMeta::of("c:", &[IndexField::descending("u")]).unique().sparse(),
];
const A: &str = "\"c:\", a";
const U: &str = "\"c:\", -u, unique, sparse";

fn open(store: &impl Store) -> Arc<Space> {
    space(store, indexes(&INDEXES), &manual().into())
}

/// Documents in two apps, and one in each that expires.
fn filled(store: &impl Store, count: usize) -> Arc<Space> {
    let space = open(store);
    for name in ["default", "shop"] {
        let db = Db::over(Arc::clone(&space), app(name));
        fill(&db, (0..count).map(|n| (format!("c:{n:03}"), json!({ "a": n % 3, "u": n, "text": "ä\n\"" }))));
        block_on(db.set_for("late\0", &1, Duration::from_secs(3600))).expect("it can be stored");
    }
    space
}

pub fn what_was_exported_is_byte_by_byte_the_same_where_it_is_imported(from: impl Store, to: impl Store) {
    let (from, into) = (filled(&from, 450), open(&to));
    // What a host keeps of deliveries and jobs is part of it.
    for key in [key::queue("listener", 7), key::receipt("hook", "1"), key::cron_of("job")] {
        plant(&from, Write::put(key.into_bytes(), b"\xffanything".to_vec()));
    }
    for (round, stillness) in [Stillness::Still, Stillness::Live].into_iter().enumerate() {
        let imported = block_on(async {
            let mut export = from.export("conformance", stillness).await.expect("it begins");
            let mut import = into.import("conformance", IntoWhat::Empty).await.expect("nothing is there");
            while let Some(lines) = export.next().await.expect("it can be read") {
                // Pieces that end anywhere.
                for piece in lines.as_bytes().chunks(1013) {
                    import.take(piece).await.expect("it can be written");
                }
            }
            import.end().await.expect("it is whole")
        });
        assert_eq!(imported.documents, 902);
        assert!(rows(&from, None) == rows(&into, None), "{stillness:?}");
        assert!(block_on(into.verify()).expect("it can be looked at").is_whole());
        if round == 0 {
            block_on(into.clear()).expect("it is cleared");
        }
    }
    drop(into);
    assert!(rows(&from, None) == rows(&open(&to.reopen()), None), "and stays so");
}

/// The problems, each with app, key, index and what is wrong.
fn problems(space: &Arc<Space>) -> Vec<(String, String, Option<String>, Fault)> {
    let verified = block_on(space.verify()).expect("it can be looked at");
    verified.problems.into_iter().map(|it| (it.app, it.key, it.index, it.problem)).collect()
}

pub fn a_store_that_is_whole_has_no_problems(store: impl Store) {
    let space = filled(&store, 30);
    for changed in [0, 7] {
        let db = of_default(&space);
        for n in 0..changed {
            block_on(db.set(&format!("c:{n:03}"), &json!({ "a": "other" }))).expect("it can be stored");
            block_on(db.delete(&format!("c:{:03}", n + 20))).expect("it can be deleted");
        }
        let verified = block_on(space.verify()).expect("it can be looked at");
        assert!(verified.is_whole(), "{verified:?}");
        assert_eq!((verified.documents, verified.entries), (62 - changed, 120 - 3 * changed));
    }
}

pub fn a_document_that_cannot_be_decoded_is_named(store: impl Store) {
    let space = filled(&store, 30);
    let place = key::document(&app("shop"), "c:003").into_bytes();
    let stored = block_on(space.get(place.clone())).expect("it can be read").expect("it is there");
    // Its head can be read, what it holds cannot.
    plant(&space, Write::put(place, [&stored[..27], &[0xff; 3]].concat()));
    let problems = problems(&space);
    let of_document =
        |it: &&(String, String, Option<String>, Fault)| it.2.is_none() && matches!(it.3, Fault::Unreadable(_));
    let [(app, key, ..)] = &*problems.iter().filter(of_document).collect::<Vec<_>>() else { panic!("{problems:?}") };
    assert_eq!((&**app, &**key), ("shop", "c:003"));
    assert!(problems.iter().all(|(app, key, ..)| app == "shop" && key == "c:003"), "{problems:?}");
}

pub fn an_entry_that_does_not_follow_from_its_document_is_named(store: impl Store) {
    let space = filled(&store, 30);
    let entry = |kind| rows(&space, Some(kind)).swap_remove(0);
    // One that is gone, one that tells of a document that is not, and one that lies under another value.
    let (missing, _) = entry(Kind::Index);
    plant(&space, Write::delete(missing));
    plant(&space, Write::delete(key::document(&app("default"), "c:029").into_bytes()));
    let (unique, points) = entry(Kind::Unique);
    let other = [&unique[..unique.len() - 1], &[unique[unique.len() - 1] ^ 1]].concat();
    plant(&space, Write::put(other, points));
    let mut found = problems(&space);
    found.sort_by(|one, other| (&one.1, &one.2).cmp(&(&other.1, &other.2)));
    let problem = |key: &str, index: &str, fault| ("default".to_owned(), key.to_owned(), Some(index.to_owned()), fault);
    let expected = [
        problem("c:000", A, Fault::Missing),
        problem("c:029", U, Fault::Surplus),
        problem("c:029", U, Fault::Surplus),
        problem("c:029", A, Fault::Surplus),
    ];
    assert_eq!(found, expected);
}
