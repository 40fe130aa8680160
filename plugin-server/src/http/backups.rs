//! `/api/backups` and `/api/checksums`: copies of the store, and whether all of it can be read.

use std::{num::NonZeroU32, path::PathBuf};

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data},
};
use plugin_core::{Error, Result, context::caller::Caller, host::store::DAMAGED};

use super::{Answer, Server, json, store::Fields};
use crate::{
    backups::{self, Store},
    exit::Failure,
};

/// The token of this machine's own command line, which may say where a backup goes.
pub(crate) const CONTROL: &str = "control";

fn error(failure: Failure) -> Error {
    let said = failure.to_string();
    match failure {
        Failure::InUse(_) => Error::conflict(said),
        Failure::Store(_) => Error::public(StatusCode::INTERNAL_SERVER_ERROR, DAMAGED, said),
        _ => Error::public(StatusCode::SERVICE_UNAVAILABLE, "backup-failed", said),
    }
}

fn store(server: &Server) -> Result<Store> {
    let none =
        || Error::public(StatusCode::SERVICE_UNAVAILABLE, "backup-failed", "what this server keeps is on no disk");
    server.store.clone().ok_or_else(none)
}

/// Runs `work`, which blocks its thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, Failure> + Send + 'static,
) -> Result<T> {
    web::block(work).await?.map_err(error)
}

pub(super) async fn create(server: Data<Server>, request: HttpRequest) -> Answer {
    let fields = Fields::of(&request, &["keep", "to"])?;
    let keep = fields.one("keep")?.map(str::parse::<NonZeroU32>).transpose();
    let keep = keep.map_err(|_| Error::unprocessable("keep", "it is a number from 1"))?;
    let folder = match fields.one("to")? {
        None => server.backup_dir.clone(),
        Some(_) if Caller::of(&request).and_then(|caller| caller.token).as_deref() != Some(CONTROL) => {
            let said =
                "where a backup goes is the setting `backup_dir`, or for the command line of this machine to say";
            return Err(Error::forbidden(said).into());
        }
        Some(folder) => PathBuf::from(folder),
    };
    let store = store(&server)?;
    let made = blocking(move || store.back_up(&folder, keep)).await?;
    Ok(HttpResponse::Created().json(made))
}

pub(super) async fn list(server: Data<Server>) -> Answer {
    let folder = server.backup_dir.clone();
    json(&blocking(move || backups::list(&folder)).await?)
}

/// Reads everything that is stored, with its checksums.
pub(super) async fn checksums(server: Data<Server>) -> Answer {
    let store = store(&server)?;
    json(&blocking(move || store.sweep()).await?)
}
