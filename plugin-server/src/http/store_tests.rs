use actix_web::http::Method;
use serde_json::{Value, json};

use crate::fixture::{Answered, app, ask, server, token, with_token};

macro_rules! asking {
    ($ask:ident) => {
        let server = server().await;
        let app = app(&server).await;
        let admin = token(&server, &["admin"]).await;
        let $ask = async |method: Method, path: &str, body: &str| -> Answered {
            let request = with_token(method, path, &admin).insert_header(("content-type", "application/json"));
            ask(&app, request.set_payload(body.to_owned())).await
        };
    };
}

const LINES: &str = "{\"key\":\"n:1\",\"value\":{\"n\":1}}\n{\"key\":\"n:2\",\"value\":{\"n\":2}}\n";

#[actix_web::test]
async fn data_is_imported_found_changed_exported_and_dropped() {
    asking!(call);
    assert_eq!(call(Method::POST, "/api/plugins/probe/disable", "").await.status, 204);
    let imported = call(Method::POST, "/api/store/probe/import", LINES).await;
    assert_eq!((imported.status, imported.json()["documents"].clone()), (200, json!(2)), "{imported:?}");
    let found =
        call(Method::GET, "/api/store/probe/documents?filter=%7B%22n%22:%7B%22$gt%22:1%7D%7D&sort=-n", "").await;
    assert_eq!(found.json()["items"][0]["key"], "n:2", "{found:?}");
    let explained = call(Method::GET, "/api/store/probe/documents?explain=true", "").await;
    assert_eq!(explained.json()["plan"], "keys", "{explained:?}");

    let shown = call(Method::GET, "/api/store/probe/documents/n:1", "").await;
    assert_eq!((shown.status, shown.json()["value"].clone()), (200, json!({ "n": 1 })), "{shown:?}");
    assert_eq!(call(Method::GET, "/api/store/probe/documents?key=n:1", "").await.text, shown.text);
    let exported = call(Method::GET, "/api/store/probe/export", "").await;
    assert_eq!((exported.status, exported.text.matches("\"key\":").count()), (200, 2), "{exported:?}");
    let verified = call(Method::POST, "/api/store/probe/verify", "").await;
    assert_eq!((verified.json()["documents"].clone(), verified.json()["problems"].clone()), (json!(2), json!([])));

    assert_eq!(call(Method::DELETE, "/api/store/probe", "").await.status, 204);
    assert_eq!(call(Method::GET, "/api/store/probe", "").await.json()["documents"], 0);
    let again = call(Method::POST, "/api/store/probe/import", &exported.text).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_eq!(call(Method::GET, "/api/store/probe/documents/n:1", "").await.text, shown.text, "its revision too");
    assert_eq!(call(Method::POST, "/api/store/probe/import", LINES).await.status, 409, "it is not empty");
    assert_eq!(call(Method::POST, "/api/store/probe/import?merge=true", LINES).await.status, 422, "they are there");
    assert_eq!(call(Method::POST, "/api/store/probe/import?merge=true&replace=true", LINES).await.status, 200);
}

#[actix_web::test]
async fn a_question_that_no_url_can_hold_is_asked_as_a_body() {
    asking!(call);
    assert_eq!(call(Method::POST, "/api/plugins/probe/disable", "").await.status, 204);
    assert_eq!(call(Method::POST, "/api/store/probe/import", LINES).await.status, 200);
    let many: Vec<u32> = (2..10_000).collect();
    let asked = json!({ "filter": { "n": { "$in": many } }, "sort": ["-n"], "limit": 1, "under": "n:" });
    let found = call(Method::POST, "/api/store/probe/find", &asked.to_string()).await;
    assert_eq!((found.status, found.json()["items"][0]["key"].clone()), (200, json!("n:2")), "{found:?}");
    let next = found.json()["next"].clone();
    let rest = call(Method::POST, "/api/store/probe/find", &json!({ "sort": ["n"], "limit": 1 }).to_string()).await;
    assert_eq!((rest.json()["items"][0]["key"].clone(), next), (json!("n:1"), json!(null)), "{rest:?}");
    let explained = call(Method::POST, "/api/store/probe/find", "{\"explain\":true}").await;
    assert_eq!(explained.json()["plan"], "keys", "{explained:?}");
    let of_another = call(Method::POST, "/api/store/probe/find", "{\"app\":\"shop\"}").await;
    assert_eq!(of_another.json()["items"], json!([]), "{of_another:?}");
    let many_more = json!({ "filter": { "n": { "$in": (0..10_001).collect::<Vec<_>>() } } }).to_string();
    for (wrong, status) in [
        ("{\"filters\":{}}", 422),
        (&many_more, 422),
        ("{\"limit\":0}", 422),
        ("{\"sort\":[\"--n\"]}", 422),
        ("{\"filter\":{\"n\":{\"$gtt\":1}}}", 422),
        ("{\"app\":\"a b\"}", 422),
        ("{", 400),
    ] {
        let refused = call(Method::POST, "/api/store/probe/find", wrong).await;
        assert_eq!(refused.status, status, "{wrong}: {refused:?}");
    }
    assert_eq!(call(Method::POST, "/api/store/probe/find?limit=1", "{}").await.status, 422, "it is in the body");
}

