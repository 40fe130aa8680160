//! What whoever runs the host is told of an error of the store: its status, its type and its whole text.

use actix_web::http::StatusCode;

use crate::{
    error::Error,
    store::{StoreError, engine::EngineError, transfer::TransferError},
};

/// The problem type of a store whose data is damaged.
pub const DAMAGED: &str = "store-damaged";

/// An error that whoever runs the host may read.
pub(super) fn told(problem: StoreError) -> Error {
    let text = problem.to_string();
    status_of(&problem, text).because(problem)
}

fn status_of(problem: &StoreError, text: String) -> Error {
    match problem {
        StoreError::Filter(_) => Error::unprocessable("filter", text),
        StoreError::Sort { .. } => Error::unprocessable("sort", text),
        StoreError::PageSize { .. } => Error::unprocessable("limit", text),
        StoreError::Cursor(_) => Error::unprocessable("cursor", text),
        StoreError::InvalidKey { .. } => Error::unprocessable("key", text),
        StoreError::Codec { .. } | StoreError::TooLarge { .. } | StoreError::IndexedTooLong { .. } => {
            Error::unprocessable("value", text)
        }
        StoreError::BudgetExceeded { .. } => Error::public(StatusCode::UNPROCESSABLE_ENTITY, "budget-exceeded", text),
        StoreError::Conflict { .. } => Error::public(StatusCode::PRECONDITION_FAILED, "precondition-failed", text),
        StoreError::Renewed
        | StoreError::Exists { .. }
        | StoreError::Duplicate { .. }
        | StoreError::Contended { .. } => Error::conflict(text),
        StoreError::Engine(EngineError::Corrupt(_)) | StoreError::DamagedIndex { .. } => {
            Error::public(StatusCode::INTERNAL_SERVER_ERROR, DAMAGED, text)
        }
        StoreError::Engine(EngineError::TooLarge { .. } | EngineError::Invalid(_)) | StoreError::EmptyId { .. } => {
            Error::unprocessable("value", text)
        }
        StoreError::Engine(EngineError::UnknownOutcome) => {
            Error::public(StatusCode::INTERNAL_SERVER_ERROR, "unknown-outcome", text)
        }
        StoreError::OtherId { .. }
        | StoreError::NotAnInteger { .. }
        | StoreError::Overflow { .. }
        | StoreError::TransactionConflict { .. } => Error::conflict(text),
        StoreError::Engine(EngineError::Unavailable(_) | EngineError::Conflict(_)) => {
            Error::public(StatusCode::SERVICE_UNAVAILABLE, "store-unavailable", text)
        }
    }
}

/// An error of reading: what cannot be decoded is not the caller's fault.
pub(super) fn told_of_reading(problem: StoreError) -> Error {
    match &problem {
        StoreError::Codec { .. } => {
            Error::public(StatusCode::INTERNAL_SERVER_ERROR, "unreadable-document", problem.to_string())
                .because(problem)
        }
        _ => told(problem),
    }
}

pub(super) fn of_transfer(problem: TransferError) -> Error {
    let text = problem.to_string();
    let error = match &problem {
        TransferError::NotEmpty => Error::conflict(text),
        TransferError::Store { problem, .. } => status_of(problem, text),
        _ => Error::public(StatusCode::UNPROCESSABLE_ENTITY, "invalid-line", text),
    };
    error.because(problem)
}
