//! `token`, `run` and `emit`: the same outcome whether a running server does the work or this process.

use std::time::Duration;

use actix_web::http::Method;
use plugin_core::{AppId, UserId, context::caller::Caller};
use serde_json::{Value, json};

use super::{
    Format,
    args::{EmitArgs, RunArgs, TokenCommand, TokenCreateArgs, TokenLinkArgs, TokenListArgs, TokenRevokeArgs},
    print, print_json,
    reach::{Offline, Reach, looking, with},
    show::table,
};
use crate::{
    auth::Auth,
    exit::Failure,
    http::tokens::{Life, SignInLink, TokenRequest, sign_in_url},
    serve::on,
};

/// How long the runs that a command started may take to end.
const DRAIN: Duration = Duration::from_secs(10);

pub(super) fn token(command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(args) => create(args),
        TokenCommand::List(args) => list(args),
        TokenCommand::Revoke(args) => revoke(args),
        TokenCommand::Link(args) => link(args),
    }
}

fn create(args: TokenCreateArgs) -> Result<(), Failure> {
    let TokenCreateArgs { name, scopes, user, app, expires_in, json, place } = args;
    let new = TokenRequest { name, scopes, user, app, expires_in: expires_in.map(Life::Text) };
    let made: Value = with(place, async |reach| match reach {
        Reach::Server(remote) => {
            let body = serde_json::to_value(&new).map_err(Failure::failed)?;
            remote.ask(Method::POST, "/api/tokens", None, Some(&body)).await
        }
        Reach::Store(offline) => {
            let made = Auth::of(&offline.host).tokens.create(new.read().map_err(Failure::failed)?).await;
            serde_json::to_value(made.map_err(Failure::of_host)?).map_err(Failure::failed)
        }
    })?;
    match json.format() {
        Format::Json => print_json(&made),
        Format::Table => print(made.get("token").and_then(Value::as_str).unwrap_or_default()),
    }
}

fn list(args: TokenListArgs) -> Result<(), Failure> {
    let tokens: Vec<Value> = looking(args.place, async |reach| match reach {
        Reach::Server(remote) => remote.ask(Method::GET, "/api/tokens", None, None).await,
        Reach::Store(offline) => {
            let tokens = Auth::of(&offline.host).tokens.list().await.map_err(Failure::of_host)?;
            tokens.iter().map(|token| serde_json::to_value(token).map_err(Failure::failed)).collect()
        }
    })?;
    let cell = |token: &Value, name: &str| match token.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    };
    match args.json.format() {
        Format::Json => print_json(&tokens),
        Format::Table => {
            let names = ["id", "name", "scopes", "user", "app", "createdAt", "expiresAt"];
            let rows = tokens.iter().map(|token| names.map(|name| cell(token, name)));
            print(&table(["ID", "NAME", "SCOPES", "USER", "APP", "CREATED", "EXPIRES"], rows))
        }
    }
}

fn revoke(args: TokenRevokeArgs) -> Result<(), Failure> {
    let id = args.id;
    let was_there = with(args.place, async |reach| match reach {
        Reach::Server(remote) => {
            let path = format!("/api/tokens/{}", encoded(&id));
            remote.ask::<Value>(Method::DELETE, &path, None, None).await.map(|_| true)
        }
        Reach::Store(offline) => Auth::of(&offline.host).tokens.revoke(&id).await.map_err(Failure::of_host),
    })?;
    match was_there {
        true => Ok(()),
        false => Err(Failure::Failed("there is no such token".to_owned())),
    }
}

fn link(args: TokenLinkArgs) -> Result<(), Failure> {
    let url = with(args.place, async |reach| match reach {
        Reach::Server(remote) => {
            let link: SignInLink = remote.ask(Method::POST, "/api/sign-in-links", None, None).await?;
            Ok(link.url)
        }
        Reach::Store(offline) => {
            let secret = Auth::of(&offline.host).sessions.link().await.map_err(Failure::of_host)?;
            Ok(sign_in_url(&format!("http://{}", offline.settings.listen), &secret))
        }
    })?;
    print(&url)
}

