use plugin_core::plugin::config::{Required, field_schema, object_schema};
use schemars::{Schema, SchemaGenerator};
use serde_json::json;

use super::*;

#[derive(schemars::JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Limits {
    per_day: u32,
}

fn schema(generator: &mut SchemaGenerator) -> Schema {
    let fields = vec![
        ("keep_days", field_schema::<u32>(generator, "", None), Required::No),
        ("ratio", field_schema::<Option<f64>>(generator, "", None), Required::No),
        ("loud", field_schema::<bool>(generator, "", None), Required::No),
        ("names", field_schema::<Vec<String>>(generator, "", None), Required::No),
        ("ports", field_schema::<Vec<u16>>(generator, "", None), Required::No),
        ("secret", field_schema::<plugin_core::Secret>(generator, "", None), Required::No),
        ("limits", field_schema::<Limits>(generator, "", None), Required::No),
    ];
    object_schema("", fields)
}

fn known() -> Vec<KnownPlugin> {
    vec![KnownPlugin::of("cleanup-plugin", schema), KnownPlugin::of("cleanup", schema)]
}

fn load(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[(&'static str, &'static str, &str)],
) -> Result<Settings, SettingsError> {
    let given = Given {
        file: (!file.is_empty()).then(|| ("server.toml".into(), file.to_owned())),
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        flags: flags.iter().map(|(setting, flag, value)| (*setting, *flag, (*value).to_owned())).collect(),
    };
    Settings::load(given, &known())
}

#[test]
fn a_later_source_wins_over_an_earlier_one() {
    let listen = |file, environment: &[_], flags: &[_]| {
        let settings = load(file, environment, flags).unwrap();
        (settings.listen.clone(), settings.origin("listen").to_string())
    };
    let file = "listen = \"127.0.0.1:2\"";
    let variable = ("PLUGIN_SERVER_LISTEN", "127.0.0.1:3");
    let flag = ("listen", "--listen", "127.0.0.1:4");
    assert_eq!(listen("", &[], &[]), ("127.0.0.1:8080".into(), "default".into()));
    assert_eq!(listen(file, &[], &[]), ("127.0.0.1:2".into(), "file server.toml".into()));
    assert_eq!(listen(file, &[variable], &[]), ("127.0.0.1:3".into(), "environment PLUGIN_SERVER_LISTEN".into()));
    assert_eq!(listen(file, &[variable], &[flag]), ("127.0.0.1:4".into(), "flag --listen".into()));
}

#[test]
fn a_key_that_nothing_knows_is_an_error_with_the_nearest_name() {
    let error = load("listn = \"127.0.0.1:1\"", &[], &[]).unwrap_err().to_string();
    assert!(error.contains("did you mean `listen`?"), "{error}");
    let error = load("[plugins.cleanup-plugn]\nkeep_days = 1", &[], &[]).unwrap_err().to_string();
    assert!(error.contains("did you mean `cleanup-plugin`?"), "{error}");
}

#[test]
fn every_problem_is_said_at_once() {
    let error = load("workers = 0\ntiming = \"often\"\nlisten = 7", &[], &[]).unwrap_err();
    assert_eq!(error.0.len(), 3, "{error}");
}

#[test]
fn a_variable_of_somebody_else_is_a_warning() {
    let settings = load("", &[("PLUGIN_SERVER_SERVICE_HOST", "10.0.0.1"), ("HOME", "/")], &[]).unwrap();
    assert_eq!(settings.warnings.len(), 1);
    assert!(settings.warnings[0].contains("PLUGIN_SERVER_SERVICE_HOST"));
}

#[test]
fn what_is_no_toml_is_said_by_its_place_and_not_by_its_text() {
    let error = load("listen = \"127.0.0.1:1\"\n[plugins.x]\nsecret = \"hunter2", &[], &[]).unwrap_err().to_string();
    assert!(error.starts_with("server.toml:3:") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_variable_for_a_setting_that_a_plugin_has_not_is_a_warning_with_the_nearest_name() {
    let variables = [("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__KEEP_DAY", "1")];
    let settings = load("", &variables, &[]).unwrap();
    assert_eq!(settings.warnings.len(), 1, "{:?}", settings.warnings);
    assert!(settings.warnings[0].contains("did you mean `KEEP_DAYS`?"), "{}", settings.warnings[0]);
}

#[test]
fn a_variable_of_a_plugin_that_is_not_linked_is_a_warning_with_the_nearest_name() {
    let variables =
        [("PLUGIN_SERVER__PLUGINS__CLEENUP__LOUD", "true"), ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN", "on")];
    let settings = load("", &variables, &[]).unwrap();
    assert!(settings.plugins.is_empty() && settings.warnings.len() == 2, "{:?}", settings.warnings);
    assert!(settings.warnings[0].contains("did you mean `cleanup`?"), "{:?}", settings.warnings);
    assert!(
        settings.warnings[1].contains("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__<FIELD>"),
        "{:?}",
        settings.warnings
    );
}

#[test]
fn a_variable_becomes_what_the_field_is() {
    let environment = [
        ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__KEEP_DAYS", "7"),
        ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__RATIO", "0.5"),
        ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__LOUD", "true"),
        ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__NAMES", "a, 1"),
        ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__PORTS", "[80, 81]"),
        ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__SECRET", "12345"),
        ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__LIMITS__PER_DAY", "3"),
        ("PLUGIN_SERVER__PLUGINS__CLEANUP__KEEP_DAYS", "soon"),
    ];
    let settings = load("", &environment, &[]).unwrap();
    let expected = json!({
        "keep_days": 7, "ratio": 0.5, "loud": true, "names": ["a", "1"], "ports": [80, 81], "secret": "12345",
        "limits": { "per_day": 3 },
    });
    assert_eq!(Value::Object(settings.plugins["cleanup-plugin"].clone()), expected);
    assert_eq!(settings.plugins["cleanup"]["keep_days"], "soon");
}

#[test]
fn a_variable_replaces_one_field_of_the_file_and_leaves_the_others() {
    let file = "[plugins.cleanup]\nkeep_days = 1\nloud = true\n[plugins.cleanup.limits]\nper_day = 1\nper_week = 2";
    let settings = load(file, &[("PLUGIN_SERVER__PLUGINS__CLEANUP__LIMITS__PER_DAY", "9")], &[]).unwrap();
    let fields = Value::Object(settings.plugins["cleanup"].clone());
    assert_eq!(fields, json!({ "keep_days": 1, "loud": true, "limits": { "per_day": 9, "per_week": 2 } }));
    assert_eq!(settings.origin("plugins.cleanup.loud").to_string(), "file server.toml");
    assert!(settings.origin("plugins.cleanup.limits.per_day").to_string().starts_with("environment"));
}

#[test]
fn the_admin_token_never_shows() {
    let settings = load("", &[("PLUGIN_SERVER_ADMIN_TOKEN", "hush-hush")], &[]).unwrap();
    assert_eq!(settings.admin_token.as_ref().map(AdminToken::expose), Some("hush-hush"));
    assert!(!format!("{settings:?}").contains("hush-hush"));
}
