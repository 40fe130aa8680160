//! How the program begins and ends: one line on stdout, and a code for each way to fail.

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::json;
use tests::api::{Api, Base};

use super::Shell;
use crate::tools::{Ask, Expect, Running, endpoint};

#[test]
fn serving_prints_one_line_and_takes_everything_from_the_environment() {
    let shell = Shell::new().env("PLUGIN_SERVER_LISTEN", "127.0.0.1:0");
    let file = shell.write("server.toml", "[plugins.conversations]\nmodel = \"from-the-file\"\n");
    let shell = shell.env("PLUGIN_SERVER_CONFIG", &file.to_string_lossy());
    let mut command = shell.command(&[]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("a line");
    let base = line.trim_end().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}"));
    let ada = Api::new(Base::new(base)).token(tests::server::ADMIN_TOKEN);
    assert_eq!(ada.got(&endpoint("conversations", "/config")).is(200)["model"], json!("from-the-file"));
    assert!(shell.data().is_dir());
    let kill = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().expect("a shell");
    assert!(kill.success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("text");
    assert_eq!((rest, child.wait().expect("it ends").code()), (String::new(), Some(0)));
}

#[test]
fn a_wrong_command_line_is_2_with_what_there_is() {
    let shell = Shell::new();
    let said = shell.fails(&["serve", "--lisen", "127.0.0.1:0"], 2);
    assert!(said.contains("unknown option `--lisen`; did you mean `--listen`?"), "{said}");
    assert!(said.contains("--data-dir") && said.contains("--strict"), "{said}");
    for wrong in [&["list", "nothing"][..], &["token"], &["token", "create"], &["serv"], &["run", "cleanup-plugin"]] {
        assert!(!shell.fails(wrong, 2).is_empty(), "{wrong:?}");
    }
    for fine in [&["--help"][..], &["--version"], &["token", "create", "--help"]] {
        assert!(!shell.done(fine).is_empty(), "{fine:?}");
    }
}

#[test]
fn wrong_settings_are_2_whatever_was_asked() {
    let shell = Shell::new();
    let file = shell.write("server.toml", "lisen = \"127.0.0.1:0\"\n");
    let shell = shell.env("PLUGIN_SERVER_CONFIG", &file.to_string_lossy());
    for args in [&["serve"][..], &["check"], &["token", "list"], &["config", "show"]] {
        let said = shell.fails(args, 2);
        assert!(said.contains("`lisen`") && said.contains("did you mean `listen`?"), "{args:?}: {said}");
    }
    assert!(!shell.data().exists());
}

#[test]
fn wrong_settings_of_a_plugin_stop_a_strict_start_and_no_other() {
    let wrong = ("PLUGIN_SERVER__PLUGINS__CLEANUP_PLUGIN__KEEP_DAYS", "soon");
    let said = Shell::new().env(wrong.0, wrong.1).fails(&["serve", "--strict", "--listen", "127.0.0.1:0"], 2);
    assert!(said.contains("P0012") && said.contains("keep_days"), "{said}");
    let server = Running::with(|launch| launch.env(wrong.0, wrong.1));
    let shown = server.admin().got("/api/plugins/cleanup-plugin").is(200);
    assert!(shown["state"] == json!("failed") && shown["reason"].to_string().contains("keep_days"), "{shown}");
    server.admin().got(&endpoint("cleanup-plugin", "/cleaned")).refuses(503);
    assert_eq!(server.anonymous().got("/readyz").is(200)["failedPlugins"], json!(1));
    let line = server.wait_for_line(std::time::Duration::from_secs(10), |line| line.contains("P0012"));
    let line = line.unwrap_or_else(|error| panic!("{error}"));
    assert!(line.contains("cleanup.rs:") && line.contains("keep_days"), "{line}");
}

#[test]
fn plugins_that_do_not_fit_together_are_3_with_both_places() {
    let shell = Shell::clashing();
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["check"], &["list", "plugins"], &["token", "list"]] {
        let said = shell.fails(args, 3);
        assert!(said.contains("P0001: two plugins have the id `twin`"), "{args:?}: {said}");
        assert!(said.contains("P0004: ") && said.contains("conversation:endd"), "{args:?}: {said}");
        assert_eq!(said.matches("clashing.rs:").count(), 3, "{args:?}: {said}");
    }
    assert!(!shell.data().exists());
}

#[test]
fn a_second_server_on_one_directory_is_4_and_says_so() {
    let server = Running::start();
    let shell = Shell::new().on(&server.data_dir());
    let said = shell.fails(&["serve", "--listen", "127.0.0.1:0"], 4);
    assert!(said.contains("in use by another server") && said.contains("--data-dir"), "{said}");
    assert!(said.contains(&format!("(process {})", server.id())), "{said}");
}

#[test]
fn a_port_that_is_taken_is_one_sentence() {
    let server = Running::start();
    let said = Shell::new().fails(&["serve", "--listen", server.address()], 1);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(server.address()) && said.contains("another process listens there"), "{said}");
}

#[test]
fn a_store_that_is_damaged_is_5_and_is_left_as_it_is() {
    let shell = Shell::new();
    shell.done(&["token", "create", "t", "--scope", "admin"]);
    let current = file_named(&shell.data(), "CURRENT").expect("the file that makes a folder a database");
    std::fs::write(&current, "nonsense\n").expect("written");
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["token", "list"]] {
        let said = shell.fails(args, 5);
        assert!(said.contains("damaged") && said.contains("nothing was changed"), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&current).expect("it is there"), "nonsense\n");
}

fn file_named(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().find(|path| path.file_name().is_some_and(|file| file == name));
    here.or_else(|| folders.iter().find_map(|folder| file_named(folder, name)))
}

#[test]
fn damage_in_a_table_is_5_and_named_with_or_without_an_admin_token() {
    let mut shell = Shell::new();
    shell.done(&["token", "create", "ci", "--scope", "admin"]);
    // Opening it to write brings what is in the log into a table.
    shell.done(&["token", "create", "other"]);
    let files =
        std::fs::read_dir(shell.data().join("store")).expect("a store").map(|entry| entry.expect("an entry").path());
    let tables: Vec<_> = files.filter(|file| file.extension().is_some_and(|extension| extension == "sst")).collect();
    assert!(!tables.is_empty());
    for table in tables {
        let mut bytes = std::fs::read(&table).expect("a table");
        bytes[10] ^= 1;
        std::fs::write(&table, bytes).expect("written");
    }
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    // A start that has its admin token from the environment may not read the tables of tokens.
    shell.launch = shell.launch.without_env("PLUGIN_SERVER_ADMIN_TOKEN");
    for args in [&serve[..], &["token", "list"]] {
        let said = shell.fails(args, 5);
        assert!(said.contains(".sst"), "{args:?}: {said}");
    }
}
