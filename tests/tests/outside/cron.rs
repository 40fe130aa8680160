//! Jobs over HTTP.

use serde_json::json;

use crate::tools::{Ask, Expect, Running, assert_instant, entry, eventually};

#[test]
fn jobs_are_listed_with_their_next_five_occurrences() {
    let server = Running::start();
    let jobs = server.admin().got("/api/plugins/cleanup-plugin/cron").is(200);
    let daily = entry(&jobs, "name", "daily-cleanup");
    assert_eq!((&daily["schedule"], &daily["timezone"]), (&json!("0 2 * * *"), &json!("America/New_York")));
    assert!(daily["description"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(daily["lastRun"], json!(null));
    let next = daily["next"].as_array().expect("an array");
    assert_eq!(next.len(), 5);
    for instant in next {
        assert_instant(instant);
        let text = instant.as_str().expect("a text");
        assert!(text.contains("T06:00:00.000") || text.contains("T07:00:00.000"), "{text}");
    }
    let hourly = entry(&jobs, "name", "hourly-sync");
    assert_eq!(hourly["schedule"], json!("1h"));
    assert!(hourly["next"][0].as_str().is_some_and(|text| text.contains(":00:00.000")));
}

#[test]
fn a_job_runs_by_hand_and_says_so() {
    let server = Running::start();
    let path = "/api/plugins/cleanup-plugin/cron";
    let started = server.admin().posted(&format!("{path}/hourly-sync/run"), json!({})).is(202);
    assert!(started["runId"].is_string());
    let last = || entry(&server.admin().got(path).is(200), "name", "hourly-sync")["lastRun"].clone();
    eventually(last, |last| last.to_string().contains("ok"));
}
