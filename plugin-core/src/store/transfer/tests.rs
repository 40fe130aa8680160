mod edited;
mod whole;

use std::{future::IntoFuture, sync::Arc, time::Duration};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    AppId, document, model, plugin,
    store::{
        Db, MemEngine, Schema, Space,
        conformance::block_on,
        documents::MAX_DOCUMENT,
        engine::{Direction as Walk, Durability, Engine, Entries, Keyspace, Scan, Wanted, Write},
        index::{IndexField, IndexMeta},
        key::{self, Key, Kind},
        typed::Document as _,
        value::{MAX_DEPTH, Value},
    },
};

const A: IndexMeta = IndexMeta::of("c:", &[IndexField::descending("a")]).sparse();
const U: IndexMeta = IndexMeta::of("c:", &[IndexField::descending("u")]).unique().sparse();
const B: IndexMeta = IndexMeta::of("c:", &[IndexField::descending("b")]).sparse();

static INDEXES: [IndexMeta; 2] = [A, U];
/// What a later build declares: one of the former, under another number, and one more.
static LATER: [IndexMeta; 2] = [B, A];

fn store(indexes: &'static [IndexMeta]) -> Arc<Space> {
    let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("tests"));
    block_on(engine.open(&keyspace)).expect("memory opens");
    let space = Space::new(engine, keyspace, Durability::Relaxed).with_schema(Schema::new([], [], [], indexes));
    block_on(space.prepare()).expect("indexes are brought in line");
    Arc::new(space)
}

fn db(space: &Arc<Space>, app: &str) -> Db {
    Db::over(Arc::clone(space), AppId::new(app).expect("an id"))
}

/// Documents in two apps, more than a chunk of them, one that expires, and rows that are no documents.
fn filled() -> Arc<Space> {
    let space = store(&INDEXES);
    for app in ["default", "shop"] {
        let db = db(&space, app);
        for n in 0..600 {
            let document = json!({ "a": n % 7, "b": n, "u": n, "text": "ä\n\"" });
            block_on(db.set(&format!("c:{n:03}"), &document)).expect("stored");
        }
        block_on(db.set_for("late\u{0}", &AppId::default(), Duration::from_secs(3600))).expect("stored");
    }
    let rows = [key::queue("listener", 7), key::receipt("hook", "1"), key::cron_of("job")];
    let rows = rows.map(|key| Write::put(key.into_bytes(), b"\xffanything".to_vec()));
    block_on(space.commit_repeatable(rows.into())).expect("written");
    space
}

fn exported(space: &Arc<Space>, stillness: Stillness) -> String {
    block_on(async {
        let mut export = space.export("tests", stillness).await.expect("it begins");
        let mut text = String::new();
        while let Some(lines) = export.next().await.expect("readable") {
            assert!(lines.len() < 8 << 20, "a chunk is small");
            text.push_str(&lines);
        }
        text
    })
}

fn import(space: &Arc<Space>, into: IntoWhat, text: &str) -> Result<Imported, TransferError> {
    block_on(async {
        let mut import = space.import("tests", into).await?;
        // Pieces that end anywhere.
        for piece in text.as_bytes().chunks(1013) {
            import.take(piece).await?;
        }
        import.end().await
    })
}

fn all(space: &Arc<Space>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let mut start = vec![0];
    loop {
        let (range, direction) = (start.clone()..vec![0xff], Walk::Forward);
        let scan = Scan { range, limit: 1000, bytes: usize::MAX, direction, wanted: Wanted::Entries };
        let found: Entries = block_on(space.scan(scan)).expect("readable");
        rows.extend(found.iter().map(|(key, value)| (key.to_vec(), value.to_vec())));
        match found.more {
            true => start = [&*rows.last().expect("there are more").0, &[0]].concat(),
            false => return rows,
        }
    }
}

#[track_caller]
fn is_whole(space: &Arc<Space>) {
    let verified = block_on(space.verify()).expect("it can be looked at");
    assert!(verified.is_whole(), "{:?}", verified.problems.first());
}

