//! What is said of a command line that does not parse.

use std::ffi::OsString;

use clap::{
    CommandFactory,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::args::Cli;

/// Why `args` do not parse. An option that does not exist is named, with those that do.
pub(super) fn explain(args: &[OsString], error: &clap::Error) -> String {
    let given = error.get(ContextKind::InvalidArg);
    let Some(ContextValue::String(option)) = given.filter(|_| error.kind() == ErrorKind::UnknownArgument) else {
        return error.to_string().trim_end().to_owned();
    };
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    for arg in args.iter().skip(1) {
        command = arg.to_str().and_then(|name| command.find_subcommand(name)).unwrap_or(command);
    }
    let mut known: Vec<String> =
        command.get_arguments().filter_map(|known| Some(format!("--{}", known.get_long()?))).collect();
    known.sort();
    let near = plugin_syntax::nearest(option, known.iter().map(String::as_str));
    let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let option: String = option.chars().take(100).flat_map(char::escape_debug).collect();
    let name = command.get_bin_name().unwrap_or("plugin-server");
    format!("unknown option `{option}`{hint} (`{name}` has: {})", known.join(", "))
}
