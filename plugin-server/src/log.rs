//! Log lines, all to stderr: for people on a terminal, a JSON object a line elsewhere.

use std::{
    fmt,
    io::{IsTerminal, stderr},
};

use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    fmt::{
        FormatFields, SubscriberBuilder,
        format::{DefaultFields, Format, Json, JsonFields, Writer},
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
        false => objects(lines).try_init(),
    };
    drop(started);
}

/// A JSON object a line, with the spans around it: which request, delivery or run it belongs to.
fn objects<N, L, T, F, W>(
    lines: SubscriberBuilder<N, Format<L, T>, F, W>,
) -> SubscriberBuilder<JsonFields, Format<Json, T>, F, W>
where
    N: for<'w> FormatFields<'w> + 'static,
{
    lines.json().flatten_event(true).with_current_span(false).with_span_list(true)
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
    use std::{
        io,
        sync::{Arc, Mutex, PoisonError},
    };

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_says_in_which_request_delivery_or_run_it_was_written() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = objects(tracing_subscriber::fmt().with_writer(move || writer.clone())).finish();
        tracing::subscriber::with_default(subscriber, || {
            let _run = tracing::error_span!("run", id = "r-1").entered();
            tracing::error!(plugin = "p", "it failed");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&line["plugin"], &line["message"]), (&"p".into(), &"it failed".into()), "{line}");
        assert_eq!(line["spans"], serde_json::json!([{ "name": "run", "id": "r-1" }]), "{line}");
    }

    #[test]
    fn control_characters_and_direction_overrides_are_escaped_and_letters_are_not() {
        assert!(['\n', '\r', '\u{1b}', '\u{7f}', '\u{202e}', '\u{2066}'].into_iter().all(needs_escape));
        assert!(!['a', 'ß', '漢', ' ', '"'].into_iter().any(needs_escape));
    }
}
