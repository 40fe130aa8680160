//! `db`: the same whether a server has the data directory or nobody, and whether the plugin is in the binary or not.

use std::{
    io::{Read, Write},
    process::Stdio,
};

use serde_json::{Value, json};

use super::{Said, Shell};
use crate::tools::{Ask, Expect, Running};

const PLUGIN: &str = "cleanup-plugin";
const LINES: &str = concat!(
    "{\"key\":\"n:1\",\"value\":{\"n\":1,\"who\":\"ada\"}}\n",
    "{\"key\":\"n:2\",\"value\":{\"n\":2,\"who\":\"bob\"}}\n",
    "{\"app\":\"shop\",\"key\":\"../a\\\\b\",\"value\":[1.5,null]}\n",
);

impl Shell {
    /// What is said to `args`, which read `input`.
    fn fed(&self, args: &[&str], input: &str) -> Said {
        let mut command = self.command(args);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it runs");
        // What does not want to be told any more has closed its end.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The lines of an export but the first, which says when it was made.
fn rows(lines: &str) -> Vec<&str> {
    assert!(lines.starts_with("{\"format\":\"plugin-server-export\""), "{lines}");
    lines.lines().skip(1).collect()
}

/// Over a directory that nobody has, and over one that a server has, whose plugin is switched off.
fn both(test: impl Fn(&Shell)) {
    let shell = Shell::new();
    std::fs::create_dir(shell.data()).expect("a folder");
    test(&shell);
    let server = Running::start();
    server.admin().posted(&format!("/api/plugins/{PLUGIN}/disable"), json!({})).expect(204).expect("it is off");
    test(&Shell::new().on(&server.data_dir()));
}

#[test]
fn what_is_imported_is_found_shown_and_exported() {
    both(|shell| {
        let said = shell.fed(&["db", "import", PLUGIN, "-"], LINES);
        let imported: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        assert_eq!((said.code, &imported["documents"]), (Some(0), &json!(3)), "{said:?}");
        let found =
            shell.json(&["db", "find", PLUGIN, "{\"n\":{\"$gt\":0}}", "--sort", "-n", "--limit", "1", "--json"]);
        assert_eq!(found["items"][0]["value"], json!({ "n": 2, "who": "bob" }));
        let next = found["next"].as_str().expect("there is more");
        let args = ["db", "find", PLUGIN, "{\"n\":{\"$gt\":0}}", "--sort", "-n", "--cursor", next];
        let table = shell.done(&args);
        assert!(table.starts_with("KEY") && table.contains("n:1") && !table.contains("n:2"), "{table}");
        let told = shell.json(&["db", "find", PLUGIN, "{\"n\":1}", "--under", "n:", "--explain", "--json"]);
        assert_eq!((&told["plan"], &told["documentsRead"]), (&json!("keys"), &json!(2)), "{told}");
        let shown = shell.json(&["db", "get", PLUGIN, "../a\\b", "--app", "shop"]);
        assert_eq!(shown["value"], json!([1.5, null]), "{shown}");
        let stats = shell.json(&["db", "stats", "--json"]);
        let stats = stats.as_array().expect("a list").iter().find(|it| it["plugin"] == PLUGIN).expect("listed");
        assert_eq!((&stats["documents"], &stats["orphaned"]), (&json!(3), &json!(false)), "{stats}");
        let lines = shell.done(&["db", "export", PLUGIN]);
        assert_eq!(rows(&lines).iter().filter(|line| line.contains("\"key\"")).count(), 3, "{lines}");
        assert!(shell.done(&["db", "verify"]).contains(&format!("{PLUGIN}: 3 documents")));
    });
}

#[test]
fn what_was_exported_is_byte_by_byte_the_same_where_it_is_imported() {
    both(|shell| {
        assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], LINES).code, Some(0));
        let file = shell.path("data.lines").to_string_lossy().into_owned();
        assert_eq!(shell.done(&["db", "export", PLUGIN, "--out", &file]), "");
        let exported = std::fs::read_to_string(&file).expect("it is written");
        let other = Shell::new();
        assert_eq!(other.json(&["db", "import", PLUGIN, &file])["documents"], json!(3));
        let again = other.done(&["db", "export", PLUGIN]);
        assert_eq!(rows(&again), rows(&exported));
        assert_eq!(other.done(&["db", "drop", PLUGIN, "--yes"]), "");
        other.fails(&["db", "get", PLUGIN, "n:1"], 1);
        assert_eq!(shell.json(&["db", "get", PLUGIN, "n:1"])["value"]["n"], json!(1));
    });
}

