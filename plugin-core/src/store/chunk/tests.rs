use std::sync::Arc;

use serde_json::json;

use crate::{
    AppId,
    store::{
        Db, Schema, Space, StrictEngine,
        conformance::block_on,
        engine::{Durability, Engine, Keyspace, Wanted},
        index::{IndexField, IndexMeta},
        mem::strict::Faults,
    },
};

static INDEX: [IndexMeta; 1] = [IndexMeta::of("c:", &[IndexField::ascending("a")])];

fn open(engine: &Arc<StrictEngine>, indexes: &'static [IndexMeta]) -> Arc<Space> {
    let keyspace = Keyspace::of_plugin("tests");
    block_on(engine.open(&keyspace)).expect("a keyspace opens");
    let space = Space::new(Arc::clone(engine) as Arc<dyn Engine>, keyspace, Durability::Relaxed);
    let space = space.with_schema(Schema::new([], [], [], indexes));
    block_on(space.prepare()).expect("indexes are brought in line");
    Arc::new(space)
}

/// A keyspace of so many apps, each with one document under the prefix and one behind it.
fn with_apps(apps: usize) -> (Arc<StrictEngine>, Arc<Space>) {
    let engine = Arc::new(StrictEngine::new(1, Faults::NONE));
    let space = open(&engine, &[]);
    for app in 0..apps {
        let db = Db::over(Arc::clone(&space), AppId::new(format!("app{app}")).expect("an id"));
        for key in ["c:1", "d"] {
            block_on(db.set(key, &json!({ "a": app }))).expect("it can be stored");
        }
    }
    (engine, space)
}

#[test]
fn going_over_all_apps_asks_a_few_times_for_each() {
    const APPS: usize = 200;
    let (engine, space) = with_apps(APPS);
    let before = engine.calls().reads;
    let (mut after, mut apps) = (Vec::new(), Vec::new());
    while let Some((app, found)) =
        block_on(space.next_documents("c:", &after, (10, usize::MAX, Wanted::Keys))).expect("it can be read")
    {
        assert_eq!(found.len(), 1);
        after = found.last().expect("it is not empty").0.to_vec();
        apps.push(app);
    }
    assert_eq!(apps, block_on(space.apps()).expect("they can be read"));
    let reads = engine.calls().reads - before;
    assert!(apps.len() == APPS && reads <= 5 * APPS as u64, "{reads} reads");
}

#[test]
fn an_index_over_many_apps_is_built_with_a_few_reads_for_each() {
    const APPS: usize = 200;
    let (engine, _) = with_apps(APPS);
    let space = open(&engine, &INDEX);
    let before = engine.calls().reads;
    block_on(space.build_indexes(|| true)).expect("it is built");
    let reads = engine.calls().reads - before;
    assert!(reads <= 6 * APPS as u64, "{reads} reads");
    let last = Db::over(space, AppId::new(format!("app{}", APPS - 1)).expect("an id"));
    let told = block_on(last.count(crate::query! { a: APPS - 1 }).under("c:").explain()).expect("it can be asked");
    assert_eq!((told.found, told.documents_read), (1, 0), "{told:?}");
}
