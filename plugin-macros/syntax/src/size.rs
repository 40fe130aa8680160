//! `512B`, `64KiB`, `1MiB`, `1GiB`.

use crate::duration::number_and_unit;

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// It is not a number followed by a unit.
    #[error("`{0}` is not a size: write a whole number and one of `B`, `KiB`, `MiB`, `GiB`, as in `64KiB`")]
    Malformed(String),
    /// It is more than this machine can count.
    #[error("the size `{0}` is too large")]
    TooLarge(String),
}

/// Reads a size: a whole number and one of `B`, `KiB`, `MiB`, `GiB`, without a space. Gives bytes.
///
/// # Errors
/// Where it is something else, or too large to be counted.
///
/// ```
/// assert_eq!(plugin_syntax::size("64KiB"), Ok(65_536));
/// ```
pub fn size(text: &str) -> Result<usize, SizeError> {
    let malformed = || SizeError::Malformed(text.to_owned());
    let (number, unit) = number_and_unit(text).ok_or_else(malformed)?;
    let unit: usize = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(malformed()),
    };
    let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    bytes.ok_or_else(|| SizeError::TooLarge(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_counts() {
        assert_eq!(size("512B"), Ok(512));
        assert_eq!(size("1MiB"), Ok(1_048_576));
        assert_eq!(size("2GiB"), Ok(2_147_483_648));
    }

    #[test]
    fn what_is_not_a_size_is_refused() {
        for text in ["", "64", "64kb", "64KB", "64 KiB", "KiB", "-1B", "0.5MiB"] {
            assert_eq!(size(text), Err(SizeError::Malformed(text.into())), "{text}");
        }
        for text in ["99999999999999999999B", "18446744073709551615KiB"] {
            assert_eq!(size(text), Err(SizeError::TooLarge(text.into())), "{text}");
        }
    }
}
