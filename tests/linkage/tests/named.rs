//! A server as it should be: its plugins are named.

use plugin_core::{catalog::Catalog, registration::Registration};

plugin_core::plugins! { counting, mine as several_plugins }

/// Every item of both crates: also those of modules that nothing refers to.
const ITEMS: &[&str] = &[
    "activate begin",
    "admin-page totals",
    "cron again",
    "cron daily",
    "cron daily",
    "cron recount",
    "deactivate end",
    "endpoint total",
    "event Done",
    "filter rounded",
    "filter-point Total",
    "hook noted",
    "hook-point Counted",
    "listener heard",
    "plugin Counting",
    "plugin First",
    "plugin Second",
    "webhook received",
];

#[test]
fn every_registration_of_every_named_crate_is_there_once() {
    let mut linked: Vec<String> = Registration::linked()
        .filter(|it| it.site.package != "plugin-core")
        .map(|it| format!("{} {}", it.item.kind(), it.site.ident))
        .collect();
    linked.sort();
    assert_eq!(linked, ITEMS);
}

#[test]
fn a_crate_may_hold_several_plugins_and_a_dependency_may_be_renamed() {
    let catalog = Catalog::linked().expect("both crates hold plugins");
    let ids: Vec<&str> = catalog.plugins().iter().map(|plugin| plugin.id()).collect();
    assert_eq!(ids, ["counting", "first", "second"]);
}

/// For the test of other profiles to see that what it runs was built as it asked.
#[test]
fn how_this_was_built() {
    println!("debug assertions: {}", cfg!(debug_assertions));
}
