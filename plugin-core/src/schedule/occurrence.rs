//! When a job is due: a pure function of its schedule and the last instant that was dealt with, whatever time it is now.

use std::time::Duration;

use plugin_syntax::{Schedule, Unsatisfiable};

use crate::clock::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The first occurrence after `last`.
///
/// Where a zone skips a whole day, the search of a daily schedule ends there without one, so it is taken up again behind.
pub(super) fn next(schedule: &Schedule, last: Timestamp) -> Result<Timestamp, Unsatisfiable> {
    let found = [Duration::ZERO, DAY, 2 * DAY].map(|later| last.saturating_add(later).to_jiff());
    let mut tried = found.into_iter().map(|from| schedule.next_after(from));
    let first = tried.next().expect("three instants are tried");
    first.or_else(|error| tried.find_map(Result::ok).ok_or(error)).map(Timestamp::from)
}

/// The `count` occurrences after `last`, or as many as there are.
pub(super) fn following(schedule: &Schedule, last: Timestamp, count: usize) -> Vec<Timestamp> {
    std::iter::successors(next(schedule, last).ok(), |at| next(schedule, *at).ok()).take(count).collect()
}

/// The latest occurrence after `last` that is due at `now`, if it is at most 24 hours old.
pub(super) fn latest_due(schedule: &Schedule, last: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let due = |from: Timestamp| next(schedule, from).ok().filter(|at| *at <= now);
    // Looking back in growing steps finds the latest of many without walking through all of them.
    let steps = [1, 10, 60, 600, 3600, 6 * 3600, 24 * 3600].map(Duration::from_secs);
    let starts =
        steps.into_iter().map(|step| now.saturating_sub(step).saturating_sub(Duration::from_nanos(1)).max(last));
    let mut latest = starts.into_iter().find_map(due)?;
    while let Some(later) = due(latest) {
        latest = later;
    }
    Some(latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn schedule(text: &str, zone: Option<&str>) -> Schedule {
        Schedule::in_zone(text, zone).expect("a schedule")
    }

    #[test]
    fn the_latest_missed_occurrence_is_found_however_many_there_were() {
        let (last, now) = (at("2026-01-01T00:00:00Z"), at("2026-03-01T12:34:56.7Z"));
        for (text, latest) in [
            ("1s", Some("2026-03-01T12:34:56Z")),
            ("5m", Some("2026-03-01T12:30:00Z")),
            ("0 13 * * *", Some("2026-02-28T13:00:00Z")),
            ("0 12 * * *", Some("2026-03-01T12:00:00Z")),
            ("0 0 15 * *", None),
        ] {
            assert_eq!(latest_due(&schedule(text, None), last, now), latest.map(at), "{text}");
        }
    }

    #[test]
    fn what_is_24_hours_old_still_counts_and_what_is_older_does_not() {
        let daily = schedule("0 2 * * *", None);
        let last = at("2026-01-01T02:00:00Z");
        assert_eq!(latest_due(&daily, last, at("2026-01-02T02:00:00Z")), Some(at("2026-01-02T02:00:00Z")));
        let once = schedule("0 0 2 1 *", None);
        assert_eq!(latest_due(&once, last, at("2026-01-03T00:00:00Z")), Some(at("2026-01-02T00:00:00Z")));
        assert_eq!(latest_due(&once, last, at("2026-01-03T00:00:00.001Z")), None);
    }

    #[test]
    fn nothing_is_due_twice_nor_before_its_time() {
        let hourly = schedule("1h", None);
        let hour = at("2026-01-01T05:00:00Z");
        assert_eq!(latest_due(&hourly, hour, at("2026-01-01T05:59:59.999Z")), None);
        assert_eq!(latest_due(&hourly, hour, hour), None);
        assert_eq!(latest_due(&hourly, hour, at("2026-01-01T01:00:00Z")), None);
    }

    #[test]
    fn a_day_that_a_zone_skipped_does_not_end_a_daily_job() {
        let daily = schedule("0 2 * * *", Some("Pacific/Apia"));
        let after = next(&daily, at("2011-12-29T12:00:00Z").saturating_add(DAY / 24)).expect("there is a next one");
        assert!(after > at("2011-12-29T12:00:00Z") && after < at("2012-01-02T00:00:00Z"), "{after}");
    }

    #[test]
    fn the_next_five_follow_one_another() {
        let five = following(&schedule("0 2 * * *", Some("America/New_York")), at("2026-10-30T00:00:00Z"), 5);
        let days = ["2026-10-30T06", "2026-10-31T06", "2026-11-01T07", "2026-11-02T07", "2026-11-03T07"];
        assert_eq!(five, days.map(|hour| at(&format!("{hour}:00:00Z"))));
    }
}
