//! What can be written on the command line.

use std::{num::NonZeroU32, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::Format;
use crate::{exit::Failure, serve::OnFailedPlugin};

/// Runs plugins: hooks, filters, endpoints, schedules, events, webhooks and admin pages.
#[derive(Debug, Parser)]
#[command(name = "plugin-server", version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve (this is what happens without a command)
    Serve(ServeArgs),
    /// Check the plugins of this binary and their settings, and start nothing
    Check(CheckArgs),
    /// List what the plugins of this binary hold
    List(ListArgs),
    /// Make, list and end tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Run a cron job now
    Run(RunArgs),
    /// Publish an event
    Emit(EmitArgs),
    /// Look at what plugins stored, take it out, put it in
    #[command(subcommand)]
    Db(DbCommand),
    /// Back the store up, while it is used or not
    Backup(BackupArgs),
    /// Make a store of a backup
    Restore(RestoreArgs),
    /// Look at the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI description of the HTTP API
    Openapi,
}

/// Which data, as which settings say.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Place {
    /// The settings file [env: PLUGIN_SERVER_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Where data is kept [env: PLUGIN_SERVER_DATA_DIR] [default: ./data]
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// Where to listen; port 0 takes a free one [env: PLUGIN_SERVER_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<String>,
    #[command(flatten)]
    pub(super) strict: Strict,
}

#[derive(Debug, Clone, Copy, Default, Args)]
pub(super) struct Strict {
    /// Do not start when a plugin cannot work
    #[arg(long = "strict")]
    given: bool,
}

impl From<Strict> for OnFailedPlugin {
    fn from(strict: Strict) -> Self {
        if strict.given { Self::Stop } else { Self::Run }
    }
}

#[derive(Debug, Clone, Args)]
pub(super) struct CheckArgs {
    /// The settings file [env: PLUGIN_SERVER_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Json {
    /// Print JSON, with the field names of the HTTP API
    #[arg(long = "json")]
    given: bool,
}

impl Json {
    pub(super) fn format(self) -> Format {
        if self.given { Format::Json } else { Format::Table }
    }
}

#[derive(Debug, Clone, Args)]
pub(super) struct ListArgs {
    /// What to list
    pub(super) what: What,
    #[command(flatten)]
    json: Json,
}

