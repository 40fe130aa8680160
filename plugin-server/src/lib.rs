//! The server: it gives the host of plugin-core a socket, a storage engine and a wall clock, and adds settings, sign-in, the
//! admin area and the command line.
//!
//! A server of one's own is a binary of two lines:
//!
//! ```ignore
//! plugin_server::plugins! { my_plugins }
//!
//! fn main() -> std::process::ExitCode {
//!     plugin_server::main()
//! }
//! ```

pub mod auth;
pub mod exit;
#[cfg(feature = "rocksdb")]
pub mod rocks;
pub mod settings;

mod admin;
mod backups;
mod cli;
mod control;
#[cfg(test)]
mod fixture;
mod http;
mod log;
mod openapi;
mod runtime;
mod serve;
mod storage;
mod views;

use std::process::ExitCode;

pub use plugin_core::plugins;
pub use storage::Standing;

/// Does what the command line asks for: the whole of a server's `main`.
///
/// The exit code is 0 when it is done, 1 when it failed, 2 for a wrong command line or wrong settings, 3 for plugins that do not
/// fit together, 4 when another process has the data directory, and 5 when the store refuses to open.
pub fn main() -> ExitCode {
    cli::run(std::env::args_os().collect())
}
