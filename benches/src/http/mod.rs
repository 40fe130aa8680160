//! Requests over HTTP: our router with all its guards beside bare actix-web, each on one worker, under the same load in turns.
//!
//! It is the router alone, as an application of one's own would mount it: what the server wraps around it, such as looking at
//! tokens and counting requests, is not measured.

mod load;
mod servers;

use std::time::Duration;

use crate::harness::{Options, Targets, quantile};

use load::Load;
use servers::Server;

/// How many endpoints there are.
const SIZES: [usize; 3] = [10, 100, 1_000];

/// The share of bare actix-web's requests that ours must answer.
const SHARE: f64 = 0.95;

/// Measures it; whether the targets were met.
pub(crate) fn run(options: &Options) -> bool {
    // Many short turns: what else the machine does changes more slowly, so it disturbs all servers of a round alike.
    let (rounds, slice) = (if options.quick { 9 } else { 81 }, Duration::from_millis(100));
    let mut servers = vec![Server::bare(1)];
    servers.extend(SIZES.map(Server::ours));
    servers.extend(SIZES.map(Server::bare));
    let load = Load::new();
    let mut figures = vec![Vec::new(); servers.len()];
    for server in &servers {
        load.requests_per_second(server.address(), &server.path(), slice);
    }
    for round in 0..rounds {
        for turn in 0..servers.len() {
            // Each round begins with another server, so that none always follows the same one.
            let at = (turn + round) % servers.len();
            let server = &servers[at];
            figures[at].push(load.requests_per_second(server.address(), &server.path(), slice));
        }
    }

    println!(
        "{:<46} {:>9} {:>9} {:>9} {:>7}",
        "requests a second, router without the server", "median", "p10", "p90", "ratio"
    );
    let mut targets = Targets::default();
    for (server, rounds) in servers.iter().zip(&figures) {
        let [p50, p10, p90] = [0.5, 0.1, 0.9].map(|at| quantile(rounds, at));
        let shares: Vec<f64> = rounds.iter().zip(&figures[0]).map(|(this, bare)| this / bare).collect();
        let share = quantile(&shares, 0.5);
        println!("  {:<44} {p50:>9.0} {p10:>9.0} {p90:>9.0} {share:>7.2}", server.name());
        if server.is_ours() {
            targets.at_least(format!("{} / bare actix-web with one route", server.name()), share, SHARE);
        }
    }
    println!();
    targets.print()
}
