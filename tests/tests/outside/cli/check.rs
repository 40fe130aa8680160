//! `check`.

use super::Shell;

const NEEDS_CORE: &str = "version = \"0.1.0\"\nedition = \"2024\"\n[dependencies]\nplugin-core = \"*\"\n";

impl Shell {
    /// A cargo workspace of libraries, each with its own end of its Cargo.toml.
    fn workspace(&self, members: &[(&str, &str)]) {
        let names: Vec<String> = members.iter().map(|(name, _)| format!("{name:?}")).collect();
        self.write("Cargo.toml", &format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n", names.join(", ")));
        for (name, rest) in members {
            self.write(&format!("{name}/Cargo.toml"), &format!("[package]\nname = \"{name}\"\n{rest}"));
            self.write(&format!("{name}/src/lib.rs"), "");
        }
    }
}

#[test]
fn a_library_on_plugin_core_that_nothing_links_is_named_and_no_other() {
    let shell = Shell::new();
    let for_something_else = format!("{NEEDS_CORE}[package.metadata.plugin-server]\ncheck = false\n");
    let for_tests = NEEDS_CORE.replace("[dependencies]", "[dev-dependencies]");
    shell.workspace(&[
        ("forgotten", NEEDS_CORE),
        ("example-plugins", NEEDS_CORE),
        ("bridge", &for_something_else),
        ("tested", &for_tests),
    ]);
    let said = shell.fails(&["check"], 3);
    assert!(said.contains("the crate `forgotten`") && said.contains("forgotten/Cargo.toml"), "{said}");
    assert!(said.contains("plugins!"), "{said}");
    for other in ["example-plugins", "bridge", "tested"] {
        assert!(!said.contains(other), "{other}: {said}");
    }
    shell.workspace(&[("example-plugins", NEEDS_CORE)]);
    let said = shell.done(&["check"]);
    assert!(said.contains("no problems"), "{said}");
}

#[test]
fn a_wrong_setting_of_a_plugin_has_a_code_a_place_and_a_page() {
    let shell = Shell::new().env("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__KEEP_DAYS", "soon");
    let said = shell.fails(&["check"], 2);
    assert!(said.starts_with("P0012: `plugins.cleanup-plugin.keep_days`: "), "{said}");
    assert!(said.contains("cleanup.rs:") && said.contains("docs/errors/P0012.md"), "{said}");
    assert!(!shell.data().exists(), "nothing is opened");
}

#[test]
fn problems_of_crates_and_of_settings_are_reported_together() {
    let shell = Shell::new();
    shell.workspace(&[("forgotten", NEEDS_CORE)]);
    let file = shell.write("server.toml", "[plugins.cleanup-plugin]\nkeep_days = -1\nkeepdays = 1\n");
    let said = shell.fails(&["check", "--config", &file.to_string_lossy()], 3);
    for part in ["`forgotten`", "cleanup-plugin.keep_days`", "cleanup-plugin.keepdays`", "did you mean `keep_days`?"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn problems_of_the_catalog_and_of_the_settings_file_are_reported_together() {
    let shell = Shell::clashing();
    let file = shell.write("server.toml", "lisen = \"127.0.0.1:0\"\n");
    let said = shell.fails(&["check", "--config", &file.to_string_lossy()], 3);
    for part in ["P0001", "P0004", "did you mean `listen`?"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_variable_that_is_not_ours_is_a_warning() {
    let shell =
        Shell::new().env("PLUGIN_SERVER_SERVICE_HOST", "10.0.0.1").env("PLUGIN_SERVER__PLUGINS__ELSEWHERE__LEVEL", "3");
    for args in [&["check"][..], &["config", "show"]] {
        let said = shell.run(args);
        assert_eq!(said.code, Some(0), "{said:?}");
        for name in ["PLUGIN_SERVER_SERVICE_HOST", "PLUGIN_SERVER__PLUGINS__ELSEWHERE__LEVEL"] {
            assert!(said.err.contains(name) && !said.out.contains(name), "{name}: {said:?}");
        }
    }
}
