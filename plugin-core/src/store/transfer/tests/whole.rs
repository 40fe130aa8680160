//! Whole exports that were edited, trimmed, mixed up, cut off or damaged: whatever comes of one, indexes are of the documents that came.

use super::*;
use crate::{
    clock::ManualClock,
    query,
    random::Random,
    store::{
        StoreError, codec,
        index::Progress,
        mem::strict::{Fate, Faults, StrictEngine},
    },
};

/// The lines of a whole export of [`filled`], but for the last, as `change` leaves them: those for which it says no are taken out.
fn lines(change: impl Fn(&mut Json) -> bool) -> Vec<String> {
    let text = exported(&filled(), Stillness::Still);
    let lines = text.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let mut lines: Vec<Json> = lines.filter(|line| line.get("end").is_none()).collect();
    lines.retain_mut(change);
    lines.into_iter().map(|line| line.to_string()).collect()
}

/// They with a last one that counts them.
fn whole(mut lines: Vec<String>) -> String {
    lines.push(json!({ "end": lines.len() - 1 }).to_string());
    lines.join("\n") + "\n"
}

fn over(engine: &Arc<dyn Engine>, schema: Schema) -> Arc<Space> {
    let keyspace = Keyspace::of_plugin("tests");
    block_on(engine.open(&keyspace)).expect("memory opens");
    let space = Space::new(Arc::clone(engine), keyspace, Durability::Relaxed).with_schema(schema);
    block_on(space.prepare()).expect("indexes are brought in line");
    Arc::new(space)
}

fn is_of_default(line: &Json, key: &str) -> bool {
    line["app"] == "default" && line["key"] == key
}

/// What an index alone says of the documents in which `a` is `n`.
fn in_the_index(space: &Arc<Space>, n: u64) -> Vec<String> {
    let select = db(space, "default").find::<Json>(query! { a: n }).under("c:").limit(1000).select::<Json>(["a"]);
    block_on(select.into_future()).expect("it can be asked").items.into_iter().map(|found| found.key).collect()
}

/// Nothing is wrong, and all that is declared is ready.
#[track_caller]
fn is_sound(space: &Arc<Space>) {
    is_whole(space);
    assert!(space.indexes.all().iter().all(|index| index.is_ready()), "all are built");
}

#[test]
fn a_document_that_was_edited_is_in_indexes_as_it_is_now() {
    let edited = whole(lines(|line| {
        let of_default = line["app"] == "default";
        let fields = match line["key"].as_str() {
            Some("c:005") if of_default => json!({ "a": 1000, "b": 5, "u": 5 }),
            // Two change their places in a unique index, and one is changed in no indexed field.
            Some("c:006") if of_default => json!({ "a": 6, "b": 6, "u": 7 }),
            Some("c:007") if of_default => json!({ "a": 0, "b": 7, "u": 6 }),
            Some("c:008") if of_default => json!({ "a": 1, "b": 7, "u": 8, "text": "another" }),
            _ => return true,
        };
        line["value"] = fields;
        line.as_object_mut().expect("an object").remove("stored");
        true
    }));
    let space = store(&INDEXES);
    let imported = import(&space, IntoWhat::Empty, &edited).expect("it is a line by hand");
    assert_eq!(imported.documents, 2 * 601);
    is_sound(&space);
    assert_eq!(in_the_index(&space, 1000), ["c:005"]);
    assert!(!in_the_index(&space, 5).contains(&"c:005".to_owned()));
    let taken = block_on(db(&space, "default").set("c:new", &json!({ "u": 7 })));
    assert!(matches!(&taken, Err(StoreError::Duplicate { other, .. }) if other == "c:006"), "{taken:?}");
}

