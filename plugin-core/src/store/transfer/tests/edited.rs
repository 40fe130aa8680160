//! Lines of an export that somebody edited, or that some tool wrote otherwise.

use super::*;

/// The export of one document, as its line was changed.
fn changed(space: &Arc<Space>, change: impl Fn(&mut Json)) -> String {
    let line = |line: &str| {
        let mut line: Json = serde_json::from_str(line).expect("JSON");
        if line.get("key").is_some() {
            change(&mut line);
        }
        line.to_string() + "\n"
    };
    exported(space, Stillness::Still).lines().map(line).collect()
}

#[track_caller]
fn is_told_as_edited(text: &str, to: &Arc<Space>, name: &str) {
    for into in [IntoWhat::Empty, IntoWhat::Merge(OnExisting::Replace)] {
        let refused = import(to, into, text);
        let Err(TransferError::Line { line: 2, problem: LineProblem::Edited { key, field }, .. }) = refused else {
            panic!("{refused:?}: {text}");
        };
        assert_eq!((&*key, field), ("bits:1", name));
    }
}

#[test]
fn what_was_edited_beside_its_bytes_is_told_and_imported_without_them() {
    let edit = |line: &mut Json| line["value"]["bits"] = json!([]);
    let without_check = |line: &mut Json| drop(line.as_object_mut().expect("an object").remove("check"));
    for from in [store(&[]), with_bits()] {
        let bits = json!({ "id": "1", "bits": [{ "whetherItIsSetOrIsNotSetAtAll": true }] });
        block_on(db(&from, "default").set("bits:1", &bits)).expect("stored");
        for to in [store(&[]), with_bits()] {
            is_told_as_edited(&changed(&from, edit), &to, "value");
        }
        // What is wrong with it is seen without the note, too, by whoever can read it.
        let to = if from.schema.collection("bits:1").is_some() { with_bits() } else { store(&[]) };
        let both = |line: &mut Json| {
            edit(line);
            without_check(line);
        };
        is_told_as_edited(&changed(&from, both), &to, "value");
        let without_bytes = |line: &mut Json| {
            edit(line);
            line.as_object_mut().expect("an object").remove("stored");
        };
        import(&to, IntoWhat::Empty, &changed(&from, without_bytes)).expect("it is a line by hand");
        let there: Option<Json> = block_on(db(&to, "default").get("bits:1")).expect("readable");
        assert_eq!(there.expect("it is there")["bits"], json!([]));
    }
}

#[test]
fn when_it_expires_is_not_edited_beside_its_bytes_either() {
    let from = store(&[]);
    block_on(db(&from, "default").set_for("bits:1", &1, Duration::from_secs(3600))).expect("stored");
    let later = changed(&from, |line| line["expiresAt"] = json!("2999-01-01T00:00:00Z"));
    is_told_as_edited(&later, &store(&[]), "expiresAt");
    let never = changed(&from, |line| drop(line.as_object_mut().expect("an object").remove("expiresAt")));
    is_told_as_edited(&never, &store(&[]), "expiresAt");
}

#[test]
fn what_a_tool_wrote_otherwise_or_an_older_build_without_a_note_is_what_it_was() {
    let from = store(&[]);
    let value = json!({ "b": 1.0, "a": [1e300, "ä\u{1}", null, 18_446_744_073_709_551_615_u64, 0.1 + 0.2] });
    block_on(db(&from, "default").set("bits:1", &value)).expect("stored");
    block_on(db(&from, "default").set("time", &Timestamp::UNIX_EPOCH)).expect("stored");
    let text = exported(&from, Stillness::Still);
    let spaced = text.replace("\"b\":1.0", "\"b\" : 1").replace("\u{e4}", "\\u00e4");
    assert_ne!(spaced, text);
    let without_check = changed(&from, |line| drop(line.as_object_mut().expect("an object").remove("check")));
    for written in [spaced, without_check] {
        let to = store(&[]);
        import(&to, IntoWhat::Empty, &written).expect("it says the same");
        assert!(all(&from) == all(&to));
    }
}

#[test]
fn what_this_build_would_show_otherwise_or_not_at_all_is_imported_as_it_was_stored() {
    // The id is in the key alone, and whoever has the type shows it in the document as well.
    let (plain, typed) = (store(&[]), with_bits());
    block_on(db(&plain, "default").set("bits:1", &json!({ "bits": [] }))).expect("stored");
    block_on(db(&typed, "default").set("bits:2", &json!({ "id": "2", "bits": [] }))).expect("stored");
    for from in [plain, typed] {
        for to in [store(&[]), with_bits()] {
            import(&to, IntoWhat::Empty, &exported(&from, Stillness::Still)).expect("nobody edited it");
            let documents = |space| all(space).into_iter().filter(|(key, _)| key[0] == Kind::Document as u8);
            assert!(documents(&from).eq(documents(&to)));
        }
    }
}