#[test]
fn a_filter_of_any_length_is_asked() {
    both(|shell| {
        assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], LINES).code, Some(0));
        let many: Vec<Value> = (0..8_000).map(|n| json!(format!("n-{n:010}"))).chain([json!(2)]).collect();
        let filter = json!({ "n": { "$in": many } }).to_string();
        assert!(filter.len() > 100_000);
        let found = shell.json(&["db", "find", PLUGIN, &filter, "--json"]);
        assert_eq!((&found["items"][0]["key"], &found["items"][1]), (&json!("n:2"), &json!(null)), "{found}");
    });
}

#[test]
fn documents_of_any_depth_are_imported_shown_found_and_exported() {
    both(|shell| {
        let deep = format!("{}1{}", "[".repeat(128), "]".repeat(128));
        let line = format!("{{\"key\":\"deep\",\"value\":{deep}}}\n");
        assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], &line).code, Some(0));
        for args in [&["db", "get", PLUGIN, "deep"][..], &["db", "find", PLUGIN, "--json"], &["db", "find", PLUGIN]] {
            let shown: String = shell.done(args).split_whitespace().collect();
            assert!(shown.contains(&deep), "{args:?}: {shown}");
        }
        let exported = shell.done(&["db", "export", PLUGIN]);
        let other = Shell::new();
        assert_eq!(other.fed(&["db", "import", PLUGIN, "-"], &exported).code, Some(0));
        assert_eq!(rows(&other.done(&["db", "export", PLUGIN])), rows(&exported));
        let deeper = other.fed(&["db", "import", PLUGIN, "-", "--merge"], &line.replace("[1]", "[[1]]"));
        assert!(deeper.code == Some(1) && deeper.err.contains("128 deep"), "{deeper:?}");
    });
}

#[test]
fn documents_of_a_type_that_is_not_there_are_shown_and_those_that_no_filter_can_match_are_counted() {
    // Of version 1 of a type whose fingerprint is eight times `ab`.
    let typed = "{\"key\":\"letters:1\",\"stored\":\"AAAAAAAAAAEAAAAAAAAAAgEBAqurq6urq6urAAEF\",\"check\":\"a75fa29456990063\"}\n";
    both(|shell| {
        assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], &format!("{typed}{LINES}")).code, Some(0));
        let found = shell.json(&["db", "find", PLUGIN, "--json"]);
        let (letter, known) = (&found["items"][0], json!(["letters", 1, "abababababababab"]));
        assert_eq!(json!([letter["collection"], letter["version"], letter["fingerprint"]]), known, "{found}");
        assert_eq!((&found["items"][1]["value"]["n"], &found["passedOver"]), (&json!(1), &json!(0)), "{found}");
        assert_eq!(shell.json(&["db", "get", PLUGIN, "letters:1"]), *letter);
        let stored = format!("\"stored\":{}", letter["stored"]);
        let exported = shell.done(&["db", "export", PLUGIN]);
        assert!(exported.lines().any(|line| line.contains("letters:1") && line.contains(&stored)), "{exported}");
        let table = shell.done(&["db", "find", PLUGIN]);
        assert!(
            table.contains("(cannot be read)") && table.contains("abababababababab") && table.contains("n:2"),
            "{table}"
        );
        let said = shell.run(&["db", "find", PLUGIN, "{\"n\":2}"]);
        assert!(said.code == Some(0) && said.out.contains("n:2"), "{said:?}");
        assert!(said.err.contains("passed over: 1."), "{said:?}");
    });
}