#[test]
fn documents_that_were_taken_out_or_come_in_another_order_leave_no_entry_behind_and_none_out() {
    let random = std::cell::RefCell::new(Random::of(7));
    for _ in 0..20 {
        let mut left = lines(|line| line.get("key").is_none() || random.borrow_mut().below(3) > 0);
        let first = left.iter().position(|line| line.contains("\"key\":")).expect("documents");
        for place in (first + 1..left.len()).rev() {
            left.swap(place, first + random.borrow_mut().below(place - first + 1));
        }
        let documents = left.iter().filter(|line| line.contains("\"key\":")).count() as u64;
        let space = store(&INDEXES);
        assert_eq!(import(&space, IntoWhat::Empty, &whole(left)).expect("it has an end").documents, documents);
        is_sound(&space);
    }
}

#[test]
fn what_came_before_an_import_broke_off_is_whole_at_once() {
    let all = lines(|_| true);
    for at in [1, 2, 3, 4, 5, 203, 400, 601, 900, 1207, all.len()] {
        for wrong in [None, Some("{\"key\":")] {
            let mut lines = all.clone();
            lines.truncate(at);
            lines.extend(wrong.map(ToOwned::to_owned));
            let to = store(&INDEXES);
            let broken = import(&to, IntoWhat::Empty, &lines.join("\n")).expect_err("it is not all");
            let imported = match broken {
                TransferError::CutShort { imported, .. } if wrong.is_none() => imported,
                TransferError::Line { line, imported, .. } if wrong.is_some() && line == at as u64 + 1 => imported,
                other => panic!("{at}: {other:?}"),
            };
            assert!(imported < at as u64, "{at}: {imported}");
            is_sound(&to);
            import(&to, IntoWhat::Merge(OnExisting::Replace), &whole(all.clone())).expect("it goes on from there");
            is_sound(&to);
            assert_eq!(block_on(to.overview()).expect("readable").documents, 2 * 601);
        }
    }
}

#[test]
fn two_documents_that_may_not_be_there_together_are_refused_at_the_line_of_the_second() {
    let copied = |line: &mut Json| {
        if is_of_default(line, "c:400") {
            line["value"]["u"] = json!(3);
            line.as_object_mut().expect("an object").remove("stored");
        }
        true
    };
    // As it was stored, under another key: in the same commit as the first, and in a later one.
    for to in ["c:0035", "c:700"] {
        let mut lines = lines(|_| true);
        let at = lines.iter().position(|line| line.contains("\"default\"") && line.contains("c:003")).expect("a line");
        let mut copy: Json = serde_json::from_str(&lines[at]).expect("JSON");
        copy["key"] = json!(to);
        copy.as_object_mut().expect("an object").remove("check");
        let place = if to == "c:700" { lines.len() } else { at + 1 };
        lines.insert(place, copy.to_string());
        is_refused(&whole(lines), place as u64 + 1, to);
    }
    let edited = lines(copied);
    let place = edited.iter().position(|line| line.contains("\"default\"") && line.contains("c:400")).expect("a line");
    is_refused(&whole(edited), place as u64 + 1, "c:400");
}

#[track_caller]
fn is_refused(text: &str, at: u64, key: &str) {
    let space = store(&INDEXES);
    let refused = import(&space, IntoWhat::Empty, text);
    let Err(TransferError::Line { line, problem: LineProblem::Refused(problem), .. }) = &refused else {
        panic!("{refused:?}");
    };
    let StoreError::Duplicate { key: second, other, .. } = problem else { panic!("{problem:?}") };
    assert_eq!((*line, &**second, &**other), (at, key, "c:003"));
    is_sound(&space);
}

