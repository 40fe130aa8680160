//! A server of a user of the framework: all of it.

plugin_server::plugins! { example_plugins }

fn main() -> std::process::ExitCode {
    plugin_server::main()
}