#[actix_web::test]
async fn a_document_is_changed_only_on_top_of_what_was_shown() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    let change = async |method: Method, condition: Option<(&str, &str)>, body: Value| {
        let request = with_token(method, "/api/store/probe/documents/k%2F1?app=shop", &admin).set_json(body);
        let request = match condition {
            Some(condition) => request.insert_header(condition),
            None => request,
        };
        ask(&app, request).await
    };
    assert_eq!(change(Method::PUT, None, json!(1)).await.status, 428);
    let made = change(Method::PUT, Some(("if-none-match", "*")), json!(1)).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(change(Method::PUT, Some(("if-none-match", "*")), json!(1)).await.status, 412);
    let tag = made.header("etag").to_owned();
    assert_eq!(change(Method::PUT, Some(("if-match", &tag)), json!(2)).await.status, 200);
    let late = change(Method::PUT, Some(("if-match", &tag)), json!(3)).await;
    assert_eq!((late.status, late.json()["type"].clone()), (412, json!("/problems/precondition-failed")));
    assert_eq!(change(Method::PUT, Some(("if-match", "7")), json!(3)).await.status, 400);
    assert_eq!(change(Method::DELETE, Some(("if-match", &tag)), json!(null)).await.status, 412);
    let shown = change(Method::GET, None, json!(null)).await;
    assert_eq!(shown.json()["value"], 2);
    let tag = shown.header("etag").to_owned();
    assert_eq!(change(Method::DELETE, Some(("if-match", &tag)), json!(null)).await.status, 204);
    assert_eq!(change(Method::GET, None, json!(null)).await.status, 404);
}

#[actix_web::test]
async fn a_document_that_lies_as_deep_as_may_be_is_put_shown_and_found() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    let put = async |body: String| {
        let request = with_token(Method::PUT, "/api/store/probe/documents/deep", &admin);
        let request = request.insert_header(("if-none-match", "*")).insert_header(("content-type", "application/json"));
        ask(&app, request.set_payload(body)).await
    };
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for (body, status) in [(nested(129), 422), (nested(100_000), 400), ("[".repeat(100_000), 400)] {
        let refused = put(body).await;
        assert_eq!(refused.status, status, "{refused:?}");
        assert!(refused.text.contains("deep"), "{refused:?}");
    }
    assert_eq!(put(nested(128)).await.status, 201);
    for path in
        ["/api/store/probe/documents/deep", "/api/store/probe/documents", "/api/store/probe/documents?filter={}"]
    {
        let shown = ask(&app, with_token(Method::GET, path, &admin)).await;
        assert!(shown.status == 200 && shown.text.contains(&nested(128)), "{path}: {shown:?}");
        assert!(shown.json().is_object(), "it can be read");
    }
    let filter = |depth: usize| format!("%7B%22n%22:{}%7D", nested(depth)).replace('[', "%5B").replace(']', "%5D");
    for (depth, status) in [(128, 200), (129, 422), (5000, 400)] {
        let path = format!("/api/store/probe/documents?filter={}", filter(depth));
        let answer = ask(&app, with_token(Method::GET, &path, &admin)).await;
        assert_eq!(answer.status, status, "{depth}: {answer:?}");
    }
}

