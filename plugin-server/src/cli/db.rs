//! `db`: what plugins stored. The same outcome whether a running server does the work or this process, which starts no plugin for it.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use actix_web::{http::Method, web::Bytes};
use futures_util::stream;
use plugin_core::{
    AppId, Error,
    host::{
        Host,
        store::{DAMAGED, Data, Question},
    },
    store::{
        key::MAX_USER_KEY,
        transfer::{IntoWhat, OnExisting},
    },
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Format,
    args::{
        DbCommand, DbDropArgs, DbDropIndexArgs, DbExportArgs, DbFindArgs, DbGetArgs, DbImportArgs, DbStatsArgs,
        DbVerifyArgs,
    },
    output::{Output, cannot},
    print, print_json,
    reach::{Reach, looking, with, with_stored},
    show::{cell, table},
    work::encoded,
};
use crate::exit::Failure;

/// How much of a file is read at a time, in bytes.
const PIECE: usize = 256 << 10;

pub(super) fn db(command: DbCommand) -> Result<(), Failure> {
    match command {
        DbCommand::Stats(args) => stats(args),
        DbCommand::Get(args) => get(args),
        DbCommand::Find(args) => find(args),
        DbCommand::Export(args) => export(args),
        DbCommand::Import(args) => import(args),
        DbCommand::Verify(args) => verify(args),
        DbCommand::Drop(args) => drop_all(args),
        DbCommand::DropIndex(args) => drop_index(args),
    }
}

/// What went wrong with this process's own store, as the server would say it.
fn failure(error: Error) -> Failure {
    let said = error.to_string();
    if error.code() == DAMAGED { Failure::Store(said) } else { Failure::Failed(said) }
}

fn value(shown: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(shown).map_err(Failure::failed)
}

async fn data(host: &Host, plugin: &str) -> Result<Data, Failure> {
    host.data(plugin).await.map_err(failure)
}

fn app_of(app: Option<&str>) -> Result<AppId, Failure> {
    let app = app.map(AppId::new).transpose();
    Ok(app.map_err(|error| Failure::Usage(error.to_string()))?.unwrap_or_default())
}

