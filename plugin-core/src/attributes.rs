//! The attributes, with their documentation: here its examples can run.
//!
//! An attribute leaves its item as it is and adds one registration, which the linker gathers. What is wrong with an item is a
//! compile error at the token that is wrong; an option that does not exist is refused, with the list of those that do.

/// Marks a type as a plugin. Its doc comment is the plugin's description; version, authors and licence come from Cargo.toml.
///
/// | Option | Is |
/// |---|---|
/// | `id = "…"` | the plugin's id, `[a-z][a-z0-9-]{0,62}`; required |
/// | `config = path` | the type of its settings, a [`Config`](macro@Config); none unless given |
/// | `version = "1.2.3"` | another version than Cargo.toml's |
/// | `requires("data-source >= 1", …)` | plugins that must be there, and start first |
/// | `durability = synced` or `relaxed` | whether a commit is on disk before it is `Ok`; `synced` unless given |
/// | `index("users:", email, unique)` | an index over the documents whose keys begin with the text; any number of them |
///
/// The fields of an index have their names in documents, `-` before those in descending order, and may be paths: `meta.language`.
/// `unique` and `sparse` mean what they do in a [`document`]'s index; the indexes of typed documents are declared there.
///
/// ```
/// use plugin_core::prelude::*;
///
/// /// Counts finished conversations.
/// #[plugin(id = "analytics-plugin")]
/// pub struct Analytics;
/// ```
///
/// ```
/// # use plugin_core::prelude::*;
/// #[plugin(id = "data", index("conversations:", userId, -endedAt), index("users:", email, unique))]
/// pub struct Data;
/// ```
pub use plugin_macros::plugin;

/// Derives a plugin's settings: reading them with every problem listed, their JSON Schema, `Clone`, `Debug` and serde, with
/// secrets masked wherever they would be shown. Settings have their Rust names, in files and in the environment.
///
/// | Of a field | Means |
/// |---|---|
/// | `#[config(default)]`, `#[config(default = 30)]` | it need not be given; an `Option` never must be |
/// | `#[config(secret)]` | it is masked wherever it would be shown |
/// | `#[config(min = 1, max = 365)]` | what lies outside is refused |
///
/// ```
/// use plugin_core::prelude::*;
///
/// #[derive(Config)]
/// pub struct Settings {
///     /// For how many days rows are kept.
///     #[config(default = 30, min = 1)]
///     keep_days: u32,
///     #[config(default, secret)]
///     github_secret: Secret,
/// }
///
/// #[plugin(id = "cleanup-plugin", config = Settings)]
/// pub struct Cleanup;
/// ```
pub use plugin_macros::Config;

/// Derives `Serialize`, `Deserialize`, `JsonSchema`, `Clone` and `Debug` for a type that is stored or sent, with camelCase
/// names. It stands above the type's own `#[derive]` and `#[serde]`, and what is derived or renamed there is left alone.
///
/// `#[model(stored)]` is for a struct or enum that lies in a [`document`]. An enum is written as serde writes it unless told
/// otherwise: `"open"`, `{"closed": {"by": "ada"}}`.
///
/// ```
/// use plugin_core::prelude::*;
///
/// #[model]
/// #[derive(PartialEq)]
/// pub struct Ended {
///     pub user_id: String,
/// }
/// # let json: Ended = Deserialize::deserialize(Dynamic::new([("userId", "u1")].into_iter().collect()).into_json()).unwrap();
/// # assert!(json == Ended { user_id: "u1".into() });
/// ```
pub use plugin_macros::model;

