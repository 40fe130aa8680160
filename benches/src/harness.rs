//! Interleaved rounds of several cases, and what they come to.

use std::{
    hint::black_box,
    sync::LazyLock,
    time::{Duration, Instant},
};

/// How to measure.
pub(crate) struct Options {
    /// Fewer and shorter rounds, for a look.
    pub(crate) quick: bool,
    /// Whether a missed target fails the program.
    pub(crate) assert: bool,
}

impl Options {
    /// What `flags` ask for, or the first that is unknown.
    pub(crate) fn of(flags: &[String]) -> Result<Self, String> {
        let mut options = Self { quick: false, assert: false };
        for flag in flags {
            match flag.as_str() {
                "--quick" => options.quick = true,
                "--assert" => options.assert = true,
                unknown => return Err(unknown.to_owned()),
            }
        }
        Ok(options)
    }

    fn rounds(&self) -> usize {
        if self.quick { 9 } else { 41 }
    }

    fn slice(&self) -> Duration {
        Duration::from_micros(if self.quick { 200 } else { 1000 })
    }
}

/// Something that can be done any number of times.
pub(crate) struct Case<'a> {
    name: &'static str,
    work: Box<dyn FnMut(u64) + 'a>,
}

impl<'a> Case<'a> {
    /// `work` does it as often as it is told to.
    pub(crate) fn new(name: &'static str, work: impl FnMut(u64) + 'a) -> Self {
        Self { name, work: Box::new(work) }
    }
}

/// What one case took in each round, in nanoseconds each time.
pub(crate) struct Measured {
    name: &'static str,
    rounds: Vec<f64>,
}

/// What several cases took in the same rounds.
pub(crate) struct Table(Vec<Measured>);

/// What time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// What passes for everybody.
    Wall,
    /// What this thread has run: for work that waits for nothing and is done on it alone. What else the machine has to do does not
    /// count.
    #[cfg(feature = "store")]
    OfThread,
}

impl Time {
    fn now(self) -> Duration {
        match self {
            Self::Wall => {
                static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
                BEGAN.elapsed()
            }
            #[cfg(feature = "store")]
            Self::OfThread => {
                let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
                Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).expect("less than a second"))
            }
        }
    }
}

/// Runs `cases` in turns until each had its rounds.
pub(crate) fn interleave(options: &Options, cases: Vec<Case<'_>>) -> Table {
    interleave_in(Time::Wall, options.slice(), options, cases)
}

/// The same as fits work that takes long, or differs much from time to time: each case has `slice` of `time` a round.
pub(crate) fn interleave_in(time: Time, slice: Duration, options: &Options, mut cases: Vec<Case<'_>>) -> Table {
    let times: Vec<u64> = cases.iter_mut().map(|case| warm_up(&mut case.work, time, slice)).collect();
    let mut measured: Vec<_> =
        cases.iter().map(|case| Measured { name: case.name, rounds: Vec::with_capacity(options.rounds()) }).collect();
    for round in 0..options.rounds() {
        let count = cases.len();
        for turn in 0..count {
            // Each round begins with another case, so that none always follows the same one.
            let at = (turn + round) % count;
            let began = time.now();
            (cases[at].work)(times[at]);
            measured[at].rounds.push((time.now() - began).as_nanos() as f64 / times[at] as f64);
        }
    }
    Table(measured)
}

/// How often `work` fits into `slice`, found by doing it.
fn warm_up(work: &mut dyn FnMut(u64), time: Time, slice: Duration) -> u64 {
    let mut times = 1;
    loop {
        let began = time.now();
        work(black_box(times));
        let took = time.now() - began;
        if took >= slice / 2 {
            let each = took.as_nanos() as f64 / times as f64;
            return ((slice.as_nanos() as f64 / each) as u64).max(1);
        }
        times *= 2;
    }
}

impl Table {
    fn of(&self, name: &str) -> &Measured {
        self.0.iter().find(|measured| measured.name == name).expect("the case was measured")
    }

    /// The median time of `name`, in nanoseconds.
    pub(crate) fn median(&self, name: &str) -> f64 {
        quantile(&self.of(name).rounds, 0.5)
    }

