//! `/api/store`: what plugins stored, also those that this server does not have.

use std::{io, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Bytes, Data, Payload},
};
use futures_util::{StreamExt, future::join, stream::try_unfold};
use plugin_core::{
    AppId, Error, Json, Result,
    endpoint::{path, problem::Problem},
    host::store::{Data as Stored, DataStats, Exporting, Importing, Question},
    store::{
        Revision,
        transfer::{Imported, IntoWhat, OnExisting},
    },
};
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{Answer, Server, json, part, wire::TAKE_TIME};

/// How long the next piece of a body may take to arrive.
const PIECE_TIME: Duration = Duration::from_secs(10);

/// The fields of a query string, each of which is one of a few.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// # Errors
    /// 400 if the query string cannot be read or stands for bytes that are no UTF-8, 422 if it has a field that is none of `known`.
    pub(super) fn of(request: &HttpRequest, known: &[&str]) -> Result<Self> {
        // What is no UTF-8 is not made up, which would name another document.
        path::decode(request.query_string()).map_err(|error| Error::bad_request(format!("the query {error}")))?;
        let fields: Vec<(String, String)> = serde_urlencoded::from_str(request.query_string())
            .map_err(|error| Error::bad_request(format!("the query string cannot be read: {error}")))?;
        match fields.iter().find(|(name, _)| !known.contains(&&**name)) {
            Some((name, _)) => Err(Error::unprocessable(
                name.clone(),
                format!("there is no such field here; there are {}", known.join(", ")),
            )),
            None => Ok(Self(fields)),
        }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| &**value)
    }

    /// A field that is there and none of `names`.
    fn other_than(&self, names: &[&str]) -> Option<&str> {
        self.0.iter().map(|(name, _)| &**name).find(|name| !names.contains(name))
    }

    pub(super) fn one(&self, name: &str) -> Result<Option<&str>> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(Error::unprocessable(name, "it is given more than once")),
            (one, None) => Ok(one),
        }
    }

    fn is_set(&self, name: &str) -> Result<bool> {
        match self.one(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::unprocessable(name, "it is true or false")),
        }
    }

    fn app(&self) -> Result<AppId> {
        app_of(self.one("app")?)
    }
}

pub(super) async fn all(server: Data<Server>) -> Answer {
    let mut stats: Vec<DataStats> = Vec::new();
    for data in server.host.all_data().await? {
        stats.push(data.stats().await?);
    }
    json(&stats)
}

pub(super) async fn one(server: Data<Server>, request: HttpRequest) -> Answer {
    json(&server.host.data(&part(&request, "plugin")).await?.stats().await?)
}

/// A page of documents, or the one with the `key`: not every key can stand in a path.
pub(super) async fn documents(server: Data<Server>, request: HttpRequest) -> Answer {
    let fields = Fields::of(&request, &["app", "key", "filter", "sort", "limit", "cursor", "under", "explain"])?;
    let (data, app) = (server.host.data(&part(&request, "plugin")).await?, fields.app()?);
    if let Some(key) = fields.one("key")? {
        if let Some(other) = fields.other_than(&["app", "key"]) {
            return Err(Error::unprocessable(other, "it asks for several documents, and `key` for one").into());
        }
        return shown(&data, &app, key).await;
    }
    let filter = fields.one("filter")?.map(|text| plugin_core::json::read::<Value>(text.as_bytes())).transpose();
    let filter = filter.map_err(|error| Error::bad_request(format!("the filter cannot be read as JSON: {error}")))?;
    let limit = fields.one("limit")?.map(str::parse).transpose();
    let question = Question {
        filter,
        sort: fields.all("sort").map(ToOwned::to_owned).collect(),
        limit: limit.map_err(|_| Error::unprocessable("limit", "it is no number"))?,
        cursor: fields.one("cursor")?.map(ToOwned::to_owned),
        under: fields.one("under")?.unwrap_or_default().to_owned(),
    };
    found(&data, &app, question, fields.is_set("explain")?).await
}

/// A question as a body: not every filter fits into a URL.
#[derive(Debug, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Find {
    /// The app; the default one if it is left out.
    app: Option<String>,
    /// The filter; none for all.
    filter: Option<Value>,
    /// Fields to sort by, descending with a `-` before.
    sort: Vec<String>,
    /// How many documents at most.
    limit: Option<usize>,
    /// Where a page ended.
    cursor: Option<String>,
    /// What the keys begin with.
    under: String,
    /// Whether to tell how it would be answered.
    explain: bool,
}

