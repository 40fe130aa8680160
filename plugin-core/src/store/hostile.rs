//! The readers of stored bytes that nothing else leads to from outside, for the tests that hand damaged ones to them. Not for people
//! to call.

use super::{
    codec::CodecError,
    filter::Filter,
    index::Direction,
    ordered,
    typed::Shape,
    value::Value,
    view::{Undecoded, View},
};

fn undecoded<'a>(shape: Option<&'static Shape>, payload: &'a [u8]) -> Undecoded<'a> {
    shape.map_or(Undecoded::dynamic(payload), |shape| Undecoded::typed(shape, payload))
}

/// Whether a document matches that is not decoded: of this shape, or one that says itself what it is.
///
/// # Errors
/// [`CodecError`] if what is looked at is damaged.
pub fn matches(shape: Option<&'static Shape>, payload: &[u8], filter: &Filter) -> Result<bool, CodecError> {
    Ok(filter.matches_stored(undecoded(shape, payload))?)
}

/// What lies at a path, decoded.
///
/// # Errors
/// [`CodecError`] if what is looked at is damaged.
pub fn at(shape: Option<&'static Shape>, payload: &[u8], path: &str) -> Result<Option<Value>, CodecError> {
    undecoded(shape, payload).at(path)?.map(View::to_value).transpose()
}

/// Whether a document could be decoded.
///
/// # Errors
/// [`CodecError`] if it could not.
pub fn check(shape: Option<&'static Shape>, payload: &[u8]) -> Result<(), CodecError> {
    undecoded(shape, payload).check()
}

/// Values as the bytes that are in their order, and what tells how their numbers were written.
pub fn ordered(values: &[Option<Value>], direction: Direction) -> (Vec<u8>, Vec<u8>) {
    let (mut bytes, mut hints) = (Vec::new(), Vec::new());
    values.iter().for_each(|value| ordered::encode(value.as_ref(), direction, &mut bytes, &mut hints));
    (bytes, hints)
}

/// The values of such bytes, of which there are several, and how many bytes they are when they are passed over; `None` if they are
/// of no values.
pub fn unordered(mut bytes: &[u8], mut hints: &[u8], direction: Direction) -> Option<(Vec<Option<Value>>, usize)> {
    let (mut values, mut length) = (Vec::new(), 0);
    while !bytes.is_empty() {
        length += ordered::skip(bytes, direction)?;
        values.push(ordered::decode(&mut bytes, direction, &mut hints)?);
    }
    Some((values, length))
}
