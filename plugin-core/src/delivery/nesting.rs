//! How deep the arrays and objects of an event may lie in one another.

use serde_json::Value;

/// The deepest that JSON text is read; what lies deeper can be written, and then by nobody be read.
const MAX_NESTING: usize = 127;

/// An event lies too deep to be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event `{event}` is not published: its arrays and objects lie in one another more than {MAX_NESTING} deep, and no listener could read it"
)]
pub struct TooNested {
    /// The event's name.
    pub event: &'static str,
}

/// Refuses what a listener could not read.
pub(super) fn check(event: &'static str, body: &Value) -> Result<(), TooNested> {
    if fits(body, MAX_NESTING) { Ok(()) } else { Err(TooNested { event }) }
}

/// Whether arrays and objects lie in one another at most `depth` deep in `value`.
fn fits(value: &Value, depth: usize) -> bool {
    let inside = depth.checked_sub(1);
    let inner = |value| inside.is_some_and(|depth| fits(value, depth));
    match value {
        Value::Array(items) => inside.is_some() && items.iter().all(inner),
        Value::Object(fields) => inside.is_some() && fields.values().all(inner),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_refused_is_what_cannot_be_read_again() {
        for wrap in [|inner: Value| json!([inner]), |inner: Value| json!({ "in": inner })] {
            for depth in [0, 1, MAX_NESTING - 1, MAX_NESTING, MAX_NESTING + 1, 2 * MAX_NESTING] {
                let body = (0..depth).fold(json!(1), |inner, _| wrap(inner));
                let read = serde_json::from_str::<Value>(&body.to_string());
                assert_eq!(check("source:thing", &body).is_ok(), read.is_ok(), "{depth} deep");
                assert_eq!(read.is_ok(), depth <= MAX_NESTING);
            }
        }
    }
}
