use super::*;

fn parse(line: &str) -> Result<Cli, String> {
    let args: Vec<OsString> = std::iter::once("plugin-server").chain(line.split_whitespace()).map(Into::into).collect();
    Cli::try_parse_from(&args).map_err(|error| unknown::explain(&args, &error))
}

#[test]
fn serving_needs_no_command() {
    let cli = parse("--listen 127.0.0.1:0 --strict").expect("it is the same as serve");
    assert!(cli.command.is_none());
    assert_eq!(cli.serve.listen.as_deref(), Some("127.0.0.1:0"));
    assert_eq!(serve::OnFailedPlugin::from(cli.serve.strict), serve::OnFailedPlugin::Stop);
}

#[test]
fn every_command_of_the_guide_is_read() {
    for line in [
        "serve --listen 127.0.0.1:0 --data-dir d --config f --strict",
        "check --config f",
        "list plugins",
        "list hooks --json",
        "token create ci --scope admin --scope host --user u --app a --expires-in 30d --json",
        "token list --json",
        "token revoke 0123456789abcdef",
        "token link --data-dir d",
        "run cleanup-plugin daily-cleanup",
        "emit data-source:conversation-ended {} --app a",
        "db stats --json",
        "db get analytics-plugin conversations:1 --app shop",
        "db find analytics-plugin {} --under c: --sort -n --sort m --limit 5 --app shop --explain --json --cursor 00",
        "db export analytics-plugin --out f",
        "db import analytics-plugin - --merge --replace",
        "db verify",
        "db verify analytics-plugin --json",
        "db drop analytics-plugin --yes",
        "db drop-index analytics-plugin 3 --yes --data-dir d",
        "backup",
        "backup --to b --keep 3 --data-dir d",
        "backup list --json",
        "restore --from b --id 3 --replace",
        "config show --json",
        "openapi",
    ] {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
    }
}

#[test]
fn an_option_that_does_not_exist_is_refused_with_those_that_do() {
    let error = parse("serve --lisen 127.0.0.1:0").expect_err("there is none");
    assert!(error.starts_with("unknown option `--lisen`; did you mean `--listen`?"), "{error}");
    assert!(error.contains("--data-dir") && error.contains("--strict"), "{error}");
    let error = parse("list plugins --data-dir d").expect_err("it opens no store");
    assert!(error.starts_with("unknown option `--data-dir`") && error.contains("--json"), "{error}");
}

#[test]
fn a_table_has_columns_and_no_control_characters() {
    let text =
        show::table(["A", "BB"], [["x".to_owned(), "y\u{1b}[0m".to_owned()], ["long".to_owned(), String::new()]]);
    assert_eq!(text, "A     BB\nx     y\\u{1b}[0m\nlong");
}