#[test]
fn a_document_is_a_line_that_people_can_read() {
    let space = store(&[]);
    block_on(db(&space, "shop").set_for("k", &json!({ "n": 1 }), Duration::from_secs(60))).expect("stored");
    let text = exported(&space, Stillness::Still);
    let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&lines[0]["format"], &lines[0]["version"]), (&json!("plugin-server-export"), &json!(1)));
    let document = &lines[1];
    assert_eq!((&document["app"], &document["key"]), (&json!("shop"), &json!("k")));
    assert_eq!(document["value"], json!({ "n": 1 }));
    assert!(document["expiresAt"].is_string() && document["stored"].is_string(), "{document}");
    assert_eq!(lines.last(), Some(&json!({ "end": 1 })), "what follows from the document is none of it");
}

#[test]
fn indexes_that_a_later_build_declares_hold_what_was_imported() {
    let to = store(&LATER);
    import(&to, IntoWhat::Empty, &exported(&filled(), Stillness::Still)).expect("it is whole");
    is_whole(&to);
    let told = block_on(db(&to, "shop").find::<Json>(crate::query! { b: 5 }).under("c:").explain());
    let told = told.expect("it can be asked");
    assert_eq!((told.found, told.index.is_some()), (1, true), "{told:?}");
}

#[test]
fn documents_written_by_hand_are_stored_as_plugins_store_them() {
    let space = store(&INDEXES);
    let lines = "{\"key\":\"c:1\",\"value\":{\"a\":1,\"u\":1}}\n\n{\"app\":\"shop\",\"key\":\"c:2\",\"value\":null}";
    let imported = import(&space, IntoWhat::Empty, lines).expect("they are fine");
    assert_eq!((imported.documents, imported.rows), (2, 2));
    let counted = block_on(db(&space, "default").count(crate::query! { a: 1 }).under("c:").explain());
    assert_eq!(counted.expect("it can be asked").found, 1);
    is_whole(&space);
}

/// What lies as deep as a document may: arrays, objects, and bytes, which JSON shows as one array more.
fn deepest() -> Vec<Value> {
    let nested =
        |wrap: fn(Value) -> Value, depth: usize, inmost: Value| (0..depth).fold(inmost, |inner, _| wrap(inner));
    let (array, object) = (
        (|inner| Value::Array(vec![inner])) as fn(Value) -> Value,
        (|inner| Value::Object([("in".to_owned(), inner)].into())) as fn(Value) -> Value,
    );
    vec![
        nested(array, MAX_DEPTH - 1, Value::from(1_u64)),
        nested(array, MAX_DEPTH, Value::from(1_u64)),
        nested(object, MAX_DEPTH, Value::from("[{")),
        nested(object, MAX_DEPTH, Value::Bytes(vec![1, 2])),
    ]
}

#[test]
fn what_lies_as_deep_as_may_be_is_exported_and_imported() {
    for value in deepest() {
        let from = store(&[]);
        block_on(db(&from, "default").set("k", &value)).expect("stored");
        let text = exported(&from, Stillness::Still);
        for (to, into) in [(store(&[]), IntoWhat::Empty), (store(&[]), IntoWhat::Merge(OnExisting::Refuse))] {
            import(&to, into, &text).expect("it was exported");
            assert_eq!(block_on(db(&to, "default").get::<Value>("k")).expect("readable"), Some(value.clone()));
        }
    }
}

#[test]
fn a_value_by_hand_lies_as_deep_as_may_be_and_no_deeper() {
    let line = |depth: usize| format!("{{\"key\":\"k\",\"value\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    for (depth, told) in [(MAX_DEPTH, None), (MAX_DEPTH + 1, Some("more than 128 deep")), (4_000_000, Some("deep"))] {
        let space = store(&[]);
        let imported = import(&space, IntoWhat::Empty, &line(depth));
        match told {
            None => assert_eq!(imported.expect("it may").documents, 1),
            Some(told) => {
                let refused = imported.expect_err("it may not").to_string();
                assert!(refused.starts_with("line 1: ") && refused.contains(told), "{refused}");
            }
        }
    }
    let open = format!("{{\"key\":\"k\",\"value\":{}", "[".repeat(1_000_000));
    let refused = import(&store(&[]), IntoWhat::Empty, &open).expect_err("it has no end");
    assert!(matches!(refused, TransferError::Line { line: 1, .. }), "{refused:?}");
}

