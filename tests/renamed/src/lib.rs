//! A plugin that calls plugin-core by another name, with every attribute that there is.

// Nothing but the registrations uses the private handlers: that none of them is dead shows that each is registered.
#![deny(dead_code)]

use framework::prelude::*;

/// Uses everything once.
#[plugin(id = "renamed", config = Settings, version = "1.2.3", requires("other >= 1"), durability = relaxed, index("loose:", -"a.b"))]
#[derive(Debug)]
pub struct Renamed;

/// What it is set to.
#[derive(Config)]
pub struct Settings {
    /// How long things are kept.
    #[config(default = 30, min = 1, max = 365)]
    pub keep_days: u32,
    /// What things are called.
    #[config(default = "thing")]
    pub label: String,
    /// What may be given.
    #[config(min = 2)]
    pub limit: Option<u8>,
    /// What must be given.
    pub place: Place,
    /// What is kept out of sight.
    #[config(default, secret)]
    pub secret: Secret,
    /// The same, of another type.
    #[config(default, secret)]
    pub password: String,
    /// What a function of its author makes.
    #[config(default = default_port(), min = Self::LEAST_PORT)]
    pub port: u16,
    /// More than an `i32` holds.
    #[config(default = 1, max = 5_000_000_000)]
    pub most_bytes: u64,
    /// The same, if it is given.
    #[config(max = 5_000_000_000)]
    pub most_rows: Option<u64>,
}

impl Settings {
    const LEAST_PORT: u16 = 1024;
}

fn default_port() -> u16 {
    8080
}

/// Where.
#[model]
pub struct Place {
    /// Its name.
    pub full_name: String,
}

/// One of two.
#[model]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The first.
    FirstOne,
    /// The other.
    Other {
        /// A number.
        its_number: u32,
    },
}

/// Renamed by hand.
#[model]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct Shout {
    /// A word.
    pub a_word: String,
}

/// A generic one.
#[model]
pub struct Wrapped<T> {
    /// What is wrapped.
    pub inner_value: T,
}

/// Derived by hand in part, below what derives the rest.
#[model]
#[derive(framework::__rt::schemars::JsonSchema)]
#[schemars(crate = "framework::__rt::schemars")]
pub struct Described {
    /// A word.
    pub a_word: String,
}

/// Derived by hand as a whole.
#[model]
#[derive(
    Debug,
    Clone,
    framework::__rt::serde::Serialize,
    framework::__rt::serde::Deserialize,
    framework::__rt::schemars::JsonSchema,
)]
pub struct ByHand {
    /// A word.
    pub a_word: String,
}

/// Of which the fields alone are renamed by hand.
#[model]
#[serde(rename_all_fields = "kebab-case")]
pub enum Named {
    /// The only one.
    OnlyOne {
        /// A number.
        its_number: u32,
    },
}

/// Of which the variants alone are renamed by hand.
#[model]
#[serde(rename_all = "kebab-case")]
pub enum Chosen {
    /// The only one.
    OnlyOne {
        /// A number.
        its_number: u32,
    },
}

/// Something ended.
#[hook_point("renamed:end", policy = veto)]
pub struct End {
    /// What ended.
    pub thing_id: String,
}

/// A text on its way.
#[filter_point("renamed:text", on_error = fail, check = not_empty)]
pub struct Text(pub String);

fn not_empty(text: &Text) -> Result<(), String> {
    if text.0.is_empty() { Err("the text is empty".to_owned()) } else { Ok(()) }
}

/// A text whose last good value goes on.
#[filter_point("renamed:kept")]
pub struct Kept {
    /// The text.
    pub text: String,
}

/// Something was heard.
#[event("renamed:heard", plugin = Renamed)]
pub struct Heard {
    /// By whom.
    pub by_whom: String,
}

/// A thing that is kept.
#[document(plugin = Renamed, collection = "things", version = 2)]
#[index(kept_since, -"choice", sparse)]
pub struct Thing {
    /// Which one.
    #[id]
    pub id: String,
    /// Since when.
    pub kept_since: Option<Timestamp>,
    /// Which of them.
    pub choice: Selection,
    /// Where.
    pub place: Spot,
}

/// Where a thing is kept.
#[model(stored)]
pub struct Spot {
    /// In which row.
    pub row_number: u32,
}

/// What was chosen of a thing.
#[model(stored)]
pub enum Selection {
    /// Nothing.
    NoneOfThem,
    /// So many.
    SoMany(u8),
}

/// A thing before places were known.
#[document(plugin = Renamed, collection = "things", retired)]
struct OlderThing {
    #[id]
    id: String,
}

