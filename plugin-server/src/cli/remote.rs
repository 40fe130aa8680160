//! Asking a running server over its own HTTP API.

use std::{fmt, io, time::Duration};

use actix_web::{
    http::{Method, StatusCode, header},
    web::Bytes,
};
use awc::Client;
use futures_util::{Stream, StreamExt};
use plugin_core::{host::store::DAMAGED, json};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{control::Control, exit::Failure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long work on all that a plugin stored may take.
const LONG: Duration = Duration::from_secs(24 * 3600);
/// The largest answer that is read, in bytes.
const LARGEST: usize = 16 << 20;

/// A running server that holds the data directory.
pub(super) struct Remote {
    client: Client,
    control: Control,
}

impl Remote {
    /// The server that `control` names, if it answers and is the one that wrote it: another does not know the token.
    pub(super) async fn reach(control: Control) -> Option<Self> {
        let client = Client::builder().timeout(PATIENCE).finish();
        let asked = client.get(format!("{}/api/plugins", control.address)).bearer_auth(&control.token);
        let alive = asked.send().await;
        alive.is_ok_and(|answer| answer.status().is_success()).then_some(Self { client, control })
    }

    /// What the server answers, where it is JSON.
    ///
    /// # Errors
    /// What the server refuses, in its words.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        app: Option<&str>,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        self.ask_within(PATIENCE, method, path, app, body).await
    }

    /// The same of what takes as long as there is much stored.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub(super) async fn ask_for_long<T: DeserializeOwned>(&self, method: Method, path: &str) -> Result<T, Failure> {
        self.ask_within(LONG, method, path, None, None).await
    }

    async fn ask_within<T: DeserializeOwned>(
        &self,
        time: Duration,
        method: Method,
        path: &str,
        app: Option<&str>,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let lost = |error: &dyn fmt::Display| self.lost(error);
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.control.address))
            .timeout(time)
            .bearer_auth(&self.control.token)
            .insert_header((header::ACCEPT, "application/json"));
        if let Some(app) = app {
            request = request.insert_header(("x-app-id", app));
        }
        let sent = match body {
            Some(body) => request.send_json(body).await,
            None => request.send().await,
        };
        let mut answer = sent.map_err(|error| lost(&error))?;
        let bytes = answer.body().limit(LARGEST).await.map_err(|error| lost(&error))?;
        answered(answer.status(), &bytes, &lost)
    }

    /// Reads the body of an answer piece by piece.
    ///
    /// # Errors
    /// What the server refuses, in its words; what `take` fails with.
    pub(super) async fn download(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let lost = |error: &dyn fmt::Display| self.lost(error);
        let url = format!("{}{path}", self.control.address);
        let asked = self.client.get(url).bearer_auth(&self.control.token).timeout(LONG);
        let mut answer = asked.send().await.map_err(|error| lost(&error))?;
        if !answer.status().is_success() {
            let bytes = answer.body().limit(LARGEST).await.map_err(|error| lost(&error))?;
            return answered(answer.status(), &bytes, &lost);
        }
        while let Some(piece) = answer.next().await {
            take(&piece.map_err(|error| lost(&error))?)?;
        }
        Ok(())
    }

    /// Sends a body piece by piece, and gives what the server answers.
    ///
    /// # Errors
    /// What the server refuses, in its words.
    pub(super) async fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        body: impl Stream<Item = io::Result<Bytes>> + 'static,
    ) -> Result<T, Failure> {
        let lost = |error: &dyn fmt::Display| self.lost(error);
        let url = format!("{}{path}", self.control.address);
        let asked = self.client.post(url).bearer_auth(&self.control.token).timeout(LONG);
        let mut answer = asked.send_stream(Box::pin(body)).await.map_err(|error| lost(&error))?;
        let bytes = answer.body().limit(LARGEST).await.map_err(|error| lost(&error))?;
        answered(answer.status(), &bytes, &lost)
    }

    fn lost(&self, error: &dyn fmt::Display) -> Failure {
        Failure::Failed(format!(
            "the server at {} did not answer to the end ({error}). Whether it did what it was asked is not known: its log may tell, and if \
             it has ended, the same command works without it",
            self.control.address
        ))
    }
}

/// What an answer holds, or what it refuses.
fn answered<T: DeserializeOwned>(
    status: StatusCode,
    bytes: &[u8],
    lost: &impl Fn(&dyn fmt::Display) -> Failure,
) -> Result<T, Failure> {
    if !status.is_success() {
        let problem: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let said = problem.get("detail").or_else(|| problem.get("title")).and_then(Value::as_str);
        let said = said.map_or_else(|| format!("the server answers {status}"), ToOwned::to_owned);
        let kind = problem.get("type").and_then(Value::as_str).unwrap_or_default();
        return Err(match kind.strip_prefix("/problems/") {
            Some(DAMAGED) => Failure::Store(said),
            _ => Failure::Failed(said),
        });
    }
    let bytes: &[u8] = if bytes.is_empty() { b"null" } else { bytes };
    json::read(bytes).map_err(|error| lost(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_as_deep_as_a_document_may_lie() {
        let lost = |error: &dyn fmt::Display| Failure::Failed(error.to_string());
        let page = |depth: usize| {
            let value = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
            format!("{{\"items\":[{{\"key\":\"k\",\"value\":{value}}}]}}")
        };
        let read = answered::<Value>(StatusCode::OK, page(129).as_bytes(), &lost).expect("a document with bytes in it");
        assert_eq!(read.to_string(), page(129));
        let refused = answered::<Value>(StatusCode::OK, page(100_000).as_bytes(), &lost).expect_err("it is too deep");
        assert!(refused.to_string().contains("deep"), "{refused}");
    }
}