#[test]
fn a_merge_keeps_what_is_there_unless_it_is_told_to_replace_it() {
    let (from, to) = (filled(), store(&LATER));
    block_on(db(&to, "shop").set("c:005", &json!({ "a": "mine" }))).expect("stored");
    let text = exported(&from, Stillness::Still);
    let refused = import(&to, IntoWhat::Merge(OnExisting::Refuse), &text).expect_err("it is there");
    let TransferError::Line { problem: LineProblem::Exists { app, key }, .. } = refused else { panic!("{refused:?}") };
    assert_eq!((&*app, &*key), ("shop", "c:005"));
    assert!(matches!(import(&to, IntoWhat::Empty, &text), Err(TransferError::NotEmpty)));
    is_whole(&to);
    import(&to, IntoWhat::Merge(OnExisting::Replace), &text).expect("it is whole");
    let replaced: Option<Json> = block_on(db(&to, "shop").get("c:005")).expect("readable");
    assert_eq!(replaced.expect("it is there")["b"], json!(5));
    is_whole(&to);
}

#[test]
fn what_the_host_keeps_about_jobs_gives_way_to_what_was_exported() {
    let (from, to) = (filled(), store(&INDEXES));
    let rows = [key::cron_of("job"), key::cron_of("other")].map(|key| Write::put(key.into_bytes(), b"mine".to_vec()));
    block_on(to.commit_repeatable(rows.into())).expect("written");
    import(&to, IntoWhat::Empty, &exported(&from, Stillness::Still)).expect("there is nothing else");
    assert!(all(&from) == all(&to));
}

#[test]
fn a_file_that_was_cut_short_is_noticed() {
    let text = exported(&filled(), Stillness::Still);
    let lines: Vec<&str> = text.lines().collect();
    let without_end = lines[..lines.len() - 1].join("\n");
    let without_a_row = [&lines[..700], &lines[701..]].concat().join("\n");
    for cut in [without_end, without_a_row] {
        let noticed = import(&store(&INDEXES), IntoWhat::Empty, &cut).expect_err("it is not whole");
        assert!(matches!(noticed, TransferError::CutShort { .. }), "{noticed:?}");
    }
}

#[test]
fn lines_that_are_none_are_refused_with_what_is_wrong() {
    let first = "{\"format\":\"plugin-server-export\",\"version\":1,\"plugin\":\"tests\"}";
    for (text, expected) in [
        ("{\"keys\":1}", "unknown field `keys`"),
        ("{\"key\":\"k\",\"value\":1,\"version\":2}", "in the first line alone"),
        ("{\"key\":\"k\",\"value\":1,\"live\":true}", "in the first line alone"),
        ("{\"key\":\"k\"}", "neither `value` nor `stored`"),
        ("{\"app\":\"a b\",\"key\":\"k\",\"value\":1}", "line 1"),
        ("{\"key\":\"\",\"value\":1}", "a key of 0 bytes"),
        ("{\"row\":\"ICA=\",\"stored\":\"\"}", "begins with its first line"),
        ("{\"key\":\"k\",\"stored\":\"!\"}", "no base64"),
        ("{\"key\":\"k\",\"stored\":\"AAAA\"}", "end too early"),
        (&first.replace("tests", "others"), "of the plugin `others`"),
        (&first.replace("\"version\":1", "\"version\":9"), "version 9"),
        (&format!("{first}\n{{\"end\":0}}\n{{\"end\":0}}"), "after the last"),
        (&format!("{first}\n{first}"), "line 2"),
    ] {
        let refused = import(&store(&[]), IntoWhat::Empty, text).expect_err(text).to_string();
        assert!(refused.contains(expected), "{text}: {refused}");
    }
}

