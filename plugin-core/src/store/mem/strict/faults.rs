//! What the strict engine does to its callers, and how often.

use crate::{
    random::{Odds, Random},
    store::engine::{Precondition, Write},
};

/// How often a [`StrictEngine`](super::StrictEngine) does what.
///
/// ```
/// use plugin_core::{random::Odds, store::mem::strict::Faults};
///
/// let faults = Faults { short_scans: Odds::one_in(2), ..Faults::NONE };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// A commit is refused for a conflict, though everything holds. The place is that of a write with a precondition; a commit without
    /// any has no conflicts.
    pub conflicts: Odds,
    /// A commit happens if it may, and its outcome is unknown.
    pub done_in_silence: Odds,
    /// A commit does not happen, and its outcome is unknown.
    pub lost_in_silence: Odds,
    /// A read is refused: the engine is not available.
    pub unavailable_reads: Odds,
    /// A commit is refused: the engine is not available.
    pub unavailable_commits: Odds,
    /// A walk gives fewer entries than were asked, though there are more.
    pub short_scans: Odds,
    /// How often a call lets others go on before it takes effect, and again before it is answered, at most.
    pub yields: usize,
}

impl Faults {
    /// None at all: every call is answered at once.
    pub const NONE: Self = Self {
        conflicts: Odds::NEVER,
        done_in_silence: Odds::NEVER,
        lost_in_silence: Odds::NEVER,
        unavailable_reads: Odds::NEVER,
        unavailable_commits: Odds::NEVER,
        short_scans: Odds::NEVER,
        yields: 0,
    };

    /// Those that an engine in order has: what is written at once conflicts, outcomes get lost, walks come in pieces. It can always
    /// be reached.
    pub const USUAL: Self = Self {
        conflicts: Odds::one_in(12),
        done_in_silence: Odds::one_in(16),
        lost_in_silence: Odds::one_in(16),
        short_scans: Odds::one_in(3),
        yields: 2,
        ..Self::NONE
    };

    /// All there are.
    pub const ALL: Self =
        Self { unavailable_reads: Odds::one_in(24), unavailable_commits: Odds::one_in(24), ..Self::USUAL };

    /// What becomes of a commit.
    pub(super) fn fate(&self, random: &mut Random, writes: &[Write]) -> Fate {
        let guarded: Vec<usize> = (0..)
            .zip(writes)
            .filter(|(_, write)| write.precondition != Precondition::Any)
            .map(|(place, _)| place)
            .collect();
        let refused = random.happens(self.conflicts).then(|| random.pick(&guarded)).flatten();
        match refused {
            Some(place) => Fate::Refused(*place),
            None if random.happens(self.done_in_silence) => Fate::DoneInSilence,
            None if random.happens(self.lost_in_silence) => Fate::LostInSilence,
            None if random.happens(self.unavailable_commits) => Fate::Down,
            None => Fate::Happens,
        }
    }
}

/// What becomes of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It is done if its preconditions hold, and that is said.
    Happens,
    /// It is refused for a conflict at this place, and not done.
    Refused(usize),
    /// It is done if its preconditions hold; its outcome is unknown.
    DoneInSilence,
    /// It is not done; its outcome is unknown.
    LostInSilence,
    /// It is not done: the engine is not available, and says so.
    Down,
    /// It is done, then somebody else writes the same key; its outcome is unknown.
    Overwritten,
    /// Somebody else writes the same key before it.
    Overtaken,
    /// It is done if its preconditions hold, and that is said; from then on nothing can be read.
    ThenBlind,
}
