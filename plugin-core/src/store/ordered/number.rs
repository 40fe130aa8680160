//! Numbers in the order of their exact values: the greatest float that is not above the number, its bits turned so that they are
//! in order, then, where floats are further apart than integers, two bytes of how far the number lies above it.
//!
//! NaN is all zeros, below everything else; -0.0 is written as 0.0.

use super::read::Reader;
use crate::store::value::{Number, Written};

/// From here on not every integer is a float.
const TWO_TO_53: f64 = 9_007_199_254_740_992.0;
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

// How a number was written that may have been written in two ways.
const INTEGER: u8 = 0;
const FLOAT: u8 = 1;
const NEGATIVE_ZERO: u8 = 2;

const SIGN: u64 = 1 << 63;

pub(super) fn encode(number: Number, into: &mut Vec<u8>, hints: &mut Vec<u8>) {
    let (below, above) = match number.written() {
        Written::Float(float) => (float, 0),
        Written::Unsigned(integer) => split(integer.into()),
        Written::Negative(integer) => split(integer.into()),
    };
    into.extend(in_order(below).to_be_bytes());
    if is_sparse(below) {
        into.extend(above.to_be_bytes());
    }
    match number.written() {
        Written::Float(float) if float.is_nan() => hints.extend(float.to_bits().to_be_bytes()),
        Written::Float(float) if float == 0.0 && float.is_sign_negative() => hints.push(NEGATIVE_ZERO),
        Written::Float(float) if may_be_integer(float) => hints.push(FLOAT),
        Written::Float(_) => {}
        Written::Unsigned(_) | Written::Negative(_) => hints.push(INTEGER),
    }
}

/// The number that comes next, written as the hints say. `None` for bytes and hints that are of no number.
pub(super) fn decode(reader: &mut Reader<'_>, hints: &mut Reader<'_>) -> Option<Number> {
    let bits = bits(reader)?;
    if bits == 0 {
        let float = f64::from_bits(self::bits(hints)?);
        return float.is_nan().then(|| Number::from(float));
    }
    let below = out_of_order(bits);
    let above = if is_sparse(below) { reader.number(2)? } else { 0 };
    let hint = if may_be_integer(below) { hints.byte()? } else { FLOAT };
    match hint {
        _ if below.is_nan() => None,
        INTEGER if !is_sparse(below) => Some((below as i64).into()),
        INTEGER => {
            let integer = below as i128 + i128::try_from(above).ok()?;
            let unsigned = u64::try_from(integer).map(Number::from);
            unsigned.or_else(|_| i64::try_from(integer).map(Number::from)).ok()
        }
        FLOAT if above == 0 => Some(below.into()),
        NEGATIVE_ZERO if below == 0.0 => Some((-0.0).into()),
        _ => None,
    }
}

/// Passes over the number that comes next.
pub(super) fn pass(reader: &mut Reader<'_>) -> Option<()> {
    if is_sparse(out_of_order(bits(reader)?)) {
        reader.number(2)?;
    }
    Some(())
}

fn bits(reader: &mut Reader<'_>) -> Option<u64> {
    reader.array().map(u64::from_be_bytes)
}

/// The greatest float that is not above the integer, and how far above it the integer is: less than 2048, since floats below 2^64
/// are that close.
fn split(integer: i128) -> (f64, u16) {
    let near = integer as f64;
    let below = if near as i128 > integer { near.next_down() } else { near };
    (below, (integer - below as i128) as u16)
}

/// Whether integers of 64 bits may lie between this float and the next.
fn is_sparse(float: f64) -> bool {
    (TWO_TO_53..TWO_TO_64).contains(&float.abs())
}

/// Whether an integer of 64 bits could have the same bytes, or all but those of how far above the float it is.
fn may_be_integer(float: f64) -> bool {
    // Where it is less than 2^53 it is an integer if it is one of 64 bits; beyond there are no others.
    (-TWO_TO_63..TWO_TO_64).contains(&float) && (float.abs() >= TWO_TO_53 || (float as i64) as f64 == float)
}

fn in_order(float: f64) -> u64 {
    match (float + 0.0).to_bits() {
        _ if float.is_nan() => 0,
        bits if bits & SIGN == 0 => bits | SIGN,
        bits => !bits,
    }
}

fn out_of_order(bits: u64) -> f64 {
    f64::from_bits(if bits & SIGN == 0 { !bits } else { bits & !SIGN })
}