#[test]
fn what_is_cleared_is_gone_and_takes_new_documents() {
    let space = filled();
    block_on(space.clear()).expect("it is cleared");
    let left: Vec<_> = all(&space).into_iter().filter(|(key, _)| key[0] != Kind::Meta as u8).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(all(&space).iter().all(|(key, _)| Key::of(Kind::Meta).range().contains(key)));
    assert!(space.indexes.all().iter().all(|index| index.is_ready()));
    block_on(db(&space, "default").set("c:1", &json!({ "a": 1, "u": 1 }))).expect("stored");
    is_whole(&space);
}

#[test]
fn an_overview_counts_documents_app_by_app() {
    let overview = block_on(filled().overview()).expect("readable");
    assert_eq!(overview.documents, 1202);
    let apps: Vec<_> = overview.apps.iter().map(|it| (&*it.app, it.documents)).collect();
    assert_eq!(apps, [("default", 601), ("shop", 601)]);
    assert_eq!(overview.indexes.len(), 2);
}

#[test]
fn an_export_beside_a_drop_of_everything_does_not_say_that_it_is_whole() {
    let space = filled();
    let mut export = block_on(space.export("tests", Stillness::Live)).expect("it begins");
    block_on(export.next()).expect("the first line").expect("there is one");
    block_on(space.clear()).expect("all is dropped");
    let broken = loop {
        match block_on(export.next()) {
            Ok(Some(lines)) => assert!(!lines.contains("\"end\""), "{lines}"),
            other => break other,
        }
    };
    assert!(matches!(broken, Err(StoreError::Renewed)), "{broken:?}");
}

#[test]
fn a_row_that_comes_twice_is_named_wherever_it_comes() {
    let text = exported(&filled(), Stillness::Live);
    let mut lines: Vec<&str> = text.lines().collect();
    let again = lines.iter().position(|line| line.contains("\"c:003\"")).expect("it is there");
    let (line, end) = (lines[again], lines.pop().expect("the last"));
    let count: u64 = serde_json::from_str::<Json>(end).expect("JSON")["end"].as_u64().expect("a number");
    lines.insert(again + 450, line);
    let end = json!({ "end": count + 1 }).to_string();
    lines.push(&end);
    let refused = import(&store(&INDEXES), IntoWhat::Empty, &(lines.join("\n") + "\n"));
    assert!(matches!(refused, Err(TransferError::Line { .. })), "{refused:?}");
}

#[test]
fn an_index_that_was_half_built_is_built_where_it_is_imported() {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    block_on(engine.open(&Keyspace::of_plugin("tests"))).expect("memory opens");
    let open = |indexes: &'static [IndexMeta]| {
        let space = Space::new(Arc::clone(&engine), Keyspace::of_plugin("tests"), Durability::Relaxed);
        let space = space.with_schema(Schema::new([], [], [], indexes));
        block_on(space.prepare()).expect("indexes are brought in line");
        Arc::new(space)
    };
    let plain = db(&open(&[]), "default");
    (0..700).for_each(|n| block_on(plain.set(&format!("c:{n:03}"), &json!({ "a": n, "u": n }))).expect("stored"));
    let from = open(&INDEXES);
    let looks = std::cell::Cell::new(0);
    let twice = || {
        looks.set(looks.get() + 1);
        looks.get() <= 2
    };
    block_on(from.build_indexes(twice)).expect("it is broken off");
    for stillness in [Stillness::Live, Stillness::Still] {
        let to = store(&INDEXES);
        import(&to, IntoWhat::Empty, &exported(&from, stillness)).expect("it is whole");
        block_on(to.build_indexes(|| true)).expect("they are built");
        is_whole(&to);
        let count = db(&to, "default").count(crate::query! { a: { gte: 0 } }).under("c:");
        assert_eq!(block_on(count.into_future()).expect("a count"), 700, "{stillness:?}");
    }
}

