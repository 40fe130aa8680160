//! `conversations` over HTTP.

use serde_json::json;

use crate::tools::{Ask, Expect, Running, assert_instant, converse, endpoint, entry, eventually};

#[test]
fn a_conversation_is_created_had_ended_and_shown() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    assert_eq!(ada.posted(&path, json!({ "id": "c-1" })).is(201), json!({ "id": "c-1" }));
    ada.posted(&path, json!({ "id": "c-1" })).refuses(409);
    let say = |from, text| ada.posted(&format!("{path}/c-1/messages"), json!({ "from": from, "text": text }));
    assert_eq!(say("user", "write to ada@example.com").is(201), json!({ "text": "write to [e-mail]" }));
    assert_eq!(say("assistant", "I am bot@example.com").is(201), json!({ "text": "I am bot@example.com" }));
    ada.posted(&format!("{path}/c-1/end"), json!({})).is(200);
    ada.posted(&format!("{path}/c-1/end"), json!({})).refuses(409);
    say("user", "too late").refuses(409);

    let shown = ada.got(&format!("{path}/c-1")).is(200);
    assert_eq!((&shown["id"], &shown["appId"], &shown["userId"]), (&json!("c-1"), &json!("shop"), &json!("ada")));
    assert!(shown["prompt"].as_str().is_some_and(|prompt| !prompt.is_empty()));
    for instant in [&shown["startedAt"], &shown["endedAt"], &shown["messages"][0]["at"]] {
        assert_instant(instant);
    }
    let said = |place: usize| (&shown["messages"][place]["from"], &shown["messages"][place]["text"]);
    assert_eq!(said(0), (&json!("user"), &json!("write to [e-mail]")));
    assert_eq!(said(1), (&json!("assistant"), &json!("I am bot@example.com")));
    assert_eq!(shown["messages"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_id_is_made_up_where_none_is_given() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    let ids = [(); 3].map(|()| ada.posted(&path, json!({})).is(201)["id"].as_str().expect("an id").to_owned());
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    assert_eq!(ada.got(&format!("{path}/{}", ids[1])).is(200)["endedAt"], json!(null));
}

#[test]
fn another_apps_conversation_is_not_there() {
    let server = Running::start();
    converse(&server.speaking("one", "ada"), "shared-id", &["hello"]);
    let other = server.speaking("two", "ada");
    let path = endpoint("conversations", "/conversations/shared-id");
    other.got(&path).refuses(404);
    other.posted(&format!("{path}/messages"), json!({ "from": "user", "text": "hi" })).refuses(404);
    other.posted(&format!("{path}/end"), json!({})).refuses(404);
    converse(&other, "shared-id", &[]);
}

#[test]
fn what_is_well_formed_and_wrong_is_422() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    for id in ["", "a b", "a/b", "ä", "a@b", ".", "..", &"x".repeat(129)] {
        ada.posted(&path, json!({ "id": id })).refuses(422);
    }
    for id in ["A.b_c:d-9", &"x".repeat(128)] {
        ada.posted(&path, json!({ "id": id })).is(201);
    }
    let messages = format!("{path}/A.b_c:d-9/messages");
    for body in [json!({ "from": "system", "text": "x" }), json!({ "from": "user" }), json!({ "text": "x" }), json!([])]
    {
        let problem = ada.posted(&messages, body).refuses(422);
        assert!(problem["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{problem}");
    }
}

#[test]
fn of_many_who_end_a_conversation_one_does() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    ada.posted(&path, json!({ "id": "c" })).is(201);
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let end = || ada.posted(&format!("{path}/c/end"), json!({})).status;
        let ends: Vec<_> = (0..8).map(|_| scope.spawn(end)).collect();
        ends.into_iter().map(|end| end.join().expect("no panic")).collect()
    });
    assert_eq!(statuses.iter().filter(|&&status| status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
}

#[test]
fn messages_that_come_at_once_are_all_kept() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    ada.posted(&path, json!({ "id": "c" })).is(201);
    std::thread::scope(|scope| {
        for client in 0..8 {
            let (ada, path) = (&ada, &path);
            scope.spawn(move || {
                for number in 0..5 {
                    let text = format!("{client}/{number}");
                    ada.posted(&format!("{path}/c/messages"), json!({ "from": "user", "text": text })).is(201);
                }
            });
        }
    });
    let shown = ada.got(&format!("{path}/c")).is(200);
    let mut texts: Vec<_> =
        shown["messages"].as_array().expect("an array").iter().map(|said| said["text"].to_string()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), 40);
    let stats = ada.got(&endpoint("analytics-plugin", "/stats")).is(200);
    assert_eq!(stats["messages"], json!(40));
}

#[test]
fn a_message_that_a_conversation_has_no_room_for_is_413_and_not_counted() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    ada.posted(&path, json!({ "id": "c" })).is(201);
    let long = json!({ "from": "user", "text": "x".repeat(600_000) });
    ada.posted(&format!("{path}/c/messages"), long.clone()).is(201);
    let problem = ada.posted(&format!("{path}/c/messages"), long).refuses(413);
    assert_eq!(problem["type"], json!("/problems/conversation-full"));
    assert_eq!(ada.got(&endpoint("analytics-plugin", "/stats")).is(200)["messages"], json!(1));
}

#[test]
fn config_and_theme_are_objects() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    for path in ["/config", "/theme"] {
        assert!(ada.got(&endpoint("conversations", path)).is(200).is_object());
    }
}

#[test]
fn whoever_ends_a_conversation_at_the_same_time_as_others_ends_it_alone() {
    let server = Running::start();
    let ada = server.speaking("shop", "ada");
    let path = endpoint("conversations", "/conversations");
    for number in 0..10 {
        let id = format!("c{number}");
        for (what, path, body, done) in
            [("create", path.clone(), json!({ "id": id }), 201), ("end", format!("{path}/{id}/end"), json!({}), 200)]
        {
            let statuses: Vec<u16> = std::thread::scope(|scope| {
                let callers: Vec<_> = (0..8).map(|_| scope.spawn(|| ada.posted(&path, body.clone()).status)).collect();
                callers.into_iter().map(|caller| caller.join().expect("no panic")).collect()
            });
            assert_eq!(statuses.iter().filter(|status| **status == done).count(), 1, "{what}: {statuses:?}");
            assert!(statuses.iter().all(|status| [done, 409].contains(status)), "{what}: {statuses:?}");
        }
    }
    // Hooks run before the answer, so that these figures are final; the events that they publish are heard later.
    for (plugin, hook) in [("data-source", "publish"), ("admin-extension", "started"), ("admin-extension", "ended")] {
        let shown = server.admin().got(&format!("/api/plugins/{plugin}")).is(200);
        assert_eq!(entry(&shown["items"], "name", hook)["calls"], json!(10), "{plugin}: {shown}");
    }
    let heard = || server.admin().got(&endpoint("data-consumer", "/seen")).is(200)["apps"]["shop"].clone();
    eventually(heard, |heard| *heard == json!(10));
}
