//! Fixtures as text.

use std::{fmt, str::FromStr};

use serde_json::Value as Json;

/// A row as the engine has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

/// Rows, each with what it means.
#[derive(Debug)]
pub(crate) struct Fixture(pub(crate) Vec<(Json, Row)>);

impl Fixture {
    pub(crate) fn rows(&self) -> Vec<Row> {
        self.0.iter().map(|(_, row)| row.clone()).collect()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key   {}\nvalue {}", hex::encode(&self.key), hex::encode(&self.value))
    }
}

impl fmt::Display for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("# Written once, and never changed. docs/format.md tells what the bytes are.\n")?;
        self.0.iter().try_for_each(|(means, row)| write!(f, "\nmeans {means}\n{row}\n"))
    }
}

impl FromStr for Fixture {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let blocks = text.split("\n\n").skip(1);
        let block = |block: &str| {
            let part = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                line.ok_or_else(|| format!("no `{name}` in:\n{block}"))
            };
            let bytes = |name| hex::decode(part(name)?).map_err(|error| format!("{error} in `{name}` of:\n{block}"));
            let means = serde_json::from_str(part("means ")?).map_err(|error| format!("{error} in:\n{block}"))?;
            Ok((means, Row { key: bytes("key ")?, value: bytes("value ")? }))
        };
        let rows: Vec<_> = blocks.map(block).collect::<Result<_, String>>()?;
        if rows.is_empty() { Err("it has no rows".into()) } else { Ok(Self(rows)) }
    }
}
