//! A client of the server's HTTP API that takes every status as an answer, and can follow a server to another port.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde_json::Value;
use ureq::{
    Agent,
    http::{HeaderMap, Method, Request, Response},
};

use crate::Result;

/// Where the server listens at the moment; a restart may change it under clients that run.
#[derive(Debug, Clone, Default)]
pub struct Base(Arc<RwLock<String>>);

impl Base {
    /// Listens at `url`, such as `http://127.0.0.1:8080`.
    pub fn new(url: impl Into<String>) -> Self {
        Self(Arc::new(RwLock::new(url.into())))
    }

    /// The URL.
    pub fn get(&self) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells all clients that the server listens at `url` now.
    pub fn set(&self, url: impl Into<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = url.into();
    }
}

/// A client; clones share their connections.
#[derive(Debug, Clone)]
pub struct Api {
    agent: Agent,
    base: Base,
    headers: Vec<(String, String)>,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    asked: String,
}

impl Api {
    /// A client of the server at `base`, with no headers of its own.
    pub fn new(base: Base) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.new_agent(), base, headers: Vec::new() }
    }

    /// The same client with one more header on every request; it replaces an earlier one of that name.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same client with a bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    /// The same client, speaking for an app.
    #[must_use]
    pub fn app(self, app: &str) -> Self {
        self.header("X-App-Id", app)
    }

    /// The same client, speaking for a user.
    #[must_use]
    pub fn user(self, user: &str) -> Self {
        self.header("X-User-Id", user)
    }

    /// `GET path`.
    ///
    /// # Errors
    /// If no answer came. Every status is an answer.
    pub fn get(&self, path: &str) -> Result<Answer, ureq::Error> {
        self.send("GET", path, None)
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// If no answer came.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer, ureq::Error> {
        self.send("POST", path, Some(("application/json", body.to_string().into_bytes())))
    }

    /// `DELETE path`.
    ///
    /// # Errors
    /// If no answer came.
    pub fn delete(&self, path: &str) -> Result<Answer, ureq::Error> {
        self.send("DELETE", path, None)
    }

    /// Any request; `body` is its content type and its bytes.
    ///
    /// # Errors
    /// If no answer came.
    pub fn send(&self, method: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> Result<Answer, ureq::Error> {
        let method = Method::from_bytes(method.as_bytes()).map_err(ureq::http::Error::from)?;
        let asked = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base.get()));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = match body {
            None => self.agent.run(request.body(())?)?,
            Some((kind, bytes)) => self.agent.run(request.header("Content-Type", kind).body(bytes)?)?,
        };
        Answer::read(asked, response)
    }
}

impl Answer {
    fn read(asked: String, response: Response<ureq::Body>) -> Result<Self, ureq::Error> {
        let (head, mut body) = response.into_parts();
        let body = body.with_config().limit(64 << 20).read_to_vec()?;
        Ok(Self { status: head.status.as_u16(), headers: head.headers, body, asked })
    }

    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// One header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// If it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .map_err(|error| format!("{}: the body is no JSON ({error}): {}", self.asked, self.text()).into())
    }

    /// The body as JSON, `null` if it is empty, provided that the status is `expected`.
    ///
    /// # Errors
    /// If it is another, with what was asked and answered.
    pub fn expect(&self, expected: u16) -> Result<Value> {
        if self.status != expected {
            return Err(format!("{}: expected {expected}, got {}: {}", self.asked, self.status, self.text()).into());
        }
        if self.body.is_empty() { Ok(Value::Null) } else { self.json() }
    }
}
