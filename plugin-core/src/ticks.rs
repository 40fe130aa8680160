//! Short durations, for a fraction of what the operating system's clock costs.

use std::{
    sync::{
        Once,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::bare::cycles::cycles;

/// A reading of the processor's cycle counter, or of the system's monotonic clock where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ticks(u64);

/// Nanoseconds a tick, times 2^24; one until it was measured.
static SCALE: AtomicU64 = AtomicU64::new(1 << SHIFT);
const SHIFT: u32 = 24;
/// More than a minute of any counter whose tick is no longer than a nanosecond.
const MOST: u64 = 1 << (63 - SHIFT);

/// Measures the counter against the system's clock, once a process. It takes a fifth of a millisecond.
pub(crate) fn calibrate() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let (began, from) = (Instant::now(), Ticks::now());
        let took = loop {
            let took = began.elapsed();
            if took >= Duration::from_micros(200) {
                break took;
            }
            std::hint::spin_loop();
        };
        let ticks = Ticks::now().0.saturating_sub(from.0).max(1);
        let scale = (took.as_nanos() << SHIFT) / u128::from(ticks);
        SCALE.store(u64::try_from(scale).unwrap_or(1 << SHIFT), Relaxed);
    });
}

impl Ticks {
    /// The present.
    #[inline]
    pub(crate) fn now() -> Self {
        Self(cycles())
    }

    /// So many.
    pub(crate) fn of(count: u64) -> Self {
        Self(count)
    }

    /// How many there are.
    #[inline]
    pub(crate) fn count(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was. Nothing if it is later, as it may seem to a thread that changed its processor.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// Their length, if it is no more than a minute; a minute at least if it is more.
    #[inline]
    pub(crate) fn nanoseconds(self) -> u64 {
        // So few that one multiplication of words holds the product.
        (self.0.min(MOST) * SCALE.load(Relaxed)) >> SHIFT
    }

    /// Their length, however many they are.
    pub(crate) fn all_nanoseconds(self) -> u64 {
        let nanoseconds = (u128::from(self.0) * u128::from(SCALE.load(Relaxed))) >> SHIFT;
        u64::try_from(nanoseconds).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_agree_with_the_systems_clock() {
        calibrate();
        // A pause of this thread between the two readings of a pair spoils a try, not the clock.
        let close = (0..50).any(|_| {
            let (began, from) = (Instant::now(), Ticks::now());
            while began.elapsed() < Duration::from_millis(2) {
                std::hint::spin_loop();
            }
            let (took, ticks) = (began.elapsed(), Ticks::now().since(from));
            assert_eq!(ticks.nanoseconds(), ticks.all_nanoseconds());
            Duration::from_nanos(ticks.nanoseconds()).abs_diff(took) < took / 20
        });
        assert!(close);
    }
}
