//! A server whose author wrote the dependencies and forgot `plugins!`: nothing of them is there. This is why `plugins!` exists, and
//! why `plugin-server check` compares the dependencies with what is linked.

use std::collections::BTreeSet;

use plugin_core::registration::Registration;

#[test]
fn a_crate_that_is_only_a_dependency_contributes_nothing() {
    let packages: BTreeSet<&str> = Registration::linked().map(|it| it.site.package).collect();
    assert_eq!(packages, ["plugin-core"].into(), "its own hook points, and nothing else");
}
