//! What plugins stored, as whoever runs the host has it.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use plugin_core::{
    AppId, Clock,
    catalog::Catalog,
    host::{
        Host,
        store::{Data, Question},
    },
    prelude::*,
    registration::Registration,
    spawn::Spawn,
    store::{
        Db, MemEngine, Value,
        engine::{Durability, Engine, Keyspace, Write},
        mem::strict::{Faults, StrictEngine},
        transfer::IntoWhat,
    },
};
use serde_json::json;

/// Keeps letters.
#[plugin(id = "archive", index("notes:", n))]
#[derive(Debug)]
pub(crate) struct Archive;

/// What somebody wrote to somebody.
#[document(plugin = Archive, collection = "letters")]
#[index(sender)]
pub(crate) struct Letter {
    /// Its number.
    #[id]
    pub id: String,
    /// Who wrote it.
    pub sender: String,
}

/// What is on a letter.
#[document(plugin = Archive, collection = "stamps")]
#[index(serial, unique)]
pub(crate) struct Stamp {
    /// Its number.
    #[id]
    pub id: String,
    /// What no other has.
    pub serial: u32,
}

#[derive(Debug)]
struct Tokio;

impl Spawn for Tokio {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        tokio::spawn(task);
    }
}

/// A running host over `engine` of all plugins of this test but those `left_out`.
async fn host(engine: &Arc<MemEngine>, left_out: &[&str]) -> Host {
    let linked = Registration::linked().filter(|it| it.item.owner().is_none_or(|id| !left_out.contains(&id)));
    let catalog = Catalog::of(linked, &[]).expect("they fit together");
    let engine = Arc::clone(engine) as Arc<dyn Engine>;
    let host = Host::builder(catalog, engine, Clock::system(), Arc::new(Tokio));
    let host = host.only(["archive"]).build().await.expect("memory opens");
    host.start().await.expect("nothing keeps it");
    host
}

async fn archive(host: &Host) -> Data {
    host.data("archive").await.expect("it is there")
}

async fn exported(data: &Data) -> String {
    let mut exporting = data.export().await.expect("it begins");
    let mut text = String::new();
    while let Some(lines) = exporting.next().await.expect("readable") {
        text.push_str(&lines);
    }
    text
}

/// The lines but the first, which says when, and those of what the store keeps about itself, which the upkeep adds to.
fn rows(text: &str) -> Vec<&str> {
    let is_kept_of_itself = |line: &str| line.starts_with("{\"row\":\"U") || line.starts_with("{\"end\"");
    text.lines().skip(1).filter(|line| !is_kept_of_itself(line)).collect()
}

/// Keeps what may be lost with the power.
#[plugin(id = "sketches", durability = relaxed)]
#[derive(Debug)]
pub(crate) struct Sketches;

#[tokio::test]
async fn a_plugin_waits_for_the_disk_unless_it_says_that_it_need_not() {
    let engine = Arc::new(StrictEngine::new(1, Faults::NONE));
    let catalog = Catalog::of(Registration::linked(), &[]).expect("they fit together");
    let over = Arc::<StrictEngine>::clone(&engine);
    let host = Host::builder(catalog, over, Clock::system(), Arc::new(Tokio)).only(["archive", "sketches"]);
    let host = host.build().await.expect("memory opens");
    for (plugin, synced) in [("archive", 1), ("sketches", 0)] {
        let data = host.data(plugin).await.expect("it is there");
        engine.reset_calls();
        data.put(&AppId::default(), "notes:1", &json!(1), None).await.expect("it is anything");
        assert_eq!((engine.calls().commits, engine.calls().synced), (1, synced), "{plugin}");
    }
}

const STOP: Duration = Duration::from_secs(5);

