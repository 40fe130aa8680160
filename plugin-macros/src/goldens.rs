//! What attributes generate, as files to be read: `goldens/{case}.rs`. `UPDATE_GOLDENS=1 cargo test -p plugin-macros` writes
//! them anew.

use std::{env, fs, path::PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::{
    admin_page, config, cron, data, document, endpoint,
    hook::{self, Payload},
    lifecycle::{self, Moment},
    migrate, plugin, point, webhook,
};

/// Compares what `expand` makes of `item` under an attribute with `args` with what is recorded.
#[track_caller]
fn check(case: &str, expand: impl FnOnce(TokenStream, TokenStream) -> TokenStream, args: &str, item: &str) {
    let tokens = |text: &str| text.parse::<TokenStream>().expect("the case is Rust");
    let expanded = expand(tokens(args), tokens(item));
    let file = syn::parse2(opened(expanded)).expect("what is generated is Rust");
    let text = prettyplease::unparse(&file);
    let path = PathBuf::from("goldens").join(format!("{case}.rs"));
    if env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &text).expect("goldens are writable");
    }
    let recorded = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, recorded, "{} differs; UPDATE_GOLDENS=1 writes it anew", path.display());
}

/// The registration stands in a macro, which no formatter opens: here it is a call.
fn opened(tokens: TokenStream) -> TokenStream {
    let mut opened: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match (token, &opened[..]) {
            (TokenTree::Group(group), [.., TokenTree::Ident(name), TokenTree::Punct(_)]) if name == "submit" => {
                opened.pop();
                opened.push(Group::new(Delimiter::Parenthesis, group.stream()).into());
            }
            (TokenTree::Group(group), _) => {
                opened.push(Group::new(group.delimiter(), self::opened(group.stream())).into());
            }
            (token, _) => opened.push(token),
        }
    }
    opened.into_iter().collect()
}

#[test]
fn a_plugin() {
    check(
        "plugin",
        plugin::expand,
        r#"id = "analytics-plugin", config = Settings, requires("data-source >= 1")"#,
        "/// Counts things.\n pub struct Analytics;",
    );
}