pub(super) async fn find(server: Data<Server>, request: HttpRequest, asked: Json<Find>) -> Answer {
    Fields::of(&request, &[])?;
    let Find { app, filter, sort, limit, cursor, under, explain } = asked.0;
    let data = server.host.data(&part(&request, "plugin")).await?;
    found(&data, &app_of(app.as_deref())?, Question { filter, sort, limit, cursor, under }, explain).await
}

async fn found(data: &Stored, app: &AppId, question: Question, explain: bool) -> Answer {
    match explain {
        true => json(&data.explain(app, question).await?),
        false => json(&data.find(app, question).await?),
    }
}

fn app_of(name: Option<&str>) -> Result<AppId> {
    let app = name.map(AppId::new).transpose();
    Ok(app.map_err(|error| Error::unprocessable("app", error.to_string()))?.unwrap_or_default())
}

pub(super) async fn document(server: Data<Server>, request: HttpRequest) -> Answer {
    let (app, key) = document_of(&request)?;
    let data = server.host.data(&part(&request, "plugin")).await?;
    shown(&data, &app, &key).await
}

async fn shown(data: &Stored, app: &AppId, key: &str) -> Answer {
    let shown = data.get(app, key).await?;
    let mut answer = HttpResponse::Ok();
    if let Some(revision) = shown.revision {
        answer.insert_header(tag(revision));
    }
    Ok(answer.json(shown))
}

pub(super) async fn put(server: Data<Server>, request: HttpRequest, value: Json<Value>) -> Answer {
    let ((app, key), expected) = (document_of(&request)?, expected(&request)?);
    let data = server.host.data(&part(&request, "plugin")).await?;
    let written = server.on_host(async move { data.put(&app, &key, &value.0, expected).await }).await?;
    let status = if expected.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok(HttpResponse::build(status).insert_header(tag(written)).json(Written { revision: written }))
}

/// The write that was made.
#[derive(Debug, serde::Serialize, schemars::JsonSchema)]
pub(crate) struct Written {
    revision: Revision,
}

pub(super) async fn delete(server: Data<Server>, request: HttpRequest) -> Answer {
    let (app, key) = document_of(&request)?;
    let Some(expected) = expected(&request)? else { return Err(required().into()) };
    let data = server.host.data(&part(&request, "plugin")).await?;
    server.on_host(async move { data.delete(&app, &key, expected).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The app and the key of the document that is asked about. The key is the end of the path or, as not every key can stand there, the
/// field `key`.
fn document_of(request: &HttpRequest) -> Result<(AppId, String)> {
    let fields = Fields::of(request, &["app", "key"])?;
    let in_path = request.match_info().get("key").map(|_| part(request, "key"));
    let key = match (in_path, fields.one("key")?) {
        (Some(key), None) => Ok(key),
        (None, Some(key)) => Ok(key.to_owned()),
        (Some(_), Some(_)) => Err(Error::unprocessable("key", "it is in the path already")),
        (None, None) => Err(Error::unprocessable("key", "it is missing: it says which document")),
    };
    Ok((fields.app()?, key?))
}

/// The write that must be there; none if there must be no document.
fn expected(request: &HttpRequest) -> std::result::Result<Option<Revision>, Problem> {
    let one = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    match (one(header::IF_MATCH), one(header::IF_NONE_MATCH)) {
        (None, Some("*")) => Ok(None),
        (Some(tag), None) => {
            let revision = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')?.parse().ok());
            let wrong = "`If-Match` is the revision that was shown, in quotes";
            revision.map(Some).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "bad-request", wrong))
        }
        _ => Err(required()),
    }
}

fn required() -> Problem {
    let detail = "say on top of which write, with `If-Match: \"<revision>\"`, or that there must be none, with `If-None-Match: *`";
    Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail)
}

fn tag(revision: Revision) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{revision}\""))
}

/// Everything, as lines. One that fails on the way ends without its last line.
pub(super) async fn export(server: Data<Server>, request: HttpRequest) -> Answer {
    let plugin = part(&request, "plugin");
    let exporting = server.host.data(&plugin).await?.export().await?;
    let download = Download { plugin, exporting, is_over: false };
    let lines = try_unfold(download, async |mut download| {
        let next = download.next().await;
        next.map(|lines| lines.map(|lines| (lines, download)))
    });
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").streaming(lines))
}

