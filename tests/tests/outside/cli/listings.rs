//! `list` and `openapi`: what a running server's HTTP API says, without one.

use serde_json::Value;

use super::Shell;
use crate::tools::{Ask, Expect, Running, entry};

/// The texts in the field `name` of each of `items`.
fn column<'a>(items: &'a Value, name: &str) -> Vec<&'a str> {
    let items = items.as_array().expect("an array").iter();
    items.map(|item| item[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {item}"))).collect()
}

#[test]
fn every_listing_is_a_table_for_people_and_json_for_programs() {
    let shell = Shell::new();
    for (what, head, column_of) in [
        ("plugins", "PLUGIN", "id"),
        ("hooks", "NAME", "name"),
        ("filters", "NAME", "name"),
        ("endpoints", "METHOD", "path"),
        ("cron", "PLUGIN", "name"),
        ("events", "NAME", "name"),
        ("webhooks", "PATH", "path"),
        ("pages", "GROUP", "title"),
    ] {
        let items = shell.json(&["list", what, "--json"]);
        let table = shell.done(&["list", what]);
        assert!(table.starts_with(head), "{table}");
        let shown = column(&items, column_of);
        assert!(!shown.is_empty(), "{what}");
        for name in shown {
            assert!(table.contains(name), "{name} is not in\n{table}");
        }
    }
    assert!(!shell.data().exists(), "no store is opened");
}

#[test]
fn the_fields_of_a_listing_are_those_of_the_http_api() {
    let (shell, server) = (Shell::new(), Running::start());
    let api = |path: &str| server.admin().got(path).is(200);
    for (what, path) in [("hooks", "/api/hooks"), ("filters", "/api/filters"), ("pages", "/api/admin-pages")] {
        assert_eq!(shell.json(&["list", what, "--json"]), api(path), "{what}");
    }
    let mut plugins = api("/api/plugins");
    for plugin in plugins.as_array_mut().expect("an array") {
        assert_eq!(plugin["state"], "active");
        plugin["state"] = "linked".into();
    }
    assert_eq!(shell.json(&["list", "plugins", "--json"]), plugins);
    let jobs = api("/api/plugins/cleanup-plugin/cron");
    for job in shell.json(&["list", "cron", "--json"]).as_array().expect("an array") {
        let of_api = entry(&jobs, "name", job["name"].as_str().expect("a name"));
        for field in ["schedule", "timezone", "description"] {
            assert_eq!(job[field], of_api[field], "{field} of {job}");
        }
    }
}

#[test]
fn the_description_is_the_one_that_is_served() {
    let (shell, server) = (Shell::new(), Running::start());
    let described = shell.json(&["openapi"]);
    assert_eq!(described, server.anonymous().got("/openapi.json").is(200));
    for endpoint in shell.json(&["list", "endpoints", "--json"]).as_array().expect("an array") {
        let (path, method) = (endpoint["path"].as_str().expect("a path"), endpoint["method"].as_str().expect("a word"));
        assert!(described["paths"][path][method.to_lowercase()].is_object(), "{endpoint}");
    }
}