#[tokio::test]
async fn data_of_a_plugin_left_out_is_kept_listed_exported_and_found_again() {
    let (engine, app) = (Arc::new(MemEngine::new()), AppId::default());
    let first = host(&engine, &[]).await;
    let data = archive(&first).await;
    let letter = json!({ "id": "1", "sender": "ada" });
    let revision = data.put(&app, "letters:1", &letter, None).await.expect("it is a letter");
    data.put(&app, "notes:1", &json!({ "n": 1 }), None).await.expect("it is anything");
    first.stop(STOP).await.expect("it stops");
    let before = exported(&data).await;
    drop((data, first));

    let without = host(&engine, &["archive"]).await;
    assert_eq!(without.orphans().await.expect("readable"), ["archive"]);
    let orphan = archive(&without).await;
    let stats = orphan.stats().await.expect("readable");
    assert!(stats.orphaned && stats.state.is_none() && stats.overview.documents == 2, "{stats:?}");
    assert_eq!(stats.overview.indexes.len(), 3, "they are known without their declarations");
    let note = orphan.get(&app, "notes:1").await.expect("it says itself what it is");
    assert_eq!(note.value, json!({ "n": 1 }));
    let typed = orphan.get(&app, "letters:1").await.expect("it is there");
    assert!(typed.value.is_null() && typed.unreadable.is_some_and(|why| why.contains("typed")), "its type is not");
    assert_eq!(orphan.put(&app, "notes:2", &json!(1), None).await.expect_err("it is kept").status().as_u16(), 409);
    let verified = orphan.verify().await.expect("readable");
    assert!(verified.is_whole() && verified.opaque == 1, "{verified:?}");
    let lines = exported(&orphan).await;
    assert_eq!((rows(&before).len(), rows(&lines).len()), (2, 2), "both documents");
    without.stop(STOP).await.expect("it stops");
    drop((orphan, without));

    let back = host(&engine, &[]).await;
    assert!(back.orphans().await.expect("readable").is_empty());
    let data = archive(&back).await;
    let shown = data.get(&app, "letters:1").await.expect("it is there");
    assert_eq!((shown.value, shown.revision), (letter, Some(revision)));
    let question =
        || Question { filter: Some(json!({ "sender": "ada" })), under: "letters:".into(), ..Question::default() };
    assert_eq!(data.find(&app, question()).await.expect("a question").items.len(), 1);
    assert!(data.explain(&app, question()).await.expect("a question").index.is_some());
    assert_eq!(rows(&exported_still(&back, &data).await), rows(&before), "nothing was touched");
}

/// All of it, from a plugin that is switched off.
async fn exported_still(host: &Host, data: &Data) -> String {
    host.disable("archive").await.expect("there is one");
    exported(data).await
}