#[test]
fn an_export_is_a_file_once_it_is_whole_and_a_stream_where_there_is_none() {
    let shell = Shell::new();
    assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], LINES).code, Some(0));
    let at = |name: &str| shell.path(name).to_string_lossy().into_owned();
    let done = |name: &str| shell.done(&["db", "export", PLUGIN, "--out", &at(name)]);
    let fails = |name: &str| shell.fails(&["db", "export", PLUGIN, "--out", &at(name)], 1);
    let mode = |name: &str| {
        let there = std::fs::metadata(shell.path(name)).expect("it is there").permissions();
        std::os::unix::fs::PermissionsExt::mode(&there) & 0o777
    };
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::write(shell.path("whole"), "before").expect("written");
    std::fs::set_permissions(shell.path("whole"), readable).expect("it is ours");
    std::os::unix::fs::symlink(shell.path("whole"), shell.path("link")).expect("a link");
    assert_eq!(done("link"), "");
    assert!(shell.path("link").is_symlink(), "it stays one");
    assert_eq!(mode("whole"), 0o640, "whoever could read it still can");
    assert!(std::fs::read_to_string(shell.path("whole")).expect("it is there").ends_with("}\n"));

    let made = std::process::Command::new("mkfifo").arg(shell.path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    let pipe = shell.path("pipe");
    let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).expect("it is read"));
    assert_eq!(done("pipe"), "");
    assert!(reader.join().expect("nobody panics").contains("\"end\""));

    std::fs::create_dir(shell.path("folder")).expect("made");
    assert!(fails("folder").contains("it is a folder"));
    let before = names(&shell);
    shell.fails(&["db", "export", "nobody", "--out", &at("nothing")], 1);
    assert_eq!(names(&shell), before, "half an export is none");

    std::os::unix::fs::symlink("meant", shell.path("early")).expect("a link");
    assert_eq!(done("early"), "");
    assert!(shell.path("early").is_symlink() && shell.path("meant").is_file(), "it is made where the link leads");
    assert_eq!(mode("meant"), 0o600, "what plugins keep is for its owner");
    std::os::unix::fs::symlink("away/meant", shell.path("lost")).expect("a link");
    assert!(fails("lost").contains("away/meant"), "the name is told that was meant");
    let long = "x".repeat(255);
    assert_eq!(done(&long), "");
    assert!(shell.path(&long).is_file());
    assert!(fails(&"x".repeat(256)).contains("too long"));
}

/// What there is in the folder of `shell`.
fn names(shell: &Shell) -> std::collections::BTreeSet<std::ffi::OsString> {
    std::fs::read_dir(shell.folder.path()).expect("a folder").map(|it| it.expect("an entry").file_name()).collect()
}

#[test]
fn an_export_to_what_is_open_is_written_behind_what_is_there() {
    let shell = Shell::new();
    assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], LINES).code, Some(0));
    for (name, out) in
        [("1", "/dev/stdout"), ("2", "/dev/fd/1"), ("3", "/proc/self/fd/1"), ("4", "4"), ("5", "/dev/stderr")]
    {
        let mut file = std::fs::File::create(shell.path(name)).expect("a file");
        file.write_all(b"before\n").expect("written");
        let mut command = shell.command(&["db", "export", PLUGIN, "--out", out]);
        let command = match out {
            "/dev/stderr" => command.stderr(file),
            _ => command.stdout(file),
        };
        assert!(command.status().expect("it runs").success(), "{out}");
        let written = std::fs::read_to_string(shell.path(name)).expect("it is there");
        let lines = written.strip_prefix("before\n").unwrap_or_else(|| panic!("{out}: {written}"));
        assert!(rows(lines).last().is_some_and(|last| last.starts_with("{\"end\":")), "{out}: {written}");
    }
}