/// Marks a struct as a typed document: its values lie in the plugin's data as the bytes of their fields, below keys that begin with
/// the collection and a `:`. Derives what [`model`] derives, and writes JSON as that does.
///
/// | Option | Is |
/// |---|---|
/// | `plugin = path` | whose documents they are; required |
/// | `collection = "…"` | the collection, `[a-z][a-z0-9-]{0,62}`; required |
/// | `version = 2` | the version of the schema, from 1; 1 unless given |
/// | `retired` | it is an older version, which migrations read and nobody writes |
///
/// | Below it | Means |
/// |---|---|
/// | `#[id]` on a field | the document's id in its collection: a `String` or another `AsRef<str>`; on exactly one |
/// | `#[index(user_id, -ended_at)]` | an index over fields by their Rust names, `-` for descending; any number of them. A field within a field is written as in documents, `"meta.language"` |
/// | `unique` in an index | no two documents have the same values, unless one of the fields is missing or null |
/// | `sparse` in an index | documents in which all of its fields are missing or null are left out |
///
/// What lies in a document is [`Stored`]: a type of the standard library that serde knows, one of this crate's, or your own with
/// `#[model(stored)]`. Fields may be renamed as serde does it, and have `alias` and `default`; what else serde offers would write
/// another type than the declared one, and is refused.
///
/// What a field is called, what it holds and where it stands among the others is how stored bytes are read: whoever changes that
/// gives the document a new `version`, keeps the old type as `retired`, and leads from one to the other with [`migrate`].
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
///
/// /// A conversation, from its first message to its end.
/// #[document(plugin = Analytics, collection = "conversations")]
/// #[index(user_id, -ended_at)]
/// #[index("meta.language", sparse)]
/// pub struct Conversation {
///     #[id]
///     pub id: String,
///     pub user_id: Option<String>,
///     pub ended_at: Option<Timestamp>,
///     pub meta: Meta,
/// }
///
/// /// What is known of how it was held.
/// #[model(stored)]
/// pub struct Meta {
///     pub language: String,
/// }
/// ```
///
/// [`Stored`]: crate::store::typed::Stored
pub use plugin_macros::document;

/// Makes of a document the next version of it: a plain `fn(Old)`, returning `New` or `Result<New>`. Documents of older versions are
/// led through all migrations between when they are read; nothing is lost where one fails.
///
/// | Option | Is |
/// |---|---|
/// | `from = 1` | the version that it starts from; the type's, and compared with it if given |
/// | `name` | as of [`hook`] |
///
/// Both types are documents of one plugin and collection, and their versions follow one another; all that is checked when it is
/// compiled. Each step from the oldest version to the current one has one migration, which `check` makes sure of.
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
///
/// #[document(plugin = Analytics, collection = "conversations", version = 2)]
/// pub struct Conversation {
///     #[id]
///     pub id: String,
///     pub language: String,
/// }
///
/// #[document(plugin = Analytics, collection = "conversations", version = 1, retired)]
/// pub struct ConversationV1 {
///     #[id]
///     pub id: String,
/// }
///
/// #[migrate(from = 1)]
/// fn with_language(old: ConversationV1) -> Conversation {
///     Conversation { id: old.id, language: "en".into() }
/// }
/// ```
pub use plugin_macros::migrate;

/// Marks a type as the payload of a hook: the type is the point, so that who fires it and who handles it cannot disagree.
/// Derives what [`model`] derives.
///
/// The name comes first. `policy = isolate` (unless given) goes on after a failing handler, `veto` lets the first `Err` stop
/// the chain and reach the one who fires.
///
/// ```
/// use plugin_core::prelude::*;
///
/// /// A conversation was closed by its user.
/// #[hook_point("conversation:end")]
/// pub struct ConversationEnd {
///     pub conversation_id: String,
/// }
/// ```
pub use plugin_macros::hook_point;

/// Marks a type as a value that filters may change before it is used. Derives what [`model`] derives.
///
/// The name comes first. `on_error = keep` (unless given) goes on with the last good value after a failing handler, `fail`
/// gives the error to the one who applies. `check = path` names a `fn(&T) -> Result<(), String>` that the final value must pass.
///
/// ```
/// use plugin_core::prelude::*;
///
/// #[filter_point("message:beforeSend", on_error = fail, check = not_empty)]
/// pub struct OutgoingMessage {
///     pub text: String,
/// }
///
/// fn not_empty(message: &OutgoingMessage) -> Result<(), String> {
///     if message.text.is_empty() { Err("a message has a text".into()) } else { Ok(()) }
/// }
/// ```
pub use plugin_macros::filter_point;

/// Marks a type as an event that one plugin publishes. Derives what [`model`] derives.
///
/// The name comes first and begins with the plugin's id; `plugin = path` says whose it is.
///
/// ```
/// use plugin_core::prelude::*;
///
/// #[plugin(id = "data-source")]
/// pub struct DataSource;
///
/// #[event("data-source:conversation-ended", plugin = DataSource)]
/// pub struct ConversationEnded {
///     pub app_id: String,
/// }
/// ```
pub use plugin_macros::event;