#[tokio::test]
async fn what_no_type_can_be_had_of_is_shown_as_it_is_stored_and_counted_where_it_cannot_be_matched() {
    let (engine, app) = (Arc::new(MemEngine::new()), AppId::default());
    let first = host(&engine, &[]).await;
    let data = archive(&first).await;
    for id in ["1", "2", "3"] {
        let letter = json!({ "id": id, "sender": "ada" });
        data.put(&app, &format!("letters:{id}"), &letter, None).await.expect("it is a letter");
        data.put(&app, &format!("notes:{id}"), &json!({ "n": 1 }), None).await.expect("it is anything");
    }
    first.stop(STOP).await.expect("it stops");
    let lines = exported(&data).await;
    drop((data, first));

    let without = host(&engine, &["archive"]).await;
    let orphan = archive(&without).await;
    let ask = async |filter: Option<serde_json::Value>, sort: &[&str], under: &str| {
        let sort = sort.iter().map(|field| (*field).to_owned()).collect();
        let question = Question { filter, sort, under: under.into(), ..Question::default() };
        let listed = orphan.find(&app, question.clone()).await.expect("a question");
        assert_eq!(orphan.explain(&app, question).await.expect("a question").passed_over, listed.passed_over);
        listed
    };
    let all = ask(None, &[], "").await;
    assert_eq!((all.items.len(), all.passed_over), (6, 0));
    let letter = all.items.iter().find(|it| it.key == "letters:2").expect("every one is shown");
    assert!(letter.value.is_null() && letter.unreadable.is_some() && letter.revision.is_some(), "{letter:?}");
    assert_eq!((letter.collection.as_deref(), letter.version), (Some("letters"), Some(1)));
    assert_eq!(letter.fingerprint.as_deref().map(str::len), Some(16));
    let stored = format!("\"stored\":\"{}\"", letter.stored.as_deref().expect("it is unreadable"));
    assert!(lines.lines().any(|line| line.contains("\"letters:2\"") && line.contains(&stored)), "as an export has it");
    assert_eq!(orphan.get(&app, "letters:2").await.expect("it is there"), *letter);
    let note = all.items.iter().find(|it| it.key == "notes:2").expect("it can be read");
    assert_eq!((&note.value, &note.stored, &note.collection), (&json!({ "n": 1 }), &None, &None));

    for (filter, sort) in [(Some(json!({ "n": 1 })), &[][..]), (Some(json!({ "n": 1 })), &["-n"]), (None, &["n"])] {
        let matched = ask(filter, sort, "").await;
        assert_eq!((matched.items.len(), matched.passed_over), (3, 3), "{sort:?}");
        assert!(matched.items.iter().all(|it| it.key.starts_with("notes:")));
    }
    assert_eq!(
        ask(Some(json!({ "sender": "ada" })), &[], "letters:").await.passed_over,
        3,
        "none is left out in silence"
    );
    assert_eq!(ask(Some(json!({ "n": 1 })), &[], "notes:").await.passed_over, 0);
}

#[tokio::test]
async fn whoever_drops_a_declared_index_is_told_what_does_not_hold_until_it_is_there_again() {
    let engine = Arc::new(MemEngine::new());
    let (first, app) = (host(&engine, &[]).await, AppId::default());
    let data = archive(&first).await;
    let number = async |data: &Data, part: &str| {
        let stats = data.stats().await.expect("readable");
        stats.overview.indexes.iter().find(|it| it.definition.contains(part)).expect("it is declared").number
    };
    let dropped = data.drop_index(number(&data, "sender").await).await.expect("there is one");
    assert!(dropped.declared && !dropped.unique, "{dropped:?}");
    assert!(dropped.warning.is_some_and(|it| it.ends_with("the next start of the server builds it again")));
    let dropped = data.drop_index(number(&data, "serial").await).await.expect("there is one");
    assert!(dropped.warning.as_ref().is_some_and(|it| it.contains("the same values")), "{dropped:?}");
    assert!(!data.verify().await.expect("readable").is_whole(), "it is declared, unique and not there");
    for id in ["1", "2"] {
        let stamp = json!({ "id": id, "serial": 7 });
        data.put(&app, &format!("stamps:{id}"), &stamp, None).await.expect("nothing holds it to that");
    }
    first.stop(STOP).await.expect("it stops");
    drop((data, first));

    let without = host(&engine, &["archive"]).await;
    let orphan = archive(&without).await;
    let dropped = orphan.drop_index(number(&orphan, "notes:").await).await.expect("there is one");
    assert!(!dropped.declared && dropped.warning.is_none(), "{dropped:?}");
    without.stop(STOP).await.expect("it stops");
}

#[tokio::test]
async fn what_was_dropped_of_an_orphan_is_no_longer_listed() {
    let engine = Arc::new(MemEngine::new());
    drop(host(&engine, &[]).await);
    let without = host(&engine, &["archive"]).await;
    archive(&without).await.drop_all().await.expect("nobody is at work with it");
    assert!(without.orphans().await.expect("readable").is_empty());
    assert_eq!(without.data("archive").await.expect_err("it is gone").status().as_u16(), 404);
}

