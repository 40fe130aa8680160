//! A user's own server starts and has the plugins that it names.

use tests::server::Launch;

#[test]
fn it_serves_the_plugins_that_it_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Launch::of(env!("CARGO_BIN_EXE_own-server"), folder.path()).start().expect("it starts");
    let plugins = server.admin().get("/api/plugins").expect("an answer").expect(200).expect("a list");
    let ids: Vec<_> = plugins.as_array().expect("an array").iter().filter_map(|plugin| plugin["id"].as_str()).collect();
    for id in [
        "admin-extension",
        "analytics-plugin",
        "cleanup-plugin",
        "conversations",
        "data-consumer",
        "data-plugin",
        "data-source",
        "github-integration",
    ] {
        assert!(ids.contains(&id), "{id} is missing in {ids:?}");
    }
    assert!(server.stop().expect("it stops").success());
}
