//! The server with the example plugins. A server of one's own is the same two lines with other crates.

#[cfg(feature = "examples")]
plugin_server::plugins! { example_plugins }

fn main() -> std::process::ExitCode {
    plugin_server::main()
}
