//! The store on a disk, beside RocksDB without it and beside SQLite: the same documents, the same durability, one thread unless it says
//! otherwise. Reads are warm, and wait for nothing: they are measured as the time that their thread ran. Writes, which wait for the disk,
//! are measured by the clock on the wall.
//!
//! What is beside ours as RocksDB is the same database, its keys at hand and its options made once. The folders are temporary ones: the
//! environment's `TMPDIR` chooses the disk.

mod data;
mod families;
mod ours;
mod points;
mod queries;
mod sqlite;

use crate::harness::{Options, Targets};

const MICROSECOND: f64 = 1_000.0;

/// Measures it; whether the targets were met.
pub(crate) fn run(options: &Options) -> bool {
    let mut targets = Targets::default();
    families::measure(options, &mut targets);
    points::measure(options, &mut targets);
    queries::measure(options, &mut targets);
    targets.print()
}
