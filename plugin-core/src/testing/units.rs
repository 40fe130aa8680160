//! Durations as one says them.

use std::time::Duration;

/// So many of a unit of time, a day being 24 hours.
///
/// ```standalone_crate
/// use plugin_core::{prelude::*, testing::{TestHost, Units}};
///
/// #[plugin(id = "sleeper")]
/// struct Sleeper;
///
/// let mut host = TestHost::of::<Sleeper>().build();
/// let began = host.now();
/// host.advance(1.hour());
/// host.advance(90.minutes());
/// assert_eq!(host.now().since(began), Duration::from_secs(9_000));
/// ```
pub trait Units: Sized {
    /// This many seconds.
    fn seconds(self) -> Duration;

    /// The same, of one.
    fn second(self) -> Duration {
        self.seconds()
    }

    /// This many minutes.
    fn minutes(self) -> Duration {
        60 * self.seconds()
    }

    /// The same, of one.
    fn minute(self) -> Duration {
        self.minutes()
    }

    /// This many hours.
    fn hours(self) -> Duration {
        60 * self.minutes()
    }

    /// The same, of one.
    fn hour(self) -> Duration {
        self.hours()
    }

    /// This many days.
    fn days(self) -> Duration {
        24 * self.hours()
    }

    /// The same, of one.
    fn day(self) -> Duration {
        self.days()
    }
}

impl Units for u64 {
    fn seconds(self) -> Duration {
        Duration::from_secs(self)
    }
}