#[test]
fn a_line_that_could_not_show_its_document_is_not_imported_as_null() {
    let (from, to) = (store(&[]), store(&[]));
    block_on(db(&from, "default").set("bits:1", &1)).expect("stored");
    let unreadable = |line: &mut Json| {
        line["value"] = Json::Null;
        line["unreadable"] = json!("it has a type");
        line.as_object_mut().expect("an object").remove("stored");
    };
    let refused = import(&to, IntoWhat::Empty, &changed(&from, unreadable));
    let Err(TransferError::Line { line: 2, problem: LineProblem::Malformed(told), .. }) = refused else {
        panic!("{refused:?}");
    };
    assert!(told.contains("`stored`") && told.contains("remove `unreadable`"), "{told}");
    let by_hand = |line: &mut Json| {
        unreadable(line);
        line.as_object_mut().expect("an object").remove("unreadable");
    };
    import(&to, IntoWhat::Empty, &changed(&from, by_hand)).expect("whoever says so has null");
    assert_eq!(block_on(db(&to, "default").get("bits:1")).expect("readable"), Some(Json::Null));
}

#[test]
fn a_typed_document_is_not_imported_under_the_key_of_another_id() {
    let from = with_bits();
    block_on(db(&from, "default").set("bits:1", &json!({ "id": "1", "bits": [] }))).expect("stored");
    let text = changed(&from, |line| line["key"] = json!("bits:2"));
    for into in [IntoWhat::Empty, IntoWhat::Merge(OnExisting::Replace)] {
        let refused = import(&with_bits(), into, &text);
        let Err(TransferError::Line { line: 2, problem: LineProblem::Refused(problem), .. }) = refused else {
            panic!("{refused:?}");
        };
        assert!(problem.to_string().contains("`id` is `1`"), "{problem}");
    }
    // A store into which it came before that was looked at is told of.
    let place = db(&from, "default").0.place("bits:2").expect("a key");
    let bytes = block_on(db(&from, "default").0.read("bits:1")).expect("readable").expect("it is there");
    block_on(from.commit_repeatable(vec![Write::put(place, bytes)])).expect("written");
    let verified = block_on(from.verify()).expect("it can be looked at");
    let [problem] = &*verified.problems else { panic!("{:?}", verified.problems) };
    assert!(problem.key == "bits:2" && problem.to_string().contains("`id` is `1`"), "{problem}");
}

#[test]
fn a_line_whose_place_or_bytes_were_changed_is_told_unless_somebody_vouches_for_it() {
    let (from, other) = (store(&[]), store(&[]));
    block_on(db(&from, "default").set("bits:1", &json!({ "at": Timestamp::UNIX_EPOCH }))).expect("stored");
    block_on(db(&other, "default").set("bits:1", &json!({ "at": 7 }))).expect("stored");
    let text = exported(&other, Stillness::Still);
    let stored: Json =
        serde_json::from_str(text.lines().find(|line| line.contains("bits:1")).expect("a line")).expect("JSON");
    let app = |line: &mut Json| line["app"] = json!("shop");
    let key = |line: &mut Json| line["key"] = json!("bits:2");
    let bytes = |line: &mut Json| line["stored"] = stored["stored"].clone();
    let vouched = |line: &mut Json| drop(line.as_object_mut().expect("an object").remove("check"));
    for edit in [&app as &dyn Fn(&mut Json), &key, &bytes] {
        for into in [IntoWhat::Empty, IntoWhat::Merge(OnExisting::Replace)] {
            let refused = import(&store(&[]), into, &changed(&from, edit));
            assert!(
                matches!(refused, Err(TransferError::Line { line: 2, problem: LineProblem::Changed { .. }, .. })),
                "{refused:?}"
            );
        }
    }
    let to = store(&[]);
    let both = |line: &mut Json| [app, key].iter().for_each(|edit| edit(line));
    import(
        &to,
        IntoWhat::Empty,
        &changed(&from, |line| [&both as &dyn Fn(&mut Json), &vouched].iter().for_each(|edit| edit(line))),
    )
    .expect("whoever changed it says so");
    let moved: Option<Value> = block_on(db(&to, "shop").get("bits:2")).expect("readable");
    assert_eq!(moved, block_on(db(&from, "default").get("bits:1")).expect("readable"), "its time is one");
    // Other bytes would be another document than the one that is shown.
    is_told_as_edited(
        &changed(&from, |line| [&bytes as &dyn Fn(&mut Json), &vouched].iter().for_each(|edit| edit(line))),
        &store(&[]),
        "value",
    );
    let damaged = changed(&from, |line| {
        line["stored"] = json!("AAAA");
        vouched(line);
    });
    let refused = import(&store(&[]), IntoWhat::Empty, &damaged);
    assert!(matches!(refused, Err(TransferError::Line { problem: LineProblem::Unreadable { .. }, .. })), "{refused:?}");
}
