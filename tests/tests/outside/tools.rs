//! What the tests share: a server that lives as long as its test, and what every refusal looks like.

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{
    api::{Answer, Api},
    pause,
    server::{Launch, Server, find_binary},
};

/// A server of its own for one test.
#[derive(Debug)]
pub(crate) struct Running {
    server: Server,
    folder: TempDir,
}

impl Running {
    /// The plugin-server of this build, on fresh data.
    pub(crate) fn start() -> Self {
        Self::with(|launch| launch)
    }

    /// The same, started otherwise.
    pub(crate) fn with(change: impl FnOnce(Launch) -> Launch) -> Self {
        Self::launch(|folder| change(Launch::plugin_server(folder).expect("it was built")))
    }

    /// The plugin-server of this build, on the data in `folder`.
    pub(crate) fn on(folder: TempDir) -> Self {
        let launch = Launch::plugin_server(&folder.path().join("data")).expect("it was built");
        Self { server: launch.start().expect("the server starts"), folder }
    }

    /// The server that has the misbehaving plugin.
    pub(crate) fn misbehaving() -> Self {
        let binary = find_binary("misbehaving", "MISBEHAVING_UNDER_TEST").expect("it was built");
        Self::launch(|folder| Launch::of(binary, folder))
    }

    fn launch(launch: impl FnOnce(&Path) -> Launch) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let server = launch(&folder.path().join("data")).start().expect("the server starts");
        Self { server, folder }
    }

    pub(crate) fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Asserts that its log says `text`, which may arrive after the answer to the request that it is about.
    #[track_caller]
    pub(crate) fn logs(&self, text: &str) {
        let line = self.wait_for_line(Duration::from_secs(10), |line| line.contains(text));
        line.unwrap_or_else(|error| panic!("{error}"));
    }

    /// A client with the admin token that speaks for `user` in `app`.
    pub(crate) fn speaking(&self, app: &str, user: &str) -> Api {
        self.admin().app(app).user(user)
    }
}

impl Deref for Running {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.server
    }
}

/// The path of an endpoint.
pub(crate) fn endpoint(plugin: &str, path: &str) -> String {
    format!("/api/plugins/{plugin}/endpoints{path}")
}

/// Requests that must be answered.
pub(crate) trait Ask {
    fn got(&self, path: &str) -> Answer;
    fn posted(&self, path: &str, body: Value) -> Answer;
}

impl Ask for Api {
    fn got(&self, path: &str) -> Answer {
        self.get(path).expect("an answer")
    }

    fn posted(&self, path: &str, body: Value) -> Answer {
        self.post(path, &body).expect("an answer")
    }
}

/// What tests expect of answers.
pub(crate) trait Expect {
    /// The JSON of an answer with this status.
    fn is(&self, status: u16) -> Value;
    /// The problem document of an answer with this status.
    fn refuses(&self, status: u16) -> Value;
}

impl Expect for Answer {
    #[track_caller]
    fn is(&self, status: u16) -> Value {
        self.expect(status).unwrap_or_else(|error| panic!("{error}"))
    }

    #[track_caller]
    fn refuses(&self, status: u16) -> Value {
        let problem = self.is(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{problem}");
        assert_eq!(problem["status"], json!(status), "{problem}");
        for field in ["type", "title", "detail", "instance", "requestId"] {
            assert!(problem[field].is_string(), "no `{field}` in {problem}");
        }
        problem
    }
}

/// A conversation of `client`, had and ended.
#[track_caller]
pub(crate) fn converse(client: &Api, id: &str, texts: &[&str]) {
    let path = endpoint("conversations", "/conversations");
    client.posted(&path, json!({ "id": id })).is(201);
    for text in texts {
        client.posted(&format!("{path}/{id}/messages"), json!({ "from": "user", "text": text })).is(201);
    }
    client.posted(&format!("{path}/{id}/end"), json!({})).is(200);
}

/// Asks until the answer is `right`; deliveries and jobs run after their acknowledgement.
#[track_caller]
pub(crate) fn eventually<T: std::fmt::Debug>(ask: impl Fn() -> T, right: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = ask();
        if right(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "still {answer:?}");
        pause(Duration::from_millis(20));
    }
}

/// The entry of an array whose `field` is `value`.
#[track_caller]
pub(crate) fn entry<'a>(array: &'a Value, field: &str, value: &str) -> &'a Value {
    let found = array.as_array().and_then(|entries| entries.iter().find(|entry| entry[field] == *value));
    found.unwrap_or_else(|| panic!("no entry with {field} {value} in {array}"))
}

/// Asserts that it is an instant in UTC with at least milliseconds.
#[track_caller]
pub(crate) fn assert_instant(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no instant"));
    assert!(text.parse::<plugin_core::Timestamp>().is_ok(), "{text}");
    let fraction = text.strip_suffix('Z').and_then(|text| text.split_once('.')).map(|(_, fraction)| fraction.len());
    assert!(fraction >= Some(3), "{text} has no milliseconds in UTC");
}
