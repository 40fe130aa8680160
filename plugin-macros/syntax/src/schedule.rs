//! When a job runs: a cron schedule in a time zone, or an interval on a fixed grid.

use std::{fmt, time::Duration};

use croner::{Cron, errors::CronError};
use jiff::Timestamp;

use crate::{
    cron_field::{Field, FieldError, impossible_date},
    duration::{DurationError, duration},
    nearest::hint,
    zone::{Zone, ZoneError},
};

/// When a job runs.
///
/// - Five fields (minute, hour, day of month, month, day of week), or six with seconds first: values, names, ranges, steps,
///   lists, `L`, `W`, `#`, and `@yearly @monthly @weekly @daily @hourly`. If both days are given, either will do, as in
///   Vixie's cron. Read in a time zone, UTC unless another is given; where its clocks change, `croner` decides.
/// - `30s`, `5m`, `1h`, `1d`: every so often, on a grid that begins at the Unix epoch, so the zone has no say.
///
/// ```
/// use plugin_syntax::{Schedule, Zone};
///
/// let nightly = Schedule::parse("0 2 * * *", Some(Zone::parse("America/New_York")?))?;
/// let next = nightly.next_after("2026-07-01T00:00:00Z".parse()?)?;
/// assert_eq!(next.to_string(), "2026-07-01T06:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    // Croner keeps a table a field, so a schedule would be large to move.
    Cron { cron: Box<Cron>, zone: Zone },
    Every { seconds: i64 },
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// It is empty.
    #[error("a schedule is needed: five cron fields such as `0 2 * * *`, or an interval such as `5m`")]
    Empty,
    /// It has neither five nor six fields.
    #[error(
        "the schedule `{text}` has {count} field{s}: write five (minute hour day-of-month month day-of-week), or six with seconds first",
        s = if *count == 1 { "" } else { "s" }
    )]
    Count {
        /// The schedule.
        text: String,
        /// How many fields it has.
        count: usize,
    },
    /// It begins with `@` and is none of the known words.
    #[error(
        "`{text}` is not a schedule; of this kind there are: @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly{hint}"
    )]
    Word {
        /// The word.
        text: String,
        /// What was likely meant.
        hint: String,
    },
    /// It sets a variable, as a crontab may.
    #[error("`{0}` is no part of a schedule: the time zone is an option of its own, `timezone = \"…\"`")]
    Variable(String),
    /// One field is wrong.
    #[error("in the schedule `{text}` {source}")]
    Field {
        /// The schedule.
        text: String,
        /// Which field, and why.
        source: FieldError,
    },
    /// It begins like an interval and is none.
    #[error(
        "`{0}` is not an interval: write a whole number and one of `s`, `m`, `h`, `d`, as in `30s`; or five cron fields"
    )]
    Interval(String),
    /// It is an interval of nothing, or of more than can be counted.
    #[error(transparent)]
    Duration(#[from] DurationError),
    /// It is an interval of less than a second, or of a part of one.
    #[error("the interval `{0}` is not a whole number of seconds: one second is the least")]
    TooShort(String),
    /// It is an interval, and there is a time zone.
    #[error(
        "the interval `{text}` runs on a fixed grid, so the time zone `{zone}` says nothing: remove it, or write cron fields"
    )]
    ZoneWithInterval {
        /// The interval.
        text: String,
        /// The zone.
        zone: String,
    },
    /// No year has such a date.
    #[error("the schedule `{0}` never runs: no year has such a date")]
    Never(String),
    /// Croner refuses what we took for good.
    #[error("`{text}` is not a schedule: {why}")]
    Refused {
        /// The schedule.
        text: String,
        /// What croner says of it.
        why: String,
    },
    /// There is no such time zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
}

/// A schedule has no occurrence within the range of years that can be searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schedule `{0}` has no further occurrence")]
pub struct Unsatisfiable(String);

const WORDS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

