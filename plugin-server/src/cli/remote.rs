//! Asking a running server over its own HTTP API.

use std::time::Duration;

use actix_web::http::{Method, header};
use awc::Client;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{control::Control, exit::Failure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);
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
        let lost =
            |error: &dyn std::fmt::Display| Failure::Failed(format!("the server at {}: {error}", self.control.address));
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.control.address))
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
        if !answer.status().is_success() {
            let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let said = problem.get("detail").or_else(|| problem.get("title")).and_then(Value::as_str);
            return Err(Failure::Failed(
                said.map_or_else(|| format!("the server answers {}", answer.status()), ToOwned::to_owned),
            ));
        }
        let bytes: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
        serde_json::from_slice(bytes).map_err(|error| lost(&error))
    }
}