impl ListArgs {
    pub(super) fn format(&self) -> Format {
        self.json.format()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum What {
    Plugins,
    Hooks,
    Filters,
    Endpoints,
    Cron,
    Events,
    Webhooks,
    Pages,
    Documents,
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and print it, this once
    Create(TokenCreateArgs),
    /// List the tokens
    List(TokenListArgs),
    /// End a token
    Revoke(TokenRevokeArgs),
    /// Print a link that signs in to the admin area, once, within 10 minutes
    Link(TokenLinkArgs),
}

#[derive(Debug, Args)]
pub(super) struct TokenCreateArgs {
    /// What people will know it by
    pub(super) name: String,
    /// What it may do: admin, host, or what endpoints ask for; may be given several times
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(super) scopes: Vec<String>,
    /// On whose behalf it speaks
    #[arg(long)]
    pub(super) user: Option<String>,
    /// For which app it speaks [default: default]
    #[arg(long)]
    pub(super) app: Option<String>,
    /// How long it lives, such as 30d; for ever if nothing is said
    #[arg(long, value_name = "DURATION")]
    pub(super) expires_in: Option<String>,
    #[command(flatten)]
    pub(super) json: Json,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct TokenListArgs {
    #[command(flatten)]
    pub(super) json: Json,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct TokenRevokeArgs {
    /// The token's id
    pub(super) id: String,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct TokenLinkArgs {
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The plugin's id
    pub(super) plugin: String,
    /// The job's name
    pub(super) job: String,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct EmitArgs {
    /// The event's name
    pub(super) event: String,
    /// The event, as JSON
    pub(super) json: String,
    /// In which app [default: default]
    #[arg(long)]
    pub(super) app: Option<String>,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print each value with where it came from; secrets are masked
    Show(ConfigShowArgs),
}

#[derive(Debug, Args)]
pub(super) struct ConfigShowArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// Where to listen, as `serve` has it
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<String>,
    #[command(flatten)]
    json: Json,
}

impl ConfigShowArgs {
    pub(super) fn format(&self) -> Format {
        self.json.format()
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Count what each plugin stored, also those that this binary does not have
    Stats(DbStatsArgs),
    /// Print a document
    Get(DbGetArgs),
    /// Find documents
    Find(DbFindArgs),
    /// Write all that a plugin stored, as lines
    Export(DbExportArgs),
    /// Read what was exported, or lines with `key` and `value`
    Import(DbImportArgs),
    /// Look whether what plugins stored is whole
    Verify(DbVerifyArgs),
    /// Remove all that a plugin stored
    Drop(DbDropArgs),
    /// Drop an index; one that is declared is built again at the next start
    DropIndex(DbDropIndexArgs),
}

#[derive(Debug, Args)]
pub(super) struct DbStatsArgs {
    #[command(flatten)]
    pub(super) json: Json,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct DbGetArgs {
    /// The plugin's id
    pub(super) plugin: String,
    /// The document's key
    pub(super) key: String,
    /// In which app [default: default]
    #[arg(long)]
    pub(super) app: Option<String>,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct DbFindArgs {
    /// The plugin's id
    pub(super) plugin: String,
    /// The filter, such as '{"userId":"ada","messages":{"$gt":3}}'; all documents if nothing is said
    pub(super) filter: Option<String>,
    /// What the keys begin with
    #[arg(long, value_name = "PREFIX")]
    pub(super) under: Option<String>,
    /// A field to sort by, descending with a `-` before it; may be given several times
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true)]
    pub(super) sort: Vec<String>,
    /// How many at most, 1 to 1000 [default: 100]
    #[arg(long, value_name = "NUMBER")]
    pub(super) limit: Option<usize>,
    /// Where a page ended
    #[arg(long)]
    pub(super) cursor: Option<String>,
    /// In which app [default: default]
    #[arg(long)]
    pub(super) app: Option<String>,
    /// Tell how it is answered, and not what is found
    #[arg(long)]
    pub(super) explain: bool,
    #[command(flatten)]
    pub(super) json: Json,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct DbExportArgs {
    /// The plugin's id
    pub(super) plugin: String,
    /// Where to write; stdout if nothing is said
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct DbImportArgs {
    /// The plugin's id
    pub(super) plugin: String,
    /// What to read; `-` for stdin
    pub(super) file: PathBuf,
    /// Into what is there, instead of into nothing
    #[arg(long)]
    pub(super) merge: bool,
    /// Write over documents that are there
    #[arg(long, requires = "merge")]
    pub(super) replace: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct DbVerifyArgs {
    /// The plugin's id; all plugins if nothing is said
    pub(super) plugin: Option<String>,
    #[command(flatten)]
    pub(super) json: Json,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct DbDropArgs {
    /// The plugin's id
    pub(super) plugin: String,
    #[command(flatten)]
    pub(super) sure: Sure,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct DbDropIndexArgs {
    /// The plugin's id
    pub(super) plugin: String,
    /// The index's number, as `db stats` tells it
    pub(super) number: u64,
    #[command(flatten)]
    pub(super) sure: Sure,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct BackupArgs {
    #[command(subcommand)]
    pub(super) command: Option<BackupCommand>,
    /// The folder of backups [env: PLUGIN_SERVER_BACKUP_DIR] [default: backups, beside the data directory]
    #[arg(long, value_name = "DIR")]
    pub(super) to: Option<PathBuf>,
    /// Delete the backups that are older than this many whole ones
    #[arg(long, value_name = "NUMBER")]
    pub(super) keep: Option<NonZeroU32>,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Subcommand)]
pub(super) enum BackupCommand {
    /// List the backups, with all of their files read and checked
    List(BackupListArgs),
}

#[derive(Debug, Args)]
pub(super) struct BackupListArgs {
    /// The folder of backups
    #[arg(long, value_name = "DIR")]
    pub(super) from: Option<PathBuf>,
    #[command(flatten)]
    pub(super) json: Json,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// The folder of backups [env: PLUGIN_SERVER_BACKUP_DIR] [default: backups, beside the data directory]
    #[arg(long, value_name = "DIR")]
    pub(super) from: Option<PathBuf>,
    /// Which of them; the newest if nothing is said
    #[arg(long, value_name = "NUMBER")]
    pub(super) id: Option<u32>,
    /// Move a store that is there aside
    #[arg(long)]
    pub(super) replace: bool,
    #[command(flatten)]
    pub(super) place: Place,
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Sure {
    /// It is meant
    #[arg(long = "yes")]
    given: bool,
}

impl Sure {
    /// # Errors
    /// If `--yes` is not there.
    pub(super) fn check(self, what: &str) -> Result<(), Failure> {
        match self.given {
            true => Ok(()),
            false => Err(Failure::Usage(format!("this removes {what} for good: say `--yes` if it is meant"))),
        }
    }
}
