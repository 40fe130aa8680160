//! Reading JSON text that may lie as deep as a document.
//!
//! `serde_json` stops at 127 levels, and a document has up to 128, with an answer or a line of an export around it. So levels are counted
//! here, in the text, before anything is read: whatever comes, nothing lies deeper than a stack can bear.

use serde::Deserialize;
use serde_json::{Deserializer, de::SliceRead};

/// How deep arrays and objects may lie in one another in JSON text that is read: as in a document, bytes in it, and what lies around it.
pub const MAX_NESTING: usize = 160;

/// JSON text lies too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("arrays and objects lie in one another more than {MAX_NESTING} deep")]
pub struct TooNested;

/// Why text is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// It lies too deep.
    #[error(transparent)]
    TooNested(#[from] TooNested),
    /// It is no JSON, or is none of what was asked for.
    #[error(transparent)]
    Wrong(#[from] serde_json::Error),
}

/// Reads a `T` from JSON text, and all of it.
///
/// ```
/// let deep = format!("{}{}", "[".repeat(128), "]".repeat(128));
/// assert!(plugin_core::json::read::<serde_json::Value>(deep.as_bytes()).is_ok());
/// let endless = "[".repeat(1_000_000);
/// assert!(plugin_core::json::read::<serde_json::Value>(endless.as_bytes()).is_err());
/// ```
///
/// # Errors
/// [`JsonError`] if it is none, or lies deeper than [`MAX_NESTING`].
pub fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, JsonError> {
    let mut json = deserializer(text)?;
    let value = T::deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// What reads `text`, for whoever wants to know where something is wrong.
///
/// # Errors
/// [`TooNested`] if it lies deeper than [`MAX_NESTING`].
pub fn deserializer(text: &[u8]) -> Result<Deserializer<SliceRead<'_>>, TooNested> {
    if is_deeper(text, MAX_NESTING) {
        return Err(TooNested);
    }
    let mut json = Deserializer::from_slice(text);
    // They were counted.
    json.disable_recursion_limit();
    Ok(json)
}

/// Whether arrays and objects are open within more than `limit` others somewhere in `text`. Up to where it stops being JSON, which is as
/// far as it is read, what is a string here is one for whoever reads it.
fn is_deeper(text: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match (byte, in_string) {
            (b'"', _) => in_string = !in_string,
            (b'\\', true) => drop(bytes.next()),
            (b'[' | b'{', false) if depth == limit => return true,
            (b'[' | b'{', false) => depth += 1,
            (b']' | b'}', false) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn nested(depth: usize) -> String {
        format!("{}{}", "[{\"a\":".repeat(depth / 2), "}]".repeat(depth / 2)).replace(":}", ":1}")
    }

    #[test]
    fn what_lies_as_deep_as_may_be_is_read_and_nothing_deeper() {
        for (depth, is_read) in [(2, true), (128, true), (MAX_NESTING, true), (MAX_NESTING + 2, false)] {
            let text = nested(depth);
            let read = read::<Value>(text.as_bytes());
            assert_eq!(read.as_ref().map(Value::to_string).ok(), is_read.then_some(text), "{depth}: {read:?}");
        }
    }

    #[test]
    fn text_that_opens_without_end_is_refused_on_a_small_stack() {
        let reading = || {
            for open in ["[", "{\"a\":", "[[\"\\\"]\",", "{\"]\":[", "]["] {
                let text = open.repeat(1_000_000);
                assert!(read::<Value>(text.as_bytes()).is_err(), "{open}");
                assert!(read::<Vec<u8>>(text.as_bytes()).is_err(), "{open}");
            }
            let deepest = nested(MAX_NESTING);
            let mut json = deserializer(deepest.as_bytes()).expect("it is not too deep");
            let located: Result<Value, _> = serde_path_to_error::deserialize(&mut json);
            assert!(located.is_ok());
        };
        // As much as threads have that nobody asked for more.
        let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(reading).expect("a thread starts");
        assert!(thread.join().is_ok());
    }

    #[test]
    fn brackets_in_strings_are_text() {
        let text = format!(r#"["\\","{}","\"{}"]"#, "[".repeat(1000), "{".repeat(1000));
        assert_eq!(read::<Vec<String>>(text.as_bytes()).expect("it is flat").len(), 3);
    }

    #[test]
    fn what_follows_the_value_is_wrong() {
        assert!(matches!(read::<u8>(b"1 2"), Err(JsonError::Wrong(_))));
        assert!(matches!(read::<u8>(b" 1 "), Ok(1)));
    }
}