impl Schedule {
    /// Reads a schedule, for `zone` or UTC.
    ///
    /// # Errors
    /// Where it is none, or one that never runs; the sentence names the field and what belongs there.
    pub fn parse(text: &str, zone: Option<Zone>) -> Result<Self, ScheduleError> {
        let rule = match text.split_whitespace().collect::<Vec<_>>()[..] {
            [] => return Err(ScheduleError::Empty),
            [interval] if interval.starts_with(|c: char| c.is_ascii_digit()) => every(interval, zone.as_ref())?,
            [word] if word.starts_with('@') => {
                let known = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
                let fields = known.ok_or_else(|| unknown_word(word))?.1;
                cron(text, &fields.split(' ').collect::<Vec<_>>(), zone)?
            }
            ref fields => cron(text, fields, zone)?,
        };
        Ok(Self { text: text.trim().to_owned(), rule })
    }

    /// Reads a schedule and the name of its zone.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and where there is no such zone.
    pub fn in_zone(text: &str, zone: Option<&str>) -> Result<Self, ScheduleError> {
        let zone = zone.map(Zone::parse).transpose()?;
        Self::parse(text, zone)
    }

    /// The first occurrence after `instant`: a pure function of the two, whatever the time is now.
    ///
    /// # Errors
    /// Where there is none in the years that can be searched.
    pub fn next_after(&self, instant: Timestamp) -> Result<Timestamp, Unsatisfiable> {
        let next = match &self.rule {
            Rule::Every { seconds } => {
                let passed = instant.as_second().div_euclid(*seconds);
                passed
                    .checked_add(1)
                    .and_then(|next| next.checked_mul(*seconds))
                    .and_then(|s| Timestamp::from_second(s).ok())
            }
            Rule::Cron { cron, zone } => {
                let from = instant.to_zoned(zone.rules().clone());
                cron.find_next_occurrence(&from, false).ok().map(|next| next.timestamp())
            }
        };
        next.filter(|next| *next > instant).ok_or_else(|| Unsatisfiable(self.text.clone()))
    }

    /// Its time zone; an interval has none.
    pub fn zone(&self) -> Option<&Zone> {
        match &self.rule {
            Rule::Cron { zone, .. } => Some(zone),
            Rule::Every { .. } => None,
        }
    }

    /// What it says, for people.
    ///
    /// ```
    /// use plugin_syntax::Schedule;
    ///
    /// assert_eq!(Schedule::parse("5m", None)?.describe(), "Every 5 minutes");
    /// assert_eq!(Schedule::parse("0 2 * * *", None)?.describe(), "At 02:00, UTC");
    /// # Ok::<(), plugin_syntax::ScheduleError>(())
    /// ```
    pub fn describe(&self) -> String {
        match &self.rule {
            Rule::Cron { cron, zone } => format!("{}, {zone}", cron.describe().trim_end_matches('.')),
            Rule::Every { seconds } => {
                let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
                let whole = units.into_iter().find(|(unit, _)| seconds % unit == 0);
                match whole.map(|(unit, name)| (seconds / unit, name)) {
                    Some((1, name)) => format!("Every {name}"),
                    Some((count, name)) => format!("Every {count} {name}s"),
                    None => format!("Every {seconds} seconds"),
                }
            }
        }
    }
}

/// The schedule as it was written, without its zone.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn unknown_word(word: &str) -> ScheduleError {
    let hint = match word.eq_ignore_ascii_case("@reboot") {
        true => "; what runs at the start is marked `#[activate]`".to_owned(),
        false => hint(word, WORDS.iter().map(|(known, _)| *known)),
    };
    ScheduleError::Word { text: word.to_owned(), hint }
}

fn every(text: &str, zone: Option<&Zone>) -> Result<Rule, ScheduleError> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ScheduleError::Count { text: text.to_owned(), count: 1 });
    }
    let interval = duration(text).map_err(|why| match why {
        DurationError::Malformed(text) => ScheduleError::Interval(text),
        other => other.into(),
    })?;
    if interval.subsec_nanos() != 0 || interval < Duration::from_secs(1) {
        return Err(ScheduleError::TooShort(text.to_owned()));
    }
    if let Some(zone) = zone {
        return Err(ScheduleError::ZoneWithInterval { text: text.to_owned(), zone: zone.name().to_owned() });
    }
    let seconds = i64::try_from(interval.as_secs()).map_err(|_| DurationError::TooLong(text.to_owned()))?;
    Ok(Rule::Every { seconds })
}

