//! Rows as what they mean, and back. It goes by the format alone, with the codecs that the store has: no store, no schema.

use std::collections::BTreeMap;

use plugin_core::{
    AppId,
    store::{
        Value,
        codec::{self, Content, Envelope, Head},
        engine::pointer,
        hostile::{ordered, unordered},
        index::Direction,
        key::{self, Key, Kind, Parts},
        typed,
    },
};
use serde_json::{Value as Json, json};

use crate::{
    fixture::Row,
    notation::{from_json, maybe_from_json, maybe_to_json, to_json},
    stored,
};

/// The direction of each field of the indexes that rows tell of, by number: without it an entry cannot be taken apart.
pub(crate) struct Meanings(BTreeMap<u64, Vec<Direction>>);

impl Meanings {
    pub(crate) fn of(rows: &[Row]) -> Self {
        let directions = |row: &Row| {
            let mut parts = Parts::of(Kind::Meta, &row.key)?;
            let number = (parts.text()? == "index").then(|| parts.int())??;
            let ledger = to_json(&codec::open(&row.value).ok()?);
            let fields = ledger["definition"]["fields"].as_array()?;
            Some((number, fields.iter().map(|field| direction(field["descending"] == json!(true))).collect()))
        };
        Self(rows.iter().filter_map(directions).collect())
    }

    pub(crate) fn of_row(&self, row: &Row) -> Json {
        let (kind, parts) = KINDS
            .into_iter()
            .find_map(|kind| Parts::of(kind, &row.key).map(|parts| (kind, parts)))
            .unwrap_or_else(|| panic!("a row of no kind: {row}"));
        self.read(kind, parts, row).unwrap_or_else(|| panic!("a {kind:?} that cannot be read: {row}"))
    }

    fn read(&self, kind: Kind, mut parts: Parts<'_>, row: &Row) -> Option<Json> {
        let mut means = match kind {
            Kind::Document => json!({ "app": parts.text()?, "key": parts.tail()? }),
            Kind::Expiry => json!({ "expires": parts.int()?, "app": parts.text()?, "key": parts.tail()? }),
            Kind::Index | Kind::Unique => {
                let (app, number) = (parts.text()?, parts.int()?);
                let mut means = self.entry(number, &row.key[1 + app.len() + 2 + 8..], &row.value)?;
                (means["app"], means["index"]) = (json!(app), json!(number));
                means
            }
            Kind::Queue => json!({ "to": parts.text()?, "number": parts.int()? }),
            Kind::Cron => json!({ "job": parts.text()?, "what": parts.text()? }),
            Kind::Receipt => json!({ "webhook": parts.text()?, "id": parts.text()? }),
            Kind::Meta => {
                let what = parts.text()?;
                match what.as_str() {
                    "index" => json!({ "what": what, "number": parts.int()? }),
                    "migration" => json!({ "what": what, "collection": parts.text()? }),
                    _ => json!({ "what": what }),
                }
            }
        };
        means["row"] = json!(format!("{kind:?}").to_lowercase());
        if !matches!(kind, Kind::Index | Kind::Unique | Kind::Expiry) {
            means["holds"] = sealed(&row.value);
        }
        Some(means)
    }

    /// The values of an entry, one by one, and the document that it names.
    fn entry(&self, number: u64, mut rest: &[u8], value: &[u8]) -> Option<Json> {
        let (place, told) = pointer(value)?;
        let (flags, told) = told.split_first()?;
        let (expires, mut hints) = match flags {
            0 => (None, told),
            1 => told.split_first_chunk().map(|(expiry, hints)| (Some(u64::from_be_bytes(*expiry)), hints))?,
            _ => return None,
        };
        let (_, document) = key::parse_document(place)?;
        let mut values = Vec::new();
        for direction in self.0.get(&number)? {
            // A value ends where its own bytes say so: no shorter beginning is one, and its hints are as many as it wants.
            let (length, used, value) = (1..=rest.len()).find_map(|length| {
                (0..=hints.len()).find_map(|used| {
                    let (mut found, _) = unordered(&rest[..length], &hints[..used], *direction)?;
                    let value = found.pop()?;
                    let same = ordered(std::slice::from_ref(&value), *direction)
                        == (rest[..length].into(), hints[..used].into());
                    (found.is_empty() && same).then_some((length, used, value))
                })
            })?;
            (rest, hints) = (&rest[length..], &hints[used..]);
            values.push(maybe_to_json(value.as_ref()));
        }
        let binds = rest.is_empty();
        let whole = hints.is_empty() && (binds || rest == document.as_bytes());
        whole.then(|| json!({ "values": values, "document": document, "expires": expires, "binds": binds }))
    }