#[test]
fn what_would_change_how_other_text_looks_is_escaped() {
    let shell = Shell::new();
    let (key, value) = ("a\u{202e}b\u{9b}c", "\u{2066}שלום\u{2069}\u{200b}");
    let lines = format!("{}\n", json!({ "key": key, "value": value }));
    assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], &lines).code, Some(0));
    let is_plain = |text: &str| !text.contains(|c: char| "\u{202e}\u{9b}\u{2066}\u{2069}\u{200b}".contains(c));
    let table = shell.done(&["db", "find", PLUGIN]);
    assert!(is_plain(&table) && table.contains("a\\u{202e}b\\u{9b}c") && table.contains("שלום"), "{table:?}");
    let shown = shell.done(&["db", "get", PLUGIN, key]);
    assert!(is_plain(&shown), "{shown:?}");
    let shown: Value = serde_json::from_str(&shown).expect("it is JSON");
    assert_eq!(shown["value"], json!(value), "it is the same");
    let refused = shell.fed(&["db", "import", PLUGIN, "-", "--merge"], &lines);
    assert!(refused.code == Some(1) && is_plain(&refused.err) && refused.err.contains("u{202e}"), "{refused:?}");
}

#[test]
fn an_export_whose_server_is_gone_in_the_middle_ends_with_an_error() {
    let mut server = Running::start();
    server.admin().posted(&format!("/api/plugins/{PLUGIN}/disable"), json!({})).expect(204).expect("it is off");
    let shell = Shell::new().on(&server.data_dir());
    // More than lies in all the buffers between the two.
    let long = "x".repeat(10_000);
    let lines: String = (0..3_000).map(|n| format!("{{\"key\":\"n:{n}\",\"value\":\"{long}\"}}\n")).collect();
    assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], &lines).code, Some(0));
    let mut command = shell.command(&["db", "export", PLUGIN]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    child.stdout.as_mut().expect("a pipe").read_exact(&mut [0; 100]).expect("it has begun");
    server.kill().expect("it is killed");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("broke off") || said.contains("the server at"), "{said}");
}

#[test]
fn a_data_directory_that_is_not_there_is_a_mistake_and_is_not_made() {
    let shell = Shell::new();
    for args in
        [&["db", "stats"][..], &["db", "verify"], &["db", "get", PLUGIN, "a"], &["db", "find", PLUGIN], &["backup"]]
    {
        let said = shell.fails(args, 1);
        assert!(said.contains("there is no data directory") && said.contains("--data-dir"), "{args:?}: {said}");
        assert!(!shell.data().exists(), "{args:?}");
    }
}

#[test]
fn documents_of_any_width_are_shown() {
    let shell = Shell::new();
    let wide = format!("{{\"key\":\"a\",\"value\":\"{}\"}}\n{{\"key\":\"b\",\"value\":1}}\n", "x".repeat(70_000));
    assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], &wide).code, Some(0));
    assert!(shell.done(&["db", "find", PLUGIN]).len() > 70_000);
}

#[test]
fn documents_that_are_there_are_written_over_only_if_that_is_said() {
    both(|shell| {
        assert_eq!(shell.fed(&["db", "import", PLUGIN, "-"], LINES).code, Some(0));
        let more = "{\"key\":\"n:3\",\"value\":3}\n{\"key\":\"n:1\",\"value\":\"new\"}\n";
        let said = shell.fed(&["db", "import", PLUGIN, "-"], more);
        assert!(said.code == Some(1) && said.err.contains("there is data already"), "{said:?}");
        let said = shell.fed(&["db", "import", PLUGIN, "-", "--merge"], more);
        assert!(said.code == Some(1) && said.err.contains("line 2: `n:1`"), "{said:?}");
        assert_eq!(shell.json(&["db", "get", PLUGIN, "n:3"])["value"], json!(3), "the line before it is there");
        assert_eq!(shell.json(&["db", "get", PLUGIN, "n:1"])["value"]["n"], json!(1));
        assert_eq!(shell.fed(&["db", "import", PLUGIN, "-", "--merge", "--replace"], more).code, Some(0));
        assert_eq!(shell.json(&["db", "get", PLUGIN, "n:1"])["value"], json!("new"));
    });
}