fn cron(text: &str, fields: &[&str], zone: Option<Zone>) -> Result<Rule, ScheduleError> {
    let owned = || text.trim().to_owned();
    if let Some(variable) = fields.iter().find(|field| field.contains('=')) {
        return Err(ScheduleError::Variable((*variable).to_owned()));
    }
    let names = match fields.len() {
        5 => Field::ALL.get(1..),
        6 => Field::ALL.get(..),
        _ => None,
    };
    let Some(names) = names else { return Err(ScheduleError::Count { text: owned(), count: fields.len() }) };
    for (field, given) in names.iter().zip(fields) {
        field.check(given).map_err(|source| ScheduleError::Field { text: owned(), source })?;
    }
    if let [.., days, months, "*"] = fields
        && impossible_date(days, months)
    {
        return Err(ScheduleError::Never(owned()));
    }
    let refused = |why: CronError| ScheduleError::Refused { text: owned(), why: why.to_string() };
    let cron: Cron = fields.join(" ").parse().map_err(refused)?;
    // What the check above does not know, such as `31W` beside a month of 30 days, the search knows.
    let from = Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    cron.find_next_occurrence(&from, false).map_err(|_| ScheduleError::Never(owned()))?;
    Ok(Rule::Cron { cron: Box::new(cron), zone: zone.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Schedule::parse(text, None).expect_err(text).to_string()
    }

    /// The first occurrences after an instant.
    fn next(text: &str, zone: Option<&str>, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::in_zone(text, zone).expect(text);
        let mut at: Timestamp = after.parse().expect(after);
        let mut step = || {
            at = schedule.next_after(at).expect("it has a next one");
            at.to_string()
        };
        (0..count).map(|_| step()).collect()
    }

    #[test]
    fn a_zone_moves_the_hour_with_the_season() {
        let nightly = |after| next("0 2 * * *", Some("America/New_York"), after, 1);
        assert_eq!(nightly("2026-07-01T00:00:00Z"), ["2026-07-01T06:00:00Z"]);
        assert_eq!(nightly("2026-12-01T00:00:00Z"), ["2026-12-01T07:00:00Z"]);
    }

    #[test]
    fn intervals_lie_on_the_grid_of_the_epoch() {
        let after = "2026-01-01T00:00:07.5Z";
        assert_eq!(next("30s", None, after, 2), ["2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"]);
        assert_eq!(next("5m", None, after, 1), ["2026-01-01T00:05:00Z"]);
        assert_eq!(next("1h", None, after, 1), ["2026-01-01T01:00:00Z"]);
        assert_eq!(next("1d", None, after, 1), ["2026-01-02T00:00:00Z"]);
        assert_eq!(next("7s", None, "1970-01-01T00:00:00Z", 2), ["1970-01-01T00:00:07Z", "1970-01-01T00:00:14Z"]);
        assert_eq!(next("1h", None, "1969-12-31T23:30:00Z", 1), ["1970-01-01T00:00:00Z"]);
    }

    #[test]
    fn the_next_occurrence_is_after_the_last() {
        assert_eq!(next("*/15 * * * *", None, "2026-01-01T00:15:00Z", 1), ["2026-01-01T00:30:00Z"]);
        assert_eq!(next("*/15 * * * *", None, "2026-01-01T00:14:59.999Z", 1), ["2026-01-01T00:15:00Z"]);
        assert_eq!(next("*/10 * * * * *", None, "2026-01-01T00:00:00Z", 1), ["2026-01-01T00:00:10Z"]);
    }

    #[test]
    fn words_names_and_specials_run_when_they_should() {
        assert_eq!(next("@daily", None, "2026-01-01T05:00:00Z", 1), ["2026-01-02T00:00:00Z"]);
        assert_eq!(next("@Hourly", None, "2026-01-01T05:30:00Z", 1), ["2026-01-01T06:00:00Z"]);
        assert_eq!(next("0 9 * * MON-FRI", None, "2026-01-02T10:00:00Z", 1), ["2026-01-05T09:00:00Z"]);
        assert_eq!(next("0 0 L * *", None, "2026-02-01T00:00:00Z", 1), ["2026-02-28T00:00:00Z"]);
        assert_eq!(next("0 0 * * FRI#2", None, "2026-01-01T00:00:00Z", 1), ["2026-01-09T00:00:00Z"]);
        assert_eq!(next("0 0 15W * *", None, "2026-02-01T00:00:00Z", 1), ["2026-02-16T00:00:00Z"]);
        assert_eq!(next("0 0 29 2 *", None, "2096-03-01T00:00:00Z", 1), ["2104-02-29T00:00:00Z"]);
    }

    #[test]
    fn either_day_will_do() {
        assert_eq!(
            next("0 0 13 * FRI", None, "2026-01-01T00:00:00Z", 3),
            ["2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z", "2026-01-13T00:00:00Z"]
        );
    }

    #[test]
    fn mistakes_are_told_in_full() {
        assert!(refused("0 25 * * *").starts_with("in the schedule `0 25 * * *` the hour field `25` is out of range"));
        assert!(refused("").starts_with("a schedule is needed"));
        assert!(refused("* * *").contains("has 3 fields"));
        assert!(refused("5").contains("has 1 field:"));
        assert!(refused("* * * * * * *").contains("has 7 fields"));
        assert!(refused("@reboot").ends_with("marked `#[activate]`"));
        assert!(refused("@dayly").ends_with("did you mean `@daily`?"));
        assert!(refused("TZ=UTC 0 2 * * *").contains("`timezone = \"…\"`"));
        assert!(refused("CRON_TZ=UTC").contains("`timezone = \"…\"`"));
        assert_eq!(refused("250ms"), "the interval `250ms` is not a whole number of seconds: one second is the least");
        assert!(refused("1500ms").contains("whole number of seconds"));
        assert!(refused("1w").contains("is not an interval"));
        assert!(refused("0s").contains("nothing"));
        for never in ["0 0 31 2 *", "0 0 30 FEB *", "0 0 31 4,6,9,11 *", "0 0 0 31 11 *"] {
            assert!(refused(never).contains("never runs"), "{never}");
        }
        let said = Schedule::in_zone("5m", Some("Europe/Berlin")).expect_err("a zone").to_string();
        assert!(said.contains("`Europe/Berlin` says nothing"), "{said}");
        assert!(matches!(Schedule::in_zone("5m", Some("Mars")), Err(ScheduleError::Zone(_))));
    }

    #[test]
    fn an_impossible_date_beside_a_weekday_runs_on_the_weekday() {
        assert_eq!(next("0 0 31 2 MON", None, "2026-02-01T00:00:00Z", 1), ["2026-02-02T00:00:00Z"]);
    }

    #[test]
    fn a_schedule_is_shown_as_written_and_described() {
        let shown = |text| Schedule::parse(text, None).map(|s| (s.to_string(), s.describe()));
        assert_eq!(shown(" 0 2 * * * "), Ok(("0 2 * * *".into(), "At 02:00, UTC".into())));
        assert_eq!(shown("90m"), Ok(("90m".into(), "Every 90 minutes".into())));
        assert_eq!(shown("1d"), Ok(("1d".into(), "Every day".into())));
        assert_eq!(shown("90s"), Ok(("90s".into(), "Every 90 seconds".into())));
    }

    #[test]
    fn the_end_of_time_is_an_error() {
        let hourly = Schedule::parse("1h", None).expect("an interval");
        assert!(hourly.next_after(Timestamp::MAX).is_err());
        let daily = Schedule::parse("@daily", None).expect("a word");
        assert!(daily.next_after(Timestamp::MAX).is_err());
    }
}
