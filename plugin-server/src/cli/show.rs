//! Tables for people, and `config show`.

use serde_json::Value;

use super::{Format, print, print_json};
use crate::{exit::Failure, settings::Settings};

/// `config show`.
pub(super) fn config(settings: &Settings, format: Format) -> Result<(), Failure> {
    let (shown, problems) = settings.show();
    match format {
        Format::Json => print_json(&shown)?,
        Format::Table => {
            let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let rows = shown.iter().map(|shown| [shown.name.clone(), value(&shown.value), shown.origin.clone()]);
            print(&table(["SETTING", "VALUE", "ORIGIN"], rows))?;
        }
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::Usage(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))),
    }
}

/// `rows` below `heads`, in columns.
pub(super) fn table<const N: usize>(heads: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut lines = vec![heads.map(ToOwned::to_owned)];
    lines.extend(rows.into_iter().map(|row| row.map(|cell| cell.chars().flat_map(shown).collect::<String>())));
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    // Of any width: what formats text has a limit.
    let pad = |(cell, width): (&String, &usize)| cell.clone() + &" ".repeat(width - cell.chars().count());
    let line =
        |line: &[String; N]| line.iter().zip(&widths).map(pad).collect::<Vec<_>>().join("  ").trim_end().to_owned();
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A character of a cell; one that would break the table is escaped.
fn shown(character: char) -> Vec<char> {
    match character.is_control() {
        true => character.escape_default().collect(),
        false => vec![character],
    }
}