#[test]
fn what_cannot_be_done_is_told_the_same_way_with_and_without_a_server() {
    both(|shell| {
        for (args, code, said) in [
            (&["db", "get", "nobody", "k"][..], 1, "no such plugin, nor data of one"),
            (&["db", "get", PLUGIN, "k"], 1, "no such document"),
            (&["db", "get", PLUGIN, ""], 2, "a key of 0 bytes"),
            (&["db", "find", PLUGIN, "{"], 2, "cannot be read as JSON"),
            (&["db", "find", PLUGIN, "{\"n\":{\"$gtt\":1}}"], 2, "unknown operator `$gtt`"),
            (&["db", "find", PLUGIN, "--limit", "0"], 2, "a page of 0"),
            (&["db", "find", PLUGIN, "--sort", "--n"], 2, "nothing to sort by"),
            (&["db", "find", PLUGIN, "--cursor", "00"], 2, "cursor"),
            (&["db", "drop", PLUGIN], 2, "--yes"),
            (&["db", "drop-index", PLUGIN, "7", "--yes"], 1, "no such index"),
            (&["db", "import", PLUGIN, "nowhere"], 1, "nowhere"),
            (&["db", "import", PLUGIN, "-", "--replace"], 2, "--merge"),
        ] {
            let told = shell.fails(args, code);
            assert!(told.contains(said), "{args:?}: {told}");
        }
    });
}

#[test]
fn the_data_of_a_plugin_at_work_is_exported_and_neither_imported_nor_dropped() {
    let server = Running::start();
    let shell = Shell::new().on(&server.data_dir());
    let before = shell.done(&["db", "export", PLUGIN]);
    assert!(before.lines().last().is_some_and(|last| last.starts_with("{\"end\":")), "{before}");
    let said = shell.fed(&["db", "import", PLUGIN, "-"], LINES);
    assert!(said.code == Some(1) && said.err.contains("switch it off"), "{said:?}");
    assert!(shell.fails(&["db", "drop", PLUGIN, "--yes"], 1).contains("switch it off"));
    server.admin().got(&format!("/api/store/{PLUGIN}")).is(200);
}

#[test]
fn data_of_a_plugin_left_out_is_kept_listed_exported_and_found_again() {
    let with = Shell::misbehaving();
    assert_eq!(with.fed(&["db", "import", "misbehaving", "-"], LINES).code, Some(0));
    let before = with.done(&["db", "export", "misbehaving"]);

    let without = Shell::new().on(&with.data());
    let stats = without.json(&["db", "stats", "--json"]);
    let stats = stats.as_array().expect("a list").iter().find(|it| it["plugin"] == "misbehaving").expect("listed");
    assert_eq!((&stats["orphaned"], &stats["documents"]), (&json!(true), &json!(3)), "{stats}");
    assert_eq!(without.json(&["db", "get", "misbehaving", "n:1"])["value"]["who"], json!("ada"));
    assert_eq!(rows(&without.done(&["db", "export", "misbehaving"])), rows(&before));
    let said = without.fed(&["db", "import", "misbehaving", "-", "--merge"], LINES);
    assert!(said.code == Some(1) && said.err.contains("does not have the plugin"), "{said:?}");
    let table = without.done(&["db", "stats"]);
    assert!(table.lines().any(|line| line.contains("misbehaving") && line.contains("orphaned")), "{table}");

    assert_eq!(with.json(&["db", "get", "misbehaving", "n:2"])["value"]["n"], json!(2));
    assert_eq!(rows(&with.done(&["db", "export", "misbehaving"])), rows(&before), "nothing was touched");
    assert_eq!(without.done(&["db", "drop", "misbehaving", "--yes"]), "");
    assert!(!without.done(&["db", "stats"]).contains("misbehaving"));
}
