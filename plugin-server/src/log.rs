//! Log lines, all to stderr: for people on a terminal, a JSON object a line elsewhere.

use std::{
    fmt,
    io::{IsTerminal, stderr},
};

use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    fmt::{
        FormatFields,
        format::{DefaultFields, Writer},
    },
};

use crate::settings::{LogFormat, Settings};

/// Writes log lines from here on as `settings` say. Has no effect where a subscriber is set already.
pub(crate) fn start(settings: &Settings) {
    let filter = EnvFilter::try_new(&settings.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let human = match settings.log_format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    // A second start within one process, as in a test, keeps the first subscriber.
    let started = match human {
        true => lines.with_ansi(terminal).with_target(false).fmt_fields(Escaped).try_init(),
        false => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
    drop(started);
}

/// Fields whose values cannot move a terminal's cursor or forge a line: control characters and overrides of the writing
/// direction are escaped. JSON escapes by itself.
struct Escaped;

impl<'w> FormatFields<'w> for Escaped {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut text = String::new();
        DefaultFields::new().format_fields(Writer::new(&mut text), fields)?;
        let mut writer = writer;
        for character in text.chars() {
            match needs_escape(character) {
                true => write!(writer, "{}", character.escape_unicode())?,
                false => writer.write_char(character)?,
            }
        }
        Ok(())
    }
}

fn needs_escape(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_direction_overrides_are_escaped_and_letters_are_not() {
        assert!(['\n', '\r', '\u{1b}', '\u{7f}', '\u{202e}', '\u{2066}'].into_iter().all(needs_escape));
        assert!(!['a', 'ß', '漢', ' ', '"'].into_iter().any(needs_escape));
    }
}