#[actix_web::test]
async fn a_key_that_no_path_can_name_is_read_and_written_all_the_same() {
    let server = server().await;
    let app = app(&server).await;
    let admin = token(&server, &["admin"]).await;
    let call = async |method: Method, path: &str, condition: Option<(&str, &str)>, value: Value| {
        let request = with_token(method, path, &admin).set_json(value);
        let request = condition.into_iter().fold(request, |request, condition| request.insert_header(condition));
        ask(&app, request).await
    };
    for key in [".", "..", "a/../b", "a//b", "%00", "a%2F", "+%26%3D%23", "%25"] {
        let path = format!("/api/store/probe/documents?app=shop&key={key}");
        let made = call(Method::PUT, &path, Some(("if-none-match", "*")), json!(1)).await;
        assert_eq!(made.status, 201, "{key}: {made:?}");
        let (before, after) = (made.header("etag").to_owned(), json!({ "key": key }));
        let changed = call(Method::PUT, &path, Some(("if-match", &before)), after.clone()).await;
        assert_eq!(changed.status, 200, "{key}: {changed:?}");
        let shown = call(Method::GET, &path, None, json!(null)).await;
        assert_eq!(shown.json()["value"], after, "{key}: {shown:?}");
        let deleted = call(Method::DELETE, &path, Some(("if-match", shown.header("etag"))), json!(null)).await;
        assert_eq!(deleted.status, 204, "{key}: {deleted:?}");
        assert_eq!(call(Method::GET, &path, None, json!(null)).await.status, 404, "{key}");
    }
    for (path, said) in
        [("", "missing"), ("?key=", "0 bytes"), ("/a?key=b", "in the path already"), ("?kex=a", "there are app, key")]
    {
        let path = format!("/api/store/probe/documents{path}");
        let refused = call(Method::PUT, &path, Some(("if-none-match", "*")), json!(1)).await;
        assert!(refused.status == 422 && refused.text.contains(said), "{path}: {refused:?}");
    }
}

#[actix_web::test]
async fn a_question_that_is_none_is_told_what_is_wrong_with_it() {
    asking!(call);
    for (query, status, said) in [
        ("filter=%7B", 400, "line 1 column 1"),
        ("filter=%7B%22n%22:%7B%22$gtt%22:1%7D%7D", 422, "$gtt"),
        ("filter=%7B%22$or%22:%5B1%5D%7D", 422, "or.0"),
        ("sort=-", 422, "sort"),
        ("sort=--n", 422, "`--n` is nothing to sort by"),
        ("key=%ff", 400, "no UTF-8"),
        ("key=a&filter=%7B%7D", 422, "it asks for several documents, and `key` for one"),
        ("app=%f", 400, "two hexadecimal digits"),
        ("limit=0", 422, "limit"),
        ("limit=ten", 422, "limit"),
        ("cursor=00", 422, "cursor"),
        ("app=a%20b", 422, "app"),
        ("explain=1", 422, "explain"),
        ("sorted=n", 422, "there are app, key, filter"),
        ("app=a&app=b", 422, "more than once"),
    ] {
        let answer = call(Method::GET, &format!("/api/store/probe/documents?{query}"), "").await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
        assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{query}: {answer:?}");
    }
}

#[actix_web::test]
async fn a_plugin_at_work_keeps_its_data_and_one_that_is_not_there_has_none() {
    asking!(call);
    let refused = call(Method::POST, "/api/store/probe/import", LINES).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.text.contains("switch it off"), "{refused:?}");
    assert_eq!(call(Method::DELETE, "/api/store/probe", "").await.status, 409);
    assert_eq!(call(Method::DELETE, "/api/store/probe/indexes/7", "").await.status, 404);
    assert_eq!(call(Method::DELETE, "/api/store/probe/indexes/x", "").await.status, 422);
    for path in ["/api/store/nobody", "/api/store/nobody/documents", "/api/store/nobody/export"] {
        assert_eq!(call(Method::GET, path, "").await.status, 404, "{path}");
    }
    let all = call(Method::GET, "/api/store", "").await.json();
    let probe = all.as_array().and_then(|all| all.iter().find(|it| it["plugin"] == "probe")).expect("it is listed");
    assert_eq!((probe["orphaned"].clone(), probe["state"].clone()), (json!(false), json!("active")));
}

#[actix_web::test]
async fn a_wrong_line_is_told_with_its_number_and_how_many_came_before() {
    asking!(call);
    assert_eq!(call(Method::POST, "/api/plugins/probe/disable", "").await.status, 204);
    let refused = call(Method::POST, "/api/store/probe/import", &format!("{LINES}{{\"key\":1}}\n{LINES}")).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let detail = refused.json()["detail"].as_str().expect("it is told").to_owned();
    assert!(detail.starts_with("line 3: ") && detail.contains("rows were imported"), "{detail}");
    assert_eq!(call(Method::POST, "/api/plugins/probe/enable", "").await.status, 204, "nothing is held any more");
}
