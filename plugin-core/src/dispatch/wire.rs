//! Payloads and values as JSON: from outside, and for handlers that have no type for them.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    dispatch::guard::Failure,
    error::{Error, Result},
    point::Dynamic,
};

/// Reads a `T`; a 422 that names the field if it is none.
pub(crate) fn decode<T: DeserializeOwned>(json: Value) -> Result<T> {
    serde_path_to_error::deserialize(json).map_err(|wrong| {
        let text = wrong.inner().to_string();
        Error::unprocessable(field(wrong.path().to_string(), &text), text)
    })
}

/// The field that is wrong, by the `path` at which something was found, empty or `.` for the whole, and what is said of it.
pub(crate) fn field(path: String, said: &str) -> String {
    let path = if path == "." { String::new() } else { path };
    // serde says where the object is that lacks a field, or has it twice or without being asked, and names the field in its text alone.
    let begins = ["missing field `", "duplicate field `", "unknown field `"];
    let named = begins.iter().find_map(|begin| said.strip_prefix(begin)).and_then(|rest| rest.split('`').next());
    match named {
        Some(name) if path.is_empty() => name.to_owned(),
        // One that is unknown was read, so that it may be part of the path.
        Some(name) if said.starts_with("unknown") && path.rsplit('.').next() == Some(name) => path,
        Some(name) => format!("{path}.{name}"),
        None => path,
    }
}

/// The view of `value` that handlers of [`Dynamic`] have; none, said in the log, if it has no JSON.
pub(crate) fn encode<T: Serialize>(value: &T) -> Option<Dynamic> {
    match serde_json::to_value(value) {
        Ok(json) => Some(Dynamic::new(json)),
        Err(error) => {
            tracing::error!(target: "plugin", "`{}` cannot be written as JSON: {error}", std::any::type_name::<T>());
            None
        }
    }
}

/// Why a handler of [`Dynamic`] could not be called.
#[cold]
pub(crate) fn no_json(point: &'static str) -> Error {
    Error::new(format!("the payload of `{point}` cannot be written as JSON"))
}

/// What somebody who fires from outside reads of a failure: an error's own text without its causes.
pub(crate) fn text(failure: &Failure) -> String {
    match failure {
        Failure::Error(error) => error.detail().map_or_else(|| error.to_string(), str::to_owned),
        other => other.to_string(),
    }
}
