//! `config show`, and where settings come from.

use serde_json::json;

use super::Shell;
use crate::tools::entry;

#[test]
fn each_value_is_shown_with_its_origin_and_secrets_are_not() {
    let shell = Shell::new().env("PLUGIN_SERVER_LOG", "warn").env("PLUGIN_SERVER_WORKERS", "3");
    let file = shell.write(
        "server.toml",
        "workers = 2\ntiming = \"all\"\n[plugins.conversations]\nmodel = \"m-1\"\n[plugins.github-integration]\nsecret = \"hush-hush\"\n",
    );
    let (path, from_file) = (file.to_string_lossy().into_owned(), format!("file {}", file.display()));
    let line = ["config", "show", "--config", &path, "--listen", "127.0.0.1:7"];
    let shown = shell.json(&[&line[..], &["--json"]].concat());
    for (name, value, origin) in [
        ("listen", json!("127.0.0.1:7"), "flag --listen"),
        ("timing", json!("all"), &*from_file),
        ("workers", json!(3), "environment PLUGIN_SERVER_WORKERS"),
        ("log", json!("warn"), "environment PLUGIN_SERVER_LOG"),
        ("log_format", json!("auto"), "default"),
        ("admin_token", json!("***"), "environment PLUGIN_SERVER_ADMIN_TOKEN"),
        ("plugins.conversations.model", json!("m-1"), &*from_file),
        ("plugins.cleanup-plugin.keep_days", json!(30), "default"),
        (
            "plugins.github-integration.secret",
            json!("***"),
            "environment PLUGIN_SERVER__PLUGINS__GITHUB_INTEGRATION__SECRET",
        ),
    ] {
        assert_eq!(*entry(&shown, "name", name), json!({ "name": name, "value": value, "origin": origin }));
    }
    let table = shell.done(&line);
    assert!(table.starts_with("SETTING") && table.contains("flag --listen"), "{table}");
    for secret in ["hush-hush", "plg_", "Secret to Everybody"] {
        assert!(!table.contains(secret) && !shown.to_string().contains(secret), "{table}");
    }
    assert!(!shell.data().exists(), "no store is opened");
}

#[test]
fn wrong_settings_of_a_plugin_are_shown_as_problems() {
    let shell = Shell::new().env("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__KEEP_DAYS", "soon");
    let said = shell.run(&["config", "show"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.out.contains("plugins.conversations.model") && said.err.starts_with("P0012: "), "{said:?}");
}

#[test]
fn the_environment_names_the_file_and_the_directory() {
    let shell = Shell::new();
    let file = shell.write("server.toml", "timing = \"all\"\n");
    let shell = shell.env("PLUGIN_SERVER_CONFIG", &file.to_string_lossy());
    let shown = shell.json(&["config", "show", "--json"]);
    assert_eq!(entry(&shown, "name", "timing")["value"], json!("all"));
    let data = entry(&shown, "name", "data_dir");
    assert_eq!(data["origin"], json!("environment PLUGIN_SERVER_DATA_DIR"));
    let missing = shell.env("PLUGIN_SERVER_CONFIG", "/nowhere/server.toml");
    assert!(missing.fails(&["config", "show"], 2).contains("/nowhere/server.toml"));
}