#[tokio::test]
async fn an_orphan_that_is_exported_is_not_dropped_before_that_is_done() {
    let engine = Arc::new(MemEngine::new());
    let first = host(&engine, &[]).await;
    archive(&first).await.put(&AppId::default(), "notes:1", &json!({ "n": 1 }), None).await.expect("it is anything");
    first.stop(STOP).await.expect("it stops");
    let without = host(&engine, &["archive"]).await;
    let index = archive(&without).await.stats().await.expect("readable").overview.indexes[0].number;
    let mut exporting = archive(&without).await.export().await.expect("it begins");
    // Each asks for the data by itself, as every request does.
    let other = archive(&without).await;
    let refusals = [other.drop_all().await.err(), other.drop_index(index).await.err(), other.export().await.err()];
    for refused in refusals {
        let refused = refused.expect("it is exported");
        assert!(refused.status().as_u16() == 409 && refused.to_string().contains("being exported"), "{refused}");
    }
    let mut lines = String::new();
    while let Some(more) = exporting.next().await.expect("readable") {
        lines.push_str(&more);
    }
    assert!(lines.contains("notes:1") && rows(&lines).len() == 1, "the document: {lines}");
    drop(exporting);
    other.drop_all().await.expect("nobody is at work with it");
}

#[tokio::test]
async fn a_plugin_at_work_keeps_its_data_and_one_whose_data_comes_in_stays_off() {
    let engine = Arc::new(MemEngine::new());
    let host = host(&engine, &[]).await;
    let data = archive(&host).await;
    for refused in [data.drop_all().await.err(), data.import(IntoWhat::Empty).await.err()] {
        let refused = refused.expect("it is at work");
        assert!(refused.status().as_u16() == 409 && refused.to_string().contains("switch it off"), "{refused}");
    }
    host.disable("archive").await.expect("there is one");
    let importing = data.import(IntoWhat::Empty).await.expect("it is off");
    assert_eq!(host.enable("archive").await.expect_err("its data comes in").status().as_u16(), 409);
    assert_eq!(data.export().await.err().map(|error| error.status().as_u16()), Some(409));
    importing.end().await.expect("nothing came");
    host.enable("archive").await.expect("its data is there");
}

#[tokio::test]
async fn what_does_not_fit_a_type_is_not_stored_under_it() {
    let engine = Arc::new(MemEngine::new());
    let host = host(&engine, &[]).await;
    let (data, app) = (archive(&host).await, AppId::default());
    let refused = data.put(&app, "letters:1", &json!({ "id": "1", "sender": 7 }), None).await.expect_err("no letter");
    assert!(refused.status().as_u16() == 422 && refused.to_string().contains("expected a string"), "{refused}");
    let letter = json!({ "id": "1", "sender": "ada" });
    data.put(&app, "letters:1", &letter, None).await.expect("a letter");
    let again = data.put(&app, "letters:1", &letter, None).await.expect_err("it is there");
    assert_eq!(again.status().as_u16(), 412);
    assert_eq!(data.get(&app, "letters:1").await.expect("it is there").version, Some(1));
}

#[tokio::test]
async fn bytes_are_shown_as_numbers_and_what_cannot_be_read_as_it_is_stored() {
    let engine = Arc::new(MemEngine::new());
    let host = host(&engine, &[]).await;
    let keyspace = Keyspace::of_plugin("archive");
    let db = Db::new(Arc::clone(&engine) as Arc<dyn Engine>, keyspace.clone(), AppId::default(), Durability::Synced);
    db.set("notes:1", &Value::Bytes(vec![1, 2])).await.expect("stored");
    let data = archive(&host).await;
    let page = data.find(&AppId::default(), Question::default()).await.expect("a page");
    assert_eq!(page.items[0].value, json!([1, 2]));
    let place = plugin_core::store::key::document(&AppId::default(), "notes:2").into_bytes();
    engine.commit(&keyspace, vec![Write::put(place, vec![7; 30])], Durability::Synced).await.expect("written");
    let shown = data.get(&AppId::default(), "notes:2").await.expect("it is there");
    assert!(shown.value.is_null() && shown.unreadable.is_some_and(|why| why.contains("format 7")));
    assert_eq!(shown.stored, Some("BwcH".repeat(10)));
}
