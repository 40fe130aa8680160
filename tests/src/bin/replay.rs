//! Replays recorded conversations and deliveries through a real server, undisturbed or killing it on the way, and checks that
//! what the server acknowledged is there and is counted.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::ExitCode,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use tests::{
    Result,
    api::{Api, Base},
    check::check_all,
    deliver::deliver_along,
    input::{self, Conversation, Delivery, Totals},
    pause,
    replay::{Losses, Progress, replay},
    server::{ADMIN_TOKEN, Launch, Server},
};

/// Replays recorded conversations and webhook deliveries through a real server and checks every count.
#[derive(Debug, Parser)]
struct Args {
    /// Conversations, a JSON object a line.
    #[arg(long)]
    conversations: PathBuf,
    /// Webhook deliveries, a JSON object a line.
    #[arg(long)]
    deliveries: PathBuf,
    /// How many clients talk at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    clients: u8,
    /// How often the server is killed in the middle.
    #[arg(long, default_value_t = 0)]
    kills: usize,
    /// The input must be the shared data, with the totals known for it.
    #[arg(long)]
    expect_real: bool,
    /// The server's program; the one of this build unless given.
    #[arg(long)]
    server: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(summary) => {
            eprintln!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("replay failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<String> {
    let records: Vec<Conversation> = input::read(&args.conversations)?;
    let deliveries: Vec<Delivery> = input::read(&args.deliveries)?;
    let totals = input::totals(&records);
    if args.expect_real {
        expect_real(&totals, &deliveries)?;
    }
    let folder = tempfile::tempdir()?;
    let launch = match &args.server {
        Some(path) => Launch::of(path, folder.path()),
        None => Launch::plugin_server(folder.path())?,
    };
    let mut server = launch.start()?;
    let base = Base::new(server.base());
    let api = Api::new(base.clone()).token(ADMIN_TOKEN);
    let losses = if args.kills == 0 { Losses::AreErrors } else { Losses::AreExpected };

    let progress = Progress::default();
    let begun = Instant::now();
    let said = thread::scope(|scope| {
        let killer = scope.spawn(|| kill_on_the_way(&mut server, &base, args.kills, records.len(), &progress));
        let hooks = scope.spawn(|| deliver_along(&api, &deliveries, records.len(), losses, &progress));
        let said = replay(&api, &records, args.clients.into(), losses, &progress, |_| ());
        if said.is_err() {
            progress.failed.store(true, Ordering::Relaxed);
        }
        killer.join().map_err(|_| "the killing thread panicked")??;
        let said = said?;
        hooks.join().map_err(|_| "the delivering thread panicked")??;
        Ok::<_, tests::Failure>(said)
    })
    .map_err(|error| format!("{error}\nthe server's last words:\n{}", tail(&server)))?;
    let took = begun.elapsed();

    let begun = Instant::now();
    check_all(&api, &said, &totals, &deliveries, losses)
        .map_err(|error| format!("{error}\nthe server's last words:\n{}", tail(&server)))?;
    let checked = begun.elapsed();
    let panics = server.stderr().lines().filter(|line| line.contains("panicked at")).count();
    let status = server.stop()?;
    if !status.success() || panics > 0 {
        return Err(format!("the server ended with {status} after {panics} panics:\n{}", tail(&server)).into());
    }
    let requests = progress.requests.load(Ordering::Relaxed);
    Ok(format!(
        "{} conversations, {requests} requests by {} clients and {} deliveries in {:.1} s ({:.0} requests/s); \
         {} kills, {} requests without an answer; all found and counted exactly ({:.1} s)",
        said.len(),
        args.clients,
        deliveries.len(),
        took.as_secs_f64(),
        requests as f64 / took.as_secs_f64(),
        args.kills,
        progress.lost.load(Ordering::Relaxed),
        checked.as_secs_f64(),
    ))
}

/// Kills the server `kills` times, spread over the middle of the replay, and starts it again on the same data.
fn kill_on_the_way(server: &mut Server, base: &Base, kills: usize, total: usize, progress: &Progress) -> Result<()> {
    for kill in 1..=kills {
        let due = total * kill / (kills + 1);
        while progress.done.load(Ordering::Relaxed) < due {
            if progress.failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            pause(Duration::from_millis(1));
        }
        server.kill()?;
        server.restart().inspect_err(|_| progress.failed.store(true, Ordering::Relaxed))?;
        base.set(server.base());
    }
    Ok(())
}

fn expect_real(totals: &BTreeMap<String, Totals>, deliveries: &[Delivery]) -> Result<()> {
    let known = [
        ("english", 2025, 4331, 89),
        ("japanese", 568, 1393, 89),
        ("spanish", 280, 964, 87),
        ("german", 113, 273, 66),
        ("hindi", 52, 118, 38),
        ("hebrew", 49, 136, 39),
    ];
    let total = |(app, conversations, messages, users): (&str, u64, u64, u64)| {
        (app.to_owned(), Totals { conversations, messages, users })
    };
    let known: BTreeMap<_, _> = known.into_iter().map(total).collect();
    let count = |event: &str| deliveries.iter().filter(|delivery| delivery.event == event).count();
    let counted = (deliveries.len(), count("push"), count("pull_request"), count("issues"));
    if *totals != known || counted != (97, 7, 29, 29) {
        return Err(format!("this is not the shared data: {totals:?}, deliveries {counted:?}").into());
    }
    Ok(())
}

fn tail(server: &Server) -> String {
    let text = server.stderr();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
