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
pub mod small_disk;

/// Lets a while pass before a process outside is looked at again.
#[expect(clippy::disallowed_methods, reason = "a process outside tells nobody when it is ready: it is polled")]
pub fn pause(length: std::time::Duration) {
    std::thread::sleep(length);
}

/// What can go wrong, as a sentence for the person who reads the test's output.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What the tools give back.
pub type Result<T, E = Failure> = std::result::Result<T, E>;
