//! What time it is, and waiting for a later one. Time enters the host here and nowhere else, so that a test decides it.

pub(crate) mod alarm;

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    task::{self, Poll, Waker},
    time::Duration,
};

use pin_project_lite::pin_project;
use serde::{Deserialize, Serialize, de};

use crate::ticks::Ticks;

/// An instant in UTC, in text as RFC 3339 with at least milliseconds.
///
/// Stored by `ctx.db().set` it keeps its type: it sorts as a time, not as a string.
///
/// ```
/// use plugin_core::Timestamp;
///
/// let noon: Timestamp = "2026-07-01T14:00:00+02:00".parse().unwrap();
/// assert_eq!(noon.to_string(), "2026-07-01T12:00:00.000Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// The name under which a [`Timestamp`] announces itself to a serializer that keeps it apart from strings.
pub(crate) const TIMESTAMP_TOKEN: &str = "$plugin_core::Timestamp";

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The instant as jiff's type, for arithmetic and zones.
    pub fn to_jiff(self) -> jiff::Timestamp {
        self.0
    }

    /// Nanoseconds since the Unix epoch.
    pub fn as_nanosecond(self) -> i128 {
        self.0.as_nanosecond()
    }

    /// The instant `nanoseconds` after the Unix epoch, `None` outside the years -9999 to 9999.
    pub fn from_nanosecond(nanoseconds: i128) -> Option<Self> {
        jiff::Timestamp::from_nanosecond(nanoseconds).ok().map(Self)
    }

    /// Milliseconds since the Unix epoch.
    pub fn as_millisecond(self) -> i64 {
        self.0.as_millisecond()
    }

    /// The instant `later` after this one; the last representable instant where there is none.
    #[must_use]
    pub fn saturating_add(self, later: Duration) -> Self {
        let later = jiff::SignedDuration::try_from(later).unwrap_or(jiff::SignedDuration::MAX);
        Self(self.0.saturating_add(later).unwrap_or(jiff::Timestamp::MAX))
    }

    /// The instant `earlier` before this one; the first representable instant where there is none.
    #[must_use]
    pub fn saturating_sub(self, earlier: Duration) -> Self {
        let earlier = jiff::SignedDuration::try_from(earlier).unwrap_or(jiff::SignedDuration::MAX);
        Self(self.0.saturating_sub(earlier).unwrap_or(jiff::Timestamp::MIN))
    }

    /// How long after `earlier` this is, nothing if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.duration_since(earlier.0).try_into().unwrap_or(Duration::ZERO)
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(instant: jiff::Timestamp) -> Self {
        Self(instant)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.subsec_nanosecond() {
            nanos if nanos % 1_000_000 == 0 => write!(f, "{:.3}", self.0),
            nanos if nanos % 1_000 == 0 => write!(f, "{:.6}", self.0),
            _ => write!(f, "{:.9}", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a string is no instant.
#[derive(Debug, Clone, thiserror::Error)]
#[error("`{given}` is not an instant of RFC 3339, such as 2026-07-01T12:00:00Z")]
pub struct InvalidTimestamp {
    given: String,
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse().map(Self).map_err(|_| InvalidTimestamp { given: text.chars().take(64).collect() })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TIMESTAMP_TOKEN, &self.to_string())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// The host's time: the machine's, or one that a test moves by hand.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    System,
    Manual(ManualClock),
}

impl Clock {
    /// The machine's wall clock, and tokio's timers.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// Whether a test moves it by hand.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0, Kind::Manual(_))
    }

    /// The instant it is.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place where the machine's time enters")]
            Kind::System => Timestamp(jiff::Timestamp::now()),
            Kind::Manual(clock) => clock.now(),
        }
    }

    /// How much later something is than something else, for less than what the time costs. A test's clock decides it as well.
    #[inline]
    pub(crate) fn moment(&self) -> Moment {
        match &self.0 {
            Kind::System => Moment(Ticks::now().all_nanoseconds()),
            Kind::Manual(clock) => Moment(u64::try_from(clock.now().as_nanosecond()).unwrap_or(0)),
        }
    }

    /// Waits until `duration` has passed.
    pub fn sleep(&self, duration: Duration) -> Pin<Box<Sleep>> {
        Box::pin(self.sleep_in_place(duration))
    }

    /// The same without a box, for who can pin it.
    pub fn sleep_in_place(&self, duration: Duration) -> Sleep {
        match &self.0 {
            Kind::System => Sleep { kind: SleepKind::System { sleep: tokio::time::sleep(duration) } },
            Kind::Manual(clock) => clock.sleep_until(clock.now().saturating_add(duration)),
        }
    }

    /// Waits until it is `instant`, which may be past. On the system clock it looks again at least every minute, so that a
    /// step of the wall clock is noticed.
    pub async fn sleep_until(&self, instant: Timestamp) {
        match &self.0 {
            Kind::Manual(clock) => clock.sleep_until(instant).await,
            Kind::System => loop {
                let left = instant.since(self.now());
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(Duration::from_secs(60))).await;
            },
        }
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self(Kind::Manual(clock))
    }
}

