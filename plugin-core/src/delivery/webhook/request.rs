//! Reading a webhook's request: its headers, and the document it carries.

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};

use super::refused::Refused;

/// The longest body that is taken, in bytes.
pub const MAX_BODY: usize = 1 << 20;
/// The longest id and the longest name of an event that are taken, in characters.
const LONGEST: usize = 200;

/// What a sender says of a delivery.
#[derive(Debug)]
pub(super) struct Announced {
    pub(super) id: Option<String>,
    pub(super) event: Option<String>,
}

impl Announced {
    /// As GitHub says it: both must be there.
    pub(super) fn by_github(headers: &HeaderMap) -> Result<Self, Refused> {
        let needed = |name| text(headers, name)?.ok_or(Refused::NoHeader(name)).map(Some);
        Ok(Self { id: needed("x-github-delivery")?, event: needed("x-github-event")? })
    }

    /// As GitHub or the Standard Webhooks say it, where they do.
    pub(super) fn by_anybody(headers: &HeaderMap) -> Result<Self, Refused> {
        let id = text(headers, "x-github-delivery")?.or(text(headers, "webhook-id")?);
        let event = text(headers, "x-github-event")?.or(text(headers, "webhook-event")?);
        Ok(Self { id, event })
    }
}

/// The value of a header that may be given once; nothing where it is not, or is given again.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name);
    values.next().filter(|_| values.next().is_none()).map(|value| value.as_bytes())
}

fn text(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Refused> {
    if !headers.contains_key(name) {
        return Ok(None);
    }
    let fits = |value: &&[u8]| (1..=LONGEST).contains(&value.len()) && value.iter().all(u8::is_ascii_graphic);
    let value = only(headers, name).filter(fits).ok_or(Refused::BadHeader(name))?;
    Ok(Some(String::from_utf8_lossy(value).into_owned()))
}

/// The JSON text within `body`: all of it, or the field `payload` of a form, as GitHub can send it.
pub(super) fn document(headers: &HeaderMap, body: &[u8]) -> Result<String, Refused> {
    let declared = only(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let essence = declared.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let text = match essence.to_ascii_lowercase().as_slice() {
        b"application/json" => String::from_utf8(body.to_vec()).map_err(|_| Refused::NotUtf8)?,
        b"application/x-www-form-urlencoded" => payload(body)?,
        _ => return Err(Refused::MediaType),
    };
    // Read for its nesting and its strings as well, so that what is accepted is what the handler can read.
    serde_json::from_str::<serde_json::Value>(&text).map_err(|error| Refused::NotJson(error.to_string()))?;
    Ok(text)
}

fn payload(body: &[u8]) -> Result<String, Refused> {
    if !is_text(body) {
        return Err(Refused::NotUtf8);
    }
    let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(body).map_err(|_| Refused::NoPayload)?;
    let mut payloads = fields.into_iter().filter(|(name, _)| name == "payload");
    match (payloads.next(), payloads.next()) {
        (Some((_, text)), None) => Ok(text),
        _ => Err(Refused::NoPayload),
    }
}

/// Whether a form is text, also once its `%FF`s are decoded: whatever is not, the reader of forms replaces without a word.
fn is_text(form: &[u8]) -> bool {
    let mut decoded = Vec::with_capacity(form.len());
    let mut rest = form;
    while let Some((&first, after)) = rest.split_first() {
        let mut byte = [first];
        let digits = after.split_at_checked(2).filter(|_| first == b'%');
        // A `%` that no two digits follow stands for itself.
        rest = match digits.filter(|(digits, _)| hex::decode_to_slice(digits, &mut byte).is_ok()) {
            Some((_, after)) => after,
            None => after,
        };
        decoded.extend(byte);
    }
    std::str::from_utf8(form).is_ok() && std::str::from_utf8(&decoded).is_ok()
}
