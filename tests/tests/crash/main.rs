//! What a store acknowledged is there after `kill -9`, whole, and its indexes are what its documents say.
//!
//! A child (`child.rs`) writes from many tasks at once and tells of each write before and after it; at a moment that is drawn, it is
//! killed. Then this process opens the store and holds all rows against what was told (`history.rs`) and against themselves
//! (`rows.rs`, `rebuild.rs`). Beside those tasks a whole host takes orders, with plugins of its own (`orders.rs`, `shop.rs`). The next
//! child goes on from there. A loss of power is another matter: what the kernel has, stays.

mod child;
mod history;
mod orders;
mod plan;
mod rebuild;
mod rehearsal;
mod rows;
mod shop;

use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, ExitCode, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use plugin_core::random::Random;
use tests::{Result, pause};

use crate::{history::History, orders::Orders, plan::Stores};

const NAME: &str = "acknowledged_writes_survive_kills";
/// How often a child is killed, unless `CRASH_CYCLES` says otherwise.
const CYCLES: u64 = 200;
/// From this many cycles on, some of the kills come while an index is built.
const MANY: u64 = 50;
/// How long a child may take until it acknowledges something.
const BEGIN: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match child::Orders::of(&arguments) {
        Some(orders) => child::run(&orders).map_or_else(|error| fail(&error), |()| ExitCode::SUCCESS),
        None if !is_wanted(&arguments) => ExitCode::SUCCESS,
        None => test(number("CRASH_SEED", 0), number("CRASH_CYCLES", CYCLES)),
    }
}

/// Whether the arguments that all tests are given want this one. Asked for a list it is on it, and does not run.
#[expect(clippy::print_stdout, reason = "the list is for the program that asked for it")]
fn is_wanted(arguments: &[String]) -> bool {
    if arguments.iter().any(|argument| argument == "--list") {
        println!("{NAME}: test");
        return false;
    }
    let mut words = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
    words.peek().is_none() || words.any(|word| NAME.contains(word.as_str()))
}

fn number(variable: &str, default: u64) -> u64 {
    let given = env::var_os(variable);
    let parse = |given: &OsStr| given.to_str().and_then(|given| given.parse().ok());
    given.map_or(default, |given| parse(&given).unwrap_or_else(|| panic!("{variable} is a number, not {given:?}")))
}

fn fail(error: &tests::Failure) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}

fn test(seed: u64, cycles: u64) -> ExitCode {
    let folder = tempfile::Builder::new().prefix("crash-").tempdir().expect("a temporary folder");
    let began = Instant::now();
    let mut history = History::default();
    let mut last = 0;
    match run(folder.path(), seed, cycles, &mut history, &mut last) {
        Ok(orders) => {
            eprintln!("{NAME}: {cycles} kills, {}; {orders}; in {:?}", history.counts, began.elapsed());
            ExitCode::SUCCESS
        }
        Err(error) => {
            let kept = folder.keep();
            eprintln!("{NAME}: cycle {last} of seed {seed}: {error}");
            eprintln!("the data is kept in {}", kept.display());
            let cycles = last + 1;
            eprintln!("to repeat it: CRASH_SEED={seed} CRASH_CYCLES={cycles} cargo test -p tests --test crash");
            ExitCode::FAILURE
        }
    }
}

fn run(dir: &Path, seed: u64, cycles: u64, history: &mut History, last: &mut u64) -> Result<Orders> {
    rehearsal::run()?;
    let stores = Stores::open(dir, 0)?;
    stores.fill()?;
    *history = History::of(&stores.rows()?)?;
    let mut orders = Orders::fill(&stores)?;
    drop(stores);
    for cycle in 0..cycles {
        *last = cycle;
        for line in killed(dir, seed, cycle)? {
            history.hear(&line)?;
        }
        orders.settle(&Stores::open(dir, cycle)?, &history.orders())?;
        check(dir, cycle, history)?;
    }
    // What was begun is brought to its end.
    let stores = Stores::open(dir, cycles)?;
    stores.complete()?;
    orders.complete(&stores)?;
    drop(stores);
    check(dir, cycles, history)?;
    let counts = &history.counts;
    if counts.building + counts.dropping > 0 {
        return Err(format!("indexes are left that are neither built nor gone: {counts}").into());
    }
    if cycles >= MANY && (counts.acknowledged < cycles || counts.built_when_killed == 0 || counts.torn == 0) {
        return Err(format!("too little went on for the kills to mean anything: {counts}").into());
    }
    if cycles >= MANY && ((orders.said.acknowledged.len() as u64) < cycles || orders.migrating == 0) {
        return Err(format!("too few orders were taken for the kills to mean anything: {orders}").into());
    }
    Ok(orders)
}

fn check(dir: &Path, cycle: u64, history: &mut History) -> Result<()> {
    let stores = Stores::open(dir, cycle)?;
    let found = stores.rows()?;
    let indexes = rows::check(&found)?;
    history.settle(&found, indexes)
}

/// Lets a child write until it is killed, and gives what it said.
fn killed(dir: &Path, seed: u64, cycle: u64) -> Result<Vec<String>> {
    let mut random = Random::of(seed ^ cycle);
    let orders = child::Orders { dir: dir.into(), seed: random.number(), cycle };
    let left = Duration::from_millis(30 + random.below(271) as u64);
    let mut child = Command::new(env::current_exe()?).args(orders.to_arguments()).stdout(Stdio::piped()).spawn()?;
    let said = BufReader::new(child.stdout.take().ok_or("the child has no stdout")?);
    let (tell, began) = mpsc::channel();
    let reader = thread::spawn(move || {
        let lines = said.lines().map_while(std::io::Result::ok);
        let told = lines.inspect(|line| {
            if history::is_acknowledgement(line) {
                // Only the first is waited for.
                let _ = tell.send(());
            }
        });
        told.collect::<Vec<_>>()
    });
    let begun = began.recv_timeout(BEGIN);
    if begun.is_ok() {
        pause(left);
    }
    let ended = child.try_wait()?;
    child.kill()?;
    child.wait()?;
    let said = reader.join().map_err(|_| "reading what the child said panicked")?;
    match (begun, ended) {
        (Ok(()), None) => Ok(said),
        (_, Some(status)) => Err(format!("the child ended by itself ({status}): {:?}", said.last()).into()),
        (Err(_), None) => Err(format!("the child acknowledged nothing within {BEGIN:?}").into()),
    }
}