/// Runs a function when a hook is fired: `fn(&Context<P>, &Payload)`, returning `()` or `Result<()>`.
///
/// | Option | Is |
/// |---|---|
/// | `"conversation:end"` | the hook; the payload's unless given, and compared with it if given |
/// | `name = "…"` | the item's name; the function's in kebab-case unless given |
/// | `priority = 10` | its turn, ascending; 10 unless given |
/// | `timeout = "5s"` | how long it may take |
/// | `plugin = path` | whose it is, for a function without a context |
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
/// # #[hook_point("conversation:end")]
/// # pub struct ConversationEnd { pub conversation_id: String }
///
/// #[hook("conversation:end", priority = 5)]
/// async fn remember(ctx: &Context<Analytics>, ended: &ConversationEnd) -> Result<()> {
///     ctx.db().set("last-conversation", &ended.conversation_id).await?;
///     Ok(())
/// }
/// ```
pub use plugin_macros::hook;

/// Turns a value into the next one: `fn(&Context<P>, T)`, returning `T` or `Result<T>`. The options are those of [`hook`].
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
/// # #[filter_point("message:beforeSend")]
/// # pub struct OutgoingMessage { pub text: String }
///
/// #[filter("message:beforeSend", priority = 20)]
/// fn shout(_: &Context<Analytics>, mut message: OutgoingMessage) -> OutgoingMessage {
///     message.text.make_ascii_uppercase();
///     message
/// }
/// ```
pub use plugin_macros::filter;

/// Runs a function some time after an event was published, at least once: `fn(&Context<P>, &Event)`, returning `()` or
/// `Result<()>`. `Dynamic` stands for the type of an event of another crate.
///
/// The event's name may come first, and is compared with the type's. Options: `name`, `timeout`, `plugin`, as of [`hook`].
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "data-consumer")]
/// # pub struct Consumer;
///
/// #[on("data-source:conversation-ended")]
/// async fn heard(ctx: &Context<Consumer>, ended: &Dynamic) -> Result<()> {
///     ctx.log().info(&format!("ended: {:?}", ended.at("appId")));
///     Ok(())
/// }
/// ```
pub use plugin_macros::on;

/// Answers HTTP requests below `/api/plugins/{plugin}/endpoints`: `fn(&Context<P>, extractors…)`, returning what actix-web
/// can answer. An `async fn` stays on the thread that took the request, a `fn` runs on the blocking pool.
///
/// An answer may be an `impl Responder`, or a `Result` of one; the OpenAPI document then says nothing of it. That of a `fn` goes to
/// another thread, so it cannot borrow from the context: from Rust 2024 on it is written `impl Responder + use<>`.
///
/// | Option | Is |
/// |---|---|
/// | `GET`, `POST`, `PUT`, `PATCH`, `DELETE` | the method, first |
/// | `"/stats/{app}"` | the path: `{name}` is one segment, `{*name}` at the end all that is left |
/// | `public`, `admin`, `scope = "reports"` | who may call; who is signed in, unless given |
/// | `rate = "30/s"` | how often one caller may; also `/m`, `/h` |
/// | `body = "64KiB"` | the largest body |
/// | `timeout = "10s"` | how long it may take |
/// | `name`, `plugin` | as of [`hook`] |
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
///
/// #[model]
/// pub struct Stats {
///     pub app: String,
/// }
///
/// /// The figures of an app.
/// #[endpoint(GET, "/stats/{app}")]
/// async fn stats(_: &Context<Analytics>, app: Path<String>) -> Result<Json<Stats>> {
///     Ok(Json(Stats { app: app.into_inner() }))
/// }
/// ```
pub use plugin_macros::endpoint;