/// A point in time for measuring how long it is past, in nanoseconds; see [`Clock::moment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Moment(u64);

impl Moment {
    /// The moment `time` later.
    #[inline]
    pub(crate) fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long it is after some fixed point.
    pub(crate) fn nanoseconds(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Manual>>);

#[derive(Debug)]
struct Manual {
    now: Timestamp,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
    next: u64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Manual { now, sleepers: BTreeMap::new(), next: 0 })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Manual> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Moves it to `instant`, which may lie before what it shows, and wakes who waited for a time up to that.
    pub fn set(&self, instant: Timestamp) {
        let mut manual = self.lock();
        manual.now = instant;
        let later = manual.sleepers.split_off(&(instant, u64::MAX));
        let due = std::mem::replace(&mut manual.sleepers, later);
        drop(manual);
        due.into_values().for_each(Waker::wake);
    }

    /// The earliest instant that somebody waits for.
    pub fn next_sleeper(&self) -> Option<Timestamp> {
        self.lock().sleepers.first_key_value().map(|(&(instant, _), _)| instant)
    }

    fn sleep_until(&self, instant: Timestamp) -> Sleep {
        Sleep { kind: SleepKind::Manual { clock: self.clone(), instant, place: None } }
    }
}

pin_project! {
    /// Resolves when its time has come.
    #[derive(Debug)]
    pub struct Sleep {
        #[pin]
        kind: SleepKind,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = SleepProjection]
    enum SleepKind {
        System { #[pin] sleep: tokio::time::Sleep },
        Manual { clock: ManualClock, instant: Timestamp, place: Option<u64> },
    }

    impl PinnedDrop for SleepKind {
        fn drop(this: Pin<&mut Self>) {
            if let SleepProjection::Manual { clock, instant, place: Some(place) } = this.project() {
                clock.lock().sleepers.remove(&(*instant, *place));
            }
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        match self.project().kind.project() {
            SleepProjection::System { sleep } => sleep.poll(cx),
            SleepProjection::Manual { clock, instant, place } => {
                let mut manual = clock.lock();
                if *instant <= manual.now {
                    return Poll::Ready(());
                }
                let place = *place.get_or_insert_with(|| {
                    manual.next += 1;
                    manual.next
                });
                manual.sleepers.insert((*instant, place), cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn instants_print_at_least_milliseconds() {
        for (given, printed) in [
            ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00.000Z"),
            ("2026-07-01T12:00:00.0005Z", "2026-07-01T12:00:00.000500Z"),
            ("2026-07-01T12:00:00.000000001Z", "2026-07-01T12:00:00.000000001Z"),
        ] {
            assert_eq!(at(given).to_string(), printed);
            assert_eq!(at(printed), at(given));
        }
    }

    #[test]
    fn a_manual_clock_wakes_whom_it_passes_and_forgets_who_gave_up() {
        let manual = ManualClock::at(Timestamp::UNIX_EPOCH);
        let clock = Clock::from(manual.clone());
        let mut cx = task::Context::from_waker(Waker::noop());
        let mut early = Box::pin(clock.sleep(Duration::from_secs(1)));
        let mut late = Box::pin(clock.sleep(Duration::from_secs(9)));
        assert!(early.as_mut().poll(&mut cx).is_pending());
        assert!(late.as_mut().poll(&mut cx).is_pending());
        assert_eq!(manual.next_sleeper(), Some(at("1970-01-01T00:00:01Z")));

        manual.set(at("1970-01-01T00:00:05Z"));
        assert!(early.as_mut().poll(&mut cx).is_ready());
        assert!(late.as_mut().poll(&mut cx).is_pending());
        drop(late);
        assert_eq!(manual.next_sleeper(), None);
    }
}
