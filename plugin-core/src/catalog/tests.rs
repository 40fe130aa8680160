//! Catalogs of registrations written by hand.

use std::path::Path;

use super::*;
use crate::{
    catalog::problem::Code,
    delivery::event::EventItem,
    dispatch::hook::{HookItem, HookPointItem},
    endpoint::{Access, EndpointItem, EndpointMeta, Place},
    plugin::{
        lifecycle::LifecycleItem,
        meta::{ConfigItem, PluginMeta},
    },
    point::{HOOKS, HookPolicy, Ix, PLUGINS},
    shape::Owner,
    store::{engine::Durability, index::IndexMeta},
};

pub(super) fn ix() -> &'static Ix {
    static IX: Ix = Ix::of(&PLUGINS);
    &IX
}

fn hook_ix() -> &'static Ix {
    static IX: Ix = Ix::of(&HOOKS);
    &IX
}

pub(super) fn at(file: &'static str, line: u32, name: &'static str, item: Item) -> &'static Registration {
    let site = Site { name, ident: name, doc: "", file, line, module: "shop::inner", package: "shop" };
    Box::leak(Box::new(Registration::new(item, Box::leak(Box::new(site)))))
}

pub(super) fn plugin(
    line: u32,
    id: &'static str,
    version: &'static str,
    requires: &'static [(&'static str, &'static str)],
) -> &'static Registration {
    of_meta(line, id, PluginMeta { version, requires, ..META })
}

pub(super) fn plugin_with(line: u32, id: &'static str, indexes: &'static [IndexMeta]) -> &'static Registration {
    of_meta(line, id, PluginMeta { indexes, ..META })
}

const META: PluginMeta = PluginMeta {
    version: "1.0.0",
    authors: "",
    license: "",
    requires: &[],
    durability: Durability::Synced,
    indexes: &[],
};

fn of_meta(line: u32, id: &'static str, meta: PluginMeta) -> &'static Registration {
    let item = PluginItem { owner: Owner { id, ix }, meta, config: ConfigItem::of::<()>() };
    at("plugins.rs", line, id, Item::Plugin(item))
}

fn hook(
    line: u32,
    owner: &'static str,
    name: &'static str,
    point: &'static str,
    priority: i32,
) -> &'static Registration {
    let owner = Owner { id: owner, ix };
    at("hooks.rs", line, name, Item::Hook(HookItem { owner, point, priority, timeout: None, call: &() }))
}

fn point(line: u32, name: &'static str) -> &'static Registration {
    let schema = |_: &mut schemars::SchemaGenerator| schemars::Schema::default();
    at(
        "points.rs",
        line,
        name,
        Item::HookPoint(HookPointItem {
            name,
            policy: HookPolicy::Isolate,
            ix: hook_ix,
            schema,
            build: |_| unreachable!("no host is built"),
            fire_json: |_, _| unreachable!("nothing is fired"),
        }),
    )
}

fn get(line: u32, name: &'static str, path: &'static str) -> &'static Registration {
    let meta = EndpointMeta { method: "GET", path, access: Access::Public, rate: None, body: None, timeout: None };
    at(
        "routes.rs",
        line,
        name,
        Item::Endpoint(EndpointItem {
            owner: Owner { id: "a", ix },
            meta,
            place: Place::Worker,
            describe: |_| {},
            run: |_| unreachable!("no request is made"),
        }),
    )
}

fn page(line: u32, name: &'static str, path: &'static str) -> &'static Registration {
    let item = AdminPageItem {
        owner: Owner { id: "a", ix },
        path,
        title: "A page",
        icon: None,
        component: "Page",
        group: "plugins",
        timeout: None,
        run: |_, _| unreachable!("nobody looks"),
    };
    at("pages.rs", line, name, Item::AdminPage(item))
}

fn named(library: &'static str) -> Named {
    Named { library, file: "main.rs", line: 5 }
}

pub(super) fn said(registrations: Vec<&'static Registration>, expected: &[Named]) -> Vec<(Code, String, Vec<String>)> {
    let problems = Catalog::of(registrations, expected).expect_err("there are problems");
    problems.iter().map(|it| (it.code, it.detail.clone(), it.sites.clone())).collect()
}

