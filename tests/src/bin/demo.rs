//! Shows the example plugins at work: conversations over HTTP, signed webhooks, and what the plugins made of them.

use std::{path::PathBuf, process::ExitCode, sync::atomic::Ordering, thread, time::Instant};

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use tests::{
    Result, check,
    deliver::deliver_along,
    input::{self, Conversation, Delivery, Totals},
    replay::{Losses, Progress, replay},
    server::Launch,
};

/// Starts a server on a free port, has conversations with it, delivers webhooks, and prints what the plugins counted.
#[derive(Debug, Parser)]
struct Args {
    /// Conversations, a JSON object a line {id, appId, userId, messages: [{from, text}]}; generated unless given.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Webhook deliveries, a JSON object a line {event, payload}; generated unless given.
    #[arg(long)]
    deliveries: Option<PathBuf>,
    /// How many clients talk at once.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=64))]
    clients: u8,
    /// How many conversations are generated.
    #[arg(long, default_value_t = 600, conflicts_with = "file", value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// The server's program; the one of this build unless given.
    #[arg(long)]
    server: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the demo failed: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "what the demo is run for")]
fn run(args: &Args) -> Result<()> {
    let records: Vec<Conversation> = match &args.file {
        Some(file) => input::read(file)?,
        None => input::generated(args.count as usize),
    };
    if records.is_empty() {
        return Err("there is no conversation to replay".into());
    }
    let deliveries: Vec<Delivery> = match &args.deliveries {
        Some(file) => input::read(file)?,
        None => input::generated_deliveries(60),
    };
    let folder = tempfile::tempdir()?;
    let launch = match &args.server {
        Some(path) => Launch::of(path, folder.path()),
        None => Launch::plugin_server(folder.path())?,
    };
    let mut server = launch.start()?;
    let api = server.admin();
    println!("A server listens on {}; its data is in {}.", server.base(), folder.path().display());

    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} conversations, {per_sec}, {elapsed}")?;
    let bar = ProgressBar::new(records.len() as u64).with_style(style);
    let progress = Progress::default();
    let begun = Instant::now();
    let said = thread::scope(|scope| {
        let hooks = scope.spawn(|| deliver_along(&api, &deliveries, records.len(), Losses::AreErrors, &progress));
        let said = replay(&api, &records, args.clients.into(), Losses::AreErrors, &progress, |done| {
            bar.set_position(done as u64);
        })?;
        hooks.join().map_err(|_| "the delivering thread panicked")??;
        Ok::<_, tests::Failure>(said)
    })?;
    let took = begun.elapsed().as_secs_f64();
    bar.finish();

    let totals = input::totals(&records);
    check::check_all(&api, &said, &totals, &deliveries, Losses::AreErrors)?;
    let requests = progress.requests.load(Ordering::Relaxed);
    println!(
        "\n{} conversations, {requests} requests and {} webhooks in {took:.1} s: {:.0} requests a second, each on disk when answered.\n",
        records.len(),
        deliveries.len(),
        requests as f64 / took,
    );
    println!("Counted by analytics-plugin, and heard of by data-consumer:");
    println!("{:<12}{:>15}{:>10}{:>8}{:>8}", "app", "conversations", "messages", "users", "heard");
    let seen = check::seen(&api)?;
    for app in totals.keys() {
        let Totals { conversations, messages, users } = check::stats(&api, app)?;
        println!("{app:<12}{conversations:>15}{messages:>10}{users:>8}{:>8}", seen.get(app).copied().unwrap_or(0));
    }
    println!("\nCounted by github-integration: {}", check::deliveries(&api)?);
    let said_about_mail = said.iter().flat_map(|one| &one.texts).flatten().find(|text| text.contains("[e-mail]"));
    if let Some(text) = said_about_mail {
        println!("A user's message as it was kept: {text}");
    }
    let status = server.stop()?;
    println!("The server was asked to stop and did: {status}.");
    if status.success() { Ok(()) } else { Err(format!("the server ended with {status}").into()) }
}