    /// The median over all rounds of what `name` took beside `peer` in the same round.
    pub(crate) fn ratio(&self, name: &str, peer: &str) -> f64 {
        let pairs = self.of(name).rounds.iter().zip(&self.of(peer).rounds);
        quantile(&pairs.map(|(ours, theirs)| ours / theirs).collect::<Vec<_>>(), 0.5)
    }

    /// Prints each case with its median, its tenth and ninetieth percentile in nanoseconds, and its ratio to `peer`.
    pub(crate) fn print(&self, title: &str, peer: &str) {
        self.print_in(1.0, title, peer);
    }

    /// The same in a unit of so many nanoseconds.
    pub(crate) fn print_in(&self, unit: f64, title: &str, peer: &str) {
        println!("{title:<46} {:>9} {:>9} {:>9} {:>7}", "median", "p10", "p90", "ratio");
        for measured in &self.0 {
            let [p50, p10, p90] = [0.5, 0.1, 0.9].map(|at| quantile(&measured.rounds, at) / unit);
            println!(
                "  {:<44} {p50:>9.1} {p10:>9.1} {p90:>9.1} {:>7.2}",
                measured.name,
                self.ratio(measured.name, peer)
            );
        }
        println!();
    }
}

/// The value that the share `at` of `values` does not exceed.
pub(crate) fn quantile(values: &[f64], at: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(((sorted.len() - 1) as f64 * at).round() as usize).copied().unwrap_or(f64::NAN)
}

/// A list of targets, and which were met.
#[derive(Default)]
pub(crate) struct Targets(Vec<Target>);

struct Target {
    what: String,
    value: f64,
    bound: Bound,
    weight: Weight,
    /// What stands in its way, and what would reach it.
    obstacle: Option<&'static str>,
}

/// What a missed target means.
#[derive(Clone, Copy, PartialEq)]
enum Weight {
    Counts,
    /// It is printed, to explain another one.
    IsShown,
}

enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn is_met(&self, value: f64) -> bool {
        match self {
            Self::AtMost(limit) => value <= *limit,
            Self::AtLeast(limit) => value >= *limit,
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "≤ {limit:.2}"),
            Self::AtLeast(limit) => write!(f, "≥ {limit:.2}"),
        }
    }
}

impl Targets {
    /// `value` should not exceed `limit`.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, value: f64, limit: f64) {
        self.add(what.into(), value, Bound::AtMost(limit), Weight::Counts);
    }

    /// The same, only to be shown.
    pub(crate) fn would_be_at_most(&mut self, what: impl Into<String>, value: f64, limit: f64) {
        self.add(what.into(), value, Bound::AtMost(limit), Weight::IsShown);
    }

    /// `value` should not fall below `limit`.
    pub(crate) fn at_least(&mut self, what: impl Into<String>, value: f64, limit: f64) {
        self.add(what.into(), value, Bound::AtLeast(limit), Weight::Counts);
    }

    fn add(&mut self, what: String, value: f64, bound: Bound, weight: Weight) {
        self.0.push(Target { what, value, bound, weight, obstacle: None });
    }

    /// What is printed below the last one where it is missed: what stands in its way, and what would reach it.
    pub(crate) fn where_missed(&mut self, obstacle: &'static str) {
        if let Some(last) = self.0.last_mut() {
            last.obstacle = Some(obstacle);
        }
    }

    /// Prints them; whether all that count were met.
    pub(crate) fn print(&self) -> bool {
        println!("{:<62} {:>9} {:>9}", "target", "measured", "wanted");
        for Target { what, value, bound, weight, obstacle } in &self.0 {
            let is_met = bound.is_met(*value);
            let met = match (is_met, weight) {
                (true, Weight::Counts) => "met",
                (false, Weight::Counts) => "MISSED",
                (true, Weight::IsShown) => "(met; does not count)",
                (false, Weight::IsShown) => "(missed; does not count)",
            };
            println!("  {what:<60} {value:>9.2} {:>9}  {met}", bound.to_string());
            if let (Some(obstacle), false) = (obstacle, is_met) {
                println!("      {obstacle}");
            }
        }
        println!();
        let mut counting = self.0.iter().filter(|target| target.weight == Weight::Counts);
        counting.all(|target| target.bound.is_met(target.value))
    }
}
