//! Paths: which are let in, those that mean one thing only, whoever decodes them and however often; and what their parameters are
//! called.

use std::fmt;

use crate::endpoint::{cause, problem::Problem};

/// Refuses a path that holds NUL, a backslash, a `.` or `..` segment after one decode, a second-level encoding, a percent sign
/// that begins no escape, or bytes that are no UTF-8.
///
/// # Errors
/// 400, saying which.
pub fn check(path: &str) -> Result<(), Problem> {
    let plain = path.bytes().all(|byte| !matches!(byte, b'%' | b'\\' | 0)) && !path.contains("/.");
    if plain {
        return Ok(());
    }
    let refuse = |why: &dyn fmt::Display| Err(cause::malformed(format!("the path {why}")));
    let decoded = match decode(path) {
        Ok(decoded) => decoded,
        Err(error) => return refuse(&error),
    };
    if decoded.contains('\0') {
        refuse(&"holds a NUL")
    } else if decoded.contains('\\') {
        refuse(&"holds a backslash")
    } else if decoded.split('/').any(|segment| matches!(segment, "." | "..")) {
        refuse(&"holds a `.` or `..` segment")
    } else if escapes(decoded.as_bytes()).any(|escape| escape.is_some()) {
        refuse(&"is encoded twice")
    } else {
        Ok(())
    }
}

/// Why something is not percent-encoded UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecodable {
    /// A `%` begins no escape.
    Escape,
    /// The bytes are no UTF-8.
    Utf8,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Escape => "holds a `%` that two hexadecimal digits do not follow",
            Self::Utf8 => "is no UTF-8",
        })
    }
}

impl std::error::Error for Undecodable {}

/// Decodes percent escapes once.
///
/// # Errors
/// If `text` holds a `%` that begins none, or they stand for bytes that are no UTF-8.
pub fn decode(text: &str) -> Result<String, Undecodable> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        decoded.push(escape(after).ok_or(Undecodable::Escape)?);
        rest = &after[2..];
    }
    String::from_utf8(decoded).map_err(|_| Undecodable::Utf8)
}

/// For each `%`, the byte that it and what follows stand for, if any.
fn escapes(bytes: &[u8]) -> impl Iterator<Item = Option<u8>> {
    let after = bytes.iter().enumerate().filter(|&(_, &byte)| byte == b'%').map(|(at, _)| at + 1);
    after.map(|at| bytes.get(at..).and_then(escape))
}

/// The byte that two hexadecimal digits at the beginning of `digits` stand for.
fn escape(digits: &[u8]) -> Option<u8> {
    let [high, low, ..] = *digits else { return None };
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(value(high)? << 4 | value(low)?)
}

/// The names of the parameters in `/a/{x}/{*rest}`.
pub(super) fn names(pattern: &str) -> impl Iterator<Item = &str> {
    let after = pattern.split('{').skip(1).filter_map(|after| after.split('}').next());
    after.map(|name| name.trim_start_matches('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_means_one_thing_is_let_in() {
        for path in
            ["/", "/a/b", "/a%20b", "/100%25", "/a%2Fb", "/.well-known/x", "/a/...", "/%C3%A4", "/a.b", "//", "/a%25zz"]
        {
            assert!(check(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_path_that_may_mean_another_is_refused() {
        for (path, why) in [
            ("/a%00b", "NUL"),
            ("/a\\b", "backslash"),
            ("/a%5cb", "backslash"),
            ("/a/../b", "segment"),
            ("/a/.", "segment"),
            ("/%2e%2e/b", "segment"),
            ("/a%2f..%2fb", "segment"),
            ("/%252e%252e/b", "encoded twice"),
            ("/a%2541", "encoded twice"),
            ("/a%", "two hexadecimal digits"),
            ("/a%4", "two hexadecimal digits"),
            ("/a%zz", "two hexadecimal digits"),
            ("/a%ff", "UTF-8"),
        ] {
            let problem = check(path).expect_err(path);
            assert_eq!(problem.status().as_u16(), 400);
            assert!(problem.detail().is_some_and(|detail| detail.contains(why)), "{path}: {problem}");
        }
    }
}
