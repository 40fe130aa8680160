//! The command line: reads it, gathers what the command needs, runs it, and ends with the right code.

mod args;
mod backup;
mod check;
mod db;
mod list;
mod output;
mod reach;
mod remote;
mod show;
#[cfg(test)]
mod tests;
mod unknown;
mod work;

use std::{
    ffi::OsString,
    io::{self, Write},
    process::ExitCode,
};

use clap::{Parser, error::ErrorKind};
use plugin_core::catalog::Catalog;
use serde::Serialize;

use self::args::{Cli, Command, ConfigCommand, Place};
use crate::{
    exit::Failure,
    log, openapi, serve,
    settings::{Given, Settings, known_plugins},
};

/// Does what `args`, the program's name first, ask for.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let shown = write!(io::stdout(), "{error}");
            return if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Err(error) => return end(&Failure::Usage(unknown::explain(&args, &error))),
    };
    match command(cli.command.unwrap_or(Command::Serve(cli.serve))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure),
    }
}

fn end(failure: &Failure) -> ExitCode {
    // With nobody to read stderr there is nobody to tell.
    drop(writeln!(io::stderr(), "{}", show::escaped(&failure.to_string())));
    failure.code().into()
}

fn command(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => {
            let catalog = catalog()?;
            let settings = load(args.place, args.listen)?;
            serve::serve(settings, catalog, args.strict.into())
        }
        Command::Check(args) => check::check(args.config),
        Command::List(args) => list::list(&catalog()?, args.what, args.format()),
        Command::Openapi => print_json(&openapi::document(&catalog()?)),
        Command::Config(ConfigCommand::Show(args)) => {
            let format = args.format();
            let settings = load_quietly(args.place, args.listen)?;
            warn(&settings);
            show::config(&settings, format)
        }
        Command::Token(command) => work::token(command),
        Command::Run(args) => work::run(args),
        Command::Emit(args) => work::emit(args),
        Command::Db(command) => db::db(command),
        Command::Backup(args) => backup::backup(args),
        Command::Restore(args) => backup::restore(args),
    }
}

/// The catalog of this binary.
fn catalog() -> Result<Catalog, Failure> {
    Catalog::linked().map_err(|problems| Failure::Catalog(problems.to_string()))
}

/// The settings, and log lines as they say.
fn load(place: Place, listen: Option<String>) -> Result<Settings, Failure> {
    let settings = load_quietly(place, listen)?;
    log::start(&settings);
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    Ok(settings)
}

fn load_quietly(place: Place, listen: Option<String>) -> Result<Settings, Failure> {
    let mut flags = Vec::new();
    flags.extend(listen.map(|listen| ("listen", "--listen", listen)));
    flags.extend(place.data_dir.map(|dir| ("data_dir", "--data-dir", dir.to_string_lossy().into_owned())));
    Ok(Settings::load(Given::gather(place.config, flags)?, &known_plugins())?)
}

/// Says what is odd about `settings` and no error, where nothing is logged.
fn warn(settings: &Settings) {
    for warning in &settings.warnings {
        drop(writeln!(io::stderr(), "warning: {warning}"));
    }
}

/// How a listing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// For people.
    Table,
    /// With the field names of the HTTP API.
    Json,
}

/// Writes `text`, in which nothing is hidden, and a line's end to stdout.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", show::escaped(text)).and_then(|()| stdout.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::Failed(format!("cannot write to stdout: {error}"))),
    }
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&show::escaped_json(&serde_json::to_string_pretty(value).map_err(Failure::failed)?))
}