#[test]
fn a_row_that_no_export_writes_so_is_refused() {
    for key in [key::document(&AppId::default(), "c:1").into_bytes(), vec![], vec![0xff], vec![0x10, 0x01]] {
        let text = exported(&store(&INDEXES), Stillness::Live);
        let first = text.lines().next().expect("the first");
        let row = json!({ "row": BASE64_STANDARD.encode(&key), "stored": "", "check": check_of(&[&key, b""]) });
        let text = format!("{first}\n{row}\n{}\n", json!({ "end": 1 }));
        for into in [IntoWhat::Empty, IntoWhat::Merge(OnExisting::Replace)] {
            let refused = import(&store(&INDEXES), into, &text);
            assert!(matches!(refused, Err(TransferError::Line { line: 2, .. })), "{refused:?}");
        }
    }
}

#[test]
fn large_documents_do_not_wait_for_one_another() {
    let space = store(&[]);
    let line = format!("{}\n", json!({ "key": "N", "value": "x".repeat(900 << 10) }));
    for into in [IntoWhat::Empty, IntoWhat::Merge(OnExisting::Replace)] {
        let imported = block_on(async {
            let mut import = space.import("tests", into).await?;
            for n in 0..20 {
                for piece in line.replace('N', &n.to_string()).as_bytes().chunks(64 << 10) {
                    import.take(piece).await?;
                    assert!(import.held() < 3 << 20, "{} bytes", import.held());
                }
            }
            import.end().await
        });
        assert_eq!(imported.expect("they are fine").documents, 20, "{into:?}");
    }
}

#[test]
fn a_line_without_an_end_is_refused_before_it_is_kept() {
    let space = store(&[]);
    for piece in [1 << 10, MAX_LINE, 3 * MAX_LINE] {
        let (refused, held) = block_on(async {
            let mut import = space.import("tests", IntoWhat::Empty).await.expect("it is empty");
            loop {
                if let Err(refused) = import.take(&vec![b' '; piece]).await {
                    return (refused, import.held());
                }
            }
        });
        assert!(matches!(refused, TransferError::Line { line: 1, problem: LineProblem::TooLong, .. }), "{refused:?}");
        assert!(held <= MAX_LINE, "{held}");
    }
    let long = format!("{{\"key\":\"k\",\"value\":1}}\n{}\n", " ".repeat(MAX_LINE + 1));
    let refused = import(&space, IntoWhat::Empty, &long);
    assert!(matches!(refused, Err(TransferError::Line { line: 2, problem: LineProblem::TooLong, .. })), "{refused:?}");
}

#[plugin(id = "transfer-tests")]
struct Packer;

/// Its name is many times as long as it is stored.
#[model(stored)]
struct Bit {
    whether_it_is_set_or_is_not_set_at_all: bool,
}

#[document(plugin = Packer, collection = "bits")]
struct Bits {
    #[id]
    id: String,
    bits: Vec<Bit>,
}

fn with_bits() -> Arc<Space> {
    let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("tests"));
    block_on(engine.open(&keyspace)).expect("memory opens");
    let schema = Schema::new([Bits::meta()], [], [], &[]);
    Arc::new(Space::new(engine, keyspace, Durability::Relaxed).with_schema(schema))
}

#[test]
fn the_largest_documents_are_exported_in_lines_that_can_be_imported() {
    let (from, to) = (with_bits(), with_bits());
    let db = db(&from, "default");
    let largest = MAX_DOCUMENT - 64;
    block_on(db.set("nuls", &"\0".repeat(largest))).expect("stored");
    block_on(db.set("false", &vec![false; largest])).expect("stored");
    let bits: Vec<_> = (0..largest).map(|_| json!({ "whetherItIsSetOrIsNotSetAtAll": true })).collect();
    block_on(db.set("bits:1", &json!({ "id": "1", "bits": bits }))).expect("stored");
    let text = block_on(async {
        let mut export = from.export("tests", Stillness::Still).await.expect("it begins");
        let mut text = String::new();
        while let Some(lines) = export.next().await.expect("readable") {
            text.push_str(&lines);
        }
        text
    });
    let longest = text.lines().map(str::len).max().expect("lines");
    assert!(longest > 7 << 20 && longest < MAX_LINE, "{longest}");
    assert!(text.contains("too long to be shown"), "the third");
    assert_eq!(import(&to, IntoWhat::Empty, &text).expect("it is whole").documents, 3);
    assert!(all(&from) == all(&to));
}