/// Runs a function at its time: `fn(&Context<P>)` or `fn(&Context<P>, CronRun)`, returning `()` or `Result<()>`.
///
/// | Option | Is |
/// |---|---|
/// | `"0 2 * * *"`, `"@daily"`, `"30s"` | the schedule, first: five cron fields or six with seconds, or an interval on the grid of the Unix epoch |
/// | `timezone = "America/New_York"` | where the fields are read; UTC unless given |
/// | `overlap = skip` | an occurrence is skipped while the last one runs |
/// | `catch_up = one` or `none` | whether the latest occurrence that was missed runs; `one` unless given |
/// | `timeout = "5m"` | how long a run may take |
/// | `name`, `plugin` | as of [`hook`] |
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "cleanup-plugin")]
/// # pub struct Cleanup;
///
/// #[cron("0 2 * * *", timezone = "America/New_York")]
/// async fn daily_cleanup(ctx: &Context<Cleanup>, run: CronRun) -> Result<()> {
///     ctx.log().info(&format!("for {}", run.scheduled_for));
///     Ok(())
/// }
/// ```
pub use plugin_macros::cron;

/// Takes what others send to `/api/plugins/{plugin}/webhooks/{name}`: `fn(&Context<P>, &WebhookDelivery)`, returning `()` or
/// `Result<()>`. It runs after the sender was answered, at least once.
///
/// | Option | Is |
/// |---|---|
/// | `"github-events"` or `name = "…"` | its name, once; the function's in kebab-case unless given |
/// | `verify = github(secret = config.…)` or `none` | how the sender proves who it is; required |
/// | `events("push", …)` | the events that reach the function; all unless given |
/// | `timeout = "5m"` | how long it may take |
/// | `plugin` | as of [`hook`] |
///
/// ```
/// use plugin_core::prelude::*;
///
/// #[derive(Config)]
/// pub struct Settings {
///     #[config(default, secret)]
///     secret: Secret,
/// }
///
/// #[plugin(id = "github-integration", config = Settings)]
/// pub struct Github;
///
/// #[webhook("github-events", events("push"), verify = github(secret = config.secret))]
/// async fn pushed(ctx: &Context<Github>, delivery: &WebhookDelivery) -> Result<()> {
///     ctx.log().info(delivery.event());
///     Ok(())
/// }
/// ```
pub use plugin_macros::webhook;

/// Shows an admin a page at `/admin/pages/{plugin}{path}`: `fn(&Context<P>)` or `fn(&Context<P>, Admin)`, returning [`Html`] or
/// `Result<Html>`.
///
/// | Option | Is |
/// |---|---|
/// | `"/dashboard"` | the path, first |
/// | `title = "…"` | required |
/// | `icon = "chart-bar"` | one of Lucide's that the server carries |
/// | `group = "plugins"` | under what it is listed; `plugins` unless given |
/// | `component = "Dashboard"` | what programs know it by; the function's name in PascalCase unless given |
/// | `timeout`, `name`, `plugin` | as of [`hook`] |
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "admin-extension")]
/// # pub struct Extension;
///
/// #[admin_page("/dashboard", title = "Extension Dashboard", icon = "chart-bar")]
/// async fn dashboard(_: &Context<Extension>, admin: Admin) -> Result<Html> {
///     Ok(Html::new().raw("<p>Hello, ").text(&admin.user).raw("</p>"))
/// }
/// ```
///
/// [`Html`]: crate::Html
pub use plugin_macros::admin_page;

/// Runs a function whenever its plugin starts: `fn(&Context<P>)`, returning `()` or `Result<()>`; an error keeps the plugin from
/// starting.
///
/// | Option | Is |
/// |---|---|
/// | `timeout = "2m"` | how long it may take; 30 seconds unless given |
/// | `name`, `plugin` | as of [`hook`] |
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
///
/// #[activate]
/// async fn activate(ctx: &Context<Analytics>) -> Result<()> {
///     ctx.log().info("ready");
///     Ok(())
/// }
/// ```
pub use plugin_macros::activate;

/// Runs a function whenever its plugin stops; otherwise as [`activate`]. Its `timeout` is 10 seconds unless given, and never
/// more: whoever stops the server waits for it.
///
/// ```
/// use plugin_core::prelude::*;
/// # #[plugin(id = "analytics-plugin")]
/// # pub struct Analytics;
///
/// #[deactivate(timeout = "1s")]
/// fn deactivate(ctx: &Context<Analytics>) {
///     ctx.log().info("gone");
/// }
/// ```
pub use plugin_macros::deactivate;
