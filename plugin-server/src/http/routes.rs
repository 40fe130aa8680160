//! The table of the server's own routes: each with its rule, who answers it, and what is said of it to programs.

use actix_web::{Route, http::Method, web};
use plugin_core::{
    host::store::{DataStats, DroppedIndex},
    store::{Explain, Listed, Shown, transfer::Imported, verify::Verified},
};

use super::{
    Access, api, backups, health, metrics, points,
    store::{self, Written},
    tokens::{self, SignInLink, TokenRequest},
};
use crate::{
    admin,
    auth::token::{ADMIN, HOST, Made, TokenInfo},
    backups::{BackupView, DamageView},
    openapi::{Asked, Says, Statuses, Told, any, either, object, objects, of, one_of, says},
    views::{PageView, PluginView, PointView},
};

/// A route of the server's own.
pub(crate) struct Rule {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(super) handler: fn() -> Route,
    /// What the OpenAPI document says of it; nothing of a page for people.
    pub(crate) says: Option<Says>,
}

const PAGE: Option<Says> = None;

const OK: Statuses = &[("200", "Done.")];
const CREATED: Statuses = &[("201", "Done.")];
const ACCEPTED: Statuses = &[("202", "It will be done.")];
const NOTHING: Statuses = &[("204", "Done.")];
const CHANGED_OR_CREATED: Statuses = &[("200", "It was changed."), ("201", "It was made.")];

const APP: &[Asked] = &[("query", "app", Told::Text)];
const FIND: &[Asked] = &[
    ("query", "app", Told::Text),
    ("query", "key", Told::Text),
    ("query", "filter", Told::Text),
    ("query", "sort", Told::Texts),
    ("query", "limit", Told::Number),
    ("query", "cursor", Told::Text),
    ("query", "under", Told::Text),
    ("query", "explain", Told::Flag),
];
const KEY: &[Asked] = &[("query", "key", Told::Text)];
const REVISION: &[Asked] = &[("header", "If-Match", Told::Text)];
const KEY_AND_REVISION: &[Asked] = &[("query", "key", Told::Text), ("header", "If-Match", Told::Text)];
const WRITE: &[Asked] =
    &[("query", "app", Told::Text), ("header", "If-Match", Told::Text), ("header", "If-None-Match", Told::Text)];
const KEEP: &[Asked] = &[("query", "keep", Told::Number)];
const MERGE: &[Asked] = &[("query", "merge", Told::Flag), ("query", "replace", Told::Flag)];

macro_rules! rules {
    ($($method:ident $path:literal $access:expr => $handler:path, $says:expr;)*) => {
        vec![$(Rule {
            method: Method::$method,
            path: $path,
            access: $access,
            handler: || web::to($handler),
            says: $says.into(),
        }),*]
    };
}

