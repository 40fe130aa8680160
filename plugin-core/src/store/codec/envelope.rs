//! What stands before the payload of every document. Read without looking at the payload.

use super::CodecError;

/// The version of the format that this build writes, and the newest that it reads.
pub(super) const FORMAT: u8 = 1;
const BINCODE: u8 = 1;
const DYNAMIC: u8 = 1;
const TYPED: u8 = 2;
/// Set in the kind of documents that expire.
const EXPIRES: u8 = 0x80;
/// Bytes that every envelope has.
pub(super) const ENVELOPE: usize = 27;

/// What tells one write of a key from every other: the first bytes of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Head {
    /// How often the key was written since it was inserted, this write included.
    pub revision: u64,
    /// Tells this write from others of the same revision.
    pub tag: u64,
}

impl Head {
    /// The head as it is stored.
    pub fn to_bytes(self) -> Vec<u8> {
        [self.revision.to_be_bytes(), self.tag.to_be_bytes()].concat()
    }
}

/// A stored document, its payload as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// What tells this write from every other.
    pub head: Head,
    /// When it expires, in milliseconds since the Unix epoch.
    pub expiry: Option<u64>,
    /// What is in it.
    pub content: Content<'a>,
}

/// The payload of a document, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content<'a> {
    /// A [`Value`](crate::store::Value), which says itself what it is.
    Dynamic(&'a [u8]),
    /// The bytes of a `#[document]`.
    Typed {
        /// The fingerprint of its shape.
        fingerprint: u64,
        /// The version of its schema.
        version: u16,
        /// Its bytes.
        payload: &'a [u8],
    },
}

impl<'a> Envelope<'a> {
    /// Reads what stands before the payload.
    ///
    /// # Errors
    /// [`CodecError`], a kind for each way in which bytes can be wrong.
    #[inline]
    pub fn of(bytes: &'a [u8]) -> Result<Self, CodecError> {
        let (envelope, mut rest) = bytes.split_first_chunk::<ENVELOPE>().ok_or_else(truncated)?;
        let [.., format, codec, kind, _, _, _, _, _, _, _, _] = *envelope;
        match (format, codec) {
            (FORMAT, BINCODE) => {}
            (0, _) => return Err(CodecError::Damaged("there is no format 0".into())),
            (FORMAT, found) => return Err(CodecError::UnknownCodec { found }),
            (found, _) => return Err(CodecError::NewerVersion { found }),
        }
        let expiry = if kind & EXPIRES == 0 { None } else { Some(u64::from_be_bytes(take(&mut rest)?)) };
        let content = match kind & !EXPIRES {
            DYNAMIC => Content::Dynamic(rest),
            TYPED => {
                let fingerprint = envelope.last_chunk().ok_or_else(truncated)?;
                let version = u16::from_be_bytes(take(&mut rest)?);
                Content::Typed { fingerprint: u64::from_be_bytes(*fingerprint), version, payload: rest }
            }
            _ => return Err(CodecError::UnknownKind { found: kind }),
        };
        Ok(Self { head: head(bytes)?, expiry, content })
    }
}

/// Made only where it is wanted: to drop an error that was not is work for every document that is read.
#[cold]
fn truncated() -> CodecError {
    CodecError::Truncated
}

#[inline]
fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], CodecError> {
    let (taken, rest) = bytes.split_first_chunk().ok_or_else(truncated)?;
    *bytes = rest;
    Ok(*taken)
}

/// The head of a stored document, whatever follows it.
///
/// # Errors
/// [`CodecError::Truncated`].
#[inline]
pub fn head(mut bytes: &[u8]) -> Result<Head, CodecError> {
    Ok(Head { revision: u64::from_be_bytes(take(&mut bytes)?), tag: u64::from_be_bytes(take(&mut bytes)?) })
}

/// What stands before the payload of a dynamic document.
pub(super) fn dynamic(head: Head, expiry: Option<u64>) -> Vec<u8> {
    begun(head, expiry, DYNAMIC, 0)
}

/// The typed document with these bytes as its payload, as it is stored.
pub fn seal_typed(head: Head, expiry: Option<u64>, fingerprint: u64, version: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = begun(head, expiry, TYPED, fingerprint);
    bytes.extend(version.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The dynamic document with these bytes as its payload, as it is stored.
pub(in crate::store) fn seal_dynamic(head: Head, expiry: Option<u64>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = dynamic(head, expiry);
    bytes.extend(payload);
    bytes
}

fn begun(head: Head, expiry: Option<u64>, kind: u8, fingerprint: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend(head.revision.to_be_bytes());
    bytes.extend(head.tag.to_be_bytes());
    bytes.extend([FORMAT, BINCODE, if expiry.is_some() { kind | EXPIRES } else { kind }]);
    bytes.extend(fingerprint.to_be_bytes());
    bytes.extend(expiry.into_iter().flat_map(u64::to_be_bytes));
    bytes
}
