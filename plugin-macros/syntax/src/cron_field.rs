//! The fields of a cron schedule, checked one by one, so that an error names the field and what belongs there.

use std::{fmt, ops::RangeInclusive};

/// A field of a cron schedule that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {field} field `{text}` {why}")]
pub struct FieldError {
    field: &'static str,
    text: String,
    why: String,
}

/// One of the six fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

impl Field {
    /// All, in the order they are written.
    pub(crate) const ALL: [Self; 6] = [Self::Second, Self::Minute, Self::Hour, Self::Day, Self::Month, Self::Weekday];

    const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day-of-month",
            Self::Month => "month",
            Self::Weekday => "day-of-week",
        }
    }

    const fn range(self) -> RangeInclusive<u16> {
        match self {
            Self::Second | Self::Minute => 0..=59,
            Self::Hour => 0..=23,
            Self::Day => 1..=31,
            Self::Month => 1..=12,
            Self::Weekday => 0..=7,
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
            Self::Weekday => &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
            _ => &[],
        }
    }

    /// Checks the whole field: parts joined by commas.
    pub(crate) fn check(self, text: &str) -> Result<(), FieldError> {
        text.split(',').try_for_each(|part| self.part(part)).map_err(|why| FieldError {
            field: self.name(),
            text: text.to_owned(),
            why,
        })
    }

    fn part(self, part: &str) -> Result<(), String> {
        if part.is_empty() {
            return Err("has an empty part: commas stand between values".to_owned());
        }
        if let Some((range, step)) = part.split_once('/') {
            let wide = match range {
                "*" => true,
                _ => range.split_once('-').map(|(from, to)| self.span(from, to)).transpose()?.is_some(),
            };
            if !wide {
                let to = self.range().end().to_owned();
                return Err(format!(
                    "is not allowed: a step follows `*` or a range, as in `*/{step}` or `{range}-{to}/{step}`"
                ));
            }
            let most = *self.range().end();
            return match number(step) {
                Some(step) if (1..=most).contains(&step) => Ok(()),
                _ => Err(format!("has the step `{step}`; a step here is a number from 1 to {most}")),
            };
        }
        if part == "*" || self.special(part)? {
            return Ok(());
        }
        match part.split_once('-') {
            Some((from, to)) => self.span(from, to),
            None => self.value(part).map(drop),
        }
    }

    /// `from-to`
    fn span(self, from: &str, to: &str) -> Result<(), String> {
        let (low, high) = (self.value(from)?, self.value(to)?);
        // A week may end with the Sunday that is written last.
        let high = if self == Self::Weekday && high == 0 { 7 } else { high };
        if low > high {
            return Err(format!(
                "has the range `{from}-{to}`, which ends before it begins: write `{from}-{last},{first}-{to}`",
                last = self.range().end().min(&if self == Self::Weekday { 6 } else { u16::MAX }),
                first = self.range().start()
            ));
        }
        Ok(())
    }

    /// `L`, `LW`, `15W` of days; `FRI#2`, `5L` of weekdays. False where the part is none of them.
    fn special(self, part: &str) -> Result<bool, String> {
        let upper = part.to_ascii_uppercase();
        match self {
            Self::Day if upper == "L" || upper == "LW" => Ok(true),
            Self::Day => match upper.strip_suffix('W') {
                Some(day) => self.value(day).map(|_| true),
                None => Ok(false),
            },
            Self::Weekday => match upper.split_once('#') {
                Some((day, nth)) => {
                    self.value(day)?;
                    match number(nth) {
                        Some(1..=5) => Ok(true),
                        _ => Err(format!("has `#{nth}`; a month has the same weekday 5 times at most: `#1` to `#5`")),
                    }
                }
                None => match upper.strip_suffix('L') {
                    Some(day) => self.value(day).map(|_| true),
                    None => Ok(false),
                },
            },
            _ => Ok(false),
        }
    }

    /// A number in the range, or a name that stands for one.
    fn value(self, text: &str) -> Result<u16, String> {
        let range = self.range();
        let named = self.names().iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(value) = named.and_then(|at| u16::try_from(at).ok()) {
            return Ok(value + range.start());
        }
        match number(text) {
            Some(value) if range.contains(&value) => Ok(value),
            Some(_) => Err(format!("is out of range: {self}")),
            None if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() => {
                Err(format!("is out of range: {self}"))
            }
            None => Err(format!("is not understood: {self}")),
        }
    }
}

