//! What a plugin's part of the store costs by being there.

use std::{fs, path::Path, time::Instant};

use plugin_core::{
    AppId,
    store::{
        Db,
        engine::{Durability, Engine, Keyspace},
    },
};
use plugin_server::rocks::RocksEngine;

use super::{data, ours};
use crate::harness::{Options, Targets, quantile};

const PLUGINS: u32 = 100;

/// What a store takes to open, in milliseconds, and to have, in MiB.
struct Cost {
    open: f64,
    memory: Option<f64>,
}

pub(super) fn measure(options: &Options, targets: &mut Targets) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [none, all] = ["none", "all"].map(|name| folder.path().join(name));
    make(&none, 0);
    let made = make(&all, PLUGINS);
    // The first of each counts for memory: what comes later takes what was given back.
    let first = [opened(&none, 0), opened(&all, PLUGINS)].map(|cost| cost.memory);
    let each = |[none, all]: [Cost; 2]| (all.open - none.open) / f64::from(PLUGINS);
    let rounds = if options.quick { 5 } else { 15 };
    let written: Vec<f64> = (0..rounds).map(|_| each([opened(&none, 0), opened(&all, PLUGINS)])).collect();
    // What was written last is brought in once more.
    opened(&all, 0);
    let still: Vec<f64> = (0..rounds).map(|_| each([opened(&none, 0), opened(&all, 0)])).collect();
    println!("{:<46} {:>9} {:>9} {:>9}", format!("{PLUGINS} plugins, each of them"), "median", "p10", "p90");
    println!("  {:<44} {made:>9.3}", "made, and written to, ms");
    for (what, rounds) in [("opened again, ms", &still), ("opened again after each had written, ms", &written)] {
        let [p50, p10, p90] = [0.5, 0.1, 0.9].map(|at| quantile(rounds, at));
        println!("  {what:<44} {p50:>9.3} {p10:>9.3} {p90:>9.3}");
    }
    targets.at_most("a plugin more: opening the store, ms", quantile(&still, 0.5), 1.2);
    targets.would_be_at_most("a plugin more: opening it when it had written, ms", quantile(&written, 0.5), 1.2);
    match first {
        [Some(none), Some(all)] => {
            let memory = (all - none) / f64::from(PLUGINS);
            println!("  {:<44} {memory:>9.3}", "resident memory when opened, MiB");
            targets.at_most("a plugin more: resident memory, MiB", memory, 0.12);
        }
        _ => println!("  resident memory cannot be read on this system"),
    }
    println!();
}

/// Makes a store in `path` with so many plugins, each of which writes a document; how long each took, in milliseconds.
fn make(path: &Path, plugins: u32) -> f64 {
    let engine = RocksEngine::open(path).expect("a new store");
    let began = Instant::now();
    write(engine, plugins);
    began.elapsed().as_secs_f64() * 1e3 / f64::from(plugins)
}

/// Opens the store in `path`; so many plugins in it write a document.
fn opened(path: &Path, plugins: u32) -> Cost {
    let before = resident();
    let began = Instant::now();
    let engine = RocksEngine::open(path).expect("a store");
    let open = began.elapsed().as_secs_f64() * 1e3;
    let engine = write(engine, plugins);
    let memory = before.zip(resident()).map(|(before, after)| after - before);
    drop(engine);
    Cost { open, memory }
}

fn write(engine: RocksEngine, plugins: u32) -> std::sync::Arc<RocksEngine> {
    let (engine, runtime) = (std::sync::Arc::new(engine), ours::runtime());
    for number in 0..plugins {
        let keyspace = Keyspace::of_plugin(&format!("plugin-{number}"));
        let db = Db::new(engine.clone(), keyspace.clone(), AppId::default(), Durability::Relaxed);
        runtime.block_on(async {
            engine.open(&keyspace).await.expect("it opens");
            db.set("conversations:1", &data::conversation(number)).await.expect("it is stored");
        });
    }
    engine
}

/// The resident memory of this process, in MiB.
fn resident() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
}