#[migrate(from = 1, name = "places")]
fn with_place(old: OlderThing) -> Result<Thing> {
    Ok(Thing { id: old.id, kept_since: None, choice: Selection::NoneOfThem, place: Spot { row_number: 0 } })
}

type Cx = Context<Renamed>;

/// Hears of the end.
#[hook("renamed:end", name = "the-end", priority = -5, timeout = "250ms")]
async fn end(_: &Cx, _: &End) -> Result<()> {
    Ok(())
}

#[hook(plugin = Renamed)]
fn end_without_context(_: &End) {}

#[hook("other:thing")]
async fn untyped(_: &Context<Renamed>, _: &Dynamic) {}

#[filter("renamed:text", priority = 20, timeout = "1s")]
fn change(_: &Cx, text: Text) -> Result<Text, std::fmt::Error> {
    Ok(text)
}

#[filter(plugin = Renamed)]
async fn keep(kept: Kept) -> Kept {
    kept
}

#[on("renamed:heard", timeout = "10s")]
async fn hear(_: &Cx, _: &Heard) -> Result<()> {
    Ok(())
}

#[on(plugin = Renamed)]
fn hear_without_context(_: &Heard) {}

#[cron("0 2 * * *", timezone = "America/New_York", overlap = skip, catch_up = none, timeout = "1m")]
async fn nightly(_: &Cx, run: CronRun) -> Result<()> {
    let _ = run.scheduled_for;
    Ok(())
}

#[cron("1h", name = "each-hour")]
fn hourly(_: &Cx) {}

#[cron("30s", plugin = Renamed)]
async fn half_minutely() {}

#[webhook("github-events", events("push", "pull_request"), verify = github(secret = config.secret), timeout = "1m")]
async fn github(_: &Cx, _: &WebhookDelivery) -> Result<()> {
    Ok(())
}

#[webhook(verify = github(secret = config.secret), plugin = Renamed)]
async fn bare_github(_: &WebhookDelivery) {}

#[webhook(verify = none)]
fn unverified(_: &Cx, _: &WebhookDelivery) {}

#[admin_page("/dashboard", title = "Dashboard", icon = "chart-bar", group = "plugins", component = "TheDashboard")]
async fn dashboard(_: &Cx, admin: Admin) -> Result<Html> {
    Ok(Html::new().text(format!("{:?}", admin.user)))
}

#[admin_page("/plain", title = "Plain", plugin = Renamed)]
fn plain() -> Html {
    Html::new()
}

#[activate(timeout = "1s")]
async fn activate(_: &Cx) -> Result<()> {
    Ok(())
}

#[activate(name = "warm-up", plugin = Renamed)]
fn warm() {}

#[deactivate(plugin = Renamed)]
fn deactivate() {}

/// The figures of an app.
#[endpoint(GET, "/stats/{app}", scope = "reports", rate = "30/s", body = "64KiB", timeout = "10s")]
async fn stats(_: &Cx, app: Path<String>, _: HttpRequest) -> Result<Json<Place>> {
    Ok(Json(Place { full_name: app.into_inner() }))
}

#[endpoint(POST, "/track", public)]
async fn track(_: &Cx, place: Json<Place>) -> Result<(Json<Place>, StatusCode)> {
    Ok((place, StatusCode::CREATED))
}

#[endpoint(DELETE, "/things/{*rest}", admin, name = "removal", plugin = Renamed)]
fn remove() -> String {
    String::new()
}

