//! Numbers that look random and are the same every time, for whatever must run again as it ran before. For nothing that must not
//! be guessed.

/// A sequence of numbers that its seed decides: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
///
/// ```
/// use plugin_core::random::Random;
///
/// let (mut one, mut other) = (Random::of(7), Random::of(7));
/// assert_eq!(one.below(100), other.below(100));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random(u64);

impl Random {
    /// The sequence of `seed`.
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, any of 64 bits.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// A number below `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let product = u128::from(self.number()) * bound as u128;
        // The upper half of a product with a number of 64 bits is below the other factor.
        (product >> 64) as usize
    }

    /// One of `things`; nothing where there are none.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        things.get(self.below(things.len()))
    }

    /// Whether something happens that has these odds.
    pub fn happens(&mut self, odds: Odds) -> bool {
        // A number is drawn whatever the odds: what is decided after it does not change with them.
        let drawn = self.number() % u64::from(odds.0.max(1));
        odds.0 != 0 && drawn == 0
    }

    /// Another sequence, which this one decides.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.number())
    }
}

/// How far the state of a sequence goes on from number to number.
pub(crate) const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The number of a state: a bijection, so that as long as no state comes twice no number does.
pub(crate) fn mixed(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// How often something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Odds(u32);

impl Odds {
    /// Never.
    pub const NEVER: Self = Self(0);
    /// Every time.
    pub const ALWAYS: Self = Self(1);

    /// Once in `times`, on average; never where that is 0.
    pub const fn one_in(times: u32) -> Self {
        Self(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_numbers_of_the_published_generator() {
        let mut random = Random::of(1_234_567);
        let numbers = [(); 3].map(|()| random.number());
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_below_a_bound_reach_every_one_of_them() {
        let mut random = Random::of(1);
        let mut seen = [0; 5];
        (0..1000).for_each(|_| seen[random.below(5)] += 1);
        assert!(seen.iter().all(|times| (150..250).contains(times)), "{seen:?}");
        assert_eq!((random.below(0), random.below(1), random.pick::<u8>(&[])), (0, 0, None));
    }

    #[test]
    fn odds_hold_on_average() {
        let mut random = Random::of(1);
        let mut happened = |odds| (0..1000).filter(|_| random.happens(odds)).count();
        assert_eq!((happened(Odds::NEVER), happened(Odds::ALWAYS)), (0, 1000));
        assert!((150..250).contains(&happened(Odds::one_in(5))));
    }
}
