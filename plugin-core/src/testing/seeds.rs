//! Running a test with many seeds, and saying how to run it again with the one for which it failed.

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

/// The variable that names the one seed to run with.
const ONE: &str = "STORE_SEED";
/// The variable that says with how many seeds to run.
const MANY: &str = "STORE_SEEDS";

/// Runs `case` with the seeds from 0 to `count`. With `STORE_SEED=7` in the environment it runs with that seed alone, with
/// `STORE_SEEDS=5000` with so many.
///
/// ```
/// use plugin_core::testing::{Simulation, each_seed};
///
/// each_seed(10, |seed| {
///     let mut simulation = Simulation::of(seed);
///     simulation.task(async { /* … */ });
///     simulation.run().unwrap();
/// });
/// ```
///
/// # Panics
/// As `case` does. The seed, and the command that repeats it, are printed then.
pub fn each_seed(count: u64, case: impl Fn(u64)) {
    match given(ONE) {
        Some(seed) => each([seed], case),
        None => each(0..given(MANY).unwrap_or(count), case),
    }
}

fn each(seeds: impl IntoIterator<Item = u64>, case: impl Fn(u64)) {
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| case(seed))) {
            eprintln!("it failed for seed {seed}; to repeat it: {}", command(seed, thread::current().name()));
            resume_unwind(panic);
        }
    }
}

/// # Panics
/// If the variable is there and no number: run otherwise than it was meant, a test would say nothing.
fn given(variable: &str) -> Option<u64> {
    let value = env::var_os(variable)?;
    let number = value.to_str().and_then(|value| value.parse().ok());
    Some(number.unwrap_or_else(|| panic!("{variable} is a number, not {}", value.display())))
}

/// What repeats the test that runs on the thread `name`.
fn command(seed: u64, name: Option<&str>) -> String {
    let package = env::var("CARGO_PKG_NAME").map(|name| format!(" -p {name}")).unwrap_or_default();
    let test = name.filter(|name| *name != "main").unwrap_or_default();
    format!("{ONE}={seed} cargo test{package} {test}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn a_failure_ends_the_run_at_its_seed() {
        let ran = RefCell::new(Vec::new());
        let failed = catch_unwind(AssertUnwindSafe(|| {
            each(0..5, |seed| {
                ran.borrow_mut().push(seed);
                assert_ne!(seed, 2);
            });
        }));
        assert!(failed.is_err());
        assert_eq!(ran.into_inner(), [0, 1, 2]);
    }

    #[test]
    fn the_command_names_seed_package_and_test() {
        let command = command(7, Some("store::it_works"));
        assert!(command.starts_with("STORE_SEED=7 cargo test"), "{command}");
        assert!(command.contains("-p plugin-core") && command.ends_with(" store::it_works"), "{command}");
    }
}
