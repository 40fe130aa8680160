//! What the errors of actix-web's own extractors mean to a caller. Its own answers to them are plain text, and their status often
//! the wrong one: 404 for a bad value in a path, 400 for a missing field.

use std::{borrow::Cow, io};

use actix_web::{
    error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError, UrlencodedError},
    http::StatusCode,
};

use crate::{
    dispatch::wire,
    endpoint::problem::Problem,
    error::{Error, FieldError},
};

/// The problem that `error` is, where its type tells.
pub(super) fn known(error: &actix_web::Error) -> Option<Problem> {
    if let Some(problem) = error.as_error::<Problem>() {
        return Some(problem.clone());
    }
    if let Some(error) = error.as_error::<Error>() {
        return Some(error.into());
    }
    if let Some(PathError::Deserialize(error)) = error.as_error() {
        return Some(malformed(format!("the path: {error}")));
    }
    if let Some(QueryPayloadError::Deserialize(error)) = error.as_error() {
        return Some(at_path(String::new(), error.to_string()));
    }
    if let Some(error) = error.as_error::<JsonPayloadError>() {
        return Some(of_json(error));
    }
    if let Some(error) = error.as_error::<UrlencodedError>() {
        return Some(of_form(error));
    }
    if let Some(error) = error.as_error::<PayloadError>() {
        return Some(of_payload(error));
    }
    // actix-web takes a file that a handler misses for a page that a caller misses.
    error.as_error::<io::Error>().map(|_| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))
}

fn of_json(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => too_large(None),
        JsonPayloadError::ContentType => not_of_type("application/json"),
        JsonPayloadError::Deserialize(error) if error.is_data() => at_path(String::new(), error.to_string()),
        JsonPayloadError::Deserialize(error) => malformed(format!("the body is no JSON: {error}")),
        JsonPayloadError::Payload(error) => of_payload(error),
        _ => Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn of_form(error: &UrlencodedError) -> Problem {
    match error {
        UrlencodedError::Overflow { .. } => too_large(None),
        UrlencodedError::ContentType => not_of_type("application/x-www-form-urlencoded"),
        UrlencodedError::Parse(error) => at_path(String::new(), error.to_string()),
        UrlencodedError::Payload(error) => of_payload(error),
        other => malformed(other.to_string()),
    }
}

/// What went wrong while a body was read.
pub(super) fn of_payload(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => too_large(None),
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => stalled(),
        _ => malformed("the body ended early").closing(),
    }
}

/// 400 with `detail`.
pub(super) fn malformed(detail: impl Into<Cow<'static, str>>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-request", detail)
}

/// 422 because of `field`, empty for the whole.
pub(super) fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Problem {
    let field = FieldError { field: field.into(), detail: detail.into() };
    let detail = match field.field.as_str() {
        "" => field.detail.clone(),
        name => format!("{name}: {}", field.detail),
    };
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-fields", detail).with_fields(vec![field])
}

/// 415 where `wanted` was.
pub(super) fn not_of_type(wanted: &str) -> Problem {
    let detail = format!("the body must be `{wanted}`, and `content-type` must say so");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
}

/// 413 for more than `limit` bytes. The rest of the body is not read, so the connection is of no further use.
pub(super) fn too_large(limit: Option<usize>) -> Problem {
    let detail = match limit {
        Some(limit) => format!("the body is larger than {limit} bytes").into(),
        None => Cow::Borrowed("the body is too large"),
    };
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail).closing()
}

/// 408 for a body that does not arrive.
pub(super) fn stalled() -> Problem {
    let detail = "the body did not arrive in time";
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request-timeout", detail).closing()
}

/// 422 because of what was found at `path`, empty or `.` for the whole.
pub(super) fn at_path(path: String, detail: String) -> Problem {
    let field = wire::field(path, &detail);
    invalid(field, detail)
}