/// What the field may hold.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = self.range();
        write!(f, "it may hold {} to {}", range.start(), range.end())?;
        if let [first, .., last] = self.names() {
            write!(f, " or {first} to {last}")?;
        }
        f.write_str(", `*`, ranges `a-b`, steps `*/n` and lists `a,b`")?;
        match self {
            Self::Day => f.write_str(", `L` for the last day, `15W` for the weekday nearest to the 15th"),
            Self::Weekday => f.write_str(", `FRI#2` for the second Friday, `FRIL` for the last"),
            _ => Ok(()),
        }
    }
}

fn number(text: &str) -> Option<u16> {
    // `parse` alone would take `+5`.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Whether no year has one of these days in one of these months: `31 2`, `30 FEB`, `31 4,6`.
///
/// Both fields are known to be good. The search for such a date would only end at its limit, some tens of milliseconds later.
pub(crate) fn impossible_date(days: &str, months: &str) -> bool {
    let Some(earliest) = days.split(',').map(least).min().flatten() else { return false };
    let longest = |month: u16| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=12).filter(|month| months.split(',').any(|part| holds(part, *month))).all(|month| earliest > longest(month))
}

/// The least day that a part stands for; `None`, which is less than any, for `*`, `L` and the like, which every month has.
fn least(part: &str) -> Option<u16> {
    let part = part.split(['/', '-']).next().unwrap_or(part);
    number(part.trim_end_matches(['W', 'w']))
}

fn holds(part: &str, month: u16) -> bool {
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let value = |text: &str| Field::Month.value(text).unwrap_or(1);
    let (low, high) = match range.split_once('-') {
        Some((from, to)) => (value(from), value(to)),
        None if range == "*" => (1, 12),
        None => (value(range), value(range)),
    };
    (low..=high).contains(&month) && (month - low).is_multiple_of(number(step).unwrap_or(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(field: Field, text: &str) -> String {
        field.check(text).expect_err(text).to_string()
    }

    #[test]
    fn what_cron_knows_is_taken() {
        for (field, texts) in [
            (Field::Minute, &["*", "0", "59", "*/5", "1-5", "1-10/2", "0,30", "00"][..]),
            (Field::Hour, &["23", "9-17"][..]),
            (Field::Day, &["L", "LW", "15W", "1,15,L", "31"][..]),
            (Field::Month, &["JAN", "jan-mar", "12", "*/3"][..]),
            (Field::Weekday, &["MON-FRI", "0", "7", "FRI#2", "5L", "friL", "SAT-SUN", "5-7", "MON,WED"][..]),
        ] {
            for text in texts {
                assert_eq!(field.check(text), Ok(()), "{text}");
            }
        }
    }

    #[test]
    fn each_error_names_field_and_choice() {
        let said = refused(Field::Hour, "25");
        assert!(said.starts_with("the hour field `25` is out of range: it may hold 0 to 23"), "{said}");
        let said = refused(Field::Month, "FOO");
        assert!(
            said.starts_with("the month field `FOO` is not understood: it may hold 1 to 12 or JAN to DEC"),
            "{said}"
        );
        assert!(refused(Field::Minute, "5/15").contains("as in `*/15` or `5-59/15`"));
        assert!(refused(Field::Minute, "*/0").contains("a number from 1 to 59"));
        assert!(refused(Field::Minute, "*/90").contains("a number from 1 to 59"));
        assert!(refused(Field::Minute, "1,,2").contains("an empty part"));
        assert!(refused(Field::Weekday, "FRI-MON").contains("write `FRI-6,0-MON`"));
        assert!(refused(Field::Weekday, "FRI#6").contains("`#1` to `#5`"));
        for (field, text) in [
            (Field::Minute, "L"),
            (Field::Hour, "1W"),
            (Field::Day, "32W"),
            (Field::Day, "?"),
            (Field::Weekday, "+MON"),
        ] {
            refused(field, text);
        }
        assert!(refused(Field::Minute, "99999999").contains("is out of range"));
    }

    #[test]
    fn dates_that_no_year_has_are_known_without_a_search() {
        for (days, months) in
            [("31", "2"), ("30", "FEB"), ("30,31", "2"), ("31", "4,6,9,11"), ("31W", "2"), ("31", "2-4/2")]
        {
            assert!(impossible_date(days, months), "{days} {months}");
        }
        for (days, months) in
            [("29", "2"), ("31", "2,3"), ("L", "2"), ("*", "2"), ("*/31", "2"), ("31", "*"), ("28-31", "2")]
        {
            assert!(!impossible_date(days, months), "{days} {months}");
        }
    }
}