/// Every route of the server's own, with its rule: nothing else is mounted but the endpoints and webhooks of plugins, whose rules
/// their attributes say.
pub(crate) fn rules() -> Vec<Rule> {
    rules! {
        GET    "/healthz" Access::Public => health::alive,
            says("Whether the process lives", OK).gives(object);
        GET    "/readyz" Access::Public => health::ready,
            says("Whether requests are welcome", OK).gives(object);
        GET    "/openapi.json" Access::Public => api::openapi,
            says("This document", OK).gives(object);
        GET    "/metrics" Access::Scope(ADMIN) => metrics::figures,
            says("Figures of every handler, for Prometheus", OK);
        GET    "/api/plugins" Access::Scope(ADMIN) => api::plugins,
            says("The plugins", OK).gives(of::<Vec<PluginView>>);
        GET    "/api/plugins/{id}" Access::Scope(ADMIN) => api::plugin,
            says("A plugin and its items", OK).gives(of::<api::PluginDetail>);
        POST   "/api/plugins/{id}/enable" Access::Scope(ADMIN) => api::enable,
            says("Switch a plugin on", NOTHING);
        POST   "/api/plugins/{id}/disable" Access::Scope(ADMIN) => api::disable,
            says("Switch a plugin off", NOTHING);
        GET    "/api/plugins/{id}/cron" Access::Scope(ADMIN) => api::jobs,
            says("The jobs of a plugin", OK).gives(objects);
        POST   "/api/plugins/{id}/cron/{job}/run" Access::Scope(ADMIN) => api::run,
            says("Run a job now", ACCEPTED).gives(of::<api::Started>);
        GET    "/api/admin-pages" Access::Scope(ADMIN) => api::pages,
            says("The admin pages", OK).gives(of::<Vec<PageView>>);
        GET    "/api/hooks" Access::Scope(ADMIN) => points::hooks,
            says("The hook points and their handlers", OK).gives(of::<Vec<PointView>>);
        POST   "/api/hooks/{name}" Access::Scope(HOST) => points::fire,
            says("Fire a hook", OK).takes(any).gives(object);
        GET    "/api/filters" Access::Scope(ADMIN) => points::filters,
            says("The filter points and their handlers", OK).gives(of::<Vec<PointView>>);
        POST   "/api/filters/{name}" Access::Scope(HOST) => points::apply,
            says("Apply a filter", OK).takes(any).gives(any);
        POST   "/api/events/{name}" Access::Either(ADMIN, HOST) => points::emit,
            says("Publish an event", ACCEPTED).takes(any);
        GET    "/api/tokens" Access::Scope(ADMIN) => tokens::list,
            says("The tokens", OK).gives(of::<Vec<TokenInfo>>);
        POST   "/api/tokens" Access::Scope(ADMIN) => tokens::create,
            says("Make a token", CREATED).takes(of::<TokenRequest>).gives(of::<Made>);
        DELETE "/api/tokens/{id}" Access::Scope(ADMIN) => tokens::revoke,
            says("End a token", NOTHING);
        POST   "/api/sign-in-links" Access::Scope(ADMIN) => tokens::link,
            says("Make a sign-in link", CREATED).gives(of::<SignInLink>);
        GET    "/api/backups" Access::Scope(ADMIN) => backups::list,
            says("The backups", OK).gives(of::<Vec<BackupView>>);
        POST   "/api/backups" Access::Scope(ADMIN) => backups::create,
            says("Back the store up", CREATED).gives(of::<BackupView>).may(KEEP);
        POST   "/api/checksums" Access::Scope(ADMIN) => backups::checksums,
            says("Read all of the store, and tell where it is damaged", OK).gives(of::<Vec<DamageView>>);
        GET    "/api/store" Access::Scope(ADMIN) => store::all,
            says("What all plugins stored, in numbers", OK).gives(of::<Vec<DataStats>>);
        GET    "/api/store/{plugin}" Access::Scope(ADMIN) => store::one,
            says("What a plugin stored, in numbers", OK).gives(of::<DataStats>);
        DELETE "/api/store/{plugin}" Access::Scope(ADMIN) => store::drop_all,
            says("Drop all that a plugin stored", NOTHING);
        GET    "/api/store/{plugin}/documents" Access::Scope(ADMIN) => store::documents,
            says("Find documents, or get the one with a key", OK).gives(one_of::<Listed, Shown, Explain>).may(FIND);
        POST   "/api/store/{plugin}/find" Access::Scope(ADMIN) => store::find,
            says("Find documents, as `GET` of them does, with a question that no URL holds", OK).takes(of::<store::Find>).gives(either::<Listed, Explain>);
        PUT    "/api/store/{plugin}/documents" Access::Scope(ADMIN) => store::put,
            says("Change a document, or make one", CHANGED_OR_CREATED).takes(any).gives(of::<Written>).must(KEY).may(WRITE);
        DELETE "/api/store/{plugin}/documents" Access::Scope(ADMIN) => store::delete,
            says("Delete a document", NOTHING).must(KEY_AND_REVISION).may(APP);
        GET    "/api/store/{plugin}/documents/{key:.*}" Access::Scope(ADMIN) => store::document,
            says("A document", OK).gives(of::<Shown>).may(APP);
        PUT    "/api/store/{plugin}/documents/{key:.*}" Access::Scope(ADMIN) => store::put,
            says("Change a document, or make one", CHANGED_OR_CREATED).takes(any).gives(of::<Written>).may(WRITE);
        DELETE "/api/store/{plugin}/documents/{key:.*}" Access::Scope(ADMIN) => store::delete,
            says("Delete a document", NOTHING).must(REVISION).may(APP);
        GET    "/api/store/{plugin}/export" Access::Scope(ADMIN) => store::export,
            says("All that a plugin stored, as lines", OK);
        POST   "/api/store/{plugin}/import" Access::Stream(ADMIN) => store::import,
            says("Import what was exported, or lines with `key` and `value`", OK).takes(any).gives(of::<Imported>).may(MERGE);
        POST   "/api/store/{plugin}/verify" Access::Scope(ADMIN) => store::verify,
            says("Look whether what a plugin stored is whole", OK).gives(of::<Verified>);
        DELETE "/api/store/{plugin}/indexes/{number}" Access::Scope(ADMIN) => store::drop_index,
            says("Drop an index", OK).gives(of::<DroppedIndex>);
        GET    "/" Access::Public => admin::front, PAGE;
        GET    "/admin" Access::Page => admin::plugins, PAGE;
        GET    "/admin/pages/{path:.*}" Access::Page => admin::page, PAGE;
        POST   "/admin/plugins/{id}/enable" Access::Form => admin::enable, PAGE;
        POST   "/admin/plugins/{id}/disable" Access::Form => admin::disable, PAGE;
        GET    "/admin/sign-in" Access::Public => admin::sign_in::form, PAGE;
        POST   "/admin/sign-in" Access::Public => admin::sign_in::submit, PAGE;
        POST   "/admin/sign-out" Access::Form => admin::sign_in::out, PAGE;
        GET    "/admin/style.css" Access::Public => admin::style, PAGE;
    }
}