#[endpoint(PUT, "/things")]
fn put(_: &Context<Renamed>, body: Bytes) -> Result<String> {
    Ok(body.len().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_left_its_registration() {
        let mut kinds: Vec<_> = framework::registration::Registration::linked()
            .filter(|registration| registration.site.package == "renamed")
            .map(|registration| (registration.item.kind().word(), registration.site.name))
            .collect();
        kinds.sort_unstable();
        assert_eq!(
            kinds,
            [
                ("activate", "activate"),
                ("activate", "warm-up"),
                ("admin-page", "dashboard"),
                ("admin-page", "plain"),
                ("cron", "each-hour"),
                ("cron", "half-minutely"),
                ("cron", "nightly"),
                ("deactivate", "deactivate"),
                ("document", "things"),
                ("document", "things-v1"),
                ("endpoint", "put"),
                ("endpoint", "removal"),
                ("endpoint", "stats"),
                ("endpoint", "track"),
                ("event", "heard"),
                ("filter", "change"),
                ("filter", "keep"),
                ("filter-point", "kept"),
                ("filter-point", "text"),
                ("hook", "end-without-context"),
                ("hook", "the-end"),
                ("hook", "untyped"),
                ("hook-point", "end"),
                ("listener", "hear"),
                ("listener", "hear-without-context"),
                ("migration", "places"),
                ("plugin", "renamed"),
                ("webhook", "bare-github"),
                ("webhook", "github-events"),
                ("webhook", "unverified"),
            ]
        );
    }

    #[test]
    fn documents_are_as_they_were_locked() {
        framework::testing::documents_match_lock("documents.lock");
    }

    #[test]
    fn a_query_knows_the_type() {
        let query =
            query!(Thing { keptSince: { exists: true }, place.rowNumber: { gt: 7 }, choice: Selection::SoMany(2) });
        assert!(query.problem().is_none());
    }

    #[test]
    fn a_registration_says_where_its_function_stands() {
        let site = framework::registration::Registration::linked()
            .map(|registration| registration.site)
            .find(|site| site.ident == "nightly")
            .expect("the job is registered");
        assert!(site.file.ends_with("tests/renamed/src/lib.rs"), "{}", site.file);
        let line = include_str!("lib.rs").lines().position(|line| line.starts_with("async fn nightly"));
        assert_eq!(line.map(|line| line + 1), usize::try_from(site.line).ok());
    }

    #[test]
    fn models_are_camel_case_unless_their_author_says_otherwise() {
        let json = |value| framework::__rt::serde_json::to_string(&value).expect("it is JSON");
        assert_eq!(
            json(framework::__rt::serde_json::json!(Place { full_name: "here".into() })),
            r#"{"fullName":"here"}"#
        );
        assert_eq!(json(framework::__rt::serde_json::json!(Choice::FirstOne)), r#""firstOne""#);
        assert_eq!(
            json(framework::__rt::serde_json::json!(Choice::Other { its_number: 1 })),
            r#"{"other":{"itsNumber":1}}"#
        );
        assert_eq!(json(framework::__rt::serde_json::json!(Shout { a_word: "x".into() })), r#"{"A_WORD":"x"}"#);
        assert_eq!(json(framework::__rt::serde_json::json!(Described { a_word: "x".into() })), r#"{"aWord":"x"}"#);
        assert_eq!(json(framework::__rt::serde_json::json!(ByHand { a_word: "x".into() })), r#"{"aWord":"x"}"#);
        assert_eq!(
            json(framework::__rt::serde_json::json!(Named::OnlyOne { its_number: 1 })),
            r#"{"onlyOne":{"its-number":1}}"#
        );
        assert_eq!(
            json(framework::__rt::serde_json::json!(Chosen::OnlyOne { its_number: 1 })),
            r#"{"only-one":{"itsNumber":1}}"#
        );
        assert_eq!(json(framework::__rt::serde_json::json!(Wrapped { inner_value: 1 })), r#"{"innerValue":1}"#);
    }

    #[test]
    fn settings_have_defaults_limits_and_masks() {
        use framework::__rt::{
            config,
            serde_json::{self, json},
        };

        let given = |json: serde_json::Value| match json {
            serde_json::Value::Object(given) => config::read::<Settings>(given),
            _ => panic!("settings are an object"),
        };
        let settings =
            given(json!({ "place": { "fullName": "here" }, "secret": "s3cret", "password": "hidden" })).expect("good");
        assert_eq!((settings.keep_days, settings.label.as_str(), settings.limit), (30, "thing", None));
        assert_eq!(settings.port, 8080);
        let shown = serde_json::to_string(&settings).expect("JSON") + &format!("{settings:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("hidden"), "{shown}");

        let typed = given(json!({ "place": { "fullName": "here" }, "secret": 10_203, "password": 40_506 }));
        let said: String = typed.expect_err("neither is a text").iter().map(|problem| format!("{problem}\n")).collect();
        assert!(said.contains("secret") && said.contains("password"), "{said}");
        assert!(!said.contains("10203") && !said.contains("40506"), "{said}");

        let wrong = json!({
            "keep_days": 400, "limit": 1, "lable": "x", "port": 80, "most_bytes": 5_000_000_001_u64, "most_rows": 5_000_000_001_u64
        });
        let problems = given(wrong).expect_err("each is a problem");
        let paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["keep_days", "limit", "place", "port", "most_bytes", "most_rows", "lable"]);

        let schema =
            <Settings as Config>::schema(&mut framework::__rt::schemars::SchemaGenerator::default()).to_value();
        assert_eq!(schema["properties"]["keep_days"]["default"], 30);
        assert_eq!(schema["properties"]["keep_days"]["maximum"], 365);
        assert_eq!(schema["properties"]["most_bytes"]["maximum"], 5_000_000_000_u64);
        assert_eq!(schema["properties"]["keep_days"]["description"], "How long things are kept.");
        assert_eq!(schema["required"], json!(["place"]));
    }
}
