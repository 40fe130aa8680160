//! Pages of plugins in the admin area.

use serde_json::json;

use crate::tools::{Ask, Expect, Running};

#[test]
fn the_pages_are_listed_as_the_capability_page_has_them() {
    let server = Running::start();
    let pages = server.admin().got("/api/admin-pages").is(200);
    assert_eq!(
        pages,
        json!([{
            "plugin": "admin-extension",
            "path": "/admin-extension/dashboard",
            "title": "Extension Dashboard",
            "icon": "chart-bar",
            "component": "ExtensionDashboard",
            "group": "plugins",
        }])
    );
}

#[test]
fn a_page_is_for_admins() {
    let server = Running::start();
    let page = "/admin/pages/admin-extension/dashboard";
    let shown = server.admin().got(page);
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert!(shown.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    assert!(shown.header("content-security-policy").is_some_and(|policy| !policy.contains("unsafe-inline")));
    assert!(shown.text().contains("Extension Dashboard") && shown.text().contains("What happened last"));
    assert_ne!(server.anonymous().got(page).status, 200);
}
