//! A server that names a crate without a plugin.

use plugin_core::catalog::Catalog;

plugin_core::plugins! { counting, silent }

#[test]
fn a_named_crate_without_a_plugin_stops_the_start_by_name() {
    let problems = Catalog::linked().expect_err("`silent` registers nothing");
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let [problem] = said.as_slice() else { panic!("{said:#?}") };
    assert!(problem.starts_with("P0010: ") && problem.contains("`silent`"), "{problem}");
    assert!(problem.contains("\n  at ") && problem.contains("silent.rs:5\n"), "{problem}");
}