/// `run`: returns when the run has ended.
pub(super) fn run(args: RunArgs) -> Result<(), Failure> {
    let RunArgs { plugin, job, place } = args;
    let ended: Value = with(place, async |reach| match reach {
        Reach::Server(remote) => {
            let jobs = format!("/api/plugins/{}/cron", encoded(&plugin));
            let started: Value = remote.ask(Method::POST, &format!("{jobs}/{}/run", encoded(&job)), None, None).await?;
            let run = started.get("runId").cloned().unwrap_or_default();
            ended(&job, &run, async || remote.ask(Method::GET, &jobs, None, None).await).await
        }
        Reach::Store(offline) => run_here(&offline, &plugin, &job).await,
    })?;
    print_json(&ended)?;
    match ended.get("outcome").and_then(Value::as_str) {
        Some("ok") => Ok(()),
        other => Err(Failure::Failed(format!("the run ended with `{}`", other.unwrap_or("unknown")))),
    }
}

/// Starts the plugins here, for this one run.
async fn run_here(offline: &Offline, plugin: &str, job: &str) -> Result<Value, Failure> {
    let host = &offline.host;
    on(&offline.tasks, {
        let host = host.clone();
        async move { host.start().await }
    })
    .await?;
    let run = match host.run_job(plugin, job).await {
        Ok(run) => {
            let jobs = async || {
                let jobs = host.jobs(plugin).map_err(Failure::failed)?;
                serde_json::to_value(jobs).map_err(Failure::failed)
            };
            ended(job, &json!(run.to_string()), jobs).await
        }
        Err(error) => Err(Failure::failed(error)),
    };
    on(&offline.tasks, {
        let host = host.clone();
        async move { host.stop(DRAIN).await }
    })
    .await?;
    run
}

/// The run `run` of `job` as `jobs` tell of it, once it has ended.
async fn ended(job: &str, run: &Value, jobs: impl AsyncFn() -> Result<Value, Failure>) -> Result<Value, Failure> {
    const PAUSE: Duration = Duration::from_millis(100);
    loop {
        let jobs = jobs().await?;
        let last =
            jobs.as_array().into_iter().flatten().find(|known| known["name"] == job).map(|known| &known["lastRun"]);
        match last {
            Some(last) if last["runId"] == *run && !last["endedAt"].is_null() => return Ok(last.clone()),
            Some(last) if last["runId"] != *run && last["runId"].as_str() > run.as_str() => {
                return Err(Failure::Failed("a later run of the job has taken this one's place".to_owned()));
            }
            _ => actix_web::rt::time::sleep(PAUSE).await,
        }
    }
}

/// `emit`: returns when the event is on disk.
pub(super) fn emit(args: EmitArgs) -> Result<(), Failure> {
    let EmitArgs { event, json, app, place } = args;
    let body: Value =
        serde_json::from_str(&json).map_err(|error| Failure::Usage(format!("the event is no JSON: {error}")))?;
    with(place, async |reach| match reach {
        Reach::Server(remote) => {
            let path = format!("/api/events/{}", encoded(&event));
            remote.ask::<Value>(Method::POST, &path, app.as_deref(), Some(&body)).await.map(drop)
        }
        Reach::Store(offline) => {
            let app = app.as_deref().map(AppId::new).transpose().map_err(|error| Failure::Usage(error.to_string()))?;
            let request = uuid::Uuid::now_v7();
            let caller = Caller { app: app.unwrap_or_default(), user: None::<UserId>, ..Caller::nobody(request) };
            let host = &offline.host;
            host.emit_json(&host.call(&caller), &event, body).await.map_err(Failure::of_host)
        }
    })
}

/// A part of a path: whatever has a meaning there is encoded.
pub(super) fn encoded(part: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    part.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
