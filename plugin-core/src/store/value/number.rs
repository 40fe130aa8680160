//! Numbers as they were written, compared as mathematics has it.

use std::{cmp::Ordering, fmt};

/// An integer of 64 bits, with or without a sign, or a float.
///
/// Two numbers are equal if they have the same value: 1 and 1.0 are, and 0.0 and -0.0. NaN equals itself and is less than
/// all others, so that the order is total. JSON has no NaN and no infinities and shows them as null.
#[derive(Clone, Copy)]
pub struct Number(Repr);

/// An integer has one form: `Below` is less than zero.
#[derive(Clone, Copy)]
enum Repr {
    Unsigned(u64),
    Below(i64),
    Float(f64),
}

/// What a number was written as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Written {
    /// An integer from 0 on.
    Unsigned(u64),
    /// An integer below 0.
    Negative(i64),
    /// A float.
    Float(f64),
}

impl Number {
    /// What it was written as.
    pub fn written(self) -> Written {
        match self.0 {
            Repr::Unsigned(number) => Written::Unsigned(number),
            Repr::Below(number) => Written::Negative(number),
            Repr::Float(number) => Written::Float(number),
        }
    }

    /// The integer, if it was written as one and fits.
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Repr::Unsigned(number) => i64::try_from(number).ok(),
            Repr::Below(number) => Some(number),
            Repr::Float(_) => None,
        }
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(Repr::Unsigned(number))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(u64::try_from(number).map_or(Repr::Below(number), Repr::Unsigned))
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self(Repr::Float(number))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Repr::Float(one), Repr::Float(other)) => {
                one.partial_cmp(&other).unwrap_or_else(|| other.is_nan().cmp(&one.is_nan()))
            }
            (Repr::Float(float), integer) => compare(integer, float).reverse(),
            (integer, Repr::Float(float)) => compare(integer, float),
            (one, other) => widen(one).cmp(&widen(other)),
        }
    }
}

fn widen(integer: Repr) -> i128 {
    match integer {
        Repr::Unsigned(number) => number.into(),
        Repr::Below(number) => number.into(),
        Repr::Float(number) => number as i128,
    }
}

/// An integer against a float, without rounding either. The cast of a float saturates, far beyond every integer of 64 bits,
/// and is exact below that once the fraction is cut off.
fn compare(integer: Repr, float: f64) -> Ordering {
    if float.is_nan() {
        return Ordering::Greater;
    }
    let by_fraction = || 0.0.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal);
    widen(integer).cmp(&(float.trunc() as i128)).then_with(by_fraction)
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Unsigned(number) => number.fmt(f),
            Repr::Below(number) => number.fmt(f),
            Repr::Float(number) => fmt::Debug::fmt(&number, f),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_by_their_exact_value() {
        let two_to_53 = 1_u64 << 53;
        let ascending: Vec<Vec<Number>> = vec![
            vec![f64::NAN.into(), (-f64::NAN).into()],
            vec![f64::NEG_INFINITY.into()],
            vec![(-1e300).into()],
            vec![i64::MIN.into(), (-9_223_372_036_854_775_808.0).into()],
            vec![(-1.5).into()],
            vec![(-1_i64).into(), (-1.0).into()],
            vec![(-0.5).into()],
            vec![0_u64.into(), 0_i64.into(), 0.0.into(), (-0.0).into()],
            vec![f64::MIN_POSITIVE.into()],
            vec![1_u64.into(), 1_i64.into(), 1.0.into()],
            vec![1.5.into()],
            vec![(two_to_53 as f64).into(), two_to_53.into()],
            // As a float this one would be the one before.
            vec![(two_to_53 + 1).into()],
            vec![(i64::MAX as u64).into(), i64::MAX.into()],
            vec![9_223_372_036_854_775_808.0.into(), (1_u64 << 63).into()],
            vec![u64::MAX.into()],
            vec![18_446_744_073_709_551_616.0.into()],
            vec![1e300.into()],
            vec![f64::INFINITY.into()],
        ];
        for (place, one) in ascending.iter().enumerate() {
            for (other_place, other) in ascending.iter().enumerate() {
                for (one, other) in one.iter().flat_map(|one| other.iter().map(move |other| (one, other))) {
                    assert_eq!(one.cmp(other), place.cmp(&other_place), "{one} and {other}");
                }
            }
        }
    }
}