/// The path of what `plugin` stored.
fn of(plugin: &str) -> String {
    format!("/api/store/{}", encoded(plugin))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn stats(args: DbStatsArgs) -> Result<(), Failure> {
    let all: Value = looking(args.place, async |reach| match reach {
        Reach::Server(remote) => remote.ask_for_long(Method::GET, "/api/store").await,
        Reach::Store(offline) => {
            let mut all = Vec::new();
            for data in offline.host.all_data().await.map_err(failure)? {
                all.push(value(&data.stats().await.map_err(failure)?)?);
            }
            Ok(Value::Array(all))
        }
    })?;
    if args.json.format() == Format::Json {
        return print_json(&all);
    }
    let row = |it: &Value| {
        let state = if it["orphaned"] == true { "orphaned".to_owned() } else { text(&it["state"]) };
        let apps = list(&it["apps"]).iter().map(|app| format!("{} {}", text(&app["app"]), app["documents"]));
        let index = |index: &Value| {
            let told = format!("{}: {} {}", index["number"], text(&index["definition"]), text(&index["progress"]));
            let left_out = &index["leftOut"];
            match (index["reason"].as_str(), left_out["documents"].as_u64()) {
                (Some(reason), _) => format!("{told} ({reason}; mend that and start the server again)"),
                (None, Some(count)) => match (left_out["key"].as_str(), left_out["app"].as_str()) {
                    (Some(key), Some(app)) => {
                        format!("{told} (without {count} that cannot be read, first `{key}` of the app `{app}`)")
                    }
                    _ => format!("{told} (without at most {count} that could not be read when it was built)"),
                },
                (None, None) => told,
            }
        };
        let indexes: Vec<String> = list(&it["indexes"]).iter().map(index).collect();
        let left =
            |it: &Value| format!("{} to version {}, {} failed", text(&it["collection"]), it["version"], it["failed"]);
        let left: Vec<String> = list(&it["migrations"]).iter().map(left).collect();
        let apps: Vec<String> = apps.collect();
        [text(&it["plugin"]), state, it["documents"].to_string(), apps.join(", "), indexes.join("; "), left.join("; ")]
    };
    print(&table(["PLUGIN", "STATE", "DOCUMENTS", "BY APP", "INDEXES", "MIGRATIONS LEFT"], list(&all).iter().map(row)))
}

fn get(args: DbGetArgs) -> Result<(), Failure> {
    let DbGetArgs { plugin, key, app, place } = args;
    let app = app_of(app.as_deref())?;
    if !(1..=MAX_USER_KEY).contains(&key.len()) {
        return Err(Failure::Usage(format!("a key of {} bytes is none: it has 1 to {MAX_USER_KEY} bytes", key.len())));
    }
    let shown: Value = looking(place, async |reach| match reach {
        Reach::Server(remote) => {
            let path = format!("{}/documents?app={}&key={}", of(&plugin), encoded(app.as_str()), encoded(&key));
            remote.ask(Method::GET, &path, None, None).await
        }
        Reach::Store(offline) => value(&data(&offline.host, &plugin).await?.get(&app, &key).await.map_err(failure)?),
    })?;
    print_json(&shown)
}

fn find(args: DbFindArgs) -> Result<(), Failure> {
    let DbFindArgs { plugin, filter, under, sort, limit, cursor, app, explain, json, place } = args;
    let app = app_of(app.as_deref())?;
    let filter = filter.map(|text| plugin_core::json::read::<Value>(text.as_bytes())).transpose();
    let filter = filter.map_err(|error| Failure::Usage(format!("the filter cannot be read as JSON: {error}")))?;
    let question = Question { filter, sort, limit, cursor, under: under.unwrap_or_default() };
    // Whoever has the data would say the same, and it is the command line that is wrong.
    question.check().map_err(|error| Failure::Usage(error.to_string()))?;
    let found: Value = looking(place, async |reach| match reach {
        Reach::Server(remote) => {
            let Question { filter, sort, limit, cursor, under } = &question;
            let asked = json!({
                "app": app.as_str(), "filter": filter, "sort": sort, "limit": limit, "cursor": cursor, "under": under,
                "explain": explain
            });
            remote.ask(Method::POST, &format!("{}/find", of(&plugin)), None, Some(&asked)).await
        }
        Reach::Store(offline) => {
            let data = data(&offline.host, &plugin).await?;
            match explain {
                true => value(&data.explain(&app, question).await.map_err(failure)?),
                false => value(&data.find(&app, question).await.map_err(failure)?),
            }
        }
    })?;
    match (json.format(), explain) {
        (Format::Json, _) => print_json(&found),
        (Format::Table, true) => {
            let rows = found.as_object().into_iter().flatten().map(|(name, value)| [name.clone(), text(value)]);
            print(&table(["WHAT", "IS"], rows))
        }
        (Format::Table, false) => {
            let revision = |it: &Value| it.get("revision").map(text).unwrap_or_default();
            let row = |it: &Value| [text(&it["key"]), revision(it), held(it)];
            print(&table(["KEY", "REVISION", "VALUE"], list(&found["items"]).iter().map(row)))?;
            let passed_over = found["passedOver"].as_u64().unwrap_or(0);
            if passed_over > 0 {
                drop(writeln!(
                    io::stderr(),
                    "documents that were passed over: {passed_over}. They cannot be read, as those of a type that this binary does not \
                     have, so neither the filter nor the order can be held against them. Without both they are shown"
                ));
            }
            if let Some(cursor) = found["next"].as_str() {
                drop(writeln!(io::stderr(), "there may be more: --cursor {cursor}"));
            }
            Ok(())
        }
    }
}

/// What a document holds; of one that cannot be read, what is known of it.
fn held(shown: &Value) -> String {
    if shown.get("unreadable").is_none() {
        return shown["value"].to_string();
    }
    let known = ["unreadable", "collection", "version", "fingerprint", "stored"];
    let known = known.into_iter().filter_map(|name| Some((name.to_owned(), shown.get(name)?.clone())));
    format!("(cannot be read) {}", Value::Object(known.collect()))
}

fn export(args: DbExportArgs) -> Result<(), Failure> {
    let DbExportArgs { plugin, out, place } = args;
    let (mut output, mut end) = (Output::to(out)?, End::default());
    let mut write = |piece: &[u8]| {
        end.see(piece);
        output.write(piece)
    };
    looking(place, async |reach| match reach {
        Reach::Server(remote) => remote.download(&format!("{}/export", of(&plugin)), &mut write).await,
        Reach::Store(offline) => {
            let mut exporting = data(&offline.host, &plugin).await?.export().await.map_err(failure)?;
            while let Some(lines) = exporting.next().await.map_err(failure)? {
                write(lines.as_bytes())?;
            }
            Ok(())
        }
    })?;
    // A connection that breaks may look as one that ends.
    match end.is_of_all() {
        true => output.done(),
        false => Err(Failure::Failed(format!(
            "the export of `{plugin}` broke off: what was written has no last line. The server's log tells why, if it runs"
        ))),
    }
}

/// The end of what is exported, whose last line tells that it is all.
#[derive(Default)]
struct End(Vec<u8>);

impl End {
    /// Longer than a last line can be.
    const LENGTH: usize = 64;

    fn see(&mut self, piece: &[u8]) {
        self.0.extend(piece.get(piece.len().saturating_sub(Self::LENGTH)..).unwrap_or_default());
        self.0.drain(..self.0.len().saturating_sub(Self::LENGTH));
    }

    fn is_of_all(&self) -> bool {
        let last = self.0.strip_suffix(b"\n").and_then(|lines| lines.rsplit(|byte| *byte == b'\n').next());
        last.is_some_and(|line| line.starts_with(b"{\"end\":"))
    }
}

fn import(args: DbImportArgs) -> Result<(), Failure> {
    let DbImportArgs { plugin, file, merge, replace, place } = args;
    let mut input = Input::of(&file)?;
    let imported: Value = with(place, async |reach| match reach {
        Reach::Server(remote) => {
            let path = format!("{}/import?merge={merge}&replace={replace}", of(&plugin));
            let pieces = std::iter::from_fn(move || input.next().transpose());
            remote.upload(&path, stream::iter(pieces)).await
        }
        Reach::Store(offline) => {
            let into = match (merge, replace) {
                (false, _) => IntoWhat::Empty,
                (true, false) => IntoWhat::Merge(OnExisting::Refuse),
                (true, true) => IntoWhat::Merge(OnExisting::Replace),
            };
            let mut importing = data(&offline.host, &plugin).await?.import(into).await.map_err(failure)?;
            while let Some(piece) = input.next().map_err(|error| cannot("read", &file, &error))? {
                importing.take(&piece).await.map_err(failure)?;
            }
            value(&importing.end().await.map_err(failure)?)
        }
    })?;
    let unreadable = imported["unreadable"].as_u64().filter(|count| *count > 0);
    let unreadable = unreadable.map(|count| {
        format!(
            "documents that this binary cannot read: {count}. They are kept as they are, and `db verify` tells of them"
        )
    });
    for warning in list(&imported["warnings"]).iter().map(text).chain(unreadable) {
        drop(writeln!(io::stderr(), "warning: {warning}"));
    }
    print_json(&imported)
}

/// What is imported.
struct Input(Box<dyn Read>);

impl Input {
    fn of(path: &Path) -> Result<Self, Failure> {
        match path.as_os_str() == "-" {
            true => Ok(Self(Box::new(io::stdin()))),
            false => Ok(Self(Box::new(File::open(path).map_err(|error| cannot("read", path, &error))?))),
        }
    }

    /// The next bytes; none at the end.
    fn next(&mut self) -> io::Result<Option<Bytes>> {
        let mut piece = vec![0; PIECE];
        let read = self.0.read(&mut piece)?;
        piece.truncate(read);
        Ok(Some(piece).filter(|piece| !piece.is_empty()).map(Bytes::from))
    }
}

fn verify(args: DbVerifyArgs) -> Result<(), Failure> {
    let DbVerifyArgs { plugin, json, place } = args;
    let is_of_all = plugin.is_none();
    let (all, damage): (Vec<(String, Value)>, Value) = looking(place, async |reach| {
        let mut all = Vec::new();
        let mut damage = Value::Array(Vec::new());
        match reach {
            Reach::Server(remote) => {
                let plugins = match plugin {
                    Some(plugin) => vec![plugin],
                    None => {
                        let stats: Value = remote.ask_for_long(Method::GET, "/api/store").await?;
                        list(&stats).iter().map(|it| text(&it["plugin"])).collect()
                    }
                };
                for plugin in plugins {
                    let verified = remote.ask_for_long(Method::POST, &format!("{}/verify", of(&plugin))).await?;
                    all.push((plugin, verified));
                }
                if is_of_all {
                    damage = remote.ask_for_long(Method::POST, "/api/checksums").await?;
                }
            }
            Reach::Store(offline) => {
                let plugins = match &plugin {
                    Some(plugin) => vec![data(&offline.host, plugin).await?],
                    None => offline.host.all_data().await.map_err(failure)?,
                };
                for data in plugins {
                    all.push((data.plugin().to_owned(), value(&data.verify().await.map_err(failure)?)?));
                }
                if is_of_all {
                    damage = value(&offline.store.sweep()?)?;
                }
            }
        }
        Ok((all, damage))
    })?;
    let number = |it: &Value, name: &str| it[name].as_u64().unwrap_or(0);
    let problems: u64 = all.iter().map(|(_, it)| list(&it["problems"]).len() as u64 + number(it, "moreProblems")).sum();
    match json.format() {
        Format::Json => {
            let plugins: serde_json::Map<_, _> = all.into_iter().collect();
            print_json(&json!({ "plugins": plugins, "damage": list(&damage) }))?;
        }
        Format::Table => {
            for (plugin, verified) in &all {
                let told = list(&verified["problems"]).iter().map(|it| {
                    [plugin.clone()].into_iter().chain(
                        ["app", "key", "index", "problem"]
                            .map(|name| it.get(name).map(|it| cell(&text(it))).unwrap_or_default()),
                    )
                });
                for problem in told {
                    print(&problem.collect::<Vec<_>>().join("\t"))?;
                }
                let told = |count: u64, what: &str| if count > 0 { format!(", {count} {what}") } else { String::new() };
                let opaque = told(number(verified, "opaque"), "of a type that this binary does not have");
                let more = told(number(verified, "moreProblems"), "more problems");
                let (documents, entries) = (&verified["documents"], &verified["entries"]);
                print(&format!("{plugin}: {documents} documents{opaque}, {entries} entries of indexes{more}"))?;
            }
        }
    }
    if !list(&damage).is_empty() {
        let told = |it: &Value| format!("{}: {} {}", text(&it["keyspace"]), text(&it["file"]), text(&it["detail"]));
        let told: Vec<String> = list(&damage).iter().map(told).collect();
        return Err(Failure::Store(format!("the store is damaged: {}", told.join("; "))));
    }
    match problems {
        0 => Ok(()),
        1 => Err(Failure::Failed("1 problem was found".to_owned())),
        _ => Err(Failure::Failed(format!("{problems} problems were found"))),
    }
}

fn drop_all(args: DbDropArgs) -> Result<(), Failure> {
    let DbDropArgs { plugin, sure, place } = args;
    sure.check(&format!("all that `{plugin}` stored"))?;
    with_stored(place, async |reach| match reach {
        Reach::Server(remote) => remote.ask_for_long::<Value>(Method::DELETE, &of(&plugin)).await.map(drop),
        Reach::Store(offline) => data(&offline.host, &plugin).await?.drop_all().await.map_err(failure),
    })
}

fn drop_index(args: DbDropIndexArgs) -> Result<(), Failure> {
    let DbDropIndexArgs { plugin, number, sure, place } = args;
    sure.check(&format!("the index {number} of `{plugin}`"))?;
    let dropped: Value = with_stored(place, async |reach| match reach {
        Reach::Server(remote) => {
            remote.ask_for_long(Method::DELETE, &format!("{}/indexes/{number}", of(&plugin))).await
        }
        Reach::Store(offline) => value(&data(&offline.host, &plugin).await?.drop_index(number).await.map_err(failure)?),
    })?;
    if let Some(warning) = dropped["warning"].as_str() {
        drop(writeln!(io::stderr(), "warning: {warning}"));
    }
    Ok(())
}
