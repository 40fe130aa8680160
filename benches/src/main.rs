//! Every figure we publish, beside its peers: both sides in one process, their rounds interleaved, so that what disturbs the machine
//! disturbs both.
//!
//! `cargo run --release -p benches -- [--quick] [--assert] [dispatch] [http]`, and with `--features store`, which builds RocksDB and
//! SQLite, `[store]`.
#![expect(clippy::print_stdout, reason = "tables are what this program is for")]

mod alloc;
mod dispatch;
mod harness;
mod http;
#[cfg(feature = "store")]
mod store;

use std::process::ExitCode;

use harness::Options;

/// What can be measured: its name, what it is, and how, which says whether its targets were met.
type Suite = (&'static str, &'static str, fn(&Options) -> bool);

const SUITES: &[Suite] = &[
    // It measures memory, which is done best where nothing was before.
    #[cfg(feature = "store")]
    ("store", "documents on a disk, beside RocksDB alone and SQLite", store::run),
    ("dispatch", "firing hooks and applying filters, in nanoseconds a dispatch", dispatch::run),
    (
        "http",
        "endpoints over HTTP, one worker, 32 connections: the bare router, without the layers that the server wraps around it",
        http::run,
    ),
];

fn main() -> ExitCode {
    let (flags, names): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let options = match Options::of(&flags) {
        Ok(options) => options,
        Err(unknown) => return usage(&format!("unknown option {unknown}; there are --quick and --assert")),
    };
    if let Some(unknown) = names.iter().find(|name| SUITES.iter().all(|(suite, ..)| suite != name)) {
        return usage(&format!("no such suite: {unknown}"));
    }
    let wanted = SUITES.iter().filter(|(suite, ..)| names.is_empty() || names.iter().any(|name| name == suite));
    let met = wanted.fold(true, |met, (name, what, run)| {
        println!("# {name}: {what}\n");
        run(&options) && met
    });
    if met || !options.assert { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage(problem: &str) -> ExitCode {
    eprintln!("{problem}\n\nusage: benches [--quick] [--assert] [suite…]\n");
    for (name, what, _) in SUITES {
        eprintln!("  {name:<10} {what}");
    }
    ExitCode::from(2)
}
