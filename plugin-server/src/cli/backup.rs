//! `backup` and `restore`. A backup is made by whoever has the store; a restore wants nobody to have it.

use std::path::{Path, PathBuf};

use actix_web::http::Method;
use plugin_core::{Clock, Timestamp};
use serde_json::Value;

use super::{
    Format,
    args::{BackupArgs, BackupCommand, BackupListArgs, RestoreArgs},
    load, print, print_json,
    reach::{Reach, copying},
    show::table,
    work::encoded,
};
use crate::{backups, exit::Failure};

pub(super) fn backup(args: BackupArgs) -> Result<(), Failure> {
    match args.command {
        Some(BackupCommand::List(args)) => list(args),
        None => create(args),
    }
}

fn create(args: BackupArgs) -> Result<(), Failure> {
    let BackupArgs { to, keep, place, .. } = args;
    // The server may have another folder to go from.
    let to = to.map(|to| absolute(&to)).transpose()?;
    let made: Value = copying(place, async |reach| match reach {
        Reach::Server(remote) => {
            let mut path = "/api/backups?".to_owned();
            path.extend(keep.map(|keep| format!("keep={keep}&")));
            path.extend(to.as_ref().map(|to| format!("to={}", encoded(&to.to_string_lossy()))));
            remote.ask_for_long(Method::POST, &path).await
        }
        Reach::Store(here) => {
            let folder = to.as_ref().unwrap_or(&here.settings.backup_dir);
            let made = here.store.back_up(folder, keep)?;
            serde_json::to_value(made).map_err(Failure::failed)
        }
    })?;
    print_json(&made)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::Usage(format!("cannot use {}: {error}", path.display())))
}

fn list(args: BackupListArgs) -> Result<(), Failure> {
    let BackupListArgs { from, json, place } = args;
    let folder = match from {
        Some(from) => from,
        None => load(place, None)?.backup_dir,
    };
    let all = backups::list(&folder)?;
    match json.format() {
        Format::Json => print_json(&all),
        Format::Table => {
            let rows = all.iter().map(|it| {
                let state = it.damage.as_ref().map_or_else(|| "whole".to_owned(), |what| format!("damaged: {what}"));
                [it.id.to_string(), it.made_at.to_string(), it.size.to_string(), state]
            });
            print(&table(["ID", "MADE", "BYTES", "STATE"], rows))
        }
    }
}

pub(super) fn restore(args: RestoreArgs) -> Result<(), Failure> {
    let RestoreArgs { from, id, replace, place } = args;
    let settings = load(place, None)?;
    let now: Timestamp = Clock::system().now();
    let wanted = backups::Wanted { id, replace_at: replace.then_some(now) };
    let folder = from.unwrap_or(settings.backup_dir);
    print_json(&backups::restore(&folder, &settings.data_dir, &wanted)?)
}
