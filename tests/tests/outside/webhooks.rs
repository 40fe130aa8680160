//! Webhooks: every status that a sender can get.

use serde_json::json;
use tests::{
    api::{Answer, Api},
    deliver::GITHUB_EVENTS,
    github,
    input::Delivery,
    server::WEBHOOK_SECRET,
};

use crate::tools::{Ask, Expect, Running, endpoint, eventually};

const SECRET: &str = "PLUGIN_SERVER__PLUGINS__GITHUB_INTEGRATION__SECRET";

fn opened(event: &str) -> Delivery {
    Delivery { event: event.into(), payload: json!({ "action": "opened", "number": 1 }) }
}

fn deliver(api: &Api, secret: &str, id: &str, delivery: &Delivery) -> Answer {
    github::deliver(api, GITHUB_EVENTS, secret, id, delivery).expect("an answer")
}

#[test]
fn a_delivery_is_accepted_once_and_counted_once() {
    let server = Running::start();
    let api = server.anonymous();
    let accepted = deliver(&api, WEBHOOK_SECRET, "d-1", &opened("issues")).is(202);
    assert_eq!(accepted["deliveryId"], json!("d-1"));
    assert_eq!(deliver(&api, WEBHOOK_SECRET, "d-1", &opened("issues")).status, 200);
    let mut other = opened("issues");
    other.payload["number"] = json!(2);
    deliver(&api, WEBHOOK_SECRET, "d-1", &other).refuses(409);
    deliver(&api, WEBHOOK_SECRET, "d-2", &opened("star")).is(202);
    deliver(&api, WEBHOOK_SECRET, "d-3", &Delivery { event: "push".into(), payload: json!({ "ref": "main" }) }).is(202);
    let counted = || server.admin().got(&endpoint("github-integration", "/deliveries")).is(200);
    let expected =
        json!({ "issues": { "total": 1, "actions": { "opened": 1 } }, "push": { "total": 1, "actions": {} } });
    eventually(counted, |counted| *counted == expected);
}

#[test]
fn a_wrong_signature_is_401_with_one_body_for_all_causes() {
    let server = Running::start();
    let body = br#"{"action":"opened"}"#.to_vec();
    let right = github::signature(WEBHOOK_SECRET, &body);
    let send = |signature: Option<String>| {
        let api = server.anonymous().header("X-GitHub-Event", "issues").header("X-GitHub-Delivery", "d-1");
        let api = match signature {
            Some(signature) => api.header("X-Hub-Signature-256", signature),
            None => api,
        };
        let answer = api.send("POST", GITHUB_EVENTS, Some(("application/json", body.clone()))).expect("an answer");
        let mut problem = answer.refuses(401);
        problem["requestId"] = json!(null);
        problem
    };
    let first = send(None);
    for wrong in [
        github::signature("another secret", &body),
        right.to_uppercase(),
        right.replace("sha256=", ""),
        right.replace("sha256=", "sha1="),
        right[..right.len() - 1].to_owned(),
        String::new(),
    ] {
        assert_eq!(send(Some(wrong)), first);
    }
    let counted = server.admin().got(&endpoint("github-integration", "/deliveries")).is(200);
    assert_eq!(counted, json!({}));
}

#[test]
fn the_signature_is_over_the_raw_bytes_also_of_a_form() {
    let server = Running::start();
    let body = b"payload=%7B%22action%22%3A%22closed%22%7D".to_vec();
    let api = server.anonymous().header("X-GitHub-Event", "issues").header("X-GitHub-Delivery", "d-1");
    let api = api.header("X-Hub-Signature-256", github::signature(WEBHOOK_SECRET, &body));
    let form = Some(("application/x-www-form-urlencoded", body));
    api.send("POST", GITHUB_EVENTS, form).expect("an answer").is(202);
    let counted = || server.admin().got(&endpoint("github-integration", "/deliveries")).is(200);
    eventually(counted, |counted| counted["issues"]["actions"]["closed"] == json!(1));
}

#[test]
fn both_secrets_of_a_list_are_live() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("server.toml");
    std::fs::write(&file, "[plugins.github-integration]\nsecret = [\"new\", \"old\"]\n").expect("written");
    let server = Running::with(|launch| launch.without_env(SECRET).arg("--config").arg(&file));
    for (secret, id) in [("new", "d-1"), ("old", "d-2")] {
        deliver(&server.anonymous(), secret, id, &opened("issues")).is(202);
    }
    deliver(&server.anonymous(), "older", "d-3", &opened("issues")).refuses(401);
}

#[test]
fn without_a_secret_it_is_503_and_says_so() {
    let server = Running::with(|launch| launch.without_env(SECRET));
    let problem = deliver(&server.anonymous(), "any", "d-1", &opened("issues")).refuses(503);
    assert!(problem.to_string().contains("webhook secret not configured"), "{problem}");
}

#[test]
fn an_unknown_webhook_is_404_whatever_the_signature() {
    let server = Running::start();
    for path in ["/api/plugins/github-integration/webhooks/none-such", "/api/plugins/none-such/webhooks/github-events"]
    {
        let answer = github::deliver(&server.anonymous(), path, "any", "d-1", &opened("issues")).expect("an answer");
        answer.refuses(404);
    }
}

#[test]
fn what_was_accepted_before_a_kill_is_handled_after_it() {
    let mut server = Running::start();
    for number in 0..20 {
        deliver(&server.anonymous(), WEBHOOK_SECRET, &format!("d-{number}"), &opened("issues")).is(202);
    }
    server.kill().expect("killed");
    server.restart().expect("it starts again");
    let counted = || server.admin().got(&endpoint("github-integration", "/deliveries")).is(200);
    eventually(counted, |counted| counted["issues"]["total"] == json!(20));
    assert_eq!(deliver(&server.anonymous(), WEBHOOK_SECRET, "d-7", &opened("issues")).status, 200);
}
