//! `30/s`, `100/m`, `1000/h`.

use std::{fmt, str::FromStr, time::Duration};

/// How often something may happen.
///
/// ```
/// use std::time::Duration;
/// use plugin_syntax::Rate;
///
/// let rate: Rate = "100/m".parse()?;
/// assert_eq!((rate.calls, rate.per), (100, Duration::from_secs(60)));
/// # Ok::<(), plugin_syntax::RateError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many times; at least once.
    pub calls: u32,
    /// In which time: a second, a minute or an hour.
    pub per: Duration,
}

/// The text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a rate: write a whole number above zero and one of `/s`, `/m`, `/h`, as in `30/s`")]
pub struct RateError(String);

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let parts = text.split_once('/').filter(|(calls, _)| calls.bytes().all(|byte| byte.is_ascii_digit()));
        let rate = parts.and_then(|(calls, per)| {
            let per = match per {
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                _ => return None,
            };
            Some(Self { calls: calls.parse().ok().filter(|calls| *calls > 0)?, per: Duration::from_secs(per) })
        });
        rate.ok_or_else(|| RateError(text.to_owned()))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per.as_secs() {
            1 => "s",
            60 => "m",
            _ => "h",
        };
        write!(f, "{}/{unit}", self.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_shown_as_it_was_written() {
        for text in ["30/s", "100/m", "1000/h"] {
            assert_eq!(text.parse::<Rate>().map(|rate| rate.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_not_a_rate_is_refused() {
        for text in ["", "30", "/s", "0/s", "30/d", "30 / s", "-1/s", "+1/s", "99999999999/s"] {
            assert_eq!(text.parse::<Rate>(), Err(RateError(text.into())), "{text}");
        }
    }
}