#[test]
fn a_plugin_with_all_options() {
    check(
        "plugin_with_all_options",
        plugin::expand,
        r##"id = "a", version = "2.0.0-rc.1", durability = relaxed, requires("b", "c ^1.2, < 1.9"), index("talks:", speaker, -"meta.length"),
            index("", r#type, unique, sparse)"##,
        "#[derive(Debug)] struct A { field: u8 }",
    );
}

#[test]
fn a_hook() {
    check(
        "hook",
        |args, item| hook::expand(Payload::Hook, args, item),
        r#""conversation:end", priority = 5"#,
        "/// Remembers it.\n async fn remember(ctx: &Context<Analytics>, ended: &ConversationEnd) -> Result<()> { Ok(()) }",
    );
}

#[test]
fn a_hook_without_a_context() {
    check(
        "hook_without_a_context",
        |args, item| hook::expand(Payload::Hook, args, item),
        r#"plugin = crate::Analytics, name = "other-name", timeout = "250ms""#,
        "#[cfg(unix)] fn remember(_: &ConversationEnd) {}",
    );
}

#[test]
fn a_filter() {
    check(
        "filter",
        |args, item| hook::expand(Payload::Filter, args, item),
        r#""message:beforeSend", priority = -20"#,
        "fn redact(_: &Cx, mut message: OutgoingMessage) -> OutgoingMessage { message }",
    );
}

#[test]
fn a_listener() {
    check(
        "on",
        |args, item| hook::expand(Payload::Event, args, item),
        r#""data-source:ended""#,
        "async fn heard(ctx: &Cx, event: &Dynamic) {}",
    );
}

#[test]
fn an_endpoint() {
    check(
        "endpoint",
        endpoint::expand,
        r#"POST, "/track/{app}", public, rate = "30/s", body = "64KiB", timeout = "10s""#,
        "async fn track(ctx: &Cx, Path(app): Path<String>, body: Json<Track>) -> Result<(Json<Tracked>, StatusCode)> { todo() }",
    );
}

#[test]
fn an_endpoint_of_a_named_plugin() {
    check(
        "endpoint_of_a_named_plugin",
        endpoint::expand,
        r#"GET, "/stats", admin, plugin = Analytics"#,
        "fn stats() -> impl Responder { 1 }",
    );
}

#[test]
fn a_cron_job() {
    check(
        "cron",
        cron::expand,
        r#""0 2 * * *", timezone = "America/New_York", overlap = skip, catch_up = none, timeout = "1h""#,
        "async fn daily_cleanup(ctx: &Cx, run: CronRun) -> Result<()> { Ok(()) }",
    );
}

#[test]
fn a_webhook() {
    check(
        "webhook",
        webhook::expand,
        r#""github-events", events("push", "pull_request"), verify = github(secret = config.github.secret)"#,
        "async fn github(ctx: &Cx, delivery: &WebhookDelivery) -> Result<()> { Ok(()) }",
    );
}

#[test]
fn an_admin_page() {
    check(
        "admin_page",
        admin_page::expand,
        r#""/dashboard", title = "Extension Dashboard", icon = "chart-bar""#,
        "async fn extension_dashboard(ctx: &Cx, admin: Admin) -> Result<Html> { Ok(html()) }",
    );
}

#[test]
fn a_lifecycle_function() {
    check(
        "activate",
        |args, item| lifecycle::expand(Moment::Activate, args, item),
        r#"timeout = "1s""#,
        "async fn start(ctx: &Cx) -> Result<()> { Ok(()) }",
    );
}

#[test]
fn a_hook_point() {
    check(
        "hook_point",
        point::expand_hook,
        r#""conversation:end", policy = veto"#,
        "/// A conversation was closed.\n pub struct ConversationEnd { pub conversation_id: String }",
    );
}

#[test]
fn a_filter_point() {
    check(
        "filter_point",
        point::expand_filter,
        r#""message:beforeSend", check = not_empty"#,
        "#[derive(Clone, Debug)] pub struct OutgoingMessage { pub text: String }",
    );
}

#[test]
fn an_event() {
    check(
        "event",
        point::expand_event,
        r#""data-source:ended", plugin = DataSource"#,
        r#"#[serde(rename_all = "snake_case")] pub struct Ended { pub app_id: String }"#,
    );
}

#[test]
fn a_model() {
    check("model", data::expand_model, "", "#[derive(PartialEq)] pub enum Shape { Round { full_size: u32 }, Square }");
}

#[test]
fn a_model_that_is_stored() {
    check(
        "model_stored",
        data::expand_model,
        "stored",
        r#"
            pub enum Outcome {
                HandedOver,
                Rated(u8),
                #[serde(rename_all = "kebab-case")]
                Closed { closed_by: String, #[serde(rename = "why")] reason: Option<String> },
            }
        "#,
    );
}

#[test]
fn a_document() {
    check(
        "document",
        document::expand,
        r#"plugin = Analytics, collection = "conversations", version = 2"#,
        r#"
            /// A conversation.
            #[index(user_id, -ended_at)]
            #[index("meta.language", unique, sparse)]
            pub struct Conversation {
                /// Which one.
                #[id]
                pub id: String,
                pub user_id: Option<String>,
                pub ended_at: Option<Timestamp>,
                pub meta: Meta,
            }
        "#,
    );
}

#[test]
fn a_document_of_an_older_version() {
    check(
        "document_retired",
        document::expand,
        r#"plugin = Analytics, collection = "conversations", retired"#,
        "struct ConversationV1 { #[id] id: String }",
    );
}

#[test]
fn a_migration() {
    check(
        "migrate",
        migrate::expand,
        "from = 1",
        "/// Adds the language.\n fn with_language(old: ConversationV1) -> Result<Conversation> { todo() }",
    );
}

#[test]
fn settings() {
    check(
        "config",
        |_, item| config::expand(item),
        "",
        r#"
            /// What it is set to.
            pub struct Settings {
                /// How long.
                #[config(default = 30, min = 1, max = 365)]
                pub keep_days: u32,
                pub label: Option<String>,
                #[config(default, secret)]
                password: String,
            }
        "#,
    );
}

#[test]
fn every_mistake_comes_with_the_item_untouched() {
    check(
        "mistakes",
        |args, item| hook::expand(Payload::Hook, args, item),
        r#""conversation", priority = "high", tiemout = "5s""#,
        "async fn broken<T>(ctx: Context<Analytics>, ended: ConversationEnd) { ended.forget() }",
    );
}
