//! What can be written on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::Format;
use crate::serve::OnFailedPlugin;

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
