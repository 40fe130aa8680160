//! `250ms`, `10s`, `5m`, `1h`, `1d`.

use std::time::Duration;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// It is not a number followed by a unit.
    #[error("`{0}` is not a duration: write a whole number and one of `ms`, `s`, `m`, `h`, `d`, as in `10s`")]
    Malformed(String),
    /// It is nothing.
    #[error("the duration `{0}` is nothing: it must be more than zero")]
    Zero(String),
    /// It is more than a plugin has to stop.
    #[error("`{0}` is too long: whoever stops the server waits for it, and 10 seconds are the most")]
    TooLongToStop(String),
    /// It is more than can be counted.
    #[error("the duration `{0}` is too long: a thousand years are the most")]
    TooLong(String),
}

/// How long a plugin has to stop.
pub const STOPPING: Duration = Duration::from_secs(10);

const LONGEST: Duration = Duration::from_secs(1000 * 366 * 86_400);

/// Reads a duration: a whole number and one of `ms`, `s`, `m`, `h`, `d`, without a space.
///
/// # Errors
/// Where it is something else, nothing, or more than a thousand years.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(plugin_syntax::duration("5m"), Ok(Duration::from_secs(300)));
/// assert_eq!(plugin_syntax::duration("5 min").unwrap_err().to_string().split(':').next(), Some("`5 min` is not a duration"));
/// ```
pub fn duration(text: &str) -> Result<Duration, DurationError> {
    let malformed = || DurationError::Malformed(text.to_owned());
    let (number, unit) = number_and_unit(text).ok_or_else(malformed)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(malformed()),
    };
    let number: u64 = number.parse().map_err(|_| DurationError::TooLong(text.to_owned()))?;
    let whole = number.checked_mul(millis).map(Duration::from_millis).filter(|whole| *whole <= LONGEST);
    match whole {
        None => Err(DurationError::TooLong(text.to_owned())),
        Some(Duration::ZERO) => Err(DurationError::Zero(text.to_owned())),
        Some(whole) => Ok(whole),
    }
}

/// Reads how long a plugin may take to stop: a [`duration`] of at most [`STOPPING`].
///
/// # Errors
/// Where it is none, or longer.
///
/// ```
/// assert!(plugin_syntax::stopping("10s").is_ok());
/// assert!(plugin_syntax::stopping("11s").unwrap_err().to_string().ends_with("10 seconds are the most"));
/// ```
pub fn stopping(text: &str) -> Result<Duration, DurationError> {
    match duration(text)? {
        whole if whole > STOPPING => Err(DurationError::TooLongToStop(text.to_owned())),
        whole => Ok(whole),
    }
}

/// Splits `64KiB` into `64` and `KiB`; both are there.
pub(crate) fn number_and_unit(text: &str) -> Option<(&str, &str)> {
    let unit = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    (!number.is_empty()).then_some((number, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_counts() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs_f64());
        assert_eq!(seconds("250ms"), Ok(0.25));
        assert_eq!(seconds("10s"), Ok(10.0));
        assert_eq!(seconds("5m"), Ok(300.0));
        assert_eq!(seconds("1h"), Ok(3600.0));
        assert_eq!(seconds("1d"), Ok(86_400.0));
    }

    #[test]
    fn what_is_not_a_duration_is_refused_in_words() {
        for text in ["", "s", "10", "10 s", "-1s", "1.5s", "1h30m", "10S", "١s"] {
            assert_eq!(duration(text), Err(DurationError::Malformed(text.into())), "{text}");
        }
        assert_eq!(duration("0s"), Err(DurationError::Zero("0s".into())));
        for text in ["99999999999999999999s", "18446744073709551615d", "400000d"] {
            assert_eq!(duration(text), Err(DurationError::TooLong(text.into())), "{text}");
        }
    }
}