/// An export that somebody reads. It ends with their connection, which does not wait for ever for what they do not take.
struct Download {
    plugin: String,
    exporting: Exporting,
    /// Whether how it ended was told, to whoever reads it or in the log.
    is_over: bool,
}

impl Download {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        let next = self.exporting.next().await;
        self.is_over = !matches!(next, Ok(Some(_)));
        next.map(|lines| lines.map(Bytes::from)).map_err(|error| {
            tracing::error!(plugin = self.plugin, "an export broke off: {error:?}");
            io::Error::other(error.to_string())
        })
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        if !self.is_over {
            let plugin = &self.plugin;
            tracing::warn!(
                plugin,
                "an export ended early: whoever read it went away, or took nothing for {TAKE_TIME:?}"
            );
        }
    }
}

/// A piece of a body.
enum Piece {
    Bytes(Bytes),
    End,
}

pub(super) async fn import(server: Data<Server>, request: HttpRequest, body: Payload) -> Answer {
    let fields = Fields::of(&request, &["merge", "replace"])?;
    let into = match (fields.is_set("merge")?, fields.is_set("replace")?) {
        (false, false) => IntoWhat::Empty,
        (true, false) => IntoWhat::Merge(OnExisting::Refuse),
        (true, true) => IntoWhat::Merge(OnExisting::Replace),
        (false, true) => return Err(Error::unprocessable("replace", "it goes with `merge`").into()),
    };
    let data = server.host.data(&part(&request, "plugin")).await?;
    let (feed, fed) = channel(4);
    // It goes on to its end, good or bad, if whoever sends goes away.
    let plugin = data.plugin().to_owned();
    let work = server.on_host(async move {
        let imported = data_into(data.import(into).await?, fed).await;
        imported.inspect_err(|error| tracing::warn!(plugin, "an import broke off, and what came of it stays: {error}"))
    });
    let (imported, arrived) = join(work, feeding(body, feed)).await;
    match (imported, arrived) {
        (Ok(imported), Ok(())) => json(&imported),
        (_, Err(problem)) => Err(problem.into()),
        (Err(error), Ok(())) => Err(error.into()),
    }
}

async fn data_into(mut importing: Importing, mut fed: Receiver<Piece>) -> Result<Imported> {
    while let Some(piece) = fed.recv().await {
        match piece {
            Piece::Bytes(bytes) => importing.take(&bytes).await?,
            Piece::End => return importing.end().await,
        }
    }
    Err(Error::bad_request("the body ended early; what is whole of it was imported"))
}

/// Hands on what arrives. All of it is read also where nobody takes it any more, so that whoever sends hears why.
async fn feeding(mut body: Payload, feed: Sender<Piece>) -> std::result::Result<(), Problem> {
    loop {
        let next = tokio::time::timeout(PIECE_TIME, body.next()).await.map_err(|_| {
            let detail = "the body did not arrive in time";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "request-timeout", detail).closing()
        })?;
        match next {
            // Whoever takes has told why he does not any more.
            None => {
                feed.send(Piece::End).await.unwrap_or_default();
                return Ok(());
            }
            Some(Ok(bytes)) => feed.send(Piece::Bytes(bytes)).await.unwrap_or_default(),
            Some(Err(_)) => {
                let detail = "the body ended early; what is whole of it was imported";
                return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-request", detail).closing());
            }
        }
    }
}

pub(super) async fn verify(server: Data<Server>, request: HttpRequest) -> Answer {
    let data = server.host.data(&part(&request, "plugin")).await?;
    json(&server.on_host(async move { data.verify().await }).await?)
}

pub(super) async fn drop_all(server: Data<Server>, request: HttpRequest) -> Answer {
    let data = server.host.data(&part(&request, "plugin")).await?;
    server.on_host(async move { data.drop_all().await }).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn drop_index(server: Data<Server>, request: HttpRequest) -> Answer {
    let data = server.host.data(&part(&request, "plugin")).await?;
    let number = part(&request, "number").parse();
    let number = number.map_err(|_| Error::unprocessable("number", "it is no number of an index"))?;
    json(&server.on_host(async move { data.drop_index(number).await }).await?)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
