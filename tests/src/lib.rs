//! Tools for tests from outside: a server as a child process, a client of its HTTP API, and the replay of conversations.
//!
//! Nothing here is linked with the server: what these tools know of it is what any program that calls it would know.

pub mod api;
pub mod check;
pub mod deliver;
pub mod github;
pub mod input;
pub mod replay;
pub mod server;

/// What can go wrong, as a sentence for the person who reads the test's output.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the tools give back.
pub type Result<T, E = Failure> = std::result::Result<T, E>;