#[test]
fn a_line_that_comes_twice_is_that_and_no_duplicate() {
    for gap in [0, 700] {
        let mut lines = lines(|_| true);
        let at = lines.iter().position(|line| line.contains("\"default\"") && line.contains("c:003")).expect("a line");
        let again = lines[at].clone();
        lines.insert(at + 1 + gap, again);
        let refused = import(&store(&INDEXES), IntoWhat::Empty, &whole(lines));
        let Err(TransferError::Line { line, problem: LineProblem::Twice, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(line, (at + gap) as u64 + 2);
    }
}

#[test]
fn of_two_lines_the_second_is_refused_whichever_was_written_by_hand() {
    for by_hand in [0, 1] {
        let mut lines = lines(|_| true);
        let at = lines.iter().position(|line| line.contains("\"default\"") && line.contains("c:003")).expect("a line");
        lines.insert(at + 1, lines[at].clone());
        let mut line: Json = serde_json::from_str(&lines[at + by_hand]).expect("JSON");
        line.as_object_mut().expect("an object").remove("stored");
        lines[at + by_hand] = line.to_string();
        let refused = import(&store(&INDEXES), IntoWhat::Empty, &whole(lines));
        let Err(TransferError::Line { line, problem: LineProblem::Twice, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(line, at as u64 + 2);
    }
}

#[test]
fn a_document_that_has_expired_gives_way_to_another_wherever_that_comes() {
    for gap in [0, 600] {
        let (engine, keyspace) = (Arc::new(MemEngine::new()), Keyspace::of_plugin("tests"));
        block_on(engine.open(&keyspace)).expect("memory opens");
        let long_ago = ManualClock::at(Timestamp::UNIX_EPOCH);
        let from = Arc::new(Space::new(engine, keyspace, Durability::Relaxed).with_clock(long_ago.into()));
        let documents = db(&from, "default");
        block_on(documents.set_for("c:1", &json!({ "u": 1 }), Duration::from_secs(1))).expect("stored");
        for n in 0..gap {
            block_on(documents.set(&format!("c:1{n:04}"), &json!({ "a": n }))).expect("stored");
        }
        block_on(documents.set("c:2", &json!({ "u": 1 }))).expect("stored");
        let text = exported(&from, Stillness::Still);
        let to = store(&INDEXES);
        import(&to, IntoWhat::Empty, &text).expect("one of them is gone");
        is_sound(&to);
        assert_eq!(block_on(to.overview()).expect("readable").documents, gap + 1);
    }
}

#[test]
fn an_export_beside_writers_is_imported_with_what_was_unique_at_each_moment_alone() {
    let from = store(&INDEXES);
    let documents = db(&from, "default");
    block_on(documents.set("c:000", &json!({ "u": 1 }))).expect("stored");
    for n in 0..1100 {
        block_on(documents.set(&format!("c:1{n:04}"), &json!({ "a": n }))).expect("stored");
    }
    let text = block_on(async {
        let mut export = from.export("tests", Stillness::Live).await.expect("it begins");
        let mut text = String::new();
        while let Some(lines) = export.next().await.expect("readable") {
            text.push_str(&lines);
            if lines.contains("\"c:000\"") {
                documents.set("c:000", &json!({ "u": 2 })).await.expect("stored");
                documents.set("c:9", &json!({ "u": 1 })).await.expect("nobody has it");
            }
        }
        text
    });
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let to = over(&engine, Schema::new([], [], [], &INDEXES));
    let imported = import(&to, IntoWhat::Empty, &text).expect("all of it comes");
    assert_eq!(imported.documents, 1102);
    assert!(
        matches!(&*imported.warnings, [told] if told.contains("`c:9`") && told.contains("`c:000`")),
        "{imported:?}"
    );
    assert_eq!(in_the_index(&to, 7), ["c:10007"], "the other is built");
    // Whoever corrects one of them has the index at the next start.
    block_on(db(&to, "default").set("c:9", &json!({ "u": 3 }))).expect("stored");
    let again = over(&engine, Schema::new([], [], [], &INDEXES));
    block_on(again.build_indexes(|| true)).expect("they are built");
    is_sound(&again);
}

#[test]
fn what_is_larger_than_a_document_is_refused_at_its_line() {
    for size in [MAX_DOCUMENT + 1, 2 * MAX_DOCUMENT] {
        let mut changed = lines(|_| true);
        let at = changed.iter().position(|line| line.contains("\"key\"")).expect("a document");
        let mut line: Json = serde_json::from_str(&changed[at]).expect("JSON");
        let mut stored = BASE64_STANDARD.decode(line["stored"].as_str().expect("a text")).expect("base64");
        stored.resize(size, 0);
        line["check"] = json!(check_of_document("default", line["key"].as_str().expect("a key"), &stored));
        line["stored"] = json!(BASE64_STANDARD.encode(&stored));
        line.as_object_mut().expect("an object").remove("value");
        changed[at] = line.to_string();
        let refused = import(&store(&INDEXES), IntoWhat::Empty, &whole(changed));
        let Err(TransferError::Line { line, problem: LineProblem::Refused(problem), .. }) = refused else {
            panic!("{refused:?}")
        };
        assert!(line == at as u64 + 1 && matches!(problem, StoreError::TooLarge { .. }), "{problem:?}");
    }
}

#[test]
fn an_import_that_fails_before_its_documents_come_leaves_no_index_in_doubt() {
    let text = whole(lines(|_| true));
    // The first commits are those that exchange what the store keeps about itself.
    for fails in 0..4 {
        let strict = Arc::new(StrictEngine::new(7, Faults::NONE));
        let engine = Arc::<StrictEngine>::clone(&strict) as Arc<dyn Engine>;
        let to = over(&engine, Schema::new([], [], [], &INDEXES));
        strict.decide(std::iter::repeat_n(Fate::Happens, fails).chain([Fate::Down]));
        let failed = import(&to, IntoWhat::Empty, &text);
        assert!(matches!(failed, Err(TransferError::Store { .. })), "{fails}: {failed:?}");
        // The plugin goes on in the same process.
        let documents = db(&to, "default");
        for n in 0..3 {
            block_on(documents.set(&format!("c:x{n}"), &json!({ "a": n, "b": 10 + n, "u": 1000 + n })))
                .expect("stored");
        }
        is_whole(&to);
        let later = over(&engine, Schema::new([], [], [], &LATER));
        block_on(later.build_indexes(|| true)).expect("they are built");
        is_sound(&later);
        let found = block_on(db(&later, "default").count(query! { b: 11 }).under("c:x").into_future());
        assert_eq!(found.expect("a count"), 1, "{fails}");
    }
}

#[test]
fn an_index_that_could_not_be_built_where_it_comes_from_is_told_of() {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let (plain, to) = (over(&engine, Schema::new([], [], [], &[])), store(&[]));
    for key in ["c:1", "c:2"] {
        block_on(db(&plain, "default").set(key, &json!({ "u": 1 }))).expect("stored");
    }
    let from = over(&engine, Schema::new([], [], [], &INDEXES));
    block_on(from.build_indexes(|| true)).expect("one of them is built");
    let imported = import(&to, IntoWhat::Empty, &exported(&from, Stillness::Still)).expect("all of it came");
    assert_eq!(imported.documents, 2);
    assert!(matches!(&*imported.warnings, [told] if told.contains("unique") && told.contains("`c:1`")), "{imported:?}");
    assert!(all(&from) == all(&to));
    assert!(to.indexes.all().iter().any(|index| index.progress() == Progress::Failed));
}

#[test]
fn documents_that_cannot_be_read_are_counted_and_indexes_are_without_them_as_before() {
    let engine: Arc<dyn Engine> = Arc::new(MemEngine::new());
    let plain = over(&engine, Schema::new([], [], [], &[]));
    let documents = db(&plain, "default");
    (0..3).for_each(|n| block_on(documents.set(&format!("c:{n}"), &json!({ "a": n, "u": n }))).expect("stored"));
    // Of a type that nobody has.
    let typed = BASE64_STANDARD.decode("AAAAAAAAAAEAAAAAAAAAAgEBAqurq6urq6urAAEF").expect("base64");
    let place = documents.0.place("c:1x").expect("a key");
    block_on(plain.commit_repeatable(vec![Write::put(place, typed)])).expect("written");
    let from = over(&engine, Schema::new([], [], [], &INDEXES));
    block_on(from.build_indexes(|| true)).expect("they are built");
    let text = exported(&from, Stillness::Still);
    let to = store(&INDEXES);
    let imported = import(&to, IntoWhat::Empty, &text).expect("it is whole");
    assert_eq!((imported.documents, imported.unreadable, &*imported.warnings), (4, 1, &[][..]));
    assert!(all(&from) == all(&to));
    assert!(to.indexes.all().iter().all(|index| index.is_ready()));
    assert_eq!(in_the_index(&to, 2), ["c:2"]);
    // However far an import comes, its row says what an index is without, and what is unique is held to be.
    let (lines, cut) = (text.lines().collect::<Vec<_>>(), store(&INDEXES));
    let broken = import(&cut, IntoWhat::Empty, &lines[..lines.len() - 1].join("\n"));
    assert!(matches!(broken, Err(TransferError::CutShort { .. })), "{broken:?}");
    assert!(all(&from) == all(&cut));
    assert_eq!(in_the_index(&cut, 2), ["c:2"]);
    let mut twice = lines[..lines.len() - 1].to_vec();
    let mut copy: Json =
        serde_json::from_str(lines.iter().find(|line| line.contains("\"c:0\"")).expect("a line")).expect("JSON");
    copy["key"] = json!("c:3");
    copy.as_object_mut().expect("an object").remove("check");
    let copy = copy.to_string();
    twice.push(&copy);
    let refused = import(&store(&INDEXES), IntoWhat::Empty, &whole(twice.into_iter().map(ToOwned::to_owned).collect()));
    assert!(
        matches!(refused, Err(TransferError::Line { problem: LineProblem::Refused(StoreError::Duplicate { .. }), .. })),
        "{refused:?}"
    );
}

#[test]
fn an_import_that_broke_off_goes_on_over_documents_that_cannot_be_read() {
    let from = store(&INDEXES);
    (0..3).for_each(|n| {
        block_on(db(&from, "default").set(&format!("c:{n}"), &json!({ "a": n, "u": n }))).expect("stored");
    });
    let mut lines: Vec<String> = exported(&from, Stillness::Still).lines().map(ToOwned::to_owned).collect();
    lines.pop();
    // One of them a document but for its last byte.
    let mut damaged = block_on(db(&from, "default").0.read("c:1")).expect("readable").expect("it is there");
    damaged.pop();
    for (key, bytes) in [("c:00", &*damaged), ("c:1x", &b"none"[..]), ("c:2x", b"")] {
        let check = check_of_document("default", key, bytes);
        lines.push(
            json!({ "app": "default", "key": key, "stored": BASE64_STANDARD.encode(bytes), "check": check })
                .to_string(),
        );
    }
    let cut = lines[..lines.len() - 1].join("\n");
    let (text, whole_store) = (whole(lines), store(&INDEXES));
    import(&whole_store, IntoWhat::Empty, &text).expect("it is whole");
    let to = store(&INDEXES);
    assert!(matches!(import(&to, IntoWhat::Empty, &cut), Err(TransferError::CutShort { .. })));
    // Another is where the last is to be.
    block_on(db(&to, "default").set("c:2x", &json!({ "a": 9, "u": 9 }))).expect("stored");
    let refused = import(&to, IntoWhat::Merge(OnExisting::Refuse), &text);
    assert!(matches!(refused, Err(TransferError::Line { problem: LineProblem::Exists { .. }, .. })), "{refused:?}");
    let merged = import(&to, IntoWhat::Merge(OnExisting::Replace), &text).expect("it goes on");
    assert_eq!((merged.documents, merged.unreadable), (6, 3));
    let documents =
        |space| all(space).into_iter().filter(|(key, _)| [0x10, 0x11, 0x12].contains(&key[0])).map(|(key, _)| key);
    assert!(documents(&to).eq(documents(&whole_store)), "entries too");
    assert!(in_the_index(&to, 9).is_empty() && in_the_index(&to, 2) == ["c:2"]);
    let told = |space| block_on(Space::verify(space)).expect("it can be looked at").problems.len();
    assert_eq!(told(&to), told(&whole_store));
    // Other bytes that cannot be read either are as much left out as those in whose place they are.
    let check = check_of_document("default", "c:1x", b"else");
    let other = json!({ "key": "c:1x", "stored": BASE64_STANDARD.encode("else"), "check": check }).to_string();
    import(&to, IntoWhat::Merge(OnExisting::Replace), &other).expect("it is kept as it is");
    let left_out =
        block_on(to.index_states()).expect("readable").into_iter().map(|it| it.left_out.map(|it| it.documents));
    assert!(left_out.eq([Some(3), Some(3)]));
    // By hand over one that cannot be read: it is there.
    let by_hand = "{\"key\":\"c:1x\",\"value\":1}";
    let refused = import(&to, IntoWhat::Merge(OnExisting::Refuse), by_hand);
    assert!(matches!(refused, Err(TransferError::Line { problem: LineProblem::Exists { .. }, .. })), "{refused:?}");
    import(&to, IntoWhat::Merge(OnExisting::Replace), by_hand).expect("it is written over");
}

#[test]
fn lines_alone_bring_documents_that_cannot_be_read_wherever_they_belong() {
    let from = store(&INDEXES);
    block_on(db(&from, "default").set("c:1", &json!({ "a": 1, "u": 1 }))).expect("stored");
    let mut damaged = block_on(db(&from, "default").0.read("c:1")).expect("readable").expect("it is there");
    damaged.pop();
    for bytes in [&*damaged, b"none"] {
        // With indexes and without any; into nothing, over itself, over what can be read, over other bytes.
        for key in ["c:1", "plain"] {
            let check = check_of_document("default", key, bytes);
            let line = json!({ "key": key, "stored": BASE64_STANDARD.encode(bytes), "check": check }).to_string();
            let (to, replace) = (store(&INDEXES), IntoWhat::Merge(OnExisting::Replace));
            let is_kept = |into| {
                let imported = import(&to, into, &line).expect("it is kept as it is");
                assert_eq!((imported.documents, imported.unreadable), (1, 1), "{key}");
                assert_eq!(block_on(db(&to, "default").0.read(key)).expect("readable").as_deref(), Some(bytes));
            };
            is_kept(IntoWhat::Empty);
            is_kept(IntoWhat::Merge(OnExisting::Refuse));
            block_on(db(&to, "default").set(key, &json!({ "a": 1, "u": 1 }))).expect("it is written over");
            let refused = import(&to, IntoWhat::Merge(OnExisting::Refuse), &line);
            assert!(
                matches!(refused, Err(TransferError::Line { problem: LineProblem::Exists { .. }, .. })),
                "{refused:?}"
            );
            is_kept(replace);
            let place = db(&to, "default").0.place(key).expect("a key");
            block_on(to.commit_repeatable(vec![Write::put(place, b"other".to_vec())])).expect("written");
            is_kept(replace);
            assert!(in_the_index(&to, 1).is_empty());
        }
    }
}

#[test]
fn what_is_of_no_type_that_its_key_wants_is_merged_only_where_it_is_already() {
    let plain = store(&[]);
    block_on(db(&plain, "default").set("bits:1", &json!({ "bits": "none" }))).expect("stored");
    let text = exported(&plain, Stillness::Still);
    let typed = with_bits();
    let refused = import(&typed, IntoWhat::Merge(OnExisting::Replace), &text);
    assert!(
        matches!(refused, Err(TransferError::Line { line: 2, problem: LineProblem::Refused(_), .. })),
        "{refused:?}"
    );
    import(&typed, IntoWhat::Empty, &text).expect("it is as it was there");
    let again = import(&typed, IntoWhat::Merge(OnExisting::Replace), &text).expect("it is there");
    assert_eq!((again.documents, again.unreadable), (1, 1));
}

#[test]
fn what_a_store_keeps_about_itself_is_taken_as_it_was_or_not_at_all() {
    let good = lines(|_| true);
    let before = all(&store(&INDEXES));
    let change = |at: usize, change: fn(&mut Vec<u8>, &mut Vec<u8>)| {
        let mut line: Json = serde_json::from_str(&good[at]).expect("JSON");
        let [mut row, mut stored] =
            ["row", "stored"].map(|it| BASE64_STANDARD.decode(line[it].as_str().expect("a text")).expect("base64"));
        change(&mut row, &mut stored);
        line["row"] = json!(BASE64_STANDARD.encode(&row));
        line["stored"] = json!(BASE64_STANDARD.encode(&stored));
        // Whoever makes one up makes this up as well.
        line["check"] = json!(check_of(&[&row, &stored]));
        line.to_string()
    };
    let cut: fn(&mut Vec<u8>, &mut Vec<u8>) = |_, stored| stored.truncate(stored.len() - 1);
    let named: fn(&mut Vec<u8>, &mut Vec<u8>) = |row, _| row.extend(b"x");
    let twice = good[1].clone();
    let is_number =
        |line: &String| line.contains(&BASE64_STANDARD.encode(Key::of(Kind::Meta).text("index-number").into_bytes()));
    let number = good.iter().position(is_number).expect("there are indexes");
    let last: fn(&mut Vec<u8>, &mut Vec<u8>) = |_, stored| *stored = codec::encode(&u64::MAX).expect("a number");
    let large: fn(&mut Vec<u8>, &mut Vec<u8>) = |_, stored| stored.resize(2 << 20, 0);
    for wrong in [
        change(1, cut),
        change(1, named),
        change(number, last),
        change(1, large),
        twice,
        good[1].replace("stored\":\"", "stored\":\"AAAA"),
    ] {
        let mut lines = good.clone();
        lines.insert(2, wrong.clone());
        let to = store(&INDEXES);
        let refused = import(&to, IntoWhat::Empty, &whole(lines));
        assert!(matches!(refused, Err(TransferError::Line { line: 3, imported: 0, .. })), "{wrong}: {refused:?}");
        assert!(all(&to) == before, "nothing was taken");
    }
}

#[test]
fn no_byte_of_an_export_can_change_and_what_is_imported_with_it() {
    let fresh =
        || over(&(Arc::new(MemEngine::new()) as Arc<dyn Engine>), Schema::new([Bits::meta()], [], [], &INDEXES));
    let from = fresh();
    let documents = db(&from, "shop");
    let bits = json!({ "id": "1", "bits": [{ "whetherItIsSetOrIsNotSetAtAll": true }] });
    block_on(async {
        documents.set("bits:1", &bits).await?;
        documents.set("c:1", &json!({ "u": 1.5, "a": null, "text": "ä\"" })).await?;
        documents.set("time", &Timestamp::UNIX_EPOCH).await?;
        documents.set_for("late", &7, Duration::from_secs(3600)).await
    })
    .expect("stored");
    let row = Write::put(key::queue("listener", 7).into_bytes(), b"anything".to_vec());
    block_on(from.commit_repeatable(vec![row])).expect("written");
    let (text, wanted) = (exported(&from, Stillness::Still), all(&from));
    let (mut refused, mut taken) = (0, 0);
    for at in 0..text.len() {
        for flip in [0x01, 0x02, 0x04, 0x10, 0x20, 0x80] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= flip;
            let to = fresh();
            let imported = block_on(async {
                let mut import = to.import("tests", IntoWhat::Empty).await?;
                import.take(&bytes).await?;
                import.end().await
            });
            match imported {
                Err(_) => refused += 1,
                Ok(_) => {
                    taken += 1;
                    let line =
                        String::from_utf8_lossy(&bytes[at.saturating_sub(40)..(at + 40).min(bytes.len())]).into_owned();
                    assert!(all(&to) == wanted, "byte {at} with {flip:#x}: {line}");
                }
            }
        }
    }
    // The time of the export, and how a text is escaped, say nothing of what is stored.
    assert!(refused > 20 * taken && taken > 0, "{refused} refused, {taken} taken");
}