    pub(crate) fn to_row(&self, means: &Json) -> Row {
        let text = |name: &str| means[name].as_str().unwrap_or_else(|| panic!("a text `{name}` in {means}"));
        let number = |name: &str| means[name].as_u64().unwrap_or_else(|| panic!("a number `{name}` in {means}"));
        let app = || AppId::new(text("app")).expect("an app");
        let kind = KINDS.into_iter().find(|kind| format!("{kind:?}").to_lowercase() == means["row"]);
        let (key, value) = match kind.unwrap_or_else(|| panic!("no kind of row: {means}")) {
            Kind::Document => (key::document(&app(), text("key")), seal(&means["holds"])),
            Kind::Expiry => {
                (Key::of(Kind::Expiry).int(number("expires")).text(text("app")).tail(text("key")), Vec::new())
            }
            kind @ (Kind::Index | Kind::Unique) => return self.entry_row(kind, means),
            Kind::Queue => (key::queue(text("to"), number("number")), seal(&means["holds"])),
            Kind::Cron => (key::cron_of(text("job")).text(text("what")), seal(&means["holds"])),
            Kind::Receipt => (key::receipt(text("webhook"), text("id")), seal(&means["holds"])),
            Kind::Meta => {
                let key = Key::of(Kind::Meta).text(text("what"));
                let key = match text("what") {
                    "index" => key.int(number("number")),
                    "migration" => key.text(text("collection")),
                    _ => key,
                };
                (key, seal(&means["holds"]))
            }
        };
        Row { key: key.into_bytes(), value }
    }

    fn entry_row(&self, kind: Kind, means: &Json) -> Row {
        let (app, number) = (means["app"].as_str().expect("an app"), means["index"].as_u64().expect("a number"));
        let document = means["document"].as_str().expect("a document");
        let mut key = Key::of(kind).text(app).int(number).into_bytes();
        let mut hints = Vec::new();
        let values = means["values"].as_array().expect("values").iter().map(maybe_from_json);
        for (value, direction) in values.zip(&self.0[&number]) {
            let (bytes, told) = ordered(&[value], *direction);
            key.extend(bytes);
            hints.extend(told);
        }
        if means["binds"] == json!(false) {
            key.extend(document.as_bytes());
        }
        let place = key::document(&AppId::new(app).expect("an app"), document).into_bytes();
        let mut value = u16::try_from(place.len()).expect("a short key").to_be_bytes().to_vec();
        value.extend(place);
        match means["expires"].as_u64() {
            None => value.push(0),
            Some(expires) => value.extend([&[1], &expires.to_be_bytes()[..]].concat()),
        }
        value.extend(hints);
        Row { key, value }
    }
}

const KINDS: [Kind; 8] =
    [Kind::Document, Kind::Index, Kind::Unique, Kind::Expiry, Kind::Queue, Kind::Cron, Kind::Receipt, Kind::Meta];

fn direction(descending: bool) -> Direction {
    if descending { Direction::Descending } else { Direction::Ascending }
}

/// What an envelope says, and what is in it.
fn sealed(bytes: &[u8]) -> Json {
    let Envelope { head, expiry, content, .. } = Envelope::of(bytes).expect("an envelope");
    let (value, fingerprint, version) = match content {
        Content::Dynamic(_) => (codec::open(bytes).expect("a value"), None, None),
        Content::Typed { fingerprint, version, payload } => {
            let value = typed::to_value((stored::version(version).shape)(), payload).expect("a typed document");
            (value, Some(format!("{fingerprint:016x}")), Some(version))
        }
    };
    json!({
        "revision": head.revision, "tag": format!("{:016x}", head.tag), "expires": expiry,
        "fingerprint": fingerprint, "version": version, "value": to_json(&value),
    })
}

fn seal(holds: &Json) -> Vec<u8> {
    let hexadecimal = |name: &str| u64::from_str_radix(holds[name].as_str().expect("a text"), 16).expect("hexadecimal");
    let head = Head { revision: holds["revision"].as_u64().expect("a revision"), tag: hexadecimal("tag") };
    let (expiry, value): (_, Value) = (holds["expires"].as_u64(), from_json(&holds["value"]));
    match holds["version"].as_u64() {
        None => codec::seal(head, expiry, &value).expect("a value that can be stored"),
        Some(version) => {
            let version = u16::try_from(version).expect("a version");
            let payload = (stored::version(version).from_value)(value).expect("a document of its type");
            codec::seal_typed(head, expiry, hexadecimal("fingerprint"), version, &payload)
        }
    }
}