#[test]
fn the_order_of_the_linker_does_not_show() {
    let mut registrations = vec![
        plugin(1, "b", "1.0.0", &[]),
        plugin(2, "a", "1.0.0", &[("b", ">=1")]),
        point(1, "x:y"),
        hook(4, "a", "late", "x:y", 20),
        hook(3, "a", "second-line", "x:y", 10),
        hook(2, "a", "first-line", "x:y", 10),
        hook(1, "b", "required", "x:y", 10),
    ];
    let names = |catalog: &Catalog| -> Vec<&str> {
        let handlers = &catalog.hooks()[0].handlers;
        handlers.iter().filter_map(|number| Some(catalog.entry(*number)?.site.name)).collect()
    };
    for _ in 0..registrations.len() {
        registrations.rotate_left(1);
        let catalog = Catalog::of(registrations.clone(), &[named("shop")]).expect("nothing is wrong");
        assert_eq!(names(&catalog), ["required", "first-line", "second-line", "late"]);
        assert_eq!(catalog.plugins().iter().map(PluginEntry::id).collect::<Vec<_>>(), ["b", "a"]);
        assert!((0..).zip(catalog.entries()).all(|(number, entry)| entry.number == number));
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_both_places() {
    let all = said(
        vec![
            plugin(1, "a", "1.0.0", &[("gone", ">=1")]),
            plugin(2, "a", "1.0.0", &[]),
            point(1, "x:y"),
            point(2, "x:y"),
            hook(7, "a", "lost", "x:z", 10),
            get(1, "one", "/items/{id}"),
            get(2, "two", "/items/{name}"),
            get(3, "two", "/other"),
            page(1, "figures", "/overview"),
            page(2, "more-figures", "/overview"),
            page(3, "settings", "/settings"),
        ],
        &[named("shop"), named("absent")],
    );
    let expected = [
        (Code::DuplicatePlugin, "two plugins have the id `a`", vec!["plugins.rs:1", "plugins.rs:2"]),
        (
            Code::DuplicateItem,
            "the plugin `a` has two items `two` of the kind endpoint",
            vec!["routes.rs:2", "routes.rs:3"],
        ),
        (Code::DuplicatePoint, "two types are the hook `x:y`", vec!["points.rs:1", "points.rs:2"]),
        (Code::UnknownHook, "no linked type is the hook `x:z`", vec!["hooks.rs:7"]),
        (
            Code::RouteConflict,
            "`GET /items/{id}` and `GET /items/{name}` of the plugin `a` answer the same requests",
            vec!["routes.rs:1", "routes.rs:2"],
        ),
        (
            Code::RouteConflict,
            "two admin pages of the plugin `a` have the path `/overview`",
            vec!["pages.rs:1", "pages.rs:2"],
        ),
        (Code::MissingRequirement, "`a` requires `gone`, which is not part of this binary", vec!["plugins.rs:1"]),
        (Code::NotLinked, "the crate `absent` is named in `plugins!` and holds no `#[plugin]`", vec!["main.rs:5"]),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(code, detail, sites)| {
            (code, detail.to_owned(), sites.into_iter().map(str::to_owned).collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(all, expected);
}

fn event(line: u32, name: &'static str) -> &'static Registration {
    let owner = Owner { id: "a", ix };
    let schema = |_: &mut schemars::SchemaGenerator| schemars::Schema::default();
    at("events.rs", line, "closed", Item::Event(EventItem { owner, name, schema, read: Ok }))
}

fn activate(line: u32, name: &'static str) -> &'static Registration {
    let run = |_: &'_ _| unreachable!("no plugin is started");
    at("lib.rs", line, name, Item::Activate(LifecycleItem { owner: Owner { id: "a", ix }, timeout: None, run }))
}

#[test]
fn events_are_told_apart_by_their_names_on_the_wire_alone() {
    let of = |second| Catalog::of([plugin(1, "a", "1.0.0", &[]), event(1, "a:door-closed"), event(2, second)], &[]);
    assert!(of("a:shop-closed").is_ok(), "both types are called `Closed`");
    let same = of("a:door-closed").expect_err("one name on the wire");
    assert_eq!(same.iter().map(|problem| problem.code).collect::<Vec<_>>(), [Code::DuplicatePoint]);
}

#[test]
fn a_plugin_starts_with_several_functions_that_have_names_of_their_own() {
    let of = |second| Catalog::of([plugin(1, "a", "1.0.0", &[]), activate(1, "activate"), activate(2, second)], &[]);
    assert!(of("warm-up").is_ok());
    assert_eq!(
        of("activate").expect_err("one name").iter().next().map(|problem| problem.code),
        Some(Code::DuplicateItem)
    );
}

#[test]
fn requirements_are_held_to_versions_and_may_not_go_in_a_circle() {
    let version = said(vec![plugin(1, "a", "1.0.0", &[("b", ">=2")]), plugin(2, "b", "1.9.0", &[])], &[]);
    assert_eq!(version[0].0, Code::RequiredVersion);
    let circle = said(vec![plugin(1, "a", "1.0.0", &[("b", "*")]), plugin(2, "b", "1.0.0", &[("a", "*")])], &[]);
    assert_eq!(circle[0].0, Code::RequirementCycle);
    assert_eq!(circle[0].1, "these plugins wait for each other: a, b");
}

#[test]
fn an_item_of_an_unregistered_plugin_is_found() {
    let orphan = said(vec![point(1, "x:y"), hook(1, "ghost", "haunt", "x:y", 10)], &[]);
    assert_eq!(orphan[0].0, Code::UnregisteredPlugin);
}

#[test]
fn a_renamed_crate_is_known_by_its_package_too() {
    let registration = plugin(1, "a", "1.0.0", &[]);
    assert!(Catalog::of([registration], &[named("shop")]).is_ok());
}

#[test]
fn every_code_has_a_page() {
    let pages = Path::new("../docs/errors");
    for code in Code::ALL {
        let page = pages.join(format!("{code}.md"));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(text.starts_with(&format!("# {code}: {}\n", code.title())), "{}", page.display());
    }
}
